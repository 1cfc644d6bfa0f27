/** Zones with one fault each, by the code that a check must give and no other beside it. */
import type { FaultCode } from '../../src/check/faults.ts'
import {
  type Behaviour,
  dropsEdns,
  failing,
  formErrOnEdns,
  ignoresEdns,
  lame,
  lowercasing,
  silent,
  tcpOnly,
  udpOnly,
} from '../../src/lab/behaviours.ts'
import { type Nsec3Denial, writeNsec } from '../../src/lab/denial-chain.ts'
import {
  asRevoked,
  deriveCollidingKeys,
  deriveKey,
  KSK_FLAGS,
  REVOKED_FLAG,
  republishKey,
  ZSK_FLAGS,
} from '../../src/lab/keys.ts'
import { dsBy, type LabZone, type NameServer } from '../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { type KeyUse, makeDs, signRrset } from '../../src/lab/signer.ts'
import {
  alteredSignatures,
  combinedKey,
  keySigningKey,
  missingRecords,
  missingSignatures,
  revokedKey,
  splitKeys,
  spoilt,
  wrongSignatures,
  zoneSigningKey,
} from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { SIGNED, WWW, withTtl } from '../support/world.ts'
import {
  changed,
  otherProof,
  rsaKeys,
  serving,
  signedAnew,
  signedTtl,
  soaWith,
  standby,
  unsignedWithout,
  withoutProof,
} from './changes.ts'
import {
  blindToVersion,
  echoesFlags,
  garbled,
  givesZone,
  recursive,
  refusesOptions,
  sendsWholeTo,
  streamsOnly,
  withoutAuthority,
  withoutDs,
} from './octets.ts'

/** One row: what to check, and what must be found. */
export interface FaultRow {
  readonly code: FaultCode
  /** The domain; that of the zone when left out. */
  readonly domain?: string
  /** The zone; absent where there is none. */
  readonly zone?: LabZone
  /** Zones beside it. */
  readonly others?: readonly LabZone[]
}

const { ECDSAP256SHA256: P256, ECDSAP384SHA384: P384 } = ALGORITHM
const NS1: NameServer = { name: 'ns1' }
const NS2: NameServer = { name: 'ns2' }
const DAY_SECONDS = 86_400

/** A signed zone on two servers, in order but for the change. Named after its fault. */
export function twoServers(name: string, change: Partial<LabZone> = {}): LabZone {
  return { name, about: name, content: WWW, signing: SIGNED, servers: [NS1, NS2], questions: [], ...change }
}

/** The same without signatures. */
export function unsignedOnTwoServers(name: string, change: Partial<LabZone> = {}): LabZone {
  const { signing: _, ...zone } = twoServers(name, change)
  return zone
}

type Change = Partial<LabZone> | ((name: string) => Partial<LabZone>)

function row(
  code: FaultCode,
  change: Change = {},
  more: Partial<FaultRow> = {},
  label: string = code,
): FaultRow {
  const name = `${label}.test.`
  return { code, zone: twoServers(name, typeof change === 'function' ? change(name) : change), ...more }
}

/** The second of two servers behaves otherwise. */
function second(behaviour: Behaviour): Partial<LabZone> {
  return { servers: [NS1, { ...NS2, behaviour }] }
}

function signedBy(
  keys: (zone: string, algorithm: number) => readonly KeyUse[],
  algorithm: number = P256,
): Partial<LabZone> {
  return { signing: { algorithm, keys } }
}

const WWW_A = (zone: string): { readonly owner: Name; readonly type: number } => {
  return { owner: nameFrom(`www.${zone}`), type: TYPE.A }
}

// --- signatures ---------------------------------------------------------------------------------------------------

