/** What is asked of the system and of V8 so that a client waits for no work that can wait. */
import { readdirSync } from 'node:fs'
import { availableParallelism, constants, getPriority, setPriority } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { HELPER_NICENESS, RESOLVER_NICENESS } from '../base/limits.ts'
import { askForShortSlices } from '../native/short-slices.ts'

const OWN_THREADS = '/proc/self/task'
const CALLING_THREAD = 0
/** On one core the helpers of a collection could only wait for the core that the thread they help holds. */
const COLLECTING_ALONE = '--no-parallel-scavenge'

/**
 * Lets the threads that compile and collect for V8 have a core only while no thread that answers wants it. Call it in
 * the main thread before there are others of ours: until then all but this one are such helpers.
 */
export function putHelpersLast(): void {
  for (const thread of threads()) if (thread !== process.pid) beNicer(thread, HELPER_NICENESS)
}

/** In a thread that resolves: it gives way to those that talk to clients, where they share a core. */
export function letOthersGoFirst(): void {
  beNicer(CALLING_THREAD, RESOLVER_NICENESS)
}

/** Linux has a priority for each thread. */
function beNicer(thread: number, by: number): void {
  try {
    setPriority(thread, Math.min(getPriority(thread) + by, constants.priority.PRIORITY_LOW))
  } catch {
    // It has ended, or the system does not have it so: nothing depends on it.
  }
}

/**
 * For the main thread where it does everything, on a machine of one core. Nothing depends on it: of what V8 does not know it
 * says so on standard error, and goes on.
 */
export function collectInShortPauses(): void {
  if (availableParallelism() > 1) return
  setFlagsFromString(COLLECTING_ALONE)
  askForShortSlices()
}

/** Numbers of the threads of this process; none where the system does not tell. */
function threads(): number[] {
  try {
    return readdirSync(OWN_THREADS).map(Number)
  } catch {
    return []
  }
}
