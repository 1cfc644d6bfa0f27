/** One thread of the process over all its lives: when it ends by itself it is started again, with pauses that grow. */
import type { TransferListItem, Worker } from 'node:worker_threads'
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  THREAD_ANSWER_MS_MAX,
  THREAD_RESTART_MS_MAX,
  THREAD_RESTART_MS_MIN,
  THREAD_STEADY_MS,
  THREAD_STOP_MS_MAX,
  YOUNG_GENERATION_MIB_MAX,
} from '../../base/limits.ts'
import { OrderlyWorker } from './orderly-worker.ts'
import type { PolicyThread, ThreadChange } from './policy-channel.ts'
import type { FromThread, ThreadData, ThreadKind, ToThread } from './thread-messages.ts'

/** What a life begins with. */
export interface ThreadBirth {
  readonly data: ThreadData
  readonly transfer: readonly TransferListItem[]
}

/** How a thread lives. */
export interface ThreadLifeOptions {
  readonly kind: ThreadKind
  /** Its number among its kind. */
  readonly index: number
  /** As in the metrics. */
  readonly name: string
  /** The module that it runs. */
  readonly entry: URL
  /** MiB; it ends when it needs more. */
  readonly heapMibMax: number
  readonly clock: Clock
  /** Asked before each life. */
  readonly birth: () => ThreadBirth
  readonly onMessage: (message: FromThread) => void
  /** It ended by itself, of `fault` if there was an error; it is started again in `delayMs`. */
  readonly onEnd: (fault: unknown, delayMs: number) => void
}

/** See the head of this file. */
export class ThreadLife implements PolicyThread {
  readonly kind: ThreadKind
  readonly index: number
  readonly name: string
  readonly #options: ThreadLifeOptions
  #worker: OrderlyWorker | undefined
  /** Why the present life is ended, where the fault is its own. */
  #endFault: unknown
  #bornMs = 0
  /** Lives in a row that were short. */
  #shortLives = 0
  #stopping = false
  #cancelRestart: Cancel = () => {}
  #waiting: { readonly kind: FromThread['kind']; readonly tell: (message?: FromThread) => void }[] = []

  constructor(options: ThreadLifeOptions) {
    this.kind = options.kind
    this.index = options.index
    this.name = options.name
    this.#options = options
  }

  /** The present life; undefined between two. */
  get worker(): Worker | undefined {
    return this.#worker
  }

  start(): void {
    const { entry, name, heapMibMax, clock, birth } = this.#options
    const { data, transfer } = birth()
    // What the main thread was told on its command line is not for others.
    const worker = new OrderlyWorker(entry, {
      name,
      workerData: data,
      transferList: [...transfer],
      resourceLimits: {
        maxOldGenerationSizeMb: heapMibMax,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB_MAX,
      },
      execArgv: [],
    })
    this.#worker = worker
    this.#bornMs = clock.nowMs()
    let fault: unknown
    worker.on('error', (error) => {
      fault = error
    })
    worker.on('message', (message: FromThread) => {
      this.#options.onMessage(message)
      this.#settle(message.kind, message)
    })
    this.#endFault = undefined
    worker.on('exit', () => this.#onExit(fault ?? this.#endFault))
  }

  /** What is sent between two lives is lost: it is for whoever sends to see that the next life knows it. */
  post(message: ToThread, transfer: readonly TransferListItem[] = []): void {
    this.#worker?.postMessage(message, transfer)
  }

  /** The next message of a kind, or undefined when the thread ends before it. */
  next<K extends FromThread['kind']>(kind: K): Promise<Extract<FromThread, { kind: K }> | undefined> {
    return new Promise((resolve) => {
      const tell = (message?: FromThread): void => resolve(message as Extract<FromThread, { kind: K }>)
      this.#waiting.push({ kind, tell })
    })
  }

  /**
   * What a thread says when it is told something; undefined when it ends before, or says nothing for so long: one that is
   * stuck must not have others wait for ever.
   */
  async ask<K extends FromThread['kind']>(
    message: ToThread,
    kind: K,
    timeoutMs: number = THREAD_ANSWER_MS_MAX,
  ): Promise<Extract<FromThread, { kind: K }> | undefined> {
    if (this.#worker === undefined) return undefined
    const answer = this.next(kind)
    this.post(message)
    const cancel = this.#options.clock.after(timeoutMs, () => this.#settle(kind))
    const said = await answer
    cancel()
    return said
  }

  /** See `PolicyThread`. */
  tell(number: number, change: ThreadChange): void {
    this.post({ kind: 'policy', number, change })
  }

  /** Ends this life; the next one begins at once. */
  end(): void {
    void this.#worker?.terminate()
  }

  /** Ends a life that does not turn to anything any more, because of `fault`. */
  endStuck(fault: Error): void {
    this.#endFault = fault
    void this.#worker?.terminate(0)
  }

  /** Ends it for good: at its own pace first, if it is asked to drain, then at once. Returns questions left unanswered. */
  async stop(drainMs: number): Promise<number> {
    this.#stopping = true
    this.#cancelRestart()
    const worker = this.#worker
    if (worker === undefined) {
      this.#leaveAlone()
      return 0
    }
    const timeoutMs = drainMs + THREAD_STOP_MS_MAX
    const drained = await this.ask({ kind: 'drain', timeoutMs: drainMs }, 'drained', timeoutMs)
    await worker.terminate()
    return drained?.unanswered ?? 0
  }

  #onExit(fault: unknown): void {
    this.#worker = undefined
    this.#leaveAlone()
    if (this.#stopping) return
    const { clock, onEnd } = this.#options
    this.#shortLives = clock.nowMs() - this.#bornMs < THREAD_STEADY_MS ? this.#shortLives + 1 : 0
    const delayMs = pauseMs(this.#shortLives)
    onEnd(fault, delayMs)
    if (delayMs === 0) this.start()
    else this.#cancelRestart = clock.after(delayMs, () => this.start())
  }

  /** Tells all who wait that nothing comes. */
  #leaveAlone(): void {
    for (const { tell } of this.#waiting.splice(0)) tell()
  }

  #settle(kind: FromThread['kind'], message?: FromThread): void {
    const now = this.#waiting.filter((one) => one.kind === kind)
    this.#waiting = this.#waiting.filter((one) => one.kind !== kind)
    for (const { tell } of now) tell(message)
  }
}

/** The first life of all may end early without a pause; a row of short ones is a fault that comes again. */
function pauseMs(shortLives: number): number {
  if (shortLives < 2) return 0
  return Math.min(THREAD_RESTART_MS_MAX, THREAD_RESTART_MS_MIN * 2 ** (shortLives - 2))
}