const SIGNATURE_ROWS: readonly FaultRow[] = [
  row('signature-expired', { signing: { ...SIGNED, days: [-40, -10] } }),
  row('signature-not-yet-valid', { signing: { ...SIGNED, days: [10, 40] } }),
  row('signature-inverted', { signing: { ...SIGNED, days: [10, -10] } }),
  row('signature-wrong', (zone) => ({ defects: [wrongSignatures(WWW_A(zone))] })),
  row('signature-missing', (zone) => ({ defects: [missingSignatures(WWW_A(zone))] })),
  row('signature-malformed', (zone) => ({ defects: [alteredSignatures(WWW_A(zone), withOctet(3, 9))] })),
  row(
    'signature-key-missing',
    signedBy((zone, algorithm) =>
      splitKeys(zone, algorithm).map((use) => ({ ...use, published: use.signsKeys })),
    ),
  ),
  row('signature-key-unfit', (zone) => ({
    ...signedBy((name, algorithm) => [silentRevokedKey(name, algorithm), ...splitKeys(name, algorithm)]),
    ds: dsOfKept,
    defects: [changed(WWW_A(zone), (record) => record, silentRevokedKey(zone, P256).key)],
  })),
  row('signature-foreign', (zone) => ({
    defects: [
      (records, plan) => {
        const { key } = plan.signing!.keys[1]!
        return records.map((record) => {
          if (record.type !== TYPE.RRSIG || !namesEqual(record.owner, nameFrom(`www.${zone}`))) return record
          const set = records.find(({ type, owner }) => type === TYPE.A && namesEqual(owner, record.owner))
          if (set === undefined || record.rdata[1] !== TYPE.A) return record
          const rrset = { ...set, rdatas: [set.rdata], signatures: [] }
          const rdata = signRrset(rrset, { key, signer: nameFrom('other.test.'), span: plan.signing!.span })
          return { ...record, rdata }
        })
      },
    ],
  })),
  row('signature-expiring', { signing: { ...SIGNED, days: [-28, 2] } }),
  row('signature-lifetime-long', { signing: { ...SIGNED, days: [-10, 300] } }),
  row('signature-lifetime-short', { signing: { ...SIGNED, days: [-0.1, 0.3] } }),
  row('signatures-expire-together', { signing: { ...SIGNED, days: [-21, 9] } }),
  row('ttl-above-original', (zone) => ({ defects: [withTtl(WWW_A(zone), 7_200)] })),
]

function withOctet(at: number, value: number): (rdata: Uint8Array) => Uint8Array {
  return (rdata) => rdata.map((octet, i) => (i === at ? value : octet))
}

/** Revoked, and not even signing the DNSKEY RRset. */
function silentRevokedKey(zone: string, algorithm: number): KeyUse {
  return { ...revokedKey(zone, algorithm), signsKeys: false }
}

/** DS of the secure entry points that are not revoked. */
function dsOfKept(apex: Name, keys: readonly KeyUse[]): Uint8Array[] {
  return dsBy(DIGEST.SHA256)(
    apex,
    keys.filter(({ key }) => (key.flags & REVOKED_FLAG) === 0),
  )
}

// --- DS set and keys ----------------------------------------------------------------------------------------------

const lost = (zone: string): ReturnType<typeof deriveKey> => deriveKey(`${zone} lost`, P256, KSK_FLAGS)

