/**
 * A small stub resolver with a codec of its own, so that what the daemon writes is read by code that shares nothing
 * with it but the table of type and rcode numbers.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createConnection } from 'node:net'
import { formatRcode } from '../../src/wire/iana/rcode.ts'
import { formatType, parseType } from '../../src/wire/iana/rrtype.ts'

export interface Server {
  readonly address: string
  readonly port: number
}

export interface Ask {
  /** Presentation form, absolute. */
  readonly name: string
  /** Mnemonic or TYPEn. */
  readonly type: string
  /** The size in OPT; 0 for a query without OPT. Default 1232. */
  readonly udpPayloadOctets?: number
  readonly do?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly rd?: boolean
  readonly tcp?: boolean
  readonly timeoutMs?: number
  /** How often a UDP query is sent before silence counts as a failure. */
  readonly attempts?: number
}

export interface Reply {
  readonly rcode: string
  readonly aa: boolean
  readonly ra: boolean
  readonly ad: boolean
  readonly cd: boolean
  readonly answer: readonly ReplyRecord[]
  readonly authority: readonly ReplyRecord[]
  readonly additional: readonly ReplyRecord[]
  readonly hasOpt: boolean
  readonly do: boolean
  /** Extended DNS Errors (RFC 8914), in order. */
  readonly ede: readonly { readonly code: number; readonly text: string }[]
  /** Octets of the UDP reply, and whether it was truncated; the rest is then of the reply over TCP. */
  readonly udpOctets: number | undefined
  readonly truncated: boolean
}

export interface ReplyRecord {
  /** Lower case, escaped. */
  readonly owner: string
  readonly type: string
  readonly ttlSeconds: number
  /** Hexadecimal, names of the RFC 1035 types decompressed and in lower case. */
  readonly rdata: string
}

const DEFAULT_TIMEOUT_MS = 12_000
const DEFAULT_UDP_PAYLOAD_OCTETS = 1232
const TYPE_OPT = 41
const OPTION_EDE = 15
const POINTER_HOPS_MAX = 127

/** Asks over UDP, and over TCP when told to or when the reply is truncated. Throws when no sound reply comes. */
export async function ask(server: Server, question: Ask): Promise<Reply> {
  const query = writeQuery(question)
  const timeoutMs = question.timeoutMs ?? DEFAULT_TIMEOUT_MS
  if (question.tcp === true) return readReply(query, await exchangeTcp(server, query, timeoutMs), undefined)
  for (let left = question.attempts ?? 2; ; left--) {
    const octets = await exchangeUdp(server, query, timeoutMs)
    if (octets === undefined) {
      if (left > 1) continue
      throw new Error(`${server.address} sends no reply`)
    }
    const reply = readReply(query, octets, undefined)
    if (!reply.truncated) return { ...reply, udpOctets: octets.length }
    const whole = readReply(query, await exchangeTcp(server, query, timeoutMs), octets.length)
    return { ...whole, truncated: true }
  }
}

function writeQuery(question: Ask): Buffer {
  const type = parseType(question.type)
  if (type === undefined) throw new Error(`unknown type ${question.type}`)
  const payload = question.udpPayloadOctets ?? DEFAULT_UDP_PAYLOAD_OCTETS
  const flags = (question.rd === false ? 0 : 0x0100) | (question.ad ? 0x20 : 0) | (question.cd ? 0x10 : 0)
  const header = Buffer.alloc(12)
  header.writeUInt16BE(randomInt(65_536), 0)
  header.writeUInt16BE(flags, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(payload > 0 ? 1 : 0, 10)
  const tail = Buffer.from([type >> 8, type & 255, 0, 1])
  const opt = Buffer.from([
    0,
    0,
    TYPE_OPT,
    payload >> 8,
    payload & 255,
    0,
    0,
    question.do ? 0x80 : 0,
    0,
    0,
    0,
  ])
  return Buffer.concat([header, encodeName(question.name), tail, payload > 0 ? opt : Buffer.alloc(0)])
}

/** Wire octets of a name in presentation form (RFC 1035 5.1). */
export function encodeName(text: string): Buffer {
  const labels: number[][] = [[]]
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '.') {
      labels.push([])
    } else if (text[i] !== '\\') {
      labels.at(-1)!.push(text.charCodeAt(i))
    } else if (/\d/.test(text[i + 1]!)) {
      labels.at(-1)!.push(Number(text.slice(i + 1, i + 4)))
      i += 3
    } else {
      labels.at(-1)!.push(text.charCodeAt(++i))
    }
  }
  const full = labels.filter((label) => label.length > 0)
  return Buffer.concat([...full.map((label) => Buffer.from([label.length, ...label])), Buffer.alloc(1)])
}

