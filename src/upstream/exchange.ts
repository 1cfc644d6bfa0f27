/** One question on its way to one server: what UDP and TCP have in common. */
import type { Address } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { QuestionSockets } from '../native/question-sockets.ts'
import type { UpstreamFailure, UpstreamRequest, UpstreamResult } from '../resolver/ports.ts'
import type { TcpConnections } from './tcp-connections.ts'

/** Counts what the engine cannot see. */
export interface UpstreamCounters {
  /** A datagram or frame from the server asked that did not match the question. */
  nearMiss(): void
  /** A datagram longer than we said we would take. */
  oversize(): void
  /** A drawn source port that somebody else holds. */
  portTaken(): void
}

/** What an exchange needs of its surroundings. */
export interface ExchangeSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly counters: UpstreamCounters
  /** Sockets for questions by UDP. */
  readonly questions: QuestionSockets
  /** Source addresses of the server's family, or none: the system chooses. */
  readonly sources: readonly Address[]
  /** Connections for questions by TCP. */
  readonly connections: TcpConnections
  /** The resolver stops: nothing is asked any more. */
  isClosed(): boolean
  /** Told when an exchange has ended. */
  ended(exchange: Exchange): void
}

/** The state that ends exactly once, whatever comes first: reply, error or time. */
export abstract class Exchange {
  protected readonly request: UpstreamRequest
  protected readonly surroundings: ExchangeSurroundings
  protected nearMisses = 0
  #startMs: number
  #settle: ((result: UpstreamResult) => void) | undefined
  #cancelTimer: () => void = () => {}

  constructor(request: UpstreamRequest, surroundings: ExchangeSurroundings) {
    this.request = request
    this.surroundings = surroundings
    this.#startMs = surroundings.clock.nowMs()
  }

  /** Opens the socket and sends. The promise never rejects. */
  run(): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#cancelTimer = this.surroundings.clock.after(this.request.timeoutMs, () => void this.#lastLook())
      this.open()
    })
  }

  /** After a stall of ours the reply may have come long ago: timers run before sockets are read, so read them first. */
  async #lastLook(): Promise<void> {
    if (!this.look()) await this.surroundings.clock.yieldTurn()
    if (!this.ended) this.onTimeout()
  }

  /** Ends it from outside, when the resolver stops. */
  cancel(): void {
    this.fail('closed', 'the resolver stops')
  }

  protected abstract open(): void
  protected abstract closeSocket(): void

  /** Reads what has come already; false where that takes a turn of the event loop. */
  protected look(): boolean {
    return false
  }

  protected onTimeout(): void {
    this.fail('timeout')
  }

  protected get ended(): boolean {
    return this.#settle === undefined
  }

  /** Round-trip time runs from here. */
  protected sent(): void {
    this.#startMs = this.surroundings.clock.nowMs()
  }

  protected succeed(message: Uint8Array): void {
    this.#end({ kind: 'reply', message, rttMs: this.surroundings.clock.nowMs() - this.#startMs })
  }

  protected fail(reason: UpstreamFailure, detail?: string): void {
    this.#end(detail === undefined ? { kind: 'failure', reason } : { kind: 'failure', reason, detail })
  }

  /** A source address, one at random when several are configured. */
  protected drawSource(): Address | undefined {
    const { sources, random } = this.surroundings
    return sources.length === 0 ? undefined : sources[random.below(sources.length)]
  }

  #end(result: UpstreamResult): void {
    const settle = this.#settle
    if (settle === undefined) return
    this.#settle = undefined
    this.#cancelTimer()
    this.closeSocket()
    this.surroundings.ended(this)
    settle(result)
  }
}
