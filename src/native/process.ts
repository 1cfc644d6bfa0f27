/** What Node cannot ask of the system for this process, by an addon (`process.c`); nothing of it where that is not built. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Where the build puts the addon. */
export const PROCESS_PATH: string = join(import.meta.dirname, 'process.node')

/** What `process.c` makes. */
export interface ProcessAddon {
  /**
   * Makes a process of root that of another user, with no right left but that to ports below 1024: before sockets, files
   * and threads are opened. Throws the system's error; the process has to end then.
   */
  becomeUser(name: string): void
  /** One datagram to a Unix socket; a path that begins with @ is an abstract name. Throws the system's error. */
  sendNotice(path: string, text: string): void
  /** See `large-pages.ts`; 1 when the system heard it. An addon built before a function was needed lacks it. */
  preferLargePages?(octets: Uint8Array): 0 | 1
  /** See `large-pages.ts`; 1 when it has begun. */
  takePages?(octets: Uint8Array, niceness: number): 0 | 1
  leavePages?(): void
  /** Calls of `takePages` that are not at their end, in all threads. */
  pagesUnderWay?(): number
  /** See `short-slices.ts`; 1 when the system heard it. */
  shortenSlice?(microseconds: number): 0 | 1
}

/** Undefined where it is not built. */
export function processAddon(path: string = PROCESS_PATH): ProcessAddon | undefined {
  try {
    return createRequire(import.meta.url)(path)
  } catch {
    return undefined
  }
}
