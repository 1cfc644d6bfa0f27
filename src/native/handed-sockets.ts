/**
 * Sockets that one process hands to the next, so that both have them until the first lets go: nothing that waits in
 * them is lost, neither datagrams nor connections. They travel over a Unix socket (SCM_RIGHTS), by the addon.
 */
import { closeSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { addonPart } from './addon-part.ts'

/** Descriptors by what the sockets are for. */
export type HandedSockets = ReadonlyMap<string, number>

/** Descriptors of one message, as `DESCRIPTORS_MAX` in `udp.c`. */
const MESSAGE_DESCRIPTORS_MAX = 128

/** What a listening socket is for: the same in both processes. */
export function socketKey(transport: 'udp' | 'tcp', endpoint: Endpoint): string {
  return `${transport} ${formatEndpoint(endpoint)}`
}

/** The sockets of one user among many, as the many have them. */
export function socketsOf(user: string, sockets: HandedSockets): [string, number][] {
  return [...sockets].map(([key, descriptor]) => [`${user} ${key}`, descriptor])
}

/** Those of one user, as it has them itself. */
export function socketsFor(user: string, sockets: HandedSockets): HandedSockets {
  const own = [...sockets].filter(([key]) => key.startsWith(`${user} `))
  return new Map(own.map(([key, descriptor]) => [key.slice(user.length + 1), descriptor]))
}

/** What Node has behind a TCP server that listens; undefined where that is no descriptor. */
export function descriptorOf(server: Server): number | undefined {
  const { _handle: handle } = server as unknown as { readonly _handle?: { readonly fd?: number } | null }
  const descriptor = handle?.fd
  return descriptor !== undefined && descriptor >= 0 ? descriptor : undefined
}

/** False where sockets cannot be handed over. */
export function canHandOver(): boolean {
  return addonPart().openMailbox !== undefined
}

/** Puts descriptors into somebody's mailbox. @throws the system's error */
export function sendDescriptors(path: string, descriptors: readonly number[]): void {
  for (let at = 0; at < descriptors.length; at += MESSAGE_DESCRIPTORS_MAX) {
    const some = Int32Array.from(descriptors.slice(at, at + MESSAGE_DESCRIPTORS_MAX))
    addonPart().sendDescriptors!(path, some)
  }
}

/** A place where descriptors are received, which nobody but this user may send to. For the main thread alone. */
export class Mailbox {
  readonly #path: string
  readonly #descriptor: number

  /** @throws the system's error */
  constructor(path: string) {
    this.#path = path
    rmSync(path, { force: true })
    const mask = process.umask(0o177)
    try {
      this.#descriptor = addonPart().openMailbox!(path)
    } finally {
      process.umask(mask)
    }
  }

  /** All that lie in it now, in their order. */
  take(): number[] {
    const room = new Int32Array(MESSAGE_DESCRIPTORS_MAX)
    const taken: number[] = []
    for (;;) {
      const count = addonPart().receiveDescriptors!(this.#descriptor, room)
      if (count === 0) return taken
      taken.push(...room.subarray(0, count))
    }
  }

  close(): void {
    closeSync(this.#descriptor)
    rmSync(this.#path, { force: true })
  }
}
