/** Memory in large pages, where the addon and the system have them. */
import { createRequire } from 'node:module'
import { ADDON_PATH } from './addon.ts'

interface LargePages {
  /** Addons built before it was needed lack it. */
  preferLargePages?(octets: Uint8Array): 0 | 1
}

/**
 * Asks for large pages (transparent huge pages of Linux) under memory that nobody has written to yet. Nothing depends on
 * them: a look-up in a large cache is quicker with them.
 *
 * @returns whether the system heard it
 */
export function preferLargePages(
  memory: ArrayBuffer | SharedArrayBuffer,
  addonPath: string = ADDON_PATH,
): boolean {
  let addon: LargePages
  try {
    addon = createRequire(import.meta.url)(addonPath)
  } catch {
    // The log tells elsewhere that there is no addon, and why.
    return false
  }
  return addon.preferLargePages?.(new Uint8Array(memory)) === 1
}
