/** Where a zone ends: which of its records it answers for, and which it only carries (RFC 4035 2.2). */
import { TYPE } from '../wire/iana/rrtype.ts'
import { isStrictSubdomainOf, type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'

/** Names at which a zone delegates. */
export class ZoneCuts {
  readonly #apex: Name
  readonly #cuts = new Set<string>()

  constructor(apex: Name, rrsets: Iterable<Rrset>) {
    this.#apex = apex
    for (const { owner, type } of rrsets) {
      if (type === TYPE.NS && isStrictSubdomainOf(owner, apex)) this.#cuts.add(nameKey(owner))
    }
  }

  /** True for the name of a delegation. */
  isCut(name: Name): boolean {
    return this.#cuts.has(nameKey(name))
  }

  /** The delegation highest above `name`, or at it; undefined when the zone itself answers for the name. */
  cutAbove(name: Name): Name | undefined {
    let found: Name | undefined
    for (let at = name; isStrictSubdomainOf(at, this.#apex); at = parentOf(at)) if (this.isCut(at)) found = at
    return found
  }

  /** True when the zone answers for the RRset and so signs it: neither delegation NS nor anything at or below a cut but DS and NSEC. */
  isAuthoritative(rrset: { readonly owner: Name; readonly type: number }): boolean {
    const cut = this.cutAbove(rrset.owner)
    if (cut === undefined) return true
    return namesEqual(cut, rrset.owner) && (rrset.type === TYPE.DS || rrset.type === TYPE.NSEC)
  }
}
