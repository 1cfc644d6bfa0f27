/**
 * The servers of one delegation, for one question: their addresses as far as known, more looked up when those fail,
 * and which of them to ask next.
 */
import { type Address, type Endpoint, endpointKey } from '../base/address.ts'
import {
  ADDRESSES_PER_DELEGATION_MAX,
  FORWARDER_TIMEOUT_MS_MIN,
  LOOK_ONE_IN,
  TURNS_BEFORE_TCP,
  TURNS_BEFORE_TCP_OF_OTHERS,
  UPSTREAM_TCP_AFTER_SILENCE_MAX,
  UPSTREAM_TCP_TIMEOUT_MS_MIN,
  UPSTREAM_TIMEOUT_GROWTH,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TIMEOUT_MS_MAX,
  UPSTREAM_TRIES_OF_KNOWN_MAX,
  UPSTREAM_TRIES_PER_ADDRESS_MAX,
} from '../base/limits.ts'
import type { Asker } from '../cache/server-quota.ts'
import { TrackedServer } from '../cache/tracked-server.ts'
import { throughNat64 } from './address-families.ts'
import { routeAddressUsable } from './address-rules.ts'
import type { Context, Job } from './context.ts'
import type { Cut } from './cut.ts'
import { lookUpAside } from './route-servers.ts'
import { ServerAddresses } from './server-addresses.ts'

interface Candidate {
  readonly endpoint: TrackedServer
  tries: number
  /** Asked by TCP because it was silent by UDP. */
  wasAskedByTcp: boolean
  /** Did not know the zone a moment ago: asked when nobody else is left. */
  readonly lame: boolean
}

/** Whom to ask next. */
export interface Turn {
  readonly server: TrackedServer
  /** A datagram back is late after so long: then another server is asked beside this one. */
  readonly lateMs: number
  /** How long it is listened to. */
  readonly patienceMs: number
  /** It is asked beside another server, to learn how it is: nobody waits for it. */
  readonly isLook: boolean
  /** Nothing speaks against this server, and it was not asked this question before. */
  readonly isFirst: boolean
  /** It did not know the zone, or had it from others, a moment ago. */
  readonly isLame: boolean
  /** A resolver is asked, so with RD. */
  readonly recursion: boolean
  /** No other server is known. */
  readonly isAlone: boolean
  /** By UDP it was silent to this question: it is asked by TCP. */
  readonly isAfterSilence: boolean
}

/** What kind of turn a candidate gets, and the others that could have had it. */
interface TurnKind {
  readonly isFirst: boolean
  readonly isLook: boolean
  readonly among: readonly Candidate[]
}

/** Servers this close to the fastest share the load, milliseconds. */
const BAND_MS = 20
/** What a server is taken for that never replied yet: good enough to be tried before a slow one. */
const UNKNOWN_RTT_MS = 10

export class ServerPool {
  readonly #context: Context
  readonly #cut: Cut
  readonly #asker: Asker
  readonly #avoid: ReadonlySet<string>
  readonly #kind: string
  readonly #candidates: Candidate[] = []
  /** Keys of all that were ever known: few, so that looking through them costs less than a set. */
  readonly #known: string[] = []
  /** Turns given, and those by TCP after silence. */
  #turns = 0
  #turnsAfterSilence = 0
  /** Where more addresses come from, and why none may. */
  readonly addresses: ServerAddresses
  /** Whether servers with too many questions are passed over; undefined while there was none. */
  #passesOver: boolean | undefined

  /**
   * @param client as in `Asker`
   * @param avoid servers (`endpointKey`) that are not asked: they gave bad data for this question
   * @param kind of the question (`questionKind`)
   */
  constructor(
    context: Context,
    cut: Cut,
    client: number | undefined,
    avoid: ReadonlySet<string>,
    kind: string,
  ) {
    this.#kind = kind
    this.#context = context
    this.#cut = cut
    this.#asker = { zone: cut.zone, client }
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
    return this.#known.length > 0
  }

