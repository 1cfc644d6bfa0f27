/** How findings write names, keys, servers, records and times. */
import { formatAddress } from '../base/address.ts'
import { concatOctets } from '../base/octets.ts'
import { digestOf } from '../dnssec/digests.ts'
import { formatTime } from '../dnssec/rrset-signature.ts'
import { unwrapSerialTime } from '../dnssec/serial.ts'
import { CLASS } from '../wire/iana/class.ts'
import { DIGEST, formatDigestType } from '../wire/iana/digest-type.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { foldName, type Name } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Dnskey } from '../wire/rdata/dnskey.ts'
import { type Ds, parseDs } from '../wire/rdata/ds.ts'
import { formatRecord } from '../wire/zone-text.ts'
import type { ServerView } from './observations.ts'

/** TTL of records that nobody has published yet. */
const NEW_RECORD_TTL_SECONDS = 3_600

/** A name server and its address. */
export function serverText({ names, endpoint }: Pick<ServerView, 'names' | 'endpoint'>): string {
  const address = formatAddress(endpoint.address)
  return names.length === 0 ? address : `${names.map(nameText).join(' ')} (${address})`
}

/** The same for many. */
export function serverTexts(servers: readonly ServerView[]): string[] {
  return servers.map(serverText)
}

/** A zone or a server in a sentence: without the final dot. */
export function nameText(name: Name): string {
  return name.length === 1 ? 'the root zone' : formatName(name).slice(0, -1)
}

/** A record as one line, its parts separated by blanks. */
export function recordText(owner: Name, type: number, rdata: Uint8Array, ttlSeconds: number): string {
  return formatRecord({ owner, type, class: CLASS.IN, ttlSeconds, rdata }).trimEnd().replaceAll('\t', ' ')
}

/** The DS record by SHA-256 that the parent should have for a key. */
export function dsLine(zone: Name, key: Dnskey, ttlSeconds: number = NEW_RECORD_TTL_SECONDS): string {
  const digest = digestOf(DIGEST.SHA256, concatOctets(foldName(zone), key.rdata))!
  const fixed = Uint8Array.of(key.keyTag >> 8, key.keyTag & 0xff, key.algorithm, DIGEST.SHA256)
  return recordText(zone, TYPE.DS, concatOctets(fixed, digest), ttlSeconds)
}

/** A key in a few words. */
export function keyText(key: Pick<Dnskey, 'keyTag' | 'algorithm'>): string {
  return `key tag ${key.keyTag} (${algorithmText(key.algorithm)})`
}

/** An algorithm by number and name. */
export function algorithmText(algorithm: number): string {
  const name = formatAlgorithm(algorithm)
  return name === String(algorithm) ? `algorithm ${algorithm}` : `algorithm ${algorithm}, ${name}`
}

/** A DS record in a few words. */
export function dsText({ keyTag, algorithm, digestType }: Ds): string {
  return `DS with key tag ${keyTag}, ${algorithmText(algorithm)}, digest ${formatDigestType(digestType)}`
}

/** DS RDATA in a few words, whatever it holds. */
export function dsRdataText(rdata: Uint8Array): string {
  const ds = parseDs(rdata)
  return ds === undefined ? 'a DS that cannot be read' : dsText(ds)
}

/** An RRset in two words. */
export function rrsetText({ owner, type }: { readonly owner: Name; readonly type: number }): string {
  return `${nameText(owner)} ${formatType(type)}`
}

/** An RRSIG time as people read it. */
export function timeText(serial: number, nowSeconds: number): string {
  return formatTime(unwrapSerialTime(serial, nowSeconds))
}

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

/** A length of time in the largest unit that says it well. */
export function spanText(seconds: number): string {
  const [size, unit] =
    seconds >= 2 * DAY_SECONDS
      ? [DAY_SECONDS, 'day']
      : seconds >= HOUR_SECONDS
        ? [HOUR_SECONDS, 'hour']
        : seconds >= 120
          ? [60, 'minute']
          : [1, 'second']
  const count = Math.floor(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** A TTL to wait for, with its seconds. */
export function waitText(seconds: number): string {
  return seconds < 120 ? spanText(seconds) : `${spanText(seconds)} (${seconds} s)`
}
