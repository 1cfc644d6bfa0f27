/**
 * Looks after the trust anchors (RFC 5011): asks the zones of anchors for their keys when it is time, keeps what it learns
 * over restarts, and puts it in force.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { sightKeys } from '../../dnssec/key-sighting.ts'
import type { ValidationParameters } from '../../dnssec/parameters.ts'
import { sameAnchors, type TrustAnchor, TrustAnchors } from '../../dnssec/trust-anchors.ts'
import {
  advance,
  anchorsOf,
  followable,
  followedTag,
  isEnded,
  isTrusted,
  type KeyChange,
  type KeySighting,
  keysNamedBy,
  newTrustPoint,
  type TrustPoint,
  withConfigured,
  withVouched,
} from '../../dnssec/trust-point.ts'
import type { Log } from '../../telemetry/log.ts'
import { type Name, nameKey, namesEqual } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { Rrset } from '../../wire/record.ts'
import type { KeptTrustPoints } from './form.ts'

/** Not all resolvers of the world ask at once: the next probe comes up to this share earlier than it has to. */
const JITTER = 0.1

/** What the keeper works with. */
export interface AnchorKeeperParts {
  /** For timers. */
  readonly clock: Pick<Clock, 'after'>
  /** Seconds since 1970 that pass even where signatures are judged at a fixed time: for waits. */
  readonly wallSeconds: () => number
  readonly random: Random
  readonly configured: TrustAnchors
  /** Where it is kept. */
  readonly file: { load(): KeptTrustPoints | undefined; save(kept: KeptTrustPoints): Promise<boolean> }
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
}

/** What it can do once the daemon works. */
export interface AnchorDuties {
  /** The zone's DNSKEY set as its servers have it now, or why there is none. */
  readonly fetchKeys: (zone: Name) => Promise<Rrset | string>
  /** For the judging of one set. */
  readonly parameters: () => ValidationParameters
  /** Has all threads go by these anchors. */
  readonly enforce: (anchors: readonly TrustAnchor[]) => Promise<unknown>
  /** Tells the servers of the zone which anchors are believed here (RFC 8145), if anybody is to be told. */
  readonly signal?: (zone: Name, anchors: readonly TrustAnchor[]) => void
  /** Anchors of the zone from somebody who may publish them, asked where the zone's keys are not signed by ours. */
  readonly publication?: (zone: Name) => Promise<readonly TrustAnchor[]>
}

interface Followed {
  point: TrustPoint
  /** Ends the wait for the next probe. */
  cancel: Cancel
  isProbing: boolean
  nextProbeSeconds: number | undefined
  /** The last fault that was told. */
  told: string
}

/** A zone with anchors, as it stands. */
export interface FollowedZone {
  readonly point: TrustPoint
  /** Seconds since 1970; undefined when nobody will ask any more. */
  readonly nextProbeSeconds: number | undefined
}

/** See the head of this file. */
export class AnchorKeeper {
  readonly #parts: AnchorKeeperParts
  readonly #followed = new Map<string, Followed>()
  /** Of zones that cannot be followed. */
  #fixed: readonly TrustAnchor[] = []
  #duties: AnchorDuties | undefined
  #isStopped = false
  #isSaved: boolean | undefined
  #isUnsaved = false
  #saving: Promise<void> | undefined

  /** Knows at once which anchors are in force, by the configuration and by what an earlier process kept. */
  constructor(parts: AnchorKeeperParts) {
    this.#parts = parts
    this.#takeOver(parts.configured, parts.file.load()?.points ?? [])
  }

