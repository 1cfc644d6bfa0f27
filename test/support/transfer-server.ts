/** A server that gives zones by transfer (AXFR, RFC 5936), and may do so badly. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import type { Endpoint } from '../../src/base/address.ts'
import { FrameReader } from '../../src/wire/frame-reader.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { writeU16 } from '../../src/wire/integers.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import { authoritative } from './authoritative.ts'

/** What it does with a question: messages to send, each a list of records, and whether it closes then. */
export interface TransferReply {
  readonly messages: readonly (readonly ResourceRecord[] | Uint8Array)[]
  readonly rcode?: number
  readonly closes?: boolean
}

export interface TransferServer {
  readonly endpoint: Endpoint
  /** Types of the questions that came. */
  readonly asked: number[]
  /** What it says from now on. */
  behave(reply: (type: number) => TransferReply): void
  close(): Promise<void>
}

const RECORDS_PER_MESSAGE = 20

/** The zone as servers send it: the SOA first and last, in messages of some records. */
export function transferOf(zone: readonly ResourceRecord[]): ResourceRecord[][] {
  const soa = zone.find(({ type }) => type === TYPE.SOA)!
  const all = [soa, ...zone.filter((record) => record !== soa), soa]
  const messages: ResourceRecord[][] = []
  for (let at = 0; at < all.length; at += RECORDS_PER_MESSAGE)
    messages.push(all.slice(at, at + RECORDS_PER_MESSAGE))
  return messages
}

/** As a server with this zone does it. */
export function giving(zone: readonly ResourceRecord[]): (type: number) => TransferReply {
  return (type) => ({
    messages: type === TYPE.SOA ? [zone.filter((record) => record.type === TYPE.SOA)] : transferOf(zone),
  })
}

export async function startTransferServer(address = '127.0.0.1'): Promise<TransferServer> {
  let behaviour: (type: number) => TransferReply = () => ({ messages: [], rcode: RCODE.REFUSED })
  const asked: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const frames = new FrameReader()
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length; at = frames.end) {
        const octets = frames.read(chunk, at)
        if (octets === undefined) continue
        const query = parseMessage(octets)
        const { type } = query.questions[0]!
        asked.push(type)
        answer(socket, query, behaviour(type))
      }
    })
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: { address: Uint8Array.from(address.split('.'), Number), port },
    asked,
    behave: (reply) => {
      behaviour = reply
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(socket: Socket, query: Message, { messages, rcode, closes }: TransferReply): void {
  const all = messages.length === 0 && rcode !== undefined ? [[]] : messages
  for (const message of all) {
    const octets = message instanceof Uint8Array ? message : write(query, message, rcode ?? RCODE.NOERROR)
    const framed = new Uint8Array(2 + octets.length)
    writeU16(framed, 0, octets.length)
    framed.set(octets, 2)
    socket.write(framed)
  }
  if (closes === true) socket.end()
}

function write(query: Message, records: readonly ResourceRecord[], rcode: number): Uint8Array {
  const writer = new MessageWriter()
  writer.header(authoritative(query.id, rcode, query.opcode))
  for (const question of query.questions) writer.question(question)
  for (const { owner, type, class: recordClass, ttlSeconds, rdata } of records)
    writer.record('answer', owner, type, recordClass, ttlSeconds, rdata)
  return writer.finish()
}
