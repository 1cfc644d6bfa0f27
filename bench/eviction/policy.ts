/** What the policies have in common. */
import type { Trace } from './trace.ts'

/** A cache of some octets that decides what it keeps. */
export interface Policy {
  /** Asks for a name; what is not there is fetched and stored. True when it was there and had not run out. */
  ask(name: number, nowMs: number): boolean
}

/** Makes an empty cache of `capacity` octets for the names of a trace. */
export type PolicyMaker = (trace: Trace, capacity: number) => Policy

/** Share of hits in the second half of a trace; the first fills the cache. */
export function hitShare(trace: Trace, capacity: number, make: PolicyMaker): number {
  const policy = make(trace, capacity)
  const { names, intervalMs } = trace
  const half = names.length >> 1
  let hits = 0
  for (let i = 0; i < names.length; i++) if (policy.ask(names[i]!, i * intervalMs) && i >= half) hits++
  return hits / (names.length - half)
}