  /** Milliseconds until the first of the servers may be asked again that are left alone; 0 when one is not. */
  get leftAloneMs(): number {
    const { servers } = this.#context
    if (this.#candidates.length === 0) return 0
    return Math.min(...this.#candidates.map(({ endpoint }) => servers.leftAloneMs(endpoint)))
  }

  /** True when a server was passed over because too many questions are out to it. */
  get isCrowded(): boolean {
    return this.#passesOver === true
  }

  /**
   * The server to ask next, or undefined when all that are known had their turns.
   *
   * @param firstOnly nobody is asked again, nor who does not know the zone
   */
  next(firstOnly = false): Turn | undefined {
    const { random } = this.#context
    const open = this.#open()
    if (open.length === 0) return undefined
    const fresh = open.length === 1 ? open : this.#nextAmong(open)
    const chosen = fresh.length === 1 ? fresh : this.#quickest(fresh)
    const candidate = chosen[random.below(chosen.length)]!
    const isFirst = candidate.tries === 0 && !candidate.lame
    if (firstOnly && !isFirst) return undefined
    return this.#turnOf(candidate, { isFirst, isLook: false, among: fresh })
  }

  /** After silence those that are known to answer by TCP then, else those who had the fewest turns. */
  #nextAmong(open: readonly Candidate[]): readonly Candidate[] {
    if (this.#turns > 0) {
      const { servers } = this.#context
      const answering = open.filter(
        (candidate) => servers.answersAfterSilence(candidate.endpoint) && this.#isAfterSilence(candidate),
      )
      if (answering.length > 0) return answering
    }
    return soonest(open)
  }

  /** Those that are likely to answer first, and are not late at present if any is not. */
  #quickest(open: readonly Candidate[]): readonly Candidate[] {
    const { servers } = this.#context
    let among = open
    if (open.some(({ endpoint }) => servers.isLate(endpoint))) {
      const prompt = open.filter(({ endpoint }) => !servers.isLate(endpoint))
      if (prompt.length > 0) among = prompt
    }
    let best = Number.POSITIVE_INFINITY
    for (const { endpoint } of among) best = Math.min(best, this.#cost(endpoint))
    return among.filter(({ endpoint }) => this.#cost(endpoint) <= best + BAND_MS)
  }

  /**
   * A server to ask beside the one whose turn it is: one that is late or slow may be better by now. Seldom, at random,
   * so that it costs little however many questions there are.
   */
  look(): Turn | undefined {
    const { random, servers } = this.#context
    if (this.#candidates.length < 2 || random.below(LOOK_ONE_IN) !== 0) return undefined
    const open = this.#open().filter(({ lame, endpoint }) => !lame && servers.mayLook(endpoint))
    const best = Math.min(...this.#candidates.map(({ endpoint }) => this.#cost(endpoint)))
    const due = open.filter(({ tries, endpoint }) => tries === 0 && this.#cost(endpoint) > best + BAND_MS)
    const candidate = due[random.below(Math.max(1, due.length))]
    if (candidate === undefined) return undefined
    this.#context.counters.upstreamLook()
    return this.#turnOf(candidate, { isFirst: true, isLook: true, among: open })
  }

  #turnOf(candidate: Candidate, { isFirst, isLook, among }: TurnKind): Turn {
    const isAfterSilence = !isLook && this.#isAfterSilence(candidate)
    const timeoutMs = this.#timeoutMs(candidate, among)
    const lateMs = this.#lateMs(candidate, timeoutMs, isAfterSilence)
    const listenMs = Math.min(timeoutMs * UPSTREAM_TIMEOUT_GROWTH, UPSTREAM_TIMEOUT_MS_MAX)
    candidate.tries++
    if (!isLook) this.#turns++
    if (isAfterSilence) {
      candidate.wasAskedByTcp = true
      this.#turnsAfterSilence++
    }
    // Those that a route falls back to need their time of the question too.
    const patienceMs = this.#mayFallBack ? timeoutMs : Math.max(timeoutMs, listenMs)
    const { endpoint: server, lame: isLame } = candidate
    const isAlone = this.#candidates.length === 1
    const recursion = this.#isForward
    return { server, lateMs, patienceMs, isFirst, isLame, isLook, recursion, isAlone, isAfterSilence }
  }

  /**
   * True when a server's next turn is one by TCP: datagrams were lost from all that were asked, or are known to be lost from
   * this one.
   */
  #isAfterSilence({ endpoint, tries, wasAskedByTcp }: Candidate): boolean {
    const { servers } = this.#context
    if (wasAskedByTcp || this.#turnsAfterSilence >= UPSTREAM_TCP_AFTER_SILENCE_MAX) return false
    if (this.#turns === 0 || servers.tcpOnly(endpoint)) return false
    const answers = servers.answersAfterSilence(endpoint)
    if (answers !== undefined) return answers
    if (servers.isSilent(endpoint)) return true
    if (tries === 0) return this.#turns >= TURNS_BEFORE_TCP_OF_OTHERS
    if (this.#turns >= TURNS_BEFORE_TCP) return true
    return servers.rttMs(endpoint) === undefined && tries === UPSTREAM_TRIES_PER_ADDRESS_MAX - 1
  }

  /** Turns that a server may have; the one by TCP comes on top where it is known to be there. */
  #hasTurns(candidate: Candidate): boolean {
    const { endpoint, tries } = candidate
    if (this.#context.servers.rttMs(endpoint) === undefined) return tries < UPSTREAM_TRIES_PER_ADDRESS_MAX
    const byUdp = candidate.wasAskedByTcp ? tries - 1 : tries
    return byUdp < UPSTREAM_TRIES_OF_KNOWN_MAX || this.#isAfterSilence(candidate)
  }

  /** Others are asked when these do not answer. */
  get #mayFallBack(): boolean {
    return this.#cut.route?.fallback === true
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
    const open: Candidate[] = []
    for (const candidate of this.#candidates) {
      const { endpoint } = candidate
      if (this.#hasTurns(candidate) && servers.mayAsk(endpoint) && !this.#isFull(candidate))
        open.push(candidate)
    }
    if (open.length > 0 || !this.#isForward || this.#mayFallBack) return open
    return this.#candidates.filter(({ tries }) => tries === 0)
  }

  /** True when no more questions may be out to a server. One that the operator gave may be all there is, for all names. */
  #isFull({ endpoint, tries }: Candidate): boolean {
    const { outstanding, servers } = this.#context
    const { perServer } = outstanding.limits
    if (this.#cut.route !== undefined || !servers.isFull(endpoint, perServer, this.#asker, tries === 0))
      return false
    this.#passesOver ??= outstanding.forbids('outstanding-per-server', this.#cut.zone)
    return this.#passesOver === true
  }

  /** A server that stayed silent last time is only tried, not waited for, while there are others that did not. */
  #timeoutMs({ endpoint, tries }: Candidate, others: readonly Candidate[]): number {
    const { servers } = this.#context
    // The tries after the second follow so closely that they end about when it does.
    const usualMs = servers.timeoutMs(endpoint, Math.min(tries, 1))
    const timeoutMs = this.#isForward ? Math.max(usualMs, FORWARDER_TIMEOUT_MS_MIN) : usualMs
    const boundedMs = this.#mayFallBack ? Math.min(timeoutMs, FORWARDER_TIMEOUT_MS_MIN) : timeoutMs
    if (!servers.isLate(endpoint) || others.every((other) => servers.isLate(other.endpoint))) return boundedMs
    return Math.min(boundedMs, UPSTREAM_TIMEOUT_MS_INITIAL)
  }

  /** Who is waited for as long as a route allows, or may have to resolve first, is not late before. */
  #lateMs({ endpoint, tries }: Candidate, timeoutMs: number, isAfterSilence: boolean): number {
    const { servers } = this.#context
    if (this.#isForward || this.#mayFallBack) return timeoutMs
    // Where TCP is but tried, the tries by UDP go on meanwhile.
    if (isAfterSilence && servers.answersAfterSilence(endpoint)) return servers.tcpLateMs(endpoint)
    return Math.min(timeoutMs, servers.lateMs(endpoint, tries))
  }

  /** What asking a server is likely to take, milliseconds: one that stayed silent last time may do so again. */
  #cost(server: Endpoint): number {
    const { servers } = this.#context
    const rttMs = servers.rttMs(server) ?? UNKNOWN_RTT_MS
    const costMs = servers.isLate(server) ? rttMs + servers.timeoutMs(server) : rttMs
    return servers.isSilentByTcp(server) ? costMs + UPSTREAM_TCP_TIMEOUT_MS_MIN : costMs
  }

  /** Takes a server that does not serve the zone out of this pool. */
  drop(server: TrackedServer): void {
    const at = this.#candidates.findIndex(({ endpoint }) => endpoint.key === server.key)
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
    if (this.#known.includes(key) || this.#known.length >= ADDRESSES_PER_DELEGATION_MAX) return
    this.#known.push(key)
    if (this.#avoid.has(key)) return
    const tracked = new TrackedServer(endpoint, key, this.#kind)
    const lame = this.#context.servers.lame(tracked, this.#cut.zone)
    this.#candidates.push({ endpoint: tracked, tries: 0, wasAskedByTcp: false, lame })
  }
}

/** Those who had the fewest turns; who did not know the zone comes after all others. */
function soonest(open: readonly Candidate[]): readonly Candidate[] {
  const turn = ({ tries, lame }: Candidate): number => tries + (lame ? UPSTREAM_TRIES_OF_KNOWN_MAX : 0)
  const next = Math.min(...open.map(turn))
  return open.filter((candidate) => turn(candidate) === next)
}
