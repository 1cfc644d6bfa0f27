/**
 * Bells by which threads of one process wake each other, by an addon (`bell.c`, which says what is wrong with messages);
 * none where that is not built.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Where the build puts the addon. */
export const BELL_PATH: string = join(import.meta.dirname, 'bell.node')

/** A bell that hangs in this thread. It keeps no event loop going. */
export interface Bell {
  /** By which other threads of the process ring it. */
  readonly number: number
  /** It is not heard any more. */
  close(): void
}

/** What rings a bell of another thread. */
export interface Rope {
  /** Rung often before it is heard, it is heard once. Where nobody listens any more, nothing happens. */
  ring(): void
  close(): void
}

/** What `bell.c` makes. */
interface BellAddon {
  /** Throws where the system has no more descriptors. */
  readonly Bell: new (
    onRing: () => void,
  ) => Bell
  /** Throws where nobody listens to a bell of this number. */
  readonly Rope: new (
    number: number,
  ) => Rope
}

/** Hangs a bell, each ring of which calls `onRing` in a turn of this thread's event loop; undefined where none can be had. */
export function hangBell(onRing: () => void, path: string = BELL_PATH): Bell | undefined {
  return withAddon(path, ({ Bell }) => new Bell(onRing))
}

/** A rope to the bell of a number; undefined where nobody listens to it. */
export function ropeTo(number: number, path: string = BELL_PATH): Rope | undefined {
  return withAddon(path, ({ Rope }) => new Rope(number))
}

/**
 * True where bells can be had. Asked in the main thread, it keeps the addon loaded while other threads come and go, so that
 * no number is given out twice.
 */
export function bellsServe(path: string = BELL_PATH): boolean {
  return withAddon(path, () => true) === true
}

function withAddon<T>(path: string, make: (addon: BellAddon) => T): T | undefined {
  try {
    return make(createRequire(import.meta.url)(path) as BellAddon)
  } catch {
    return undefined
  }
}
