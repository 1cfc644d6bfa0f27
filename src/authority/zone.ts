/** A zone that can be asked, whatever it is kept in. */
import { isStrictSubdomainOf, type Name, parentOf, wildcardOf } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'

/** See the head of this file. RRsets come with their signatures. */
export interface Zone {
  readonly apex: Name
  /** The delegation highest above `name`, or at it; undefined where the zone itself answers for the name. */
  cutAbove(name: Name): Name | undefined
  /** True when the name owns something or something below it does. */
  exists(name: Name): boolean
  /** The RRset of a name and type. */
  rrset(name: Name, type: number): Rrset | undefined
  /** All RRsets of a name, NSEC3 aside. */
  rrsetsAt(name: Name): readonly Rrset[]
  /** True when the zone denies by NSEC3. */
  readonly hasNsec3: boolean
  /** The NSEC RRset whose owner is `name` or, going back in canonical order, comes next before it. */
  nsecFor(name: Name): Rrset | undefined
  /** The NSEC3 RRset whose owner is the hash of `name`. */
  nsec3Matching(name: Name): Rrset | undefined
  /** The NSEC3 RRset whose span, its owner included, holds the hash of `name`. */
  nsec3Covering(name: Name): Rrset | undefined
}

/** The longest existing name at or above `name` (RFC 4592 3.3.1). */
export function closestEncloser(zone: Zone, name: Name): Name {
  let at = name
  while (!zone.exists(at) && isStrictSubdomainOf(at, zone.apex)) at = parentOf(at)
  return at
}

/** The wildcard that stands in for `name`, if the zone has it. */
export function sourceOfSynthesis(zone: Zone, name: Name): Name | undefined {
  const wildcard = wildcardOf(closestEncloser(zone, name))
  return wildcard !== undefined && zone.exists(wildcard) ? wildcard : undefined
}

/**
 * The last link of an ordered chain that is not past the target; the chain is a circle, so before the first comes the last.
 *
 * @param compareAt how the link at an index stands to the target
 */
export function lastUpTo(length: number, compareAt: (index: number) => number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareAt(middle) > 0) high = middle
    else low = middle + 1
  }
  return low === 0 ? length - 1 : low - 1
}
