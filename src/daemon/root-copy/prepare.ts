/** From what a source gave to a root zone that may answer: read, proven, packed. Pure; `prepare-aside.ts` runs it. */
import { packZone } from '../../authority/packed-zone.ts'
import { KEY_HANDLES_MAX, ROOT_COPY_RECORDS_MAX } from '../../base/limits.ts'
import { ProofBudget } from '../../dnssec/budget.ts'
import { KeyTable } from '../../dnssec/keys.ts'
import type { ValidationParameters } from '../../dnssec/parameters.ts'
import type { TrustAnchor } from '../../dnssec/trust-anchors.ts'
import { inCanonicalOrder } from '../../dnssec/zone-digest.ts'
import { proveZone } from '../../dnssec/zone-proof.ts'
import { FormatError } from '../../wire/format-error.ts'
import { CLASS } from '../../wire/iana/class.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { parseMessage } from '../../wire/message.ts'
import { isRoot, ROOT } from '../../wire/name.ts'
import { groupRrsets, type ResourceRecord } from '../../wire/record.ts'
import { formatZone, ZoneTextError, zoneRecords } from '../../wire/zone-text.ts'

/** A zone as a source gave it. */
export type RawZone =
  /** A master file. */
  | { readonly kind: 'text'; readonly octets: Uint8Array }
  /** The messages of a zone transfer, in their order; the SOA comes first, and again at the end. */
  | { readonly kind: 'transfer'; readonly messages: readonly Uint8Array[] }

/** By what it is proven: plain data, so that it can cross threads. */
export interface PrepareTerms {
  /** Those of the root. */
  readonly anchors: readonly TrustAnchor[]
  readonly nowSeconds: number
  readonly skewSecondsMin: number
  readonly skewSecondsMax: number
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
}

/** A proven root zone. */
export interface PreparedZone {
  readonly serial: number
  /** SOA timers, seconds. */
  readonly refreshSeconds: number
  readonly retrySeconds: number
  readonly expireSeconds: number
  /** Seconds since 1970. */
  readonly signedUntilSeconds: number
  readonly records: number
  /** For `PackedZone`; in shared memory. */
  readonly packed: Uint8Array
  /** The same as a master file, in canonical order. */
  readonly text: Uint8Array
}

/** Never throws for what a source gave. */
export function prepareZone(raw: RawZone, terms: PrepareTerms): PreparedZone | { readonly fault: string } {
  const records = readRecords(raw)
  if ('fault' in records) return records
  const fault = faultOf(records)
  if (fault !== undefined) return { fault }
  const proof = proveZone(ROOT, records, terms.anchors, parameters(terms))
  if ('fault' in proof) return proof
  const { serial, refresh, retry, expire } = proof.soa
  const ordered = inCanonicalOrder(records)
  return {
    serial,
    refreshSeconds: refresh,
    retrySeconds: retry,
    expireSeconds: expire,
    signedUntilSeconds: proof.signedUntilSeconds,
    records: ordered.length,
    packed: packZone(groupRrsets(ordered)),
    text: Buffer.from(formatZone(ordered)),
  }
}

function readRecords(raw: RawZone): ResourceRecord[] | { readonly fault: string } {
  try {
    const records: ResourceRecord[] = []
    for (const record of raw.kind === 'text' ? textRecords(raw.octets) : transferRecords(raw.messages)) {
      if (records.length === ROOT_COPY_RECORDS_MAX)
        return { fault: `it has more than ${ROOT_COPY_RECORDS_MAX} records` }
      records.push(record)
    }
    return records
  } catch (error) {
    if (error instanceof ZoneTextError || error instanceof FormatError) return { fault: error.message }
    throw error
  }
}

function textRecords(octets: Uint8Array): Iterable<ResourceRecord> {
  return zoneRecords(octets, { path: 'root zone' })
}

/** Without the SOA at the end, which closes the transfer (RFC 5936 2.2). */
function* transferRecords(messages: readonly Uint8Array[]): Generator<ResourceRecord> {
  let isOpen = false
  for (const message of messages) {
    for (const record of parseMessage(message).answer) {
      if (record.type === TYPE.SOA && isRoot(record.owner)) {
        if (isOpen) return
        isOpen = true
      }
      yield record
    }
  }
}

/** What a zone that is proven may still lack to answer as the root's servers do. */
function faultOf(records: readonly ResourceRecord[]): string | undefined {
  if (records.some((record) => record.class !== CLASS.IN)) return 'it has records of a class other than IN'
  if (!records.some(({ owner, type }) => type === TYPE.NS && isRoot(owner))) return 'it has no NS records'
  if (records.some(({ type }) => type === TYPE.NSEC3)) return 'it denies by NSEC3, which the root does not'
  return undefined
}

function parameters(terms: PrepareTerms): ValidationParameters {
  return {
    nowSeconds: terms.nowSeconds,
    skewSecondsMin: terms.skewSecondsMin,
    skewSecondsMax: terms.skewSecondsMax,
    algorithmSupported: (algorithm) => terms.algorithms.has(algorithm),
    digestSupported: (digest) => terms.digests.has(digest),
    nsec3IterationsMax: 0,
    keys: new KeyTable(KEY_HANDLES_MAX),
    budget: new ProofBudget(),
  }
}
