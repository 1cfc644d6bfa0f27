/** Trust points as the daemon keeps them over a restart: `trust-anchors.json` in the folder for state. */
import { FOLLOWED_KEYS_MAX, REMOVED_KEYS_MAX } from '../../base/limits.ts'
import { formatHex, octetsFromHex } from '../../base/octets.ts'
import {
  type FollowedKey,
  followedTag,
  type KeyOrigin,
  type KeyState,
  newTrustPoint,
  type TrustPoint,
} from '../../dnssec/trust-point.ts'
import { formatName, parseNameText } from '../../wire/name-text.ts'
import { parseDnskey } from '../../wire/rdata/dnskey.ts'
import { parseDs } from '../../wire/rdata/ds.ts'
import type { StateForm } from '../state/state-file.ts'

/** All trust points. */
export interface KeptTrustPoints {
  readonly points: readonly TrustPoint[]
}

const STATES: ReadonlySet<unknown> = new Set<KeyState>([
  'add-pending',
  'valid',
  'missing',
  'revoked',
  'removed',
])
const ORIGINS: ReadonlySet<unknown> = new Set<KeyOrigin>(['configured', 'imported', 'learnt'])

/** Times as text: this is the file that one looks into when something went wrong. */
export const ANCHOR_FORM: StateForm<KeptTrustPoints> = {
  kind: 'trust-anchors',
  holds: 'what was learnt of the keys of trust anchors (RFC 5011), so that those of the configuration count',
  version: 1,
  write: ({ points }) => points.map(writePoint),
  read(content) {
    if (!Array.isArray(content)) return { fault: 'there is no list of zones' }
    const points: TrustPoint[] = []
    for (const item of content) {
      const point = readPoint((item ?? {}) as Fields)
      if (typeof point === 'string') return { fault: point }
      points.push(point)
    }
    return { points }
  },
}

type Fields = Partial<Record<string, unknown>>

function writePoint(point: TrustPoint): object {
  const { zone, keys, lastProbeSeconds, lastSuccessSeconds, ...rest } = point
  return {
    zone: formatName(zone),
    lastProbe: timeText(lastProbeSeconds),
    lastSuccess: timeText(lastSuccessSeconds),
    ...rest,
    keys: keys.map(writeKey),
  }
}

function writeKey(key: FollowedKey): object {
  const { dnskey, ds, sinceSeconds, ...rest } = key
  return {
    keyTag: followedTag(key),
    ...rest,
    since: timeText(sinceSeconds),
    dnskey: dnskey && formatHex(dnskey),
    ds: ds && formatHex(ds),
  }
}

function readPoint(fields: Fields): TrustPoint | string {
  const { zone: text, lastProbe, lastSuccess, keys, failures, fault, intervalSeconds, retrySeconds } = fields
  const { published } = fields
  const zone = parseNameText(String(text))
  if (!(zone instanceof Uint8Array)) return `${String(text)} is no name`
  const [lastProbeSeconds, lastSuccessSeconds] = [timeOf(lastProbe), timeOf(lastSuccess)]
  if (lastProbeSeconds === 'malformed' || lastSuccessSeconds === 'malformed') return 'a probe has no time'
  if (!isCount(failures) || !isCount(intervalSeconds) || !isCount(retrySeconds)) return 'a number is missing'
  if (typeof fault !== 'string' || !Array.isArray(published) || !published.every(isCount)) {
    return 'what the last probe showed is missing'
  }
  if (!Array.isArray(keys) || keys.length > FOLLOWED_KEYS_MAX + REMOVED_KEYS_MAX)
    return 'there is no list of keys'
  const read: FollowedKey[] = []
  for (const item of keys) {
    const key = readKey((item ?? {}) as Fields)
    if (typeof key === 'string') return key
    read.push(key)
  }
  const probes = { lastProbeSeconds, lastSuccessSeconds, failures, fault, intervalSeconds, retrySeconds }
  return { ...newTrustPoint(zone), keys: read, ...probes, published }
}

function readKey(fields: Fields): FollowedKey | string {
  const { state, origin, sightings, holdDownSeconds, since, dnskey: keyText, ds: dsText } = fields
  const sinceSeconds = timeOf(since)
  const [dnskey, ds] = [octetsOf(keyText), octetsOf(dsText)]
  if (dnskey === 'malformed' || ds === 'malformed' || (dnskey === undefined && ds === undefined)) {
    return 'a key is not there'
  }
  if (dnskey !== undefined && parseDnskey(dnskey) === undefined) return 'a key is no DNSKEY record'
  if (ds !== undefined && parseDs(ds) === undefined) return 'a key is no DS record'
  if (!STATES.has(state) || !ORIGINS.has(origin)) return 'a key has no state'
  if (sinceSeconds === undefined || sinceSeconds === 'malformed') return 'a state has no beginning'
  if (!isCount(sightings) || !isCount(holdDownSeconds)) return 'a number is missing'
  const known = { state: state as KeyState, origin: origin as KeyOrigin }
  return { dnskey, ds, ...known, sinceSeconds, sightings, holdDownSeconds }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function timeText(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
}

function timeOf(text: unknown): number | undefined | 'malformed' {
  if (text === undefined) return undefined
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? 'malformed' : Math.floor(ms / 1000)
}

function octetsOf(text: unknown): Uint8Array | undefined | 'malformed' {
  if (text === undefined) return undefined
  return (typeof text === 'string' ? octetsFromHex(text) : undefined) ?? 'malformed'
}
