/** Which way to UDP sockets serves. */
import { loadAddon } from './addon.ts'
import { DGRAM } from './dgram.ts'
import type { UdpBackend } from './udp-socket.ts'

/** What the operator wants (`server.udp-backend`). */
export type UdpBackendWish = 'auto' | 'addon' | 'dgram'

/** The way chosen. */
export interface ChosenBackend {
  readonly backend: UdpBackend
  /** Why it is not the addon; undefined when it is. */
  readonly why: string | undefined
}

/** Chooses. Undefined with a reason where the addon is wanted and nothing else, and cannot be had. */
export function chooseBackend(
  wish: UdpBackendWish,
  load: () => UdpBackend | string = loadAddon,
): ChosenBackend | { readonly backend: undefined; readonly why: string } {
  if (wish === 'dgram') return { backend: DGRAM, why: 'server.udp-backend says so' }
  const addon = load()
  if (typeof addon !== 'string') return { backend: addon, why: undefined }
  return { backend: wish === 'addon' ? undefined : DGRAM, why: addon }
}
