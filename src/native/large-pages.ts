/** Memory as caches want it: in large pages, and there before it is used, where the addon and the system can have it so. */
import { processAddon } from './process.ts'

/**
 * Asks for large pages (transparent huge pages of Linux) under memory that nobody has written to yet. Nothing depends on
 * them: a look-up in a large cache is quicker with them.
 *
 * @returns whether the system heard it
 */
export function preferLargePages(memory: ArrayBuffer | SharedArrayBuffer, addonPath?: string): boolean {
  return processAddon(addonPath)?.preferLargePages?.(new Uint8Array(memory)) === 1
}

/**
 * Has memory that is to be kept as long as the process given its pages, while it may be in use already, by a thread of
 * its own with this niceness. To make a large page takes the system up to some milliseconds, and without this a client
 * waits for each when it is first written to. For the main thread. Returns at once. Nothing depends on it.
 *
 * @returns whether it has begun (Linux 5.14 and later)
 */
export function takePages(
  memory: ArrayBuffer | SharedArrayBuffer,
  niceness: number,
  addonPath?: string,
): boolean {
  return processAddon(addonPath)?.takePages?.(new Uint8Array(memory), niceness) === 1
}

/** What `takePages` began with is left as far as it is: the rest comes when it is used. */
export function leavePages(): void {
  processAddon()?.leavePages?.()
}

/** Whether nothing that `takePages` began with is under way. */
export function allPagesTaken(): boolean {
  return (processAddon()?.pagesUnderWay?.() ?? 0) === 0
}
