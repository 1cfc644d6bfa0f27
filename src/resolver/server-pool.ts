/**
 * The servers of one delegation, for one question: their addresses as far as known, more looked up when those fail,
 * and which of them to ask next.
 */
import { type Address, type Endpoint, endpointKey } from '../base/address.ts'
import {
  ADDRESSES_PER_DELEGATION_MAX,
  FORWARDER_TIMEOUT_MS_MIN,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TRIES_PER_ADDRESS_MAX,
} from '../base/limits.ts'
import { throughNat64 } from './address-families.ts'
import { routeAddressUsable } from './address-rules.ts'
import type { Context, Job } from './context.ts'
import type { Cut } from './cut.ts'
import { lookUpAside } from './route-servers.ts'
import { ServerAddresses } from './server-addresses.ts'

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
  /** Nothing speaks against this server, and it was not asked this question before. */
  readonly isFirst: boolean
  /** It did not know the zone, or had it from others, a moment ago. */
  readonly isLame: boolean
  /** A resolver is asked, so with RD. */
  readonly recursion: boolean
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
  /** Where more addresses come from, and why none may. */
  readonly addresses: ServerAddresses

  /** @param avoid servers (`endpointKey`) that are not asked: they gave bad data for this question */
  constructor(context: Context, cut: Cut, avoid: ReadonlySet<string>) {
    this.#context = context
    this.#cut = cut
    this.#avoid = avoid
    const { settings } = context
    for (const endpoint of cut.route?.addresses ?? []) {
      const address = throughNat64(endpoint.address, settings)
      if (address === undefined) continue
      const asked = { ...endpoint, address }
      if (routeAddressUsable(asked, settings)) this.#addEndpoint(asked)
    }
    this.addresses = new ServerAddresses(context, cut)
    for (const address of this.addresses.known()) this.#add(address)
  }

  /** True when at least one address was ever known. */
  get hasAddresses(): boolean {
    return this.#known.size > 0
  }

  /** The server to ask next, or undefined when all that are known had their turns. */
  next(): Turn | undefined {
    const { random } = this.#context
    const open = this.#open()
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
    const isFirst = candidate.tries === 1 && !candidate.lame
    const patienceMs = this.#patienceMs(candidate, fresh)
    const recursion = this.#isForward
    return { server: candidate.endpoint, patienceMs, isFirst, isLame: candidate.lame, recursion }
  }

  get #isForward(): boolean {
    return this.#cut.route?.kind === 'forward'
  }

  /**
   * Those that may be asked. Silence of a forwarder may be that of a zone far behind it, and there is nobody else for
   * all the other zones: it is tried once even while it is left alone.
   */
  #open(): Candidate[] {
    const { servers } = this.#context
    const open = this.#candidates.filter(
      ({ tries, endpoint }) => tries < UPSTREAM_TRIES_PER_ADDRESS_MAX && servers.mayAsk(endpoint),
    )
    if (open.length > 0 || !this.#isForward || this.#cut.route?.fallback === true) return open
    return this.#candidates.filter(({ tries }) => tries === 0)
  }

  /** A server that stayed silent last time is only tried, not waited for, while there are others that did not. */
  #patienceMs({ endpoint }: Candidate, others: readonly Candidate[]): number {
    const { servers } = this.#context
    const timeoutMs = servers.timeoutMs(endpoint)
    const patientMs = this.#isForward ? Math.max(timeoutMs, FORWARDER_TIMEOUT_MS_MIN) : timeoutMs
    // Those that a route falls back to need their time of the question too.
    const mayFallBack = this.#cut.route?.fallback === true
    const patienceMs = mayFallBack ? Math.min(patientMs, FORWARDER_TIMEOUT_MS_MIN) : patientMs
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

  /** Has servers of a route looked up beside the question, where there are others to ask meanwhile. */
  lookUpAside(): void {
    if (this.#cut.route === undefined || !this.hasAddresses) return
    for (const name of this.addresses.nameless) lookUpAside(this.#context, name)
  }

  /**
   * Finds one more server, or several.
   *
   * @param ofNameless only servers whose address is not known at all so far
   * @returns false when there is none left, or a limit forbids it
   */
  async findMore(job: Job, ofNameless: boolean): Promise<boolean> {
    const { addresses } = this
    for (;;) {
      let more = await (ofNameless ? addresses.lookUpNameless(job) : addresses.more(job))
      // Who gave bad data can still tell where others are.
      if (more === undefined && this.#avoid.size > 0) more = await addresses.lookUpOtherFamily(job)
      if (more === undefined) return false
      const before = this.#candidates.length
      for (const address of more) this.#add(address)
      if (this.#candidates.length > before) return true
    }
  }

  /** Adds a usable address, once. */
  #add(address: Address): void {
    this.#addEndpoint({ address, port: this.#context.settings.authorityPort })
  }

  #addEndpoint(endpoint: Endpoint): void {
    const key = endpointKey(endpoint)
    if (this.#known.has(key) || this.#known.size >= ADDRESSES_PER_DELEGATION_MAX) return
    this.#known.add(key)
    if (this.#avoid.has(key)) return
    const lame = this.#context.servers.lame(endpoint, this.#cut.zone)
    this.#candidates.push({ endpoint, key, tries: 0, lame })
  }
}
