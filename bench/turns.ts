/**
 * Servers that run side by side and are asked in turns: what else the machine does changes within seconds, and is to meet
 * all of them alike.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'

/** How long a server is looked at to see whether it has done with what it was given, and how often at most. */
const QUIET_MS = 200
const QUIET_SHARE = 0.1
const QUIET_LOOKS_MAX = 25

/** Gives each of them a turn, so many times, there and back: nobody always comes after the same one. */
export async function inTurns<T>(
  resolvers: readonly T[],
  turns: number,
  use: (resolver: T, turn: number) => Promise<void>,
): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 0 ? resolvers : [...resolvers].reverse()
    for (const resolver of order) await use(resolver, turn)
  }
}

/** Waits until a server has done with what it was given, within bounds: the next turn is another's. */
export async function untilQuiet(resolver: Pick<Resolver, 'processorSeconds'>): Promise<void> {
  for (let look = 0; look < QUIET_LOOKS_MAX; look++) {
    const before = resolver.processorSeconds()
    await sleep(QUIET_MS)
    if ((resolver.processorSeconds() - before) * 1000 < QUIET_SHARE * QUIET_MS) return
  }
}

/** A file of questions in stretches, each as long as a stream needs at its rate: nothing is asked for twice. */
export class Stretches {
  readonly #length: number

  /** @param seconds that the stream asks for, what it warms up with included */
  constructor(rate: number, seconds: number) {
    this.#length = Math.ceil(rate * seconds)
  }

  /** Questions in so many. */
  questions(count: number): number {
    return count * this.#length
  }

  /** What a stream is told to ask of the file, the first one being 0. */
  nth(number: number): Pick<Stream, 'first' | 'count'> {
    return { first: number * this.#length, count: this.#length }
  }
}
