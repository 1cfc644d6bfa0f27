/** The memory that caches are laid in. */
import { freemem } from 'node:os'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CACHE_PAGES_LOOK_MS,
  CACHE_PAGES_SPARE,
  CACHE_PAGES_WAIT_MS,
  HELPER_NICENESS,
} from '../base/limits.ts'
import type { Settings } from '../config/settings.ts'
import { allPagesTaken, leavePages, preferLargePages, takePages } from '../native/large-pages.ts'
import { StartError } from './start-error.ts'

export const OCTETS_PER_MIB = 1_048_576

type CacheBuffer = ArrayBuffer | SharedArrayBuffer

/** For caches of one thread. @throws StartError where there is no such memory. The system gives pages as they are used. */
export function cacheMemory(octets: number, settings: Settings): ArrayBuffer {
  return withLargePages(
    allocate(octets, settings, () => new ArrayBuffer(octets)),
    settings,
  )
}

/** For caches that several threads see. @throws StartError where there is no such memory. The system gives pages as they are used. */
export function sharedCacheMemory(octets: number, settings: Settings): SharedArrayBuffer {
  return withLargePages(
    allocate(octets, settings, () => new SharedArrayBuffer(octets)),
    settings,
  )
}

/** Memory that the system does not give is a matter of the settings, no fault of ours. */
function allocate<T>(octets: number, settings: Settings, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const [answers, rrsets] = [settings['cache.answers-mib'], settings['cache.rrsets-mib']]
    throw new StartError(
      `no memory for the caches: the system does not give ${Math.round(octets / OCTETS_PER_MIB)} MiB in one piece; ` +
        `lower cache.answers-mib (${answers}) or cache.rrsets-mib (${rrsets}), or raise the limit (ulimit -v, MemoryMax=)`,
    )
  }
}

/** Who wants no addon gets none. */
function withLargePages<T extends CacheBuffer>(memory: T, settings: Settings): T {
  if (usesAddon(settings)) preferLargePages(memory)
  return memory
}

/**
 * Takes the memory of a daemon's caches before clients are served, one after the other. Not for long: when the wait is over,
 * the rest comes as it is used.
 *
 * @returns settles when clients may be served, and never fails; undefined where memory is taken as it is used
 */
export function takeCacheMemory(
  caches: readonly CacheBuffer[],
  settings: Settings,
): Promise<void> | undefined {
  if (!settings['cache.memory-at-start'] || !usesAddon(settings)) return undefined
  const octets = caches.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (octets * CACHE_PAGES_SPARE > freeOctets()) return undefined
  return takeEach(caches)
}

async function takeEach(caches: readonly CacheBuffer[]): Promise<void> {
  const endMs = performance.now() + CACHE_PAGES_WAIT_MS
  for (const memory of caches) {
    if (!takePages(memory, HELPER_NICENESS)) return
    while (!allPagesTaken()) {
      if (performance.now() >= endMs) return leavePages()
      await sleep(CACHE_PAGES_LOOK_MS)
    }
  }
}

/** The control group's limit does not know of other processes, nor the machine of that limit. */
function freeOctets(): number {
  return Math.min(process.availableMemory?.() ?? 0, freemem())
}

function usesAddon(settings: Settings): boolean {
  return settings['server.udp-backend'] !== 'dgram'
}