  /** The anchors in force. */
  get anchors(): TrustAnchors {
    const points = [...this.#followed.values()].map(({ point }) => point)
    return new TrustAnchors([...this.#fixed, ...points.flatMap(anchorsOf)])
  }

  /** All zones whose keys are followed. */
  get zones(): readonly FollowedZone[] {
    return [...this.#followed.values()].map(({ point, nextProbeSeconds }) => ({ point, nextProbeSeconds }))
  }

  /** Whether what is learnt survives this process; undefined before anything was to be kept. */
  get isSaved(): boolean | undefined {
    return this.#isSaved
  }

  /** Begins to ask. */
  start(duties: AnchorDuties): void {
    this.#duties = duties
    for (const followed of this.#followed.values()) void this.#probe(followed)
  }

  /** Asks at once where the last probe failed: the network has come up. */
  retry(): void {
    for (const followed of this.#followed.values()) {
      if (followed.point.failures > 0) void this.#probe(followed)
    }
  }

  /** Asks no more, and settles when everything is kept. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { cancel } of this.#followed.values()) cancel()
    await this.#saving
  }

  /** Goes by other configured anchors; settles when they are in force. */
  async configure(configured: TrustAnchors): Promise<void> {
    const before = this.anchors.list
    const known = new Set(this.#followed.keys())
    const points = [...this.#followed.values()].map(({ point }) => point)
    this.#takeOver(configured, points)
    const { list } = this.anchors
    if (!sameAnchors(before, list)) await this.#duties?.enforce(list)
    this.#save()
    for (const [key, followed] of this.#followed) if (!known.has(key)) void this.#probe(followed)
  }

  #takeOver(configured: TrustAnchors, known: readonly TrustPoint[]): void {
    const { log, wallSeconds } = this.#parts
    const fixed: TrustAnchor[] = []
    const wanted = new Set<string>()
    for (const zone of configured.zones) {
      const anchors = configured.of(zone)
      if (followable(anchors).length === 0) {
        log.info(
          { zone: formatName(zone) },
          'no anchor of this zone is a secure entry point: its keys are not followed',
        )
        fixed.push(...anchors)
        continue
      }
      const key = nameKey(zone)
      wanted.add(key)
      const old = known.find((point) => namesEqual(point.zone, zone))
      const point = withConfigured(this.#inherited(zone, old, anchors), anchors, wallSeconds())
      this.#tellRevoked(point, anchors)
      const followed = this.#followed.get(key)
      if (followed === undefined) this.#followed.set(key, unasked(point))
      else followed.point = point
    }
    for (const [key, { cancel }] of this.#followed) {
      if (wanted.has(key)) continue
      cancel()
      this.#followed.delete(key)
    }
    this.#fixed = fixed
  }

  #inherited(zone: Name, old: TrustPoint | undefined, anchors: readonly TrustAnchor[]): TrustPoint {
    if (old === undefined || keysNamedBy(old, anchors).length > 0) return old ?? newTrustPoint(zone)
    // Who gives wholly other anchors does not mean the zone whose keys were learnt.
    this.#parts.log.warn(
      { zone: formatName(zone) },
      'the configured trust anchors are none of those that were followed: following starts anew',
    )
    return newTrustPoint(zone)
  }

  #tellRevoked(point: TrustPoint, anchors: readonly TrustAnchor[]): void {
    const zone = formatName(point.zone)
    for (const key of keysNamedBy(point, anchors)) {
      if (isTrusted(key)) continue
      const since = new Date(key.sinceSeconds * 1000).toISOString()
      this.#parts.log.warn(
        { zone, keyTag: followedTag(key), state: key.state, since },
        'a configured trust anchor was revoked by its zone and is not used: take it out of dnssec.trust-anchor-files',
      )
    }
  }

  async #probe(followed: Followed): Promise<void> {
    if (followed.isProbing || this.#isStopped) return
    followed.isProbing = true
    followed.cancel()
    try {
      const trusted = await this.#look(followed)
      // With new anchors the same keys may well be proven.
      if (!trusted && (await this.#bootstrap(followed))) await this.#look(followed)
    } finally {
      followed.isProbing = false
      this.#plan(followed)
    }
  }

  /** One look at the keys of a zone. Returns false where keys came that no anchor of ours vouches for. */
  async #look(followed: Followed): Promise<boolean> {
    const { fetchKeys, parameters } = this.#duties!
    const { zone } = followed.point
    const set = await fetchKeys(zone)
    if (this.#isStopped) return true
    const before = followed.point
    const nowSeconds = this.#parts.wallSeconds()
    const sighting: KeySighting =
      typeof set === 'string'
        ? { kind: 'unanswered', detail: set }
        : sightKeys(before, set, parameters(), nowSeconds)
    const { point, changes } = advance(before, sighting, nowSeconds)
    this.#tell(followed, sighting, changes)
    if (isEnded(point) && !isEnded(before)) {
      this.#parts.log.error(
        { zone: formatName(zone) },
        'all trust anchors of the zone are revoked: nothing in it is validated any more',
      )
    }
    // Nothing came that a later process would have to know of.
    if (sighting.kind === 'unanswered') followed.point = point
    else await this.#put(followed, point)
    if (sighting.kind === 'proven') this.#duties!.signal?.(zone, anchorsOf(point))
    return sighting.kind !== 'unproven' && !isEnded(point)
  }

  /** Asks who may publish anchors of the zone. Returns true when there were new ones. */
  async #bootstrap(followed: Followed): Promise<boolean> {
    const { point } = followed
    const published = (await this.#duties!.publication?.(point.zone)) ?? []
    if (this.#isStopped) return false
    const grown = withVouched(point, published, 'imported', this.#parts.wallSeconds())
    const keyTags = grown.keys.filter((key) => !point.keys.includes(key)).map(followedTag)
    if (keyTags.length === 0) return false
    this.#parts.log.warn(
      { zone: formatName(point.zone), keyTags },
      'keys that were published and signed for this zone are trust anchors now',
    )
    await this.#put(followed, grown)
    return true
  }

  /** Takes a trust point over: in force first, then on disk. */
  async #put(followed: Followed, point: TrustPoint): Promise<void> {
    const before = anchorsOf(followed.point)
    followed.point = point
    if (!sameAnchors(before, anchorsOf(point))) await this.#duties!.enforce(this.anchors.list)
    this.#save()
  }

  /** What changes while it is written is written once more. */
  #save(): void {
    this.#isUnsaved = true
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined
    })
  }

  async #write(): Promise<void> {
    while (this.#isUnsaved) {
      this.#isUnsaved = false
      const points = [...this.#followed.values()].map(({ point }) => point)
      this.#isSaved = await this.#parts.file.save({ points })
    }
  }

  #plan(followed: Followed): void {
    const { point } = followed
    followed.cancel()
    followed.nextProbeSeconds = undefined
    // A zone that was taken out meanwhile is asked no more.
    const isFollowed = this.#followed.get(nameKey(point.zone)) === followed
    if (this.#isStopped || !isFollowed || isEnded(point)) return
    const wholeSeconds = point.failures > 0 ? point.retrySeconds : point.intervalSeconds
    const seconds = wholeSeconds - this.#parts.random.below(Math.floor(wholeSeconds * JITTER) + 1)
    followed.nextProbeSeconds = this.#parts.wallSeconds() + seconds
    followed.cancel = this.#parts.clock.after(seconds * 1000, () => void this.#probe(followed))
  }

  #tell(followed: Followed, sighting: KeySighting, changes: readonly KeyChange[]): void {
    const { log } = this.#parts
    const zone = formatName(followed.point.zone)
    for (const { keyTag, from = 'start', to = 'start' } of changes) {
      const isGrave = to === 'revoked' || to === 'missing' || (from === 'add-pending' && to === 'start')
      log[isGrave ? 'warn' : 'info'](
        { zone, keyTag, from, to },
        'a key of a trust anchor zone has another state',
      )
    }
    const fault = sighting.kind === 'proven' ? '' : sighting.detail
    // The same trouble is told once, however often it is met.
    if (fault !== '' && fault !== followed.told) {
      log.warn({ zone, fault }, 'the keys of a zone with trust anchors could not be followed')
    }
    if (fault === '' && followed.told !== '') log.info({ zone }, 'the keys of the zone can be followed again')
    followed.told = fault
  }
}

function unasked(point: TrustPoint): Followed {
  return { point, cancel: () => {}, isProbing: false, nextProbeSeconds: undefined, told: '' }
}
