/** A zone cut: a zone and who serves it. */
import type { Address } from '../base/address.ts'
import type { Name } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import type { Route } from './ports.ts'

/** A zone and the names of its servers. */
export interface Cut {
  readonly kind: 'cut'
  readonly zone: Name
  readonly servers: readonly Name[]
  /** Addresses known from elsewhere: the root hints. */
  readonly hints?: ReadonlyMap<string, readonly Address[]>
  /** Set where the operator gave the servers. */
  readonly route?: Route
}

/** The names in an NS set. */
export function serverNames(ns: Rrset): Name[] {
  return ns.rdatas.map(targetName).filter((name) => name !== undefined)
}
