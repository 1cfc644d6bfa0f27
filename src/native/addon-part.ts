/** What the addon can do beside its sockets, where it is there. */
import { createRequire } from 'node:module'
import { ADDON_PATH } from './addon.ts'

/** Functions of the addon; one built before a function was needed lacks it. */
interface AddonPart {
  /** Throws the system's error, as the two below. */
  openMailbox?(path: string): number
  sendDescriptors?(path: string, descriptors: Int32Array): void
  receiveDescriptors?(mailbox: number, room: Int32Array): number
}

/** None of them where there is no addon: the log tells elsewhere, and why. */
export function addonPart(addonPath: string = ADDON_PATH): AddonPart {
  try {
    return createRequire(import.meta.url)(addonPath)
  } catch {
    return {}
  }
}
