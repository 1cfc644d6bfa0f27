/**
 * Where the servers of a delegation are: what is known of their addresses, and what can be found out when those that
 * are known do not help.
 *
 * A parent and its child may disagree about a server's address, and either may be out of date. So all that is known is
 * tried in the order of its worth before a question fails: what was proven, glue, what nobody judged, and at last what the
 * zones of the servers' names say now.
 */
import type { Address } from '../base/address.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, nameKey } from '../wire/name.ts'
import { addressToAsk, addressTypes } from './address-families.ts'
import type { Context, Job } from './context.ts'
import type { Cut } from './cut.ts'
import { isLimit } from './joining.ts'

/** Addresses that can be looked up. */
interface Wanted {
  readonly name: Name
  readonly type: number
}

/** The addresses of one delegation's servers, for one question. */
export class ServerAddresses {
  readonly #context: Context
  readonly #cut: Cut
  readonly #types: readonly number[]
  /** Servers without an address so far. */
  readonly #nameless: Name[] = []
  /** Known, but worth less than what was given first: the other side's view of a server. */
  readonly #spare: Address[] = []
  /** Glue that is not to be used while the zone of the server's name can be asked. */
  readonly #unverified: Address[] = []
  /** Servers outside the zone whose known addresses may be out of date. */
  readonly #outside: Name[] = []
  /** Servers inside the zone that are known by one address family, and the other. */
  readonly #halfKnown: Wanted[] = []
  /** Servers outside the zone that were looked up by one address family, and the other. */
  readonly #otherFamily: Wanted[] = []
  #lookups = 0
  /** Why no more addresses can be had; undefined while none was needed. */
  limit: Reason | undefined
  /** A server inside the zone has no address: its glue has run out, or there never was any. */
  lacksGlue = false
  /** An address could not be looked up because that would have needed this very zone's servers. */
  isCircular = false

  constructor(context: Context, cut: Cut) {
    this.#context = context
    this.#cut = cut
    this.#types = inOrder(context)
  }

  /** What is known at once. To be called first. */
  known(): Address[] {
    const all: Address[] = []
    for (const name of this.#cut.servers) {
      const addresses = this.#knownOf(name)
      for (const address of addresses) all.push(address)
      if (addresses.length === 0) this.#nameless.push(name)
      else if (!this.#isInside(name)) this.#outside.push(name)
      else this.#noteMissing(name, addresses)
    }
    return all
  }

  /** Addresses of one more server that has none so far; undefined when there is none left, or a limit forbids it. */
  async lookUpNameless(job: Job): Promise<Address[] | undefined> {
    for (let name = this.#take(this.#nameless); name !== undefined; name = this.#take(this.#nameless)) {
      // A server inside its own zone cannot be found without glue.
      if (this.#isInside(name)) {
        this.lacksGlue = true
        continue
      }
      const refused = this.#charge(job)
      if (refused !== undefined) {
        this.limit = refused
        this.#context.counters.limitHit(refused, this.#cut.zone)
        return undefined
      }
      return this.#lookUp(job, name)
    }
    return undefined
  }

  #noteMissing(name: Name, addresses: readonly Address[]): void {
    for (const type of this.#types) {
      const octets = type === TYPE.A ? 4 : 16
      if (!addresses.some((address) => address.length === octets)) this.#halfKnown.push({ name, type })
    }
  }

  /**
   * Another way to a server that is known already: its address of the other family, as the zone itself has it. For a
   * zone whose servers answer, but not well; those behind two addresses of one name need not be the same.
   */
  async lookUpOtherFamily(job: Job): Promise<Address[] | undefined> {
    return this.#lookUpWanted(job, this.#halfKnown.pop() ?? this.#otherFamily.pop())
  }

  async #lookUpWanted(job: Job, next: Wanted | undefined): Promise<Address[] | undefined> {
    if (next === undefined || this.#charge(job) !== undefined) return undefined
    const data = await this.#context.fetchData(deeper(job), next.name, next.type)
    return data.kind === 'records' ? this.#usable(data.answer.flatMap((set) => set.rdatas)) : []
  }

