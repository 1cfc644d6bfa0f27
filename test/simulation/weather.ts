/** What can go wrong on the network, and how often: drawn once for a seed. */
import type { Random } from '../../src/base/random.ts'

/** The faults of the network, each with what it does to one question. */
export const FAULTS = {
  lost: 'the question or its reply is lost',
  late: 'the reply comes late, perhaps too late',
  repeated: 'the reply comes twice',
  truncated: 'the reply says that it did not fit, with or without some of its records',
  cut: 'the reply ends in the middle',
  corrupted: 'some bits of the reply are flipped',
  stray: 'replies to other questions come before the true one',
  forged: 'somebody who guessed id and port answers first',
  overtaken: 'somebody who guessed id and port answers, but late',
  unwilling: 'the server says SERVFAIL, REFUSED, NOTIMP or FORMERR',
  refused: 'the host says that nothing listens',
  unreachable: 'no route',
  reset: 'the stream ends before the reply',
  stalled: 'the stream stays open and silent',
  resources: 'no socket could be had',
  outdated: 'the server has the zone of before',
} as const

export type Fault = keyof typeof FAULTS

export const FAULT_NAMES = Object.keys(FAULTS) as Fault[]

/** Occurrences in a thousand. */
export type Weather = Readonly<Record<Fault, number>>

const RATES = [5, 30, 120, 400] as const

export const CALM: Weather = Object.fromEntries(FAULT_NAMES.map((fault) => [fault, 0])) as Weather

/** Every fault is in about every third seed, rarely or often: few at a time reach further than all at once. */
export function drawWeather(random: Random): Weather {
  const rate = (): number => (random.below(3) === 0 ? RATES[random.below(RATES.length)]! : 0)
  return Object.fromEntries(FAULT_NAMES.map((fault) => [fault, rate()])) as Weather
}