function exchangeUdp(server: Server, query: Buffer, timeoutMs: number): Promise<Buffer | undefined> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    let hasEnded = false
    const end = (settle: () => void): void => {
      if (hasEnded) return
      hasEnded = true
      clearTimeout(timer)
      socket.close()
      settle()
    }
    const timer = setTimeout(() => end(() => resolve(undefined)), timeoutMs)
    socket.on('error', (error) => end(() => reject(error)))
    socket.on('message', (octets) => {
      if (octets.length >= 2 && octets.readUInt16BE(0) === query.readUInt16BE(0)) end(() => resolve(octets))
    })
    socket.connect(server.port, server.address, () => socket.send(query))
  })
}

function exchangeTcp(server: Server, query: Buffer, timeoutMs: number): Promise<Buffer> {
  const socket = createConnection(server.port, server.address)
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const end = (settle: () => void): void => {
      socket.destroy()
      settle()
    }
    socket.setTimeout(timeoutMs, () =>
      end(() => reject(new Error(`${server.address} sends no reply over TCP`))),
    )
    socket.once('error', (error) => end(() => reject(error)))
    socket.once('close', () => reject(new Error(`${server.address} closes the connection without a reply`)))
    socket.on('data', (octets) => {
      received = Buffer.concat([received, octets])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const length = received.readUInt16BE(0)
      end(() => resolve(received.subarray(2, 2 + length)))
    })
    socket.once('connect', () => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(query.length)
      socket.write(Buffer.concat([length, query]))
    })
  })
}

/** Decodes a reply and holds it to what every reply must keep: id, QR, the question, no octet left over. */
function readReply(query: Buffer, octets: Buffer, udpOctets: number | undefined): Reply {
  const reader = new Reader(octets)
  const id = reader.number(2)
  const flags = reader.number(2)
  const counts = [reader.number(2), reader.number(2), reader.number(2), reader.number(2)]
  if (id !== query.readUInt16BE(0) || (flags & 0x8000) === 0) throw new Error('not a reply to the query')
  const questionEnd = 12 + reader.questionLength(query)
  if (counts[0] !== 1 || !octets.subarray(12, questionEnd).equals(query.subarray(12, questionEnd))) {
    throw new Error('the question is not echoed')
  }
  reader.at = questionEnd
  const [answer, authority, rest] = counts.slice(1).map((count) => reader.records(count)) as [
    Raw[],
    Raw[],
    Raw[],
  ]
  if (reader.at !== octets.length)
    throw new Error(`${octets.length - reader.at} octets after the last record`)
  const opts = rest.filter((record) => record.number === TYPE_OPT)
  if (opts.length > 1) throw new Error('two OPT records')
  const [opt] = opts
  return {
    rcode: formatRcode((flags & 15) | (((opt?.ttl ?? 0) >>> 24) << 4)),
    aa: (flags & 0x0400) !== 0,
    ra: (flags & 0x80) !== 0,
    ad: (flags & 0x20) !== 0,
    cd: (flags & 0x10) !== 0,
    answer: answer.map(publicRecord),
    authority: authority.map(publicRecord),
    additional: rest.filter((record) => record.number !== TYPE_OPT).map(publicRecord),
    hasOpt: opt !== undefined,
    do: opt !== undefined && (opt.ttl & 0x8000) !== 0,
    ede: opt === undefined ? [] : extendedErrors(opt.octets),
    udpOctets,
    truncated: (flags & 0x0200) !== 0,
  }
}

interface Raw {
  readonly owner: string
  readonly number: number
  readonly ttl: number
  readonly octets: Buffer
}

