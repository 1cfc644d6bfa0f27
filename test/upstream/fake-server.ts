/** Authorities for tests: UDP and TCP on one loopback port, each message handed to a function. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'

/** Sends one datagram back to who asked. */
export type SendDatagram = (octets: Uint8Array, from?: Socket) => void

/** A UDP server on 127.0.0.1 or ::1, on a port of the system's choice. */
export async function udpServer(
  onQuery: (query: Buffer, send: SendDatagram, from: RemoteInfo) => void,
  address = '127.0.0.1',
): Promise<{ port: number; socket: Socket; close: () => Promise<void> }> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (query, from) => {
    onQuery(query, (octets, other = socket) => other.send(octets, from.port, from.address), from)
  })
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  return {
    port: socket.address().port,
    socket,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** A TCP server on 127.0.0.1; `onData` sees raw octets, frames and all. */
export async function tcpServer(
  onConnect: (socket: TcpSocket) => void,
): Promise<{ port: number; server: Server; close: () => Promise<void> }> {
  const sockets = new Set<TcpSocket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnect(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { port: (server.address() as { port: number }).port, server, close }
}

/** A message behind its length. */
export function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.of(message.length >> 8, message.length & 0xff, ...message)
}

/** A query for example.se A. */
export function queryWithId(id: number): Uint8Array {
  const question = [7, ...Buffer.from('exAmple'), 2, ...Buffer.from('se'), 0, 0, 1, 0, 1]
  return Uint8Array.of(id >> 8, id & 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...question)
}

/** The query with QR set. */
export function replyTo(query: Uint8Array): Uint8Array {
  const reply = Uint8Array.from(query)
  reply[2]! |= 0x80
  return reply
}

/** The reply with one octet changed. */
export function changed(octets: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(octets)
  copy[at] = value
  return copy
}
