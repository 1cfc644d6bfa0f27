/** The memory that caches are laid in. */
import type { Settings } from '../config/settings.ts'
import { preferLargePages } from '../native/large-pages.ts'

/** For caches of one thread. The system gives pages as they are used. */
export function cacheMemory(octets: number, settings: Settings): ArrayBuffer {
  return withLargePages(new ArrayBuffer(octets), settings)
}

/** For caches that several threads see. */
export function sharedCacheMemory(octets: number, settings: Settings): SharedArrayBuffer {
  return withLargePages(new SharedArrayBuffer(octets), settings)
}

/** Who wants no addon gets none. */
function withLargePages<T extends ArrayBuffer | SharedArrayBuffer>(memory: T, settings: Settings): T {
  if (settings['server.udp-backend'] !== 'dgram') preferLargePages(memory)
  return memory
}
