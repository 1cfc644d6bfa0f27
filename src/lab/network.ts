/** The simulated network: the engine's way to lab authorities without sockets, under a clock that tests drive. */
import { type Address, formatAddress } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { NEAR_MISSES_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Upstream, UpstreamRequest, UpstreamResult } from '../resolver/ports.ts'
import { isReplyTo } from '../wire/message.ts'
import type { Authority, LabReply, Transport } from './authority.ts'

/** How the network behaves. */
export interface NetworkOptions {
  readonly clock: Clock
  /** Milliseconds to a server and back; 10 when not given. TCP takes one more round trip. */
  readonly rttMs?: number
  /** What asking an address that nobody attached gives; `timeout` when not given. */
  readonly unattached?: 'timeout' | 'refused'
  /** Datagrams lost in a thousand, drawn from `random`. */
  readonly lostPerThousand?: number
  readonly random?: Random
}

/** One query as it went out. */
export interface SentQuery {
  readonly address: string
  readonly port: number
  /** When, by the network's clock. */
  readonly atMs: number
  readonly transport: Transport
  readonly message: Uint8Array
}

/** An `Upstream` whose servers are functions. */
export class LabNetwork implements Upstream {
  /** Everything that was asked, in order. */
  readonly sent: SentQuery[] = []
  readonly #options: NetworkOptions
  readonly #authorities = new Map<string, Authority>()

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Puts a server at an address (text form) or at one port of it (`192.0.2.1@5353`), or another in its place. */
  attach(address: string, authority: Authority): void {
    this.#authorities.set(address, authority)
  }

  /** Takes the server at an address away. */
  detach(address: string): void {
    this.#authorities.delete(address)
  }

  ask(request: UpstreamRequest): Promise<UpstreamResult> {
    const address = formatAddress(request.server.address as Address)
    const message = request.message.slice()
    const { port } = request.server
    const atMs = this.#options.clock.nowMs()
    this.sent.push({ address, port, atMs, transport: request.transport, message })
    const authority = this.#authorities.get(`${address}@${port}`) ?? this.#authorities.get(address)
    if (authority === undefined && this.#options.unattached === 'refused') {
      return this.#later(this.#rttMs(request.transport), { kind: 'failure', reason: 'refused' })
    }
    return this.#exchange(request, message, authority?.(message, request.transport) ?? [])
  }

  #exchange(
    request: UpstreamRequest,
    query: Uint8Array,
    replies: readonly LabReply[],
  ): Promise<UpstreamResult> {
    const rttMs = this.#rttMs(request.transport)
    let nearMisses = 0
    for (const { message, delayMs } of [...replies].sort((a, b) => a.delayMs - b.delayMs)) {
      const atMs = rttMs + delayMs
      if (atMs > request.timeoutMs) break
      if (request.transport === 'udp' && this.#isLost()) continue
      if (isReplyTo(query, message))
        return this.#later(atMs, { kind: 'reply', message: message.slice(), rttMs: atMs })
      if (request.transport === 'tcp') return this.#later(atMs, { kind: 'failure', reason: 'closed' })
      nearMisses++
      if (nearMisses > NEAR_MISSES_MAX) return this.#later(atMs, { kind: 'failure', reason: 'near-miss' })
    }
    return this.#later(request.timeoutMs, { kind: 'failure', reason: 'timeout' })
  }

  #rttMs(transport: Transport): number {
    return (this.#options.rttMs ?? 10) * (transport === 'tcp' ? 2 : 1)
  }

  #isLost(): boolean {
    const { lostPerThousand = 0, random } = this.#options
    return lostPerThousand > 0 && random !== undefined && random.below(1000) < lostPerThousand
  }

  #later(delayMs: number, result: UpstreamResult): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      this.#options.clock.after(delayMs, () => resolve(result))
    })
  }
}
