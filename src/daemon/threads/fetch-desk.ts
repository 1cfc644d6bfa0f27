/** In the supervisor, which has no engine: has a resolver thread fetch records, and gives on what came of it. */
import type { Name } from '../../wire/name.ts'
import type { Rrset } from '../../wire/record.ts'
import type { ThreadLife } from './thread-life.ts'

/** See `Resolver.fetchRecords`. */
export type FetchedSets = readonly Rrset[] | string

interface Pending {
  readonly thread: ThreadLife
  readonly tell: (sets: FetchedSets) => void
}

/** See the head of this file. */
export class FetchDesk {
  readonly #threads: readonly ThreadLife[]
  readonly #pending = new Map<number, Pending>()
  #number = 0

  /** @param threads that resolve */
  constructor(threads: readonly ThreadLife[]) {
    this.#threads = threads
  }

  /** Always settles: what lies with a thread that ends has failed. */
  fetchRecords(name: Name, type: number): Promise<FetchedSets> {
    const thread = this.#threads.find(({ worker }) => worker !== undefined)
    if (thread === undefined) return Promise.resolve(NOBODY)
    const number = ++this.#number
    return new Promise((tell) => {
      this.#pending.set(number, { thread, tell })
      thread.post({ kind: 'fetch', number, name, type })
    })
  }

  /** A thread says what came of it. */
  fetched(number: number, sets: FetchedSets): void {
    this.#pending.get(number)?.tell(sets)
    this.#pending.delete(number)
  }

  /** A thread ended. */
  ended(thread: ThreadLife): void {
    for (const [number, pending] of this.#pending) if (pending.thread === thread) this.fetched(number, NOBODY)
  }
}

const NOBODY = 'no resolver thread is there'
