/**
 * Servers that run side by side and are asked in turns: what else the machine does changes within seconds, and is to meet
 * all of them alike.
 */
import { setTimeout as sleep } from 'node:timers/promises'
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
