/**
 * The servers of one delegation, for one question: their addresses as far as known, more looked up when those fail,
 * and which of them to ask next.
 */
import { type Address, type Endpoint, endpointKey } from '../base/address.ts'
import {
  ADDRESS_LOOKUP_DEPTH_MAX,
  ADDRESSES_PER_DELEGATION_MAX,
  NS_LOOKUPS_PER_DELEGATION_MAX,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TRIES_PER_ADDRESS_MAX,
} from '../base/limits.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, nameKey } from '../wire/name.ts'
import { addressUsable } from './address-rules.ts'
import type { Context, Job } from './context.ts'
import type { Cut } from './cut.ts'
import { isLimit } from './joining.ts'

interface Candidate {
  readonly endpoint: Endpoint
  readonly key: string
  tries: number
  /** Did not know the zone a moment ago: asked when nobody else is left. */
  readonly lame: boolean
}

/** Whom to ask next. */
export interface Turn {
  readonly server: Endpoint
  /** How long to wait for a datagram back, milliseconds. */
  readonly patienceMs: number
}

/** One in so many questions goes to a server other than the fastest, so that a better one is found. */
const EXPLORE_ONE_IN = 16
/** Servers this close to the fastest share the load, milliseconds. */
const BAND_MS = 20
/** What a server is taken for that never replied yet: good enough to be tried before a slow one. */
const UNKNOWN_RTT_MS = 10

export class ServerPool {
  readonly #context: Context
  readonly #cut: Cut
  readonly #avoid: ReadonlySet<string>
  readonly #candidates: Candidate[] = []
  readonly #known = new Set<string>()
  /** Servers without an address so far. */
  readonly #nameless: Name[] = []
  #lookups = 0
  /** Why no more addresses can be had; undefined while none was needed. */
  limit: Reason | undefined
  /** An address could not be looked up because that would have needed this very zone's servers. */
  isCircular = false

  /** @param avoid servers (`endpointKey`) that are not asked: they gave bad data for this question */
  constructor(context: Context, cut: Cut, avoid: ReadonlySet<string>) {
    this.#context = context
    this.#cut = cut
    this.#avoid = avoid
    for (const name of cut.servers) {
      if (!this.#addKnown(name)) this.#nameless.push(name)
    }
  }

  /** True when at least one address was ever known. */
  get hasAddresses(): boolean {
    return this.#known.size > 0
  }

  /** The server to ask next, or undefined when all that are known had their turns. */
  next(): Turn | undefined {
    const { servers, random } = this.#context
    const open = this.#candidates.filter(
      ({ tries, endpoint }) => tries < UPSTREAM_TRIES_PER_ADDRESS_MAX && servers.mayAsk(endpoint),
    )
    if (open.length === 0) return undefined
    const turn = ({ tries, lame }: Candidate): number => tries + (lame ? UPSTREAM_TRIES_PER_ADDRESS_MAX : 0)
    const soonest = Math.min(...open.map(turn))
    const fresh = open.filter((candidate) => turn(candidate) === soonest)
    const cost = ({ endpoint }: Candidate): number => this.#cost(endpoint)
    const best = Math.min(...fresh.map(cost))
    const explore = random.below(EXPLORE_ONE_IN) === 0
    const chosen = explore ? fresh : fresh.filter((candidate) => cost(candidate) <= best + BAND_MS)
    const candidate = chosen[random.below(chosen.length)]!
    candidate.tries++
    return { server: candidate.endpoint, patienceMs: this.#patienceMs(candidate, fresh) }
  }

  /** A server that stayed silent last time is only tried, not waited for, while there are others that did not. */
  #patienceMs({ endpoint }: Candidate, others: readonly Candidate[]): number {
    const { servers } = this.#context
    const patienceMs = servers.timeoutMs(endpoint)
    const isSilent = (server: Endpoint): boolean => servers.timeouts(server) > 0
    if (!isSilent(endpoint) || others.every((other) => isSilent(other.endpoint))) return patienceMs
    return Math.min(patienceMs, UPSTREAM_TIMEOUT_MS_INITIAL)
  }

