/**
 * Zones whose signatures end soon and are not being renewed, by what caches hold of them. A zone that signs again on its
 * usual rhythm is none of them: what is left is held against the lifetime of the signature, and against how little was
 * left when the zone was last seen to renew one.
 */
import { EXPIRING_SETS_PER_ZONE_MAX, EXPIRING_ZONES_MAX } from '../../base/limits.ts'

/** A signed RRset as it was fetched. Times are seconds since 1970. */
export interface SignedSet {
  /** The signer, in lower case, with the final dot. */
  readonly zone: string
  /** Owner and type. */
  readonly set: string
  readonly inception: number
  readonly expiration: number
  readonly fetchedAt: number
}

/** A zone with a signature that ends soon: the one that ends first. */
export interface ExpiringZone {
  readonly zone: string
  readonly set: string
  readonly expiration: number
  readonly lifetimeSeconds: number
  /** The zone gave it, as old as it was, when it was last asked, … */
  readonly fetchedAt: number
  /** … and had given it before. */
  readonly refetched: boolean
}

interface Known {
  inception: number
  expiration: number
  fetchedAt: number
  refetched: boolean
  seenAt: number
}

interface ZoneEnds {
  readonly sets: Map<string, Known>
  /** What was left of a signature when it was seen to be renewed: the least. */
  renewedWithLeft: number
}

/** Signers renew with more than so much of the lifetime left: usual are a quarter to a half, a seventh is the least. */
const LEFT_SHARE = 1 / 8
/** A zone that was seen to renew later than that may be as late again; below so much of what was left then it is not. */
const RHYTHM_SHARE = 3 / 4
/** With less than so much of the bound left, one fetch says enough. */
const ALONE_SHARE = 1 / 2
/** What no cache has held for so long is asked for no more. */
const FORGET_SECONDS = 7_200

/** See the head of this file. */
export class SignatureEnds {
  readonly #zones = new Map<string, ZoneEnds>()

  /**
   * A cache holds this set.
   *
   * @param warningSeconds nothing with more left is of interest
   */
  see(seen: SignedSet, warningSeconds: number, nowSeconds: number): void {
    const { zone, set, expiration, fetchedAt } = seen
    const isShort = expiration - fetchedAt < warningSeconds
    const known = this.#zones.get(zone)
    if (known === undefined && (!isShort || this.#zones.size >= EXPIRING_ZONES_MAX)) return
    const ends = known ?? { sets: new Map<string, Known>(), renewedWithLeft: Number.POSITIVE_INFINITY }
    this.#zones.set(zone, ends)
    const before = ends.sets.get(set)
    // Resolver threads have caches of their own: one of them may hold what is older.
    if (before !== undefined && before.expiration > expiration) return
    if (before !== undefined && before.expiration < expiration) noteRenewal(ends, before, fetchedAt)
    if (!isShort) {
      ends.sets.delete(set)
      return
    }
    const same = before?.expiration === expiration ? before : undefined
    if (same === undefined && !makeRoom(ends.sets, set, expiration)) return
    ends.sets.set(set, {
      inception: seen.inception,
      expiration,
      fetchedAt: Math.max(fetchedAt, same?.fetchedAt ?? 0),
      refetched: same !== undefined && (same.refetched || fetchedAt !== same.fetchedAt),
      seenAt: nowSeconds,
    })
  }

  /** Forgets what has ended, and what no cache holds any more; the rhythm of a zone stays while it is known at all. */
  age(nowSeconds: number): void {
    for (const [zone, { sets }] of this.#zones) {
      for (const [set, { expiration, seenAt }] of sets) {
        if (expiration <= nowSeconds || seenAt < nowSeconds - FORGET_SECONDS) sets.delete(set)
      }
      if (sets.size === 0 && this.#zones.size >= EXPIRING_ZONES_MAX) this.#zones.delete(zone)
    }
  }

  /** Zones that are not renewing, the first to end first. */
  expiring(warningSeconds: number): ExpiringZone[] {
    const found: ExpiringZone[] = []
    for (const [zone, ends] of this.#zones) {
      const late = [...ends.sets].filter(([, known]) => isLate(known, ends, warningSeconds))
      if (late.length === 0) continue
      const [set, first] = late.reduce((a, b) => (b[1].expiration < a[1].expiration ? b : a))
      const { expiration, inception, fetchedAt, refetched } = first
      found.push({ zone, set, expiration, lifetimeSeconds: expiration - inception, fetchedAt, refetched })
    }
    return found.sort((a, b) => a.expiration - b.expiration)
  }
}

function noteRenewal(ends: ZoneEnds, before: Known, fetchedAt: number): void {
  const left = before.expiration - fetchedAt
  if (left > 0) ends.renewedWithLeft = Math.min(ends.renewedWithLeft, left)
}

/** False where those that end sooner fill the bound. */
function makeRoom(sets: Map<string, Known>, set: string, expiration: number): boolean {
  if (sets.has(set) || sets.size < EXPIRING_SETS_PER_ZONE_MAX) return true
  const [last, { expiration: end }] = [...sets].reduce((a, b) => (b[1].expiration > a[1].expiration ? b : a))
  if (end <= expiration) return false
  sets.delete(last)
  return true
}

function isLate(known: Known, { renewedWithLeft }: ZoneEnds, warningSeconds: number): boolean {
  const { inception, expiration, fetchedAt, refetched } = known
  const bound = Math.min(
    warningSeconds,
    LEFT_SHARE * (expiration - inception),
    RHYTHM_SHARE * renewedWithLeft,
  )
  const left = expiration - fetchedAt
  return left < (refetched ? bound : ALONE_SHARE * bound)
}