const TRUST_ROWS: readonly FaultRow[] = [
  { code: 'not-signed', zone: unsignedOnTwoServers('not-signed.test.') },
  row('ds-missing', { ds: () => [] }),
  row('dnskey-missing', { defects: [missingRecords({ type: TYPE.DNSKEY })] }),
  row('ds-matches-nothing', (zone) => ({ ds: (apex) => [makeDs(apex, lost(zone), DIGEST.SHA256)] })),
  row('ds-digest-wrong', { ds: (apex, keys) => dsBy(DIGEST.SHA256)(apex, keys).map(spoilt) }),
  row(
    'ds-digest-wrong',
    {
      ds: (apex, keys) => [
        ...dsBy(DIGEST.SHA256)(apex, keys),
        ...dsBy(DIGEST.SHA384)(apex, keys).map(spoilt),
      ],
    },
    {},
    'ds-digest-wrong-beside',
  ),
  row('ds-orphan', (zone) => ({
    ds: (apex, keys) => [...dsBy(DIGEST.SHA256)(apex, keys), makeDs(apex, lost(zone), DIGEST.SHA256)],
  })),
  row(
    'ds-key-revoked',
    signedBy((zone, algorithm) =>
      splitKeys(zone, algorithm).map((use) => (use.signsKeys ? { ...use, key: asRevoked(use.key) } : use)),
    ),
  ),
  row(
    'ds-key-revoked',
    (zone) => ({
      ...signedBy((name, algorithm) => [revokedKey(name, algorithm), ...splitKeys(name, algorithm)]),
      // As it was before it was revoked.
      ds: (apex) => [makeDs(apex, deriveKey(`${zone} old KSK`, P256, KSK_FLAGS), DIGEST.SHA256)],
    }),
    {},
    'ds-key-revoked-since',
  ),
  row(
    'ds-key-no-zone-key',
    signedBy((zone, algorithm) =>
      combinedKey(zone, algorithm).map((use) => ({ ...use, key: republishKey(use.key, 0x0001) })),
    ),
  ),
  row(
    'ds-key-no-zone-key',
    signedBy((zone, algorithm) =>
      combinedKey(zone, algorithm).map((use) => ({ ...use, key: republishKey(use.key, KSK_FLAGS, 2) })),
    ),
    {},
    'ds-key-other-protocol',
  ),
  row('ds-key-not-signing', {
    ...signedBy((zone, algorithm) =>
      splitKeys(zone, algorithm).map((use) => ({ ...use, signsKeys: !use.signsKeys })),
    ),
    ds: (apex, keys) => [makeDs(apex, keys[0]!.key, DIGEST.SHA256)],
  }),
  row(
    'ds-key-not-sep',
    signedBy((zone, algorithm) =>
      combinedKey(zone, algorithm).map((use) => ({ ...use, key: republishKey(use.key, ZSK_FLAGS) })),
    ),
  ),
  row('ds-unsupported', { ds: dsBy(99) }),
  row('ds-sha1-only', { ds: dsBy(DIGEST.SHA1) }),
  row('ds-sha1-beside', {
    ds: (apex, keys) => [...dsBy(DIGEST.SHA256)(apex, keys), ...dsBy(DIGEST.SHA1)(apex, keys)],
  }),
  row('algorithm-sha1', signedBy(rsaKeys, ALGORITHM.RSASHA1)),
  row('algorithm-discouraged', signedBy(rsaKeys, ALGORITHM.RSASHA512)),
  row('algorithm-forbidden', { signing: { algorithm: ALGORITHM.ECC_GOST } }),
  row('algorithm-unknown', { signing: { algorithm: 200 } }),
  row(
    'algorithm-incomplete',
    signedBy((zone, algorithm) => [...splitKeys(zone, algorithm), standby(zone, P384)]),
  ),
  row('rsa-key-small', { signing: { algorithm: ALGORITHM.RSASHA256 } }),
  row(
    'dnskey-unusable',
    signedBy((zone, algorithm) => {
      const use = standby(zone, algorithm)
      const key = { ...use.key, dnskey: use.key.dnskey.slice(0, 40) }
      return [...splitKeys(zone, algorithm), { ...use, key }]
    }),
  ),
  row(
    'key-tags-collide',
    signedBy((zone, algorithm) => {
      const [first, other] = deriveCollidingKeys(`${zone} ZSK`, algorithm, ZSK_FLAGS)
      const ksk = keySigningKey(deriveKey(`${zone} KSK`, algorithm, KSK_FLAGS))
      return [ksk, { ...zoneSigningKey(first), signsZone: false }, zoneSigningKey(other)]
    }),
  ),
  row('dnskey-large', signedBy(manyKeys, P384)),
  row('dnskey-differs', (name) =>
    second(
      serving(
        twoServers(
          name,
          signedBy((zone, algorithm) => [...splitKeys(zone, algorithm), standby(zone, algorithm)]),
        ),
      ),
    ),
  ),
  row('dnskey-ttl-long', { defects: [signedTtl({ type: TYPE.DNSKEY }, 5 * DAY_SECONDS)] }),
]

function manyKeys(zone: string, algorithm: number): KeyUse[] {
  return [
    ...splitKeys(zone, algorithm),
    ...Array.from({ length: 10 }, (_, i) => standby(`${zone} ${i}`, algorithm)),
  ]
}

