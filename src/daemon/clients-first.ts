/**
 * Where one thread does everything, a cached answer must not wait for names that are being resolved. So the engine works
 * in steps: questions are begun one in a turn of the event loop, and between any two steps clients are answered from the
 * cache, as if they had interrupted it.
 */
import type { Front } from '../front/front.ts'
import type { ClientQuestion, ClientReply, ResolverPort } from '../resolver/ports.ts'
import type { Name } from '../wire/name.ts'

/** Begun questions that are taken out of the queue together: one by one would move all the others each time. */
const FORGOTTEN_AT_ONCE = 256

/** See the head of this file. It stands between front and engine. */
export class ClientsFirst implements ResolverPort {
  /** Given before the first question, as the two need each other. */
  resolver: ResolverPort | undefined
  front: Front | undefined
  readonly #waiting: (() => void)[] = []
  /** Of those waiting, the next to begin. */
  #next = 0
  #closed = false

  /** Between two steps. */
  serve(): void {
    this.front?.poll()
  }

  resolve(question: ClientQuestion): Promise<ClientReply> {
    return new Promise((resolve) => {
      this.#later(() => void this.resolver!.resolve(question).then(resolve))
    })
  }

  prefetch(name: Name, type: number): void {
    this.#later(() => this.resolver!.prefetch(name, type))
  }

  /** Begins nothing more. */
  close(): void {
    this.#closed = true
  }

  #later(begin: () => void): void {
    this.#waiting.push(begin)
    if (this.#waiting.length - this.#next === 1) setImmediate(this.#beginOne)
  }

  /** The one in each turn; replies from servers come in between, so what was begun ends before much more begins. */
  readonly #beginOne = (): void => {
    if (this.#closed) return
    this.serve()
    const begin = this.#waiting[this.#next++]!
    if (this.#next < this.#waiting.length) setImmediate(this.#beginOne)
    if (this.#next === this.#waiting.length || this.#next === FORGOTTEN_AT_ONCE) {
      this.#waiting.splice(0, this.#next)
      this.#next = 0
    }
    begin()
  }
}
