/**
 * The layout of RDATA, one line a type. Validation, decompression, compression, text both ways and canonical form
 * are derived from it (`rdata.ts`); a type that is not listed is opaque and has the text of RFC 3597.
 */
import { CLASS } from '../iana/class.ts'
import { TYPE } from '../iana/rrtype.ts'
import { EUI48, EUI64, IPV4, IPV6, LOCATOR64 } from './address-fields.ts'
import { BASE64_OPTIONAL, BASE64_OR_HYPHEN, BASE64_REST, HASH, HEX_REST, SALT } from './binary-fields.ts'
import { NXT_BITMAP, SERVICES, TYPE_BITMAP } from './bitmap-fields.ts'
import type { FieldKind } from './field.ts'
import { A6_REST, AMT_RELAY, HOST_IDENTITY, IPSEC_GATEWAY } from './gateway-fields.ts'
import { LOCATION } from './location-field.ts'
import { NAME, NAME_1035, NAME_FOLDED, NAMES } from './name-fields.ts'
import {
  ALGORITHM_NUMBER,
  CERTIFICATE_TYPE,
  DSYNC_SCHEME,
  RRTYPE,
  SECONDS,
  TIME,
  U8,
  U16,
  U32,
  U64,
} from './number-fields.ts'
import { PREFIXES } from './prefix-field.ts'
import { SERVICE_PARAMETERS } from './service-fields.ts'
import { STRING, STRING_OPTIONAL, STRINGS, TAG, TEXT_REST } from './string-fields.ts'
import { ATM_ADDRESS, NSAP_ADDRESS } from './telecom-fields.ts'

/** Fields in order, and what a reader of messages needs to know at once. */
export interface Layout {
  readonly fields: readonly FieldKind[]
  /** Defined for class IN only; RDATA of the type is opaque in other classes (RFC 3597 4). */
  readonly classIn: boolean
  /** Messages are refused when this RDATA is malformed. */
  readonly checked: boolean
  /** Holds a name of RFC 1035, which may be written compressed. */
  readonly compressible: boolean
  /** Holds a name that canonical form folds. */
  readonly folded: boolean
  /** Holds a field with more than one wire form for the same text. */
  readonly opaque: boolean
}

const DIGEST_FIELDS = [U16, ALGORITHM_NUMBER, U8, HEX_REST]
const KEY_FIELDS = [U16, U8, ALGORITHM_NUMBER, BASE64_OPTIONAL]
const CERTIFICATE_ASSOCIATION_FIELDS = [U8, U8, U8, HEX_REST]
const SIGNATURE_FIELDS = [RRTYPE, ALGORITHM_NUMBER, U8, SECONDS, TIME, TIME, U16, NAME_FOLDED, BASE64_REST]

