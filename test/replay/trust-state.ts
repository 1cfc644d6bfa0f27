/** Trust-anchor state files of scenarios: what they have this product know, and whether it knows what they expect. */
import { octetsEqual } from '../../src/base/octets.ts'
import { readAutotrust } from '../../src/config/autotrust-file.ts'
import type { TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import {
  type FollowedKey,
  followable,
  followedTag,
  isTrusted,
  newTrustPoint,
  type TrustPoint,
} from '../../src/dnssec/trust-point.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { withRevoked } from '../../src/wire/rdata/dnskey.ts'

/** What the product knows of a zone. */
export interface TrustState {
  /** As it is kept. */
  readonly point: TrustPoint | undefined
  readonly nextProbeSeconds: number | undefined
}

const ADD_HOLD_DOWN_SECONDS = 30 * 86_400

/** The trust points of a file, as if this product had kept them. */
export function readTrustPoints(id: string, text: string): TrustPoint[] {
  const { keys, numbers } = readAutotrust(text, id)
  const zones = keys.map(({ anchor }) => anchor.zone)
  const points = zones.filter((zone, at) => zones.findIndex((other) => namesEqual(other, zone)) === at)
  const number = (name: string): number | undefined => numbers.get(name)
  return points.map((zone) => ({
    ...newTrustPoint(zone),
    lastProbeSeconds: number('last_queried'),
    lastSuccessSeconds: number('last_success'),
    failures: number('query_failed') ?? 0,
    ...(numbers.has('query_interval') && {
      intervalSeconds: number('query_interval')!,
      retrySeconds: number('retry_time')!,
    }),
    keys: keys
      .filter(({ anchor, state }) => namesEqual(anchor.zone, zone) && state !== 'start')
      .filter(({ anchor }) => followable([anchor]).length > 0)
      .map(({ anchor: { ds, dnskey }, state, sightings, sinceSeconds }): FollowedKey => {
        const known = { ds, dnskey: dnskey && withRevoked(dnskey, false), origin: 'imported' as const }
        // One without a state was never seen.
        const seen = state === undefined ? 0 : Math.max(1, sightings)
        const holdDownSeconds = ADD_HOLD_DOWN_SECONDS
        return {
          ...known,
          state: (state ?? 'valid') as FollowedKey['state'],
          sightings: seen,
          sinceSeconds,
          holdDownSeconds,
        }
      }),
  }))
}

interface StateFault {
  readonly reason: string
  readonly expected: string
  readonly received: string
}

/**
 * What differs from the expected file. Its order, its remarks and TTLs are Unbound's; so is how many questions make a failed
 * probe, and that it keeps when it asks next, which is compared only where the last probe has just been.
 */
export function trustStateFault(
  expected: string,
  { point, nextProbeSeconds }: TrustState,
  nowSeconds: number,
): StateFault | undefined {
  const { keys, numbers } = readAutotrust(expected, 'expected')
  const received = point === undefined ? 'nothing' : stateText(point, nextProbeSeconds)
  const differs = (reason: string): StateFault => ({ reason: `trust anchors: ${reason}`, expected, received })
  if (point === undefined) return differs('the zone is not followed')
  const wanted = keys.filter(({ anchor }) => followable([cleared(anchor)]).length > 0)
  const kept = point.keys.filter(({ state }) => state !== 'removed')
  if (kept.length !== wanted.length) return differs(`${kept.length} keys, not ${wanted.length}`)
  for (const { anchor, state, sightings, sinceSeconds } of wanted) {
    const { ds, dnskey } = cleared(anchor)
    const isIt = (one: FollowedKey): boolean =>
      dnskey === undefined
        ? one.ds !== undefined && octetsEqual(one.ds, ds!)
        : one.dnskey !== undefined && octetsEqual(one.dnskey, dnskey)
    const key = kept.find(isIt)
    if (key === undefined) return differs('a key is missing')
    const tag = followedTag(key)
    if (state === undefined ? !isTrusted(key) : key.state !== state)
      return differs(`key ${tag} is ${key.state}`)
    if (state === 'add-pending' && key.sightings !== sightings)
      return differs(`key ${tag} was seen ${key.sightings} times`)
    if (state !== undefined && key.sinceSeconds !== sinceSeconds)
      return differs(`key ${tag}: since ${key.sinceSeconds}`)
  }
  const pairs: [string, number | undefined][] = [
    ['last_queried', point.lastProbeSeconds],
    ['last_success', point.lastSuccessSeconds],
    ['query_interval', point.intervalSeconds],
    ['retry_time', point.retrySeconds],
  ]
  if (numbers.get('last_queried') === nowSeconds) pairs.push(['next_probe_time', nextProbeSeconds ?? 0])
  for (const [name, value] of pairs) {
    if (numbers.has(name) && numbers.get(name) !== value) return differs(`${name} is ${value}`)
  }
  const failed = numbers.get('query_failed')
  if (failed !== undefined && failed > 0 !== point.failures > 0)
    return differs(`${point.failures} probes failed`)
  return undefined
}

function cleared({ zone, ds, dnskey }: TrustAnchor): TrustAnchor {
  return dnskey === undefined ? { zone, ds: ds! } : { zone, dnskey: withRevoked(dnskey, false) }
}

function stateText(point: TrustPoint, nextProbeSeconds: number | undefined): string {
  const { zone, keys, ...rest } = point
  const head = JSON.stringify({ zone: formatName(zone), ...rest, nextProbeSeconds })
  return [
    head,
    ...keys.map((key) => `${followedTag(key)} ${key.state} since ${key.sinceSeconds}, seen ${key.sightings}`),
  ].join('\n')
}