function publicRecord(raw: Raw): ReplyRecord {
  return {
    owner: raw.owner,
    type: formatType(raw.number),
    ttlSeconds: raw.ttl,
    rdata: raw.octets.toString('hex'),
  }
}

function extendedErrors(options: Buffer): Reply['ede'] {
  const errors: { code: number; text: string }[] = []
  for (let at = 0; at + 4 <= options.length; ) {
    const [option, end] = [options.readUInt16BE(at), at + 4 + options.readUInt16BE(at + 2)]
    if (option === OPTION_EDE) {
      errors.push({ code: options.readUInt16BE(at + 4), text: options.toString('utf8', at + 6, end) })
    }
    at = end
  }
  return errors
}

/** Octets before the first name and number of names in RDATA of the types whose names may be compressed (RFC 3597 4). */
const COMPRESSIBLE: Readonly<Record<number, readonly [prefix: number, names: number]>> = {
  2: [0, 1],
  3: [0, 1],
  4: [0, 1],
  5: [0, 1],
  6: [0, 2],
  7: [0, 1],
  8: [0, 1],
  9: [0, 1],
  12: [0, 1],
  14: [0, 2],
  15: [2, 1],
}

class Reader {
  at = 0
  readonly #octets: Buffer

  constructor(octets: Buffer) {
    this.#octets = octets
  }

  number(size: number): number {
    const value = this.#octets.readUIntBE(this.at, size)
    this.at += size
    return value
  }

  questionLength(query: Buffer): number {
    let at = 12
    while (query[at] !== 0) at += query[at]! + 1
    return at + 5 - 12
  }

  records(count: number): Raw[] {
    return Array.from({ length: count }, () => {
      const owner = formatName(this.#name())
      const number = this.number(2)
      this.number(2)
      const ttl = this.number(4)
      const end = this.number(2) + this.at
      if (end > this.#octets.length) throw new Error('RDLENGTH beyond the message')
      const octets = this.#rdata(number, end)
      if (this.at !== end) throw new Error(`RDLENGTH does not fit the RDATA of type ${number}`)
      return { owner, number, ttl, octets }
    })
  }

  #rdata(type: number, end: number): Buffer {
    const [prefix, names] = COMPRESSIBLE[type] ?? [0, 0]
    const parts = [this.#octets.subarray(this.at, this.at + prefix)]
    this.at += prefix
    for (let i = 0; i < names; i++) parts.push(this.#name())
    parts.push(this.#octets.subarray(this.at, end))
    this.at = Math.max(this.at, end)
    return Buffer.concat(parts)
  }

  /** A name, decompressed and in lower case. */
  #name(): Buffer {
    const parts: Buffer[] = []
    let resume: number | undefined
    let hops = 0
    for (;;) {
      const length = this.number(1)
      if (length >= 0xc0) {
        const target = ((length & 0x3f) << 8) | this.number(1)
        resume ??= this.at
        if (++hops > POINTER_HOPS_MAX || target >= this.at - 2)
          throw new Error('compression pointer not backwards')
        this.at = target
      } else {
        if (length > 63) throw new Error('label type')
        parts.push(Buffer.from([length]), fold(this.#octets.subarray(this.at, this.at + length)))
        this.at += length
        if (length === 0) break
      }
    }
    this.at = resume ?? this.at
    return Buffer.concat(parts)
  }
}

function fold(octets: Buffer): Buffer {
  return Buffer.from(octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet)))
}

/** Presentation form of an uncompressed name. */
export function formatName(wire: Buffer): string {
  let text = ''
  for (let at = 0; wire[at] !== 0; at += wire[at]! + 1) {
    for (const octet of wire.subarray(at + 1, at + 1 + wire[at]!)) text += formatOctet(octet)
    text += '.'
  }
  return text === '' ? '.' : text
}

function formatOctet(octet: number): string {
  if (octet <= 0x20 || octet > 0x7e) return `\\${String(octet).padStart(3, '0')}`
  const character = String.fromCharCode(octet)
  return '.\\"();@$'.includes(character) ? `\\${character}` : character
}
