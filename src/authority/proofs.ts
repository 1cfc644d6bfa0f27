/** The denial records that belong into an answer (RFC 4035 3.1.3, RFC 5155 7.2). */
import { labelCount, lastLabels, type Name, namesEqual, parentOf, wildcardOf } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import { closestEncloser, type Zone } from './zone.ts'

/** What the zone can show; undefined where its chain has a hole. */
type Proof = (Rrset | undefined)[]

/** Neither `name` nor a wildcard that could stand in for it exists. */
export function proofOfNameError(zone: Zone, name: Name): Rrset[] {
  if (!zone.hasNsec3)
    return present([zone.nsecFor(name), zone.nsecFor(wildcardAt(closestEncloser(zone, name)))])
  const wildcard = wildcardAt(provableEncloser(zone, name))
  return present([...closestEncloserProof(zone, name), zone.nsec3Covering(wildcard)])
}

/** `name` exists, or is an unsigned delegation, and the type asked for is not there. */
export function proofOfNoData(zone: Zone, name: Name): Rrset[] {
  if (!zone.hasNsec3) return present([zone.nsecFor(name)])
  const match = zone.nsec3Matching(name)
  // An opt-out span may hold the name of an unsigned delegation (RFC 5155 7.2.4, 7.2.7).
  return present(match === undefined ? closestEncloserProof(zone, name) : [match])
}

/** `name` does not exist, so that its wildcard applies. */
export function proofOfWildcard(zone: Zone, name: Name): Rrset[] {
  if (!zone.hasNsec3) return present([zone.nsecFor(name)])
  return present([zone.nsec3Covering(nextCloser(name, closestEncloser(zone, name)))])
}

/** `name` does not exist, and its wildcard lacks the type. */
export function proofOfWildcardNoData(zone: Zone, name: Name, wildcard: Name): Rrset[] {
  if (!zone.hasNsec3) return present([zone.nsecFor(name), zone.nsecFor(wildcard)])
  return present([...closestEncloserProof(zone, name), zone.nsec3Matching(wildcard)])
}

function closestEncloserProof(zone: Zone, name: Name): Proof {
  const encloser = provableEncloser(zone, name)
  return [zone.nsec3Matching(encloser), zone.nsec3Covering(nextCloser(name, encloser))]
}

/** The longest ancestor with an NSEC3 record of its own (RFC 5155 1.3). */
function provableEncloser(zone: Zone, name: Name): Name {
  let at = parentOf(name)
  while (at.length > zone.apex.length && zone.nsec3Matching(at) === undefined) at = parentOf(at)
  return at
}

function nextCloser(name: Name, encloser: Name): Name {
  return lastLabels(name, labelCount(encloser) + 1)
}

/** The wildcard below `encloser`; where no room is left for it, a name that it shares its neighbours with. */
function wildcardAt(encloser: Name): Name {
  return wildcardOf(encloser) ?? encloser
}

function present(proof: Proof): Rrset[] {
  const found = proof.filter((rrset) => rrset !== undefined)
  // A store may give the same record in another copy each time.
  return found.filter((rrset, i) => found.findIndex(({ owner }) => namesEqual(owner, rrset.owner)) === i)
}
