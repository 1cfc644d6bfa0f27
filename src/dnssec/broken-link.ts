/** Where a chain of trust breaks. */
import type { Name } from '../wire/name.ts'

/** The RRset that does not validate, or cannot be had, as far as it says who has to mend it. */
export interface BrokenLink {
  /** The zone whose servers give it, or that it is about: of a DS set the parent, of keys the zone itself. */
  readonly zone: Name
  /** Its type: DS and DNSKEY are the chain, every other type is data. */
  readonly type: number
}
