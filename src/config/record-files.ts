/** The master files that a configuration names: trust anchors and root hints. */
import { anchorsFromRecords, type TrustAnchor } from '../dnssec/trust-anchors.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { nameFromOctets, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { readZone, ZoneTextError } from '../wire/zone-text.ts'
import type { RootHint } from './built-in-hints.ts'
import type { Problem } from './problem.ts'
import { readBoundedFile } from './text-file.ts'

/** A file that cannot be used. With `problem`, the fault lies at a place inside it. */
export class RecordFileError extends Error {
  override readonly name = 'RecordFileError'
  readonly problem: Problem | undefined

  constructor(message: string, problem?: Problem) {
    super(message)
    this.problem = problem
  }
}

/**
 * Trust anchors in a file of DS or DNSKEY records.
 *
 * @throws RecordFileError
 */
export function readAnchors(path: string): TrustAnchor[] {
  const anchors = anchorsFromRecords(readRecords(path))
  if (anchors.length === 0) throw new RecordFileError(`${path} holds no DS and no DNSKEY record`)
  return anchors
}

/**
 * Root servers in a file of NS records of the root and addresses.
 *
 * @throws RecordFileError
 */
export function readHints(path: string): RootHint[] {
  const records = readRecords(path)
  const addresses = new Map<string, Uint8Array[]>()
  for (const { owner, type, rdata } of records) {
    if (type !== TYPE.A && type !== TYPE.AAAA) continue
    const key = nameKey(owner)
    addresses.set(key, [...(addresses.get(key) ?? []), rdata])
  }
  const hints = new Map<string, RootHint>()
  for (const { owner, type, rdata } of records) {
    const name = type === TYPE.NS && owner.length === 1 ? nameFromOctets(rdata) : undefined
    if (name === undefined) continue
    const found = addresses.get(nameKey(name))
    if (found === undefined) throw new RecordFileError(`${path} has no address of ${formatName(name)}`)
    hints.set(nameKey(name), { name, addresses: found })
  }
  if (hints.size === 0) throw new RecordFileError(`${path} holds no NS record of the root`)
  return [...hints.values()]
}

function readRecords(path: string): readonly ResourceRecord[] {
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new RecordFileError(`${path} cannot be read: ${octets}`)
  try {
    return readZone(octets, { path, defaultTtlSeconds: 0 })
  } catch (error) {
    if (!(error instanceof ZoneTextError)) throw error
    const { line, column, expected: message } = error
    throw new RecordFileError(message, { path, line, column, message })
  }
}