// --- denial -------------------------------------------------------------------------------------------------------

const isNameError = ({ rcode }: { readonly rcode: number }): boolean => rcode === RCODE.NXDOMAIN
const isNoData = ({
  rcode,
  answer,
}: {
  readonly rcode: number
  readonly answer: readonly unknown[]
}): boolean => rcode === RCODE.NOERROR && answer.length === 0
const isPositive = ({ answer }: { readonly answer: readonly unknown[] }): boolean => answer.length > 0
const WILDCARD = `${WWW}* A 192.0.2.90\n`

function nsec3(change: Partial<Nsec3Denial>): Partial<LabZone> {
  return { signing: { ...SIGNED, denial: { ...PLAIN_NSEC3, ...change } } }
}

/** NSEC3PARAM with a salt. */
const OTHER_PARAMETERS = Uint8Array.of(1, 0, 0, 0, 1, 0xab)

const DENIAL_ROWS: readonly FaultRow[] = [
  row('name-denial-missing', { rewrites: () => [withoutProof(isNameError)] }),
  row('type-denial-missing', { rewrites: () => [withoutProof(isNoData)] }),
  row('wildcard-proof-missing', { content: WILDCARD, rewrites: () => [withoutProof(isPositive)] }),
  row('name-denial-wrong', {
    rewrites: (plan) => [otherProof(plan, isNameError, (owner) => ({ owner, types: [TYPE.A] }))],
  }),
  row('type-denial-wrong', {
    rewrites: (plan) => [
      otherProof(plan, isNoData, (owner, type) => ({
        owner,
        types: [TYPE.NS, TYPE.SOA, TYPE.DNSKEY, type],
      })),
    ],
  }),
  row('wildcard-proof-wrong', {
    content: WILDCARD,
    rewrites: (plan) => [
      otherProof(
        plan,
        (answer) => isPositive(answer) && answer.authority.some(({ type }) => type === TYPE.NSEC),
        (owner) => ({ owner, types: [TYPE.A] }),
      ),
    ],
  }),
  row('bitmap-denies-type', (zone) => ({
    defects: [
      changed({ owner: nameFrom(zone), type: TYPE.NSEC }, (record) => ({
        ...record,
        rdata: writeNsec(nameFrom(`ns1.${zone}`), [TYPE.NS, TYPE.SOA, TYPE.RRSIG, TYPE.NSEC]),
      })),
    ],
  })),
  row(
    'empty-non-terminal-denied',
    (zone) => ({
      content: 'host.between A 192.0.2.1\n',
      rewrites: () => [
        (answer, { name }) =>
          namesEqual(name, nameFrom(`between.${zone}`)) ? { ...answer, rcode: RCODE.NXDOMAIN } : answer,
      ],
    }),
    { domain: 'host.between.empty-non-terminal-denied.test.' },
  ),
  row('nsec3-iterations', nsec3({ iterations: 5 })),
  row('nsec3-iterations-excessive', nsec3({ iterations: 51 })),
  row('nsec3-salt', nsec3({ salt: Uint8Array.of(0xab, 0xcd) })),
  row('nsec3-opt-out', nsec3({ optOut: true })),
  row('nsec3-hash-unknown', {
    ...nsec3({}),
    defects: [
      changed({ type: TYPE.NSEC3 }, (record) => ({ ...record, rdata: withOctet(0, 2)(record.rdata) })),
    ],
  }),
  row('nsec3param-differs', {
    ...nsec3({}),
    rewrites: (plan) => [
      (answer) => ({
        ...answer,
        answer: answer.answer.map((set) =>
          set.type === TYPE.NSEC3PARAM ? signedAnew({ ...set, rdatas: [OTHER_PARAMETERS] }, plan) : set,
        ),
      }),
    ],
  }),
  row('nsec-ttl-long', { defects: [signedTtl({ type: TYPE.NSEC }, DAY_SECONDS)] }),
]

// --- CDS ----------------------------------------------------------------------------------------------------------

