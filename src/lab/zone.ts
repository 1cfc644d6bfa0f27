/** A zone as data: what it holds, how it is signed, and what was done to it afterwards. */
import { zoneDigest } from '../dnssec/zone-digest.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../wire/name.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import { writeZonemd } from '../wire/rdata/zonemd.ts'
import { groupRrsets, type ResourceRecord } from '../wire/record.ts'
import { asRevoked, deriveKey, KSK_FLAGS, type LabKey, ZSK_FLAGS } from './keys.ts'
import { ServedZone } from './served-zone.ts'
import { type KeyUse, type SigningPlan, signRrset, signZone } from './signer.ts'

/** One zone. */
export interface ZonePlan {
  readonly apex: Name
  /** Content without DNSKEY, RRSIG and denial records; DS records of delegations included. */
  readonly records: readonly ResourceRecord[]
  /** Absent in an unsigned zone. */
  readonly signing?: SigningPlan
  /** Applied in order to the signed zone. */
  readonly defects?: readonly Defect[]
}

/** Breaks a zone (or merely changes it): records in, records out. */
export type Defect = (records: readonly ResourceRecord[], plan: ZonePlan) => readonly ResourceRecord[]

/** The records of a zone as its servers have them. */
export function zoneRecords(plan: ZonePlan): readonly ResourceRecord[] {
  const signed = plan.signing === undefined ? plan.records : signZone(plan.apex, plan.records, plan.signing)
  return (plan.defects ?? []).reduce((records, defect) => defect(records, plan), signed)
}

/** The zone, ready to be asked. */
export function buildZone(plan: ZonePlan): ServedZone {
  return new ServedZone(plan.apex, zoneRecords(plan))
}

// --- keys ---------------------------------------------------------------------------------------------------------

/** A published key that signs the DNSKEY RRset. */
export function keySigningKey(key: LabKey): KeyUse {
  return { key, published: true, signsKeys: true, signsZone: false }
}

/** A published key that signs everything but the DNSKEY RRset. */
export function zoneSigningKey(key: LabKey): KeyUse {
  return { key, published: true, signsKeys: false, signsZone: true }
}

/** The key-signing key that a zone had before, revoked: it signs the DNSKEY RRset with the others. */
export function revokedKey(zone: string, algorithm: number): KeyUse {
  return keySigningKey(asRevoked(deriveKey(`${zone} old KSK`, algorithm, KSK_FLAGS)))
}

/** The usual two keys of a zone. */
export function splitKeys(label: string, algorithm: number): KeyUse[] {
  return [
    keySigningKey(deriveKey(`${label} KSK`, algorithm, KSK_FLAGS)),
    zoneSigningKey(deriveKey(`${label} ZSK`, algorithm, ZSK_FLAGS)),
  ]
}

/** One key that signs everything. */
export function combinedKey(label: string, algorithm: number): KeyUse[] {
  const key = deriveKey(`${label} CSK`, algorithm, KSK_FLAGS)
  return [{ key, published: true, signsKeys: true, signsZone: true }]
}

// --- digests --------------------------------------------------------------------------------------------------------

/** Content that stands for the digest while a zone is signed (RFC 8976 3.1), so that its denials know of it. */
export const DIGEST_PLACEHOLDER = '@ ZONEMD 0 1 1 000000000000000000000000\n'

/** Makes the digest (ZONEMD, RFC 8976) over what was signed, SHA-384 or SHA-512 by its number. */
export function digested(hash: 1 | 2 = 1): Defect {
  return (records, { apex, signing }) => {
    const soa = records.find(({ type }) => type === TYPE.SOA)!
    const serial = parseSoa(soa.rdata)!.serial
    const rdata = writeZonemd({ serial, scheme: 1, hash, digest: zoneDigest(apex, records, hash) })
    const zonemd = { ...soa, owner: apex, type: TYPE.ZONEMD, rdata }
    const placeholder = { owner: apex, type: TYPE.ZONEMD }
    const [set] = groupRrsets([zonemd])
    const keys = signing?.keys.filter(({ signsZone }) => signsZone) ?? []
    const signatures = keys.map(({ key }) => signRrset(set!, { key, signer: apex, span: signing!.span }))
    const rest = records.filter((record) => !isOf(record, placeholder) && !isSignatureOf(record, placeholder))
    return [...rest, zonemd, ...signatures.map((rrsig) => ({ ...zonemd, type: TYPE.RRSIG, rdata: rrsig }))]
  }
}

// --- defects ------------------------------------------------------------------------------------------------------

/** Which RRsets a defect touches; what is left out matches everything. */
export interface Selection {
  readonly owner?: Name
  readonly type?: number
}

/** Flips one bit in the signatures of the selected RRsets. */
export function wrongSignatures(selection: Selection): Defect {
  return alteredSignatures(selection, spoilt)
}

/** Takes away the signatures of the selected RRsets. */
export function missingSignatures(selection: Selection): Defect {
  return (records) => records.filter((record) => !isSignatureOf(record, selection))
}

/** Takes away the selected records with their signatures. */
export function missingRecords(selection: Selection): Defect {
  return (records) =>
    records.filter((record) => !isOf(record, selection) && !isSignatureOf(record, selection))
}

/** Changes the RDATA of the selected records after signing. */
export function alteredRdata(selection: Selection, alter: (rdata: Uint8Array) => Uint8Array): Defect {
  return (records) =>
    records.map((record) => (isOf(record, selection) ? { ...record, rdata: alter(record.rdata) } : record))
}

/** Changes the RDATA of the RRSIGs over the selected records: their fields are at the offsets of RFC 4034 3.1. */
export function alteredSignatures(selection: Selection, alter: (rdata: Uint8Array) => Uint8Array): Defect {
  return (records) =>
    records.map((record) =>
      isSignatureOf(record, selection) ? { ...record, rdata: alter(record.rdata) } : record,
    )
}

/** Adds records after signing. */
export function addedRecords(make: (plan: ZonePlan) => readonly ResourceRecord[]): Defect {
  return (records, plan) => [...records, ...make(plan)]
}

function isOf(record: ResourceRecord, { owner, type }: Selection): boolean {
  return (
    (type === undefined || record.type === type) && (owner === undefined || namesEqual(record.owner, owner))
  )
}

function isSignatureOf(record: ResourceRecord, selection: Selection): boolean {
  if (record.type !== TYPE.RRSIG) return false
  return isOf({ ...record, type: (record.rdata[0]! << 8) | record.rdata[1]! }, selection)
}

/** The octets with their last bit flipped: a wrong signature, or a wrong digest. */
export function spoilt(octets: Uint8Array): Uint8Array {
  const copy = octets.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}
