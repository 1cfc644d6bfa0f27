/** A zone cut: a zone and who serves it. */
import type { Address } from '../base/address.ts'
import type { Name } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'

/** A zone and the names of its servers. */
export interface Cut {
  readonly kind: 'cut'
  readonly zone: Name
  readonly servers: readonly Name[]
  /** Addresses known from elsewhere: the root hints. */
  readonly hints?: ReadonlyMap<string, readonly Address[]>
}

/** The names in an NS set. */
export function serverNames(ns: Rrset): Name[] {
  return ns.rdatas.map(targetName).filter((name) => name !== undefined)
}
