/** Lab authorities on real sockets: UDP and TCP, each at its own loopback address, all at one port. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { LAB_PORT_DRAWS_MAX, LAB_TCP_IDLE_MS, MESSAGE_OCTETS_MAX } from '../base/limits.ts'
import type { Authority, LabReply } from './authority.ts'

/** Running authorities. */
export interface LabServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Opens the sockets.
 *
 * @param authorities by address, in text form
 * @param port the port of all of them; 0 picks one that is free at every address
 * @throws the socket's error, when a given port is taken or an address is not this machine's
 */
export async function serveAuthorities(
  authorities: ReadonlyMap<string, Authority>,
  port: number,
): Promise<LabServer> {
  for (let draw = 1; ; draw++) {
    try {
      return await open(authorities, port)
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (port !== 0 || !taken || draw === LAB_PORT_DRAWS_MAX) throw error
    }
  }
}

async function open(authorities: ReadonlyMap<string, Authority>, port: number): Promise<LabServer> {
  const opened: { close(): Promise<void> }[] = []
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((socket) => socket.close()))
  }
  let chosen = port
  try {
    for (const [address, authority] of authorities) {
      const udp = await openUdp(address, chosen, authority)
      opened.push(udp)
      chosen = udp.port
      opened.push(await openTcp(address, chosen, authority))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { port: chosen, close }
}

/** Replies that wait for their time; forgotten when the server closes. */
class Delays {
  readonly #timers = new Set<NodeJS.Timeout>()

  send(replies: readonly LabReply[], send: (message: Uint8Array) => void): void {
    for (const { message, delayMs } of replies) {
      if (delayMs === 0) send(message)
      else this.#after(delayMs, () => send(message))
    }
  }

  #after(delayMs: number, fire: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      fire()
    }, delayMs)
    this.#timers.add(timer)
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}

async function openUdp(
  address: string,
  port: number,
  authority: Authority,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const socket: UdpSocket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const delays = new Delays()
  socket.on('message', (query, peer) => {
    // A reply that cannot be sent is a reply lost; the resolver asks again.
    const send = (message: Uint8Array): void => socket.send(message, peer.port, peer.address, () => {})
    delays.send(authority(query, 'udp'), send)
  })
  socket.bind(port, address)
  try {
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  socket.on('error', () => {})
  const close = async (): Promise<void> => {
    delays.clear()
    socket.close()
    await once(socket, 'close')
  }
  return { port: socket.address().port, close }
}

async function openTcp(
  address: string,
  port: number,
  authority: Authority,
): Promise<{ close(): Promise<void> }> {
  const streams = new Set<Socket>()
  const delays = new Delays()
  const server: Server = createServer((stream) => {
    streams.add(stream)
    stream.on('close', () => streams.delete(stream))
    serveStream(stream, authority, delays)
  })
  server.listen(port, address)
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    delays.clear()
    for (const stream of streams) stream.destroy()
    server.close()
    await once(server, 'close')
  }
  return { close }
}

/** RFC 1035 4.2.2: messages behind two octets of length. */
function serveStream(stream: Socket, authority: Authority, delays: Delays): void {
  let held = Buffer.alloc(0)
  stream.setTimeout(LAB_TCP_IDLE_MS, () => stream.destroy())
  stream.on('error', () => stream.destroy())
  stream.on('data', (chunk) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0)
      const query = new Uint8Array(held.subarray(2, end))
      held = held.subarray(end)
      delays.send(authority(query, 'tcp'), (message) => sendFramed(stream, message))
    }
    // One whole message is the most that can be incomplete.
    if (held.length > MESSAGE_OCTETS_MAX + 2) stream.destroy()
  })
}

function sendFramed(stream: Socket, message: Uint8Array): void {
  if (stream.destroyed) return
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  stream.write(Buffer.concat([length, message]))
}
