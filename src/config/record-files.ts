/** The master files that a configuration names: trust anchors and root hints. */
import { anchorKeyTag, anchorsFromRecords, type TrustAnchor } from '../dnssec/trust-anchors.ts'
import { DIGEST, formatDigestType } from '../wire/iana/digest-type.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { nameFromOctets, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { isRevoked, isZoneKey, parseDnskey } from '../wire/rdata/dnskey.ts'
import { parseDs } from '../wire/rdata/ds.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { readZone, ZoneTextError } from '../wire/zone-text.ts'
import { isAutotrust, readAutotrust, trustedAnchors } from './autotrust-file.ts'
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
 * Trust anchors in a file of DS or DNSKEY records. Of a file that Unbound keeps, only those that it believes.
 *
 * @throws RecordFileError
 */
export function readAnchors(path: string): TrustAnchor[] {
  const anchors = readWith(path, (octets) => {
    const text = Buffer.from(octets).toString('utf8')
    if (isAutotrust(text)) return trustedAnchors(readAutotrust(text, path))
    return anchorsFromRecords(readZone(octets, { path, defaultTtlSeconds: 0 }))
  })
  if (anchors.length === 0) throw new RecordFileError(`${path} holds no DS and no DNSKEY record`)
  for (const anchor of anchors) {
    const fault = faultOf(anchor)
    if (fault === undefined) continue
    const which = `${anchor.ds === undefined ? 'DNSKEY' : 'DS'} of ${formatName(anchor.zone)}`
    throw new RecordFileError(`${path}: the ${which} with key tag ${anchorKeyTag(anchor)} ${fault}`)
  }
  return anchors
}

/** Why no key of the zone can ever match an anchor: with it all names would be bogus, and nobody would look here. */
function faultOf({ ds, dnskey }: TrustAnchor): string | undefined {
  if (ds !== undefined) {
    const { digest, digestType } = parseDs(ds)!
    const octets = DIGEST_OCTETS.get(digestType)
    if (octets === undefined || digest.length === octets) return undefined
    return `has a digest of ${digest.length} octets; ${formatDigestType(digestType)} has ${octets}`
  }
  const key = parseDnskey(dnskey!)!
  if (!isZoneKey(key)) return `is no key of a zone (flags ${key.flags})`
  if (isRevoked(key)) return `is revoked (flags ${key.flags})`
  return key.protocol === DNSKEY_PROTOCOL ? undefined : `has protocol ${key.protocol}; it must be 3`
}

/** RFC 3658, 4509, 5933, 6605. */
const DIGEST_OCTETS: ReadonlyMap<number, number> = new Map([
  [DIGEST.SHA1, 20],
  [DIGEST.SHA256, 32],
  [DIGEST.GOST, 32],
  [DIGEST.SHA384, 48],
])
/** RFC 4034 2.1.2. */
const DNSKEY_PROTOCOL = 3

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
  return readWith(path, (octets) => readZone(octets, { path, defaultTtlSeconds: 0 }))
}

function readWith<T>(path: string, read: (octets: Uint8Array) => T): T {
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new RecordFileError(`${path} cannot be read: ${octets}`)
  try {
    return read(octets)
  } catch (error) {
    if (!(error instanceof ZoneTextError)) throw error
    const { line, column, expected: message } = error
    throw new RecordFileError(message, { path, line, column, message })
  }
}