function cds(zone: string, key: ReturnType<typeof deriveKey>): string {
  return `@ CDS ${formatRdata(TYPE.CDS, makeDs(nameFrom(zone), key, DIGEST.SHA256))}\n`
}

function cdnskey(key: ReturnType<typeof deriveKey>): string {
  return `@ CDNSKEY ${formatRdata(TYPE.CDNSKEY, key.dnskey)}\n`
}

/** The key-signing key of a zone, and the next one. */
const ksk = (zone: string): ReturnType<typeof deriveKey> => deriveKey(`${zone} KSK`, P256, KSK_FLAGS)
const nextKsk = (zone: string): KeyUse => keySigningKey(deriveKey(`${zone} next KSK`, P256, KSK_FLAGS))

/** In the midst of a key roll: two key-signing keys, one DS. */
function rolling(zone: string, content: string): Partial<LabZone> {
  return {
    ...signedBy((name, algorithm) => [...splitKeys(name, algorithm), nextKsk(name)]),
    ds: (apex) => [makeDs(apex, ksk(zone), DIGEST.SHA256)],
    content: WWW + content,
  }
}

const CDS_ROWS: readonly FaultRow[] = [
  row('cds-pending', (zone) => rolling(zone, cds(zone, nextKsk(zone).key))),
  row('cds-pending', (zone) => rolling(zone, cdnskey(nextKsk(zone).key)), {}, 'cdnskey-pending'),
  row('cds-without-key', (zone) => ({ content: WWW + cds(zone, lost(zone)) })),
  row('cds-cdnskey-disagree', (zone) => rolling(zone, cds(zone, ksk(zone)) + cdnskey(nextKsk(zone).key))),
  row('cds-delete', { content: `${WWW}@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n` }),
  row('cds-delete-mixed', (zone) => ({ content: `${WWW}@ CDS 0 0 0 00\n${cds(zone, ksk(zone))}` })),
  row('cds-differs', (zone) => ({
    content: WWW + cds(zone, ksk(zone)),
    ...second(serving(twoServers(zone))),
  })),
]

// --- SOA ----------------------------------------------------------------------------------------------------------

const SOA_ROWS: readonly FaultRow[] = [
  row('serial-differs', (zone) => second(serving(twoServers(zone, { defects: [soaWith({ serial: 2 })] })))),
  row('soa-expire-short', { defects: [soaWith({ expire: DAY_SECONDS })] }),
  row('soa-retry-long', { defects: [soaWith({ retry: 7_200 })] }),
  row('negative-ttl-long', { defects: [soaWith({ minimumSeconds: 2 * DAY_SECONDS })] }),
  row('soa-expire-beyond-signatures', { defects: [soaWith({ expire: 60 * DAY_SECONDS })] }),
  row('apex-alias', { content: `${WWW}@ CNAME www\n` }),
]

// --- servers ------------------------------------------------------------------------------------------------------

const SERVER_ROWS: readonly FaultRow[] = [
  row('no-server-answers', {
    servers: [
      { ...NS1, behaviour: silent },
      { ...NS2, behaviour: silent },
    ],
  }),
  row('server-silent', second(silent)),
  row('server-refuses', second(lame)),
  row('server-fails', second(failing(RCODE.SERVFAIL))),
  row('server-not-authoritative', second(withoutAuthority)),
  row('reply-garbled', second(garbled)),
  row('tcp-missing', second(udpOnly)),
  row('udp-missing', second(streamsOnly)),
  row('truncates-everything', second(tcpOnly)),
  row('recursion-offered', second(recursive)),
  row('transfer-open', second(givesZone)),
  row('case-changed', second(lowercasing)),
  row('edns-rejected', second(formErrOnEdns)),
  row('edns-ignored', second(ignoresEdns)),
  row('edns-dropped', second(dropsEdns)),
  row('edns-version', second(blindToVersion)),
  row('edns-option', second(refusesOptions)),
  row('edns-flags', second(echoesFlags)),
  row('udp-oversize', {
    ...signedBy(
      (zone, algorithm) => [
        ...splitKeys(zone, algorithm),
        standby(zone, algorithm),
        standby(`${zone} 2`, algorithm),
      ],
      P384,
    ),
    ...second(sendsWholeTo((octets) => octets <= 512)),
  }),
  row('udp-fragments', { ...signedBy(manyKeys, P384), ...second(sendsWholeTo((octets) => octets > 1232)) }),
]

