/** Memory in large pages, where the addon and the system have them. */
import { addonPart } from './addon-part.ts'

/**
 * Asks for large pages (transparent huge pages of Linux) under memory that nobody has written to yet. Nothing depends on
 * them: a look-up in a large cache is quicker with them.
 *
 * @returns whether the system heard it
 */
export function preferLargePages(memory: ArrayBuffer | SharedArrayBuffer, addonPath?: string): boolean {
  return addonPart(addonPath).preferLargePages?.(new Uint8Array(memory)) === 1
}
