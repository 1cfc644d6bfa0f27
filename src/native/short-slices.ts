/** A thread that is not kept waiting by busy ones, where the addon and the system can have it so. */
import { FRONT_SLICE_MICROSECONDS } from '../base/limits.ts'
import { processAddon } from './process.ts'

/**
 * Asks the scheduler to run the calling thread in short slices. It gets no more of a core by it; but when it wakes, a busy
 * thread gives way at once, not at the end of a slice of some milliseconds. Nothing depends on it.
 *
 * @returns whether the system heard it (Linux 6.12 and later)
 */
export function askForShortSlices(addonPath?: string): boolean {
  return processAddon(addonPath)?.shortenSlice?.(FRONT_SLICE_MICROSECONDS) === 1
}
