/** The live way to authorities: sockets of this machine. */
import type { Address } from '../base/address.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { UPSTREAM_OUTSTANDING_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import { DGRAM } from '../native/dgram.ts'
import type { QuestionSockets } from '../native/question-sockets.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import type { Upstream, UpstreamRequest, UpstreamResult } from '../resolver/ports.ts'
import type { Exchange, ExchangeSurroundings, UpstreamCounters } from './exchange.ts'
import { TcpConnections } from './tcp-connections.ts'
import { TcpExchange } from './tcp-exchange.ts'
import { UdpExchange } from './udp-exchange.ts'

/** What `createUpstream` is told. */
export interface UpstreamOptions {
  /** Source of ports; the system's generator in production. */
  readonly random: Random
  /** The system's clock when left out. */
  readonly clock?: Clock
  /** The way to UDP sockets; `node:dgram` when left out. */
  readonly udp?: Pick<UdpBackend, 'questions'>
  /** Source addresses; a family without one leaves the choice to the system. Several: one at random a question. */
  readonly sourceAddresses: readonly Address[]
  /** Whether IPv4 servers may be asked. */
  readonly ipv4: boolean
  /** Whether IPv6 servers may be asked. */
  readonly ipv6: boolean
  readonly counters?: UpstreamCounters
  /** Questions on their way at once, each with a socket; `UPSTREAM_OUTSTANDING_MAX` when left out. */
  readonly outstandingMax?: number
}

/** An `Upstream` over sockets, which has to be closed. */
export interface SocketUpstream extends Upstream {
  /** Questions on their way. */
  readonly outstanding: number
  /** Connections that are open. */
  readonly connections: number
  /** Ends every question with `closed`; later ones end so at once. */
  close(): void
}

const NO_COUNTERS: UpstreamCounters = { nearMiss: () => {}, oversize: () => {}, portTaken: () => {} }

/** Makes the live `Upstream`. Sockets are opened per question, so nothing is open before the first. */
export function createUpstream(options: UpstreamOptions): SocketUpstream {
  return new Sockets(options)
}

class Sockets implements SocketUpstream {
  readonly #options: UpstreamOptions
  readonly #outstandingMax: number
  readonly #clock: Clock
  readonly #questions: QuestionSockets
  readonly #connections: TcpConnections
  readonly #ipv4: ExchangeSurroundings
  readonly #ipv6: ExchangeSurroundings
  readonly #exchanges = new Set<Exchange>()
  #closed = false

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#outstandingMax = options.outstandingMax ?? UPSTREAM_OUTSTANDING_MAX
    this.#questions = (options.udp ?? DGRAM).questions()
    const { counters = NO_COUNTERS } = options
    this.#clock = options.clock ?? systemClock()
    this.#connections = new TcpConnections({ clock: this.#clock, nearMiss: () => counters.nearMiss() })
    this.#ipv4 = this.#surroundings(4)
    this.#ipv6 = this.#surroundings(16)
  }

  #surroundings(addressOctets: number): ExchangeSurroundings {
    const { random, counters = NO_COUNTERS, sourceAddresses } = this.#options
    return {
      clock: this.#clock,
      random,
      counters,
      questions: this.#questions,
      connections: this.#connections,
      isClosed: () => this.#closed,
      sources: sourceAddresses.filter((address) => address.length === addressOctets),
      ended: (exchange) => void this.#exchanges.delete(exchange),
    }
  }

  get outstanding(): number {
    return this.#exchanges.size
  }

  get connections(): number {
    return this.#connections.size
  }

  ask(request: UpstreamRequest): Promise<UpstreamResult> {
    const isIpv6 = request.server.address.length === 16
    const refused = this.#refusal(isIpv6)
    if (refused !== undefined) return Promise.resolve(refused)
    const surroundings = isIpv6 ? this.#ipv6 : this.#ipv4
    const exchange =
      request.transport === 'tcp'
        ? new TcpExchange(request, surroundings)
        : new UdpExchange(request, surroundings)
    this.#exchanges.add(exchange)
    return exchange.run()
  }

  /** Why nothing is asked now, if so. */
  #refusal(isIpv6: boolean): UpstreamResult | undefined {
    if (this.#closed) return { kind: 'failure', reason: 'closed', detail: 'the resolver stops' }
    if (!(isIpv6 ? this.#options.ipv6 : this.#options.ipv4)) {
      return { kind: 'failure', reason: 'unreachable', detail: `${isIpv6 ? 'IPv6' : 'IPv4'} is switched off` }
    }
    if (this.#exchanges.size < this.#outstandingMax) return undefined
    const detail = `${this.#outstandingMax} questions are on their way`
    return { kind: 'failure', reason: 'resources', detail }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const exchange of this.#exchanges) exchange.cancel()
    this.#connections.close()
    this.#questions.close()
  }
}