  /** More of anything, the best first; undefined when nothing is left. */
  async more(job: Job): Promise<Address[] | undefined> {
    if (this.#spare.length > 0) return this.#spare.splice(0)
    const found = await this.lookUpNameless(job)
    if (found !== undefined) return found
    if (this.#unverified.length > 0) return this.#unverified.splice(0)
    const name = this.#take(this.#outside)
    // Nothing that goes wrong from here on is why the question fails: that is what the known addresses came to.
    if (name === undefined) return this.#lookUpWanted(job, this.#otherFamily.pop())
    return this.#charge(job) === undefined ? this.#refresh(job, name) : undefined
  }

  /** Names whose addresses nobody has yet. */
  get nameless(): readonly Name[] {
    return this.#nameless
  }

  /** Beside a server that the operator gave, one inside the zone can be found by asking that one. */
  #isInside(name: Name): boolean {
    return this.#cut.route === undefined && isSubdomainOf(name, this.#cut.zone)
  }

  #take(names: Name[]): Name | undefined {
    if (names.length === 0) return undefined
    return names.splice(this.#context.random.below(names.length), 1)[0]
  }

  // --- what is known ------------------------------------------------------------------------------------------------

  #knownOf(name: Name): Address[] {
    const known: Address[] = []
    for (const type of this.#types) for (const address of this.#knownOfType(name, type)) known.push(address)
    if (known.length > 0) return this.#usable(known)
    const hinted = this.#usable(this.#cut.hints?.get(nameKey(name)) ?? [])
    if (!this.#mistrusts(name)) return hinted
    this.#unverified.push(...hinted)
    return []
  }

  /** What was proven counts more than glue, and glue more than what nobody judged. */
  #knownOfType(name: Name, type: number): readonly Address[] {
    const { rrsets, settings } = this.#context
    const own = rrsets.get(name, type)
    const glue = this.#glueOf(name, type)
    if (this.#mistrusts(name)) {
      this.#unverified.push(...this.#usable(glue))
      return own?.rrset.rdatas ?? []
    }
    if (own === undefined) return glue
    const checked = own.status === 'secure' || (settings.verifyReferrals && own.status !== 'bogus')
    if (!checked && glue.length > 0) {
      // What a zone once said of its own servers must not outlive its delegation (CVE-2012-1033).
      if (!this.#isInside(name)) this.#spare.push(...this.#usable(own.rrset.rdatas))
      return glue
    }
    this.#spare.push(...this.#usable(glue))
    return own.rrset.rdatas
  }

  #glueOf(name: Name, type: number): readonly Address[] {
    return this.#context.rrsets.getGlue(name, type)?.rrset.rdatas ?? []
  }

  /** True when what a referral says of a server's address is the last thing to go by. */
  #mistrusts(name: Name): boolean {
    return this.#context.settings.verifyGlue && !this.#isInside(name)
  }

  #usable(addresses: readonly Address[]): Address[] {
    const { settings } = this.#context
    const usable: Address[] = []
    for (const address of addresses) {
      const asked = addressToAsk(address, settings)
      if (asked !== undefined) usable.push(asked)
    }
    return usable
  }

  // --- what can be found out ------------------------------------------------------------------------------------------

  /** Charges a look-up; the limit that forbids it, if one does. */
  #charge(job: Job): Reason | undefined {
    const { depth, nameServersPerDelegation } = job.budget.limits
    if (job.depth >= depth) return 'limit-depth'
    if (this.#lookups >= nameServersPerDelegation || !job.budget.takeNsLookup()) return 'limit-name-servers'
    this.#lookups++
    return undefined
  }

  /**
   * Addresses of the second family are looked up only when there is none of the first, or nobody answers at those: half the
   * questions, and half of what B01 can cause.
   */
  async #lookUp(job: Job, name: Name): Promise<Address[]> {
    for (const [i, type] of this.#types.entries()) {
      const data = await this.#context.fetchData(deeper(job), name, type)
      if (data.kind === 'records') {
        const addresses = this.#usable(data.answer.flatMap((set) => set.rdatas))
        if (addresses.length > 0) {
          for (const other of this.#types.slice(i + 1)) this.#otherFamily.push({ name, type: other })
          return addresses
        }
      } else if (data.kind === 'failure') {
        if (data.reason === 'address-loop') this.isCircular = true
        // The limit of a look-up is this question's own: it says nothing of the zone.
        if (isLimit(data.reason)) this.limit ??= data.reason
      }
    }
    // Its own zone does not have it; the parent of that zone may, and the look-up has been there.
    return this.#usable(this.#types.flatMap((type) => this.#glueOf(name, type)))
  }

  /** Asks what a server's address is by now, of either family: all that was known of it has failed. */
  async #refresh(job: Job, name: Name): Promise<Address[]> {
    const addresses: Address[] = []
    for (const type of this.#types) {
      const data = await this.#context.fetchData(deeper(job), name, type)
      if (data.kind === 'records') addresses.push(...data.answer.flatMap((set) => set.rdatas))
    }
    return this.#usable(addresses)
  }
}

/** Types of addresses, those first by which servers are reached at present. */
function inOrder({ settings, servers }: Context): number[] {
  const types = addressTypes(settings)
  const octets = types[0] === TYPE.A ? 4 : 16
  return types.length > 1 && servers.familyIsAside({ length: octets }) ? types.reverse() : types
}

function deeper(job: Job): Job {
  const { budget, trace, flight, depth, policySequence, isReport, fetched, asked } = job
  return {
    budget,
    trace,
    flight,
    depth: depth + 1,
    policySequence,
    isReport,
    fetched,
    judge: undefined,
    asked,
  }
}
