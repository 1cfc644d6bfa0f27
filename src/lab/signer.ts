/** Signing: RRSIG and DS records, and whole zones (RFC 4034, RFC 4035 2). Time is an argument. */
import { createHash } from 'node:crypto'
import { concatOctets } from '../base/octets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { foldName, isWildcard, labelCount, type Name, namesEqual } from '../wire/name.ts'
import { canonicalRdata } from '../wire/rdata/rdata.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import { groupRrsets, type ResourceRecord, type Rrset, sortRdatas } from '../wire/record.ts'
import { type Denial, makeDenialChain } from './denial-chain.ts'
import type { LabKey } from './keys.ts'
import { ZoneCuts } from './zone-cuts.ts'

/** When signatures hold, both ends included: seconds since 1970 (RFC 4034 3.1.5). */
export interface ValiditySpan {
  readonly inception: number
  readonly expiration: number
}

/** How one RRSIG is made; the last three are there to make wrong ones. */
export interface SignatureOptions {
  readonly key: LabKey
  /** The zone that signs. */
  readonly signer: Name
  readonly span: ValiditySpan
  /** The Labels field, when not that of the owner. */
  readonly labels?: number
  /** Signs the RRset as if it were at this name: a wildcard's signature for a name it expands to. */
  readonly owner?: Name
  /** The Key Tag field, when not that of the key. */
  readonly keyTag?: number
}

/** Signs an RRset (RFC 4034 3.1.8.1). Returns the RDATA of the RRSIG. */
export function signRrset(rrset: Rrset, options: SignatureOptions): Uint8Array {
  const { key, span } = options
  const owner = foldName(options.owner ?? rrset.owner)
  const labels = options.labels ?? labelCount(owner) - (isWildcard(owner) ? 1 : 0)
  const fixed = Buffer.alloc(18)
  fixed.writeUInt16BE(rrset.type, 0)
  fixed.writeUInt8(key.algorithm, 2)
  fixed.writeUInt8(labels, 3)
  fixed.writeUInt32BE(rrset.ttlSeconds, 4)
  fixed.writeUInt32BE(span.expiration >>> 0, 8)
  fixed.writeUInt32BE(span.inception >>> 0, 12)
  fixed.writeUInt16BE(options.keyTag ?? key.keyTag, 16)
  const prefix = concatOctets(fixed, foldName(options.signer))
  return concatOctets(prefix, key.sign(concatOctets(prefix, ...canonicalRecords(rrset, owner))))
}

/** The records of an RRset in canonical form and order (RFC 4034 6). */
function canonicalRecords(rrset: Rrset, owner: Name): Uint8Array[] {
  const rdatas = sortRdatas(rrset.rdatas.map((rdata) => canonicalRdata(rrset.type, rdata)))
  return rdatas.map((rdata) => {
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(rrset.type, 0)
    fixed.writeUInt16BE(rrset.class, 2)
    fixed.writeUInt32BE(rrset.ttlSeconds, 4)
    fixed.writeUInt16BE(rdata.length, 8)
    return concatOctets(owner, fixed, rdata)
  })
}

/** The RDATA of the DS record that stands for a key of `zone` (RFC 4034 5.1.4); noise under an unknown digest type. */
export function makeDs(zone: Name, key: LabKey, digestType: number): Uint8Array {
  const hash = { [DIGEST.SHA1]: 'sha1', [DIGEST.SHA384]: 'sha384' }[digestType] ?? 'sha256'
  const digest = createHash(hash).update(foldName(zone)).update(key.dnskey).digest()
  return concatOctets(Uint8Array.of(key.keyTag >> 8, key.keyTag & 0xff, key.algorithm, digestType), digest)
}

/** What a key of a zone is used for. */
export interface KeyUse {
  readonly key: LabKey
  /** It stands in the DNSKEY RRset. */
  readonly published: boolean
  /** It signs the DNSKEY RRset. */
  readonly signsKeys: boolean
  /** It signs everything else. */
  readonly signsZone: boolean
}

/** How a zone is signed. */
export interface SigningPlan {
  readonly keys: readonly KeyUse[]
  readonly denial: Denial
  readonly span: ValiditySpan
  /** Another span for single RRsets. */
  spanOf?(owner: Name, type: number): ValiditySpan | undefined
}

/**
 * Signs a zone: adds DNSKEY, the denial chain and the signatures.
 *
 * @param apex the zone's name; the SOA stands there
 * @param records the zone's content without DNSSEC records, DS records of its delegations excepted
 */
export function signZone(
  apex: Name,
  records: readonly ResourceRecord[],
  plan: SigningPlan,
): ResourceRecord[] {
  const soa = records.find((record) => record.type === TYPE.SOA)
  if (soa === undefined) throw new RangeError('a zone without SOA cannot be signed')
  const keys = plan.keys.filter((use) => use.published).map((use) => dnskeyRecord(soa, use.key))
  const content = groupRrsets([...records, ...keys])
  const denialTtlSeconds = Math.min(soa.ttlSeconds, parseSoa(soa.rdata)?.minimumSeconds ?? 0)
  const cuts = new ZoneCuts(apex, content)
  const chain = makeDenialChain(apex, content, cuts, plan.denial, denialTtlSeconds)
  const signed: ResourceRecord[] = []
  for (const rrset of groupRrsets([...records, ...keys, ...chain])) {
    for (const rdata of rrset.rdatas) signed.push({ ...plain(rrset), rdata })
    if (!cuts.isAuthoritative(rrset)) continue
    for (const rdata of signaturesOf(apex, rrset, plan))
      signed.push({ ...plain(rrset), type: TYPE.RRSIG, rdata })
  }
  return signed
}

function dnskeyRecord(soa: ResourceRecord, key: LabKey): ResourceRecord {
  return {
    owner: soa.owner,
    type: TYPE.DNSKEY,
    class: soa.class,
    ttlSeconds: soa.ttlSeconds,
    rdata: key.dnskey,
  }
}

function plain(rrset: Rrset): Omit<ResourceRecord, 'rdata'> {
  return { owner: rrset.owner, type: rrset.type, class: rrset.class, ttlSeconds: rrset.ttlSeconds }
}

function signaturesOf(apex: Name, rrset: Rrset, plan: SigningPlan): Uint8Array[] {
  const span = plan.spanOf?.(rrset.owner, rrset.type) ?? plan.span
  const isKeySet = rrset.type === TYPE.DNSKEY && namesEqual(rrset.owner, apex)
  const uses = plan.keys.filter((use) => (isKeySet ? use.signsKeys : use.signsZone))
  return uses.map(({ key }) => signRrset(rrset, { key, signer: apex, span }))
}
