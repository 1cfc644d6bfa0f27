/** The live way to authorities: sockets of this machine. */
import type { Address } from '../base/address.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { UPSTREAM_OUTSTANDING_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Upstream, UpstreamRequest, UpstreamResult } from '../resolver/ports.ts'
import type { Exchange, UpstreamCounters } from './exchange.ts'
import { TcpExchange } from './tcp-exchange.ts'
import { UdpExchange } from './udp-exchange.ts'

/** What `createUpstream` is told. */
export interface UpstreamOptions {
  /** Source of ports; the system's generator in production. */
  readonly random: Random
  /** The system's clock when left out. */
  readonly clock?: Clock
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
  readonly #clock: Clock
  readonly #outstandingMax: number
  readonly #ipv4Sources: readonly Address[]
  readonly #ipv6Sources: readonly Address[]
  readonly #exchanges = new Set<Exchange>()
  #closed = false

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock()
    this.#outstandingMax = options.outstandingMax ?? UPSTREAM_OUTSTANDING_MAX
    this.#ipv4Sources = options.sourceAddresses.filter((address) => address.length === 4)
    this.#ipv6Sources = options.sourceAddresses.filter((address) => address.length === 16)
  }

  get outstanding(): number {
    return this.#exchanges.size
  }

  async ask(request: UpstreamRequest): Promise<UpstreamResult> {
    const ipv6 = request.server.address.length === 16
    if (this.#closed) return { kind: 'failure', reason: 'closed', detail: 'the resolver stops' }
    if (!(ipv6 ? this.#options.ipv6 : this.#options.ipv4)) {
      return { kind: 'failure', reason: 'unreachable', detail: `${ipv6 ? 'IPv6' : 'IPv4'} is switched off` }
    }
    if (this.#exchanges.size >= this.#outstandingMax) {
      return {
        kind: 'failure',
        reason: 'resources',
        detail: `${this.#outstandingMax} questions are on their way`,
      }
    }
    const exchange = this.#exchangeFor(request, ipv6)
    this.#exchanges.add(exchange)
    try {
      return await exchange.run()
    } finally {
      this.#exchanges.delete(exchange)
    }
  }

  close(): void {
    this.#closed = true
    for (const exchange of this.#exchanges) exchange.cancel()
  }

  #exchangeFor(request: UpstreamRequest, ipv6: boolean): Exchange {
    const surroundings = {
      clock: this.#clock,
      random: this.#options.random,
      counters: this.#options.counters ?? NO_COUNTERS,
      sources: ipv6 ? this.#ipv6Sources : this.#ipv4Sources,
    }
    return request.transport === 'tcp'
      ? new TcpExchange(request, surroundings)
      : new UdpExchange(request, surroundings)
  }
}
