/** A zone cut: a zone and who serves it. */
import type { Address } from '../base/address.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import type { Route } from './ports.ts'

/** A zone and the names of its servers. */
export interface Cut {
  readonly kind: 'cut'
  readonly zone: Name
  readonly servers: readonly Name[]
  /** Addresses for want of better ones: the root hints, or what a referral says of servers outside the parent zone. */
  readonly hints?: ReadonlyMap<string, readonly Address[]>
  /** Set where the operator gave the servers. */
  readonly route?: Route
}

/** The addresses in RRsets, by the key of the owner's name. */
export function addressesByName(sets: readonly Rrset[]): Map<string, readonly Address[]> {
  const byName = new Map<string, readonly Address[]>()
  for (const { owner, rdatas } of sets) {
    const key = nameKey(owner)
    byName.set(key, [...(byName.get(key) ?? []), ...rdatas])
  }
  return byName
}

/** The names in an NS set. */
export function serverNames(ns: Rrset): Name[] {
  return ns.rdatas.map(targetName).filter((name) => name !== undefined)
}
