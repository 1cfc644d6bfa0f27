/** Servers that take every question and never answer. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { DNS_PORT } from './authorities.ts'
import { NETWORK } from './zone-group.ts'

/** Where they are. */
export const SILENT_HOSTS: readonly [string, string] = [`${NETWORK}.44`, `${NETWORK}.45`]

/** See the head of this file. A port that nobody has open would say so. */
export class SilentServers {
  readonly #sockets: readonly Socket[]

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
  }

  static async open(): Promise<SilentServers> {
    const sockets: Socket[] = []
    for (const host of SILENT_HOSTS) {
      const socket = createSocket('udp4')
      socket.bind(DNS_PORT, host)
      await once(socket, 'listening')
      sockets.push(socket)
    }
    return new SilentServers(sockets)
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }
}