  /** What asking a server is likely to take, milliseconds: one that stayed silent last time may do so again. */
  #cost(server: Endpoint): number {
    const { servers } = this.#context
    const rttMs = servers.rttMs(server) ?? UNKNOWN_RTT_MS
    return servers.timeouts(server) === 0 ? rttMs : rttMs + servers.timeoutMs(server)
  }

  /** Takes a server that does not serve the zone out of this pool. */
  drop(server: Endpoint): void {
    const key = endpointKey(server)
    const at = this.#candidates.findIndex((candidate) => candidate.key === key)
    if (at >= 0) this.#candidates.splice(at, 1)
  }

  /**
   * Looks up one more server name.
   *
   * @returns false when there is none left, or a limit forbids it
   */
  async lookUpMore(job: Job): Promise<boolean> {
    for (;;) {
      const name = this.#takeNameless()
      if (name === undefined) return false
      // A server inside its own zone cannot be found without glue.
      if (isSubdomainOf(name, this.#cut.zone)) continue
      if (job.depth >= ADDRESS_LOOKUP_DEPTH_MAX) return this.#refuse('limit-depth')
      if (this.#lookups >= NS_LOOKUPS_PER_DELEGATION_MAX) return this.#refuse('limit-name-servers')
      if (!job.budget.takeNsLookup()) return this.#refuse('limit-name-servers')
      this.#lookups++
      const before = this.#candidates.length
      await this.#lookUp({ ...job, depth: job.depth + 1 }, name)
      if (this.#candidates.length > before) return true
    }
  }

  #refuse(limit: Reason): false {
    this.limit = limit
    this.#context.counters.limitHit(limit)
    return false
  }

  #takeNameless(): Name | undefined {
    if (this.#nameless.length === 0) return undefined
    return this.#nameless.splice(this.#context.random.below(this.#nameless.length), 1)[0]
  }

  /** IPv6 addresses are looked up only when there is no IPv4 one: half the questions, and half of what B01 can cause. */
  async #lookUp(job: Job, name: Name): Promise<void> {
    const { settings } = this.#context
    const before = this.#candidates.length
    const types = [...(settings.ipv4 ? [TYPE.A] : []), ...(settings.ipv6 ? [TYPE.AAAA] : [])]
    for (const type of types) {
      const data = await this.#context.fetchData(job, name, type)
      if (data.kind === 'records') {
        for (const set of data.answer) for (const address of set.rdatas) this.#add(address)
      } else if (data.kind === 'failure') {
        if (data.reason === 'address-loop') this.isCircular = true
        // The limit of a look-up is this question's own: it says nothing of the zone.
        if (isLimit(data.reason)) this.limit ??= data.reason
      }
      if (this.#candidates.length > before) return
    }
  }

  /** Adds the addresses that are known of a server: those that came with the delegation, or those of the hints. */
  #addKnown(name: Name): boolean {
    const { settings } = this.#context
    const types = [...(settings.ipv4 ? [TYPE.A] : []), ...(settings.ipv6 ? [TYPE.AAAA] : [])]
    const known = types.flatMap((type) => this.#knownAddresses(name, type))
    const addresses = known.length > 0 ? known : (this.#cut.hints?.get(nameKey(name)) ?? [])
    let usable = false
    for (const address of addresses) {
      if (address.length === 4 ? settings.ipv4 : settings.ipv6) usable = this.#add(address) || usable
    }
    return usable
  }

  /** What was proven counts more than glue, and glue more than what nobody judged. */
  #knownAddresses(name: Name, type: number): readonly Address[] {
    const { rrsets } = this.#context
    const own = rrsets.get(name, type)
    if (own?.status === 'secure') return own.rrset.rdatas
    return (rrsets.getGlue(name, type) ?? own)?.rrset.rdatas ?? []
  }

  /** Adds an address once, if it may be asked at all; true when it is (or was) a candidate. */
  #add(address: Address): boolean {
    const { settings, servers } = this.#context
    const endpoint: Endpoint = { address, port: settings.authorityPort }
    const key = endpointKey(endpoint)
    if (this.#known.has(key)) return true
    if (this.#known.size >= ADDRESSES_PER_DELEGATION_MAX) return false
    if (!addressUsable(endpoint, settings)) return false
    this.#known.add(key)
    if (this.#avoid.has(key)) return true
    this.#candidates.push({ endpoint, key, tries: 0, lame: servers.lame(endpoint, this.#cut.zone) })
    return true
  }
}