const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  only('IN', TYPE.A, IPV4),
  type(TYPE.NS, NAME_1035),
  type(TYPE.MD, NAME_1035),
  type(TYPE.MF, NAME_1035),
  type(TYPE.CNAME, NAME_1035),
  type(TYPE.SOA, NAME_1035, NAME_1035, U32, SECONDS, SECONDS, SECONDS, SECONDS),
  type(TYPE.MB, NAME_1035),
  type(TYPE.MG, NAME_1035),
  type(TYPE.MR, NAME_1035),
  only('IN', TYPE.WKS, IPV4, SERVICES),
  type(TYPE.PTR, NAME_1035),
  type(TYPE.HINFO, STRING, STRING),
  type(TYPE.MINFO, NAME_1035, NAME_1035),
  type(TYPE.MX, U16, NAME_1035),
  type(TYPE.TXT, STRINGS),
  type(TYPE.RP, NAME_FOLDED, NAME_FOLDED),
  type(TYPE.AFSDB, U16, NAME_FOLDED),
  type(TYPE.X25, STRING),
  type(TYPE.ISDN, STRING, STRING_OPTIONAL),
  type(TYPE.RT, U16, NAME_FOLDED),
  only('IN', TYPE.NSAP, NSAP_ADDRESS),
  only('IN', TYPE.NSAP_PTR, NAME),
  type(TYPE.SIG, ...SIGNATURE_FIELDS),
  type(TYPE.KEY, ...KEY_FIELDS),
  only('IN', TYPE.PX, U16, NAME_FOLDED, NAME_FOLDED),
  type(TYPE.GPOS, STRING, STRING, STRING),
  only('IN', TYPE.AAAA, IPV6),
  type(TYPE.LOC, LOCATION),
  type(TYPE.NXT, NAME_FOLDED, NXT_BITMAP),
  type(TYPE.EID, HEX_REST),
  type(TYPE.NIMLOC, HEX_REST),
  only('IN', TYPE.SRV, U16, U16, U16, NAME_FOLDED),
  only('IN', TYPE.ATMA, ATM_ADDRESS),
  type(TYPE.NAPTR, U16, U16, STRING, STRING, STRING, NAME_FOLDED),
  only('IN', TYPE.KX, U16, NAME_FOLDED),
  type(TYPE.CERT, CERTIFICATE_TYPE, U16, ALGORITHM_NUMBER, BASE64_REST),
  only('IN', TYPE.A6, A6_REST),
  type(TYPE.DNAME, NAME_FOLDED),
  type(TYPE.SINK, U8, U8, U8, BASE64_OPTIONAL),
  only('IN', TYPE.APL, PREFIXES),
  type(TYPE.DS, ...DIGEST_FIELDS),
  type(TYPE.SSHFP, U8, U8, HEX_REST),
  type(TYPE.IPSECKEY, U8, IPSEC_GATEWAY, BASE64_OPTIONAL),
  type(TYPE.RRSIG, ...SIGNATURE_FIELDS),
  type(TYPE.NSEC, NAME, TYPE_BITMAP),
  type(TYPE.DNSKEY, ...KEY_FIELDS),
  only('IN', TYPE.DHCID, BASE64_REST),
  type(TYPE.NSEC3, U8, U8, U16, SALT, HASH, TYPE_BITMAP),
  type(TYPE.NSEC3PARAM, U8, U8, U16, SALT),
  type(TYPE.TLSA, ...CERTIFICATE_ASSOCIATION_FIELDS),
  type(TYPE.SMIMEA, ...CERTIFICATE_ASSOCIATION_FIELDS),
  type(TYPE.HIP, HOST_IDENTITY, NAMES),
  type(TYPE.NINFO, STRINGS),
  type(TYPE.RKEY, ...KEY_FIELDS),
  type(TYPE.TALINK, NAME, NAME),
  type(TYPE.CDS, ...DIGEST_FIELDS),
  type(TYPE.CDNSKEY, ...KEY_FIELDS),
  type(TYPE.OPENPGPKEY, BASE64_REST),
  type(TYPE.CSYNC, U32, U16, TYPE_BITMAP),
  type(TYPE.ZONEMD, U32, U8, U8, HEX_REST),
  only('IN', TYPE.SVCB, U16, NAME, SERVICE_PARAMETERS),
  only('IN', TYPE.HTTPS, U16, NAME, SERVICE_PARAMETERS),
  type(TYPE.DSYNC, RRTYPE, DSYNC_SCHEME, U16, NAME),
  type(TYPE.HHIT, BASE64_REST),
  type(TYPE.BRID, BASE64_REST),
  type(TYPE.SPF, STRINGS),
  type(TYPE.NID, U16, LOCATOR64),
  type(TYPE.L32, U16, IPV4),
  type(TYPE.L64, U16, LOCATOR64),
  type(TYPE.LP, U16, NAME),
  type(TYPE.EUI48, EUI48),
  type(TYPE.EUI64, EUI64),
  type(TYPE.URI, U16, U16, TEXT_REST),
  type(TYPE.CAA, U8, TAG, TEXT_REST),
  type(TYPE.AVC, STRINGS),
  type(TYPE.DOA, U32, U32, U8, STRING, BASE64_OR_HYPHEN),
  type(TYPE.AMTRELAY, U8, AMT_RELAY),
  type(TYPE.RESINFO, STRINGS),
  type(TYPE.WALLET, STRINGS),
  type(TYPE.CLA, STRINGS),
  type(TYPE.IPN, U64),
  type(TYPE.TA, ...DIGEST_FIELDS),
  type(TYPE.DLV, ...DIGEST_FIELDS),
])

/** The layout of a type in a class; undefined when its RDATA is opaque. */
export function layoutOf(rrtype: number, recordClass: number): Layout | undefined {
  const layout = LAYOUTS.get(rrtype)
  return layout?.classIn && recordClass !== CLASS.IN ? undefined : layout
}

/** The types that have a layout, for tests that must reach every one. */
export function typesWithLayout(): number[] {
  return [...LAYOUTS.keys()]
}

function type(number: number, ...fields: FieldKind[]): [number, Layout] {
  return [number, layout(fields, false)]
}

function only(_recordClass: 'IN', number: number, ...fields: FieldKind[]): [number, Layout] {
  return [number, layout(fields, true)]
}

function layout(fields: FieldKind[], classIn: boolean): Layout {
  return {
    fields,
    classIn,
    checked: fields.some((field) => field.reading === 'checked'),
    compressible: fields.some((field) => field.name?.compressible),
    folded: fields.some((field) => field.name?.folded),
    opaque: fields.some((field) => field.reading === 'opaque'),
  }
}
