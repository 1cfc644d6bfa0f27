/** What V8 tells of its collections (`--trace-gc`): pauses of each thread, and what was left on its heap. */
import { MIB } from './process-figures.ts'

/** One pause of one thread. */
export interface Collection {
  /** Of the thread. */
  readonly isolate: string
  /** Milliseconds for which the thread stood still at a time. */
  readonly pauseMs: number
  /** Octets on its heap afterwards: what lives, and what only a collection of the whole heap finds dead. */
  readonly heapOctets: number
}

const COLLECTION =
  /^\[\d+:(0x[0-9a-f]+)(?::\d+)?\] +\d+ ms: .*? -> ([\d.]+) \([\d.]+\) MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \//
/** What was marked in steps beforehand counts by its longest step. */
const STEPS = /biggest step ([\d.]+) ms/

/** Reads a line; undefined for any that is none of these. */
export function readCollection(line: string): Collection | undefined {
  const [, isolate, heapMib, pause] = COLLECTION.exec(line) ?? []
  if (isolate === undefined) return undefined
  const pauseMs = Math.max(Number(pause), Number(STEPS.exec(line)?.[1] ?? 0))
  return { isolate, pauseMs, heapOctets: Number(heapMib) * MIB }
}

/** The thread that collected most often: the one that resolves. */
export function busiestIsolate(collections: readonly Collection[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { isolate } of collections) counts.set(isolate, (counts.get(isolate) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}