// --- delegation ---------------------------------------------------------------------------------------------------

/** A registry of its own above the zone, with a change to what it says. */
function under(code: FaultCode, registry: Partial<LabZone>, child: Partial<LabZone> = {}): FaultRow {
  const above = `above-${code}.test.`
  return { code, zone: twoServers(`child.${above}`, child), others: [twoServers(above, registry)] }
}

const GLUE_OF = (code: string): string => `ns2.child.above-${code}.test.`

const DELEGATION_ROWS: readonly FaultRow[] = [
  { code: 'domain-missing', domain: 'nothing.test.' },
  row(
    'domain-fails',
    { content: 'away CNAME www.signature-expired.test.\n' },
    { domain: 'away.domain-fails.test.' },
  ),
  row('single-server', { servers: [NS1] }),
  row('ns-differs', (zone) =>
    second(
      serving(
        twoServers(zone, {
          defects: [
            changed({ owner: nameFrom(zone), type: TYPE.NS }, (record) =>
              namesEqual(record.rdata as Name, nameFrom(`ns2.${zone}`)) ? undefined : record,
            ),
          ],
        }),
      ),
    ),
  ),
  row('ns-is-alias', {
    servers: [NS1, NS2, { name: 'alias', address: 'none' }],
    content: `${WWW}alias CNAME ns1\n`,
  }),
  row('ns-without-address', { servers: [NS1, NS2, { name: 'ns3', address: 'none' }] }),
  row(
    'ns-address-private',
    { servers: [NS1, NS2, { name: 'ns.private-host.test.', address: 'none' }] },
    { others: [twoServers('private-host.test.', { content: 'ns A 10.0.0.1\n' })] },
  ),
  under('ns-only-at-child', {
    defects: [unsignedWithout('child.above-ns-only-at-child.test.', TYPE.NS, GLUE_OF('ns-only-at-child'))],
  }),
  under(
    'ns-only-at-parent',
    {},
    {
      defects: [
        changed({ owner: nameFrom('child.above-ns-only-at-parent.test.'), type: TYPE.NS }, (record) =>
          namesEqual(record.rdata as Name, nameFrom(GLUE_OF('ns-only-at-parent'))) ? undefined : record,
        ),
      ],
    },
  ),
  under('glue-missing', { defects: [unsignedWithout(GLUE_OF('glue-missing'), TYPE.A)] }),
  under('glue-differs', {
    defects: [
      (records) => {
        const other = records.find(
          ({ owner, type }) =>
            type === TYPE.A && namesEqual(owner, nameFrom(GLUE_OF('glue-differs').replace('ns2', 'ns1'))),
        )
        const selection = { owner: nameFrom(GLUE_OF('glue-differs')), type: TYPE.A }
        return records.map((record) =>
          record.type === TYPE.A && namesEqual(record.owner, selection.owner)
            ? { ...record, rdata: other!.rdata }
            : record,
        )
      },
    ],
  }),
  under('parents-disagree', second(withoutDs)),
  under('ds-ttl-long', {
    defects: [
      signedTtl({ owner: nameFrom('child.above-ds-ttl-long.test.'), type: TYPE.DS }, 5 * DAY_SECONDS),
    ],
  }),
  under('chain-above-broken', { defects: [wrongSignatures({})] }),
  {
    code: 'parent-unsigned',
    zone: twoServers('child.above-parent-unsigned.test.'),
    others: [unsignedOnTwoServers('above-parent-unsigned.test.')],
  },
]

/** All of them. */
export const FAULT_ROWS: readonly FaultRow[] = [
  ...SIGNATURE_ROWS,
  ...TRUST_ROWS,
  ...DENIAL_ROWS,
  ...CDS_ROWS,
  ...SOA_ROWS,
  ...SERVER_ROWS,
  ...DELEGATION_ROWS,
]
