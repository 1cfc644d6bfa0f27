/** Getting a zone by transfer (AXFR, RFC 5936): one connection, the SOA first, the rest only if that is newer. */
import { connect, type Socket } from 'node:net'
import { type Endpoint, formatAddress } from '../../base/address.ts'
import type { Random } from '../../base/random.ts'
import { serialDifference } from '../../dnssec/serial.ts'
import { FormatError } from '../../wire/format-error.ts'
import { FrameReader } from '../../wire/frame-reader.ts'
import { CLASS } from '../../wire/iana/class.ts'
import { formatRcode, RCODE } from '../../wire/iana/rcode.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { writeU16 } from '../../wire/integers.ts'
import { type Message, parseMessage } from '../../wire/message.ts'
import { isRoot, ROOT } from '../../wire/name.ts'
import { parseSoa } from '../../wire/rdata/soa.ts'
import { writeQuery } from '../../wire/writer.ts'

/** What is asked of whom. */
export interface TransferOptions {
  readonly server: Endpoint
  /** The zone is wanted only if its serial is newer. */
  readonly newerThan: number | undefined
  readonly octetsMax: number
  /** For all of it. */
  readonly timeoutMs: number
  /** For each piece of it. */
  readonly silenceMs: number
  readonly random: Random
  readonly localAddress?: string | undefined
  readonly signal: AbortSignal
}

/** The messages of the transfer, or that nothing is newer, or why there are none. */
export type Transferred = readonly Uint8Array[] | 'unchanged' | { readonly fault: string }

/** Gets the root zone. Never rejects. */
export function transferRoot(options: TransferOptions): Promise<Transferred> {
  return new Promise((resolve) => new Transfer(options, resolve).begin())
}

const LENGTH_OCTETS = 2

class Transfer {
  readonly #options: TransferOptions
  readonly #resolve: (result: Transferred) => void
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #messages: Uint8Array[] = []
  readonly #timer: NodeJS.Timeout
  #octets = 0
  /** Id and type of the question that is under way. */
  #asked = { id: 0, type: TYPE.SOA as number }
  #settled = false
  readonly #stop = (): void => this.#fail('the daemon stops')

  constructor(options: TransferOptions, resolve: (result: Transferred) => void) {
    const { server, localAddress, timeoutMs } = options
    this.#options = options
    this.#resolve = resolve
    this.#socket = connect({
      host: formatAddress(server.address),
      port: server.port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    this.#timer = setTimeout(() => this.#fail('it took too long'), timeoutMs)
  }

  begin(): void {
    const { signal, silenceMs } = this.#options
    const socket = this.#socket
    socket.setTimeout(silenceMs, () => this.#fail('the server fell silent'))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('the connection ended before the zone did'))
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.once('connect', () => this.#ask(TYPE.SOA))
    signal.addEventListener('abort', this.#stop)
  }

  #ask(type: number): void {
    const id = this.#options.random.below(0x1_0000)
    this.#asked = { id, type }
    const message = writeQuery({ id, question: { name: ROOT, type, class: CLASS.IN }, rd: false, cd: false })
    const framed = new Uint8Array(LENGTH_OCTETS + message.length)
    writeU16(framed, 0, message.length)
    framed.set(message, LENGTH_OCTETS)
    this.#socket.write(framed)
  }

  #onData(chunk: Uint8Array): void {
    this.#octets += chunk.length
    if (this.#octets > this.#options.octetsMax) {
      this.#fail(`more than ${this.#options.octetsMax} octets`)
      return
    }
    for (let at = 0; at < chunk.length && !this.#settled; at = this.#frames.end) {
      const octets = this.#frames.read(chunk, at)
      if (octets !== undefined) this.#onMessage(octets)
    }
  }

  #onMessage(octets: Uint8Array): void {
    const message = readMessage(octets)
    if (message === undefined) this.#fail('a message of the server is malformed')
    else if (!message.qr || message.id !== this.#asked.id) this.#fail('the server answers something else')
    else if (message.rcode !== RCODE.NOERROR) this.#fail(`the server said ${formatRcode(message.rcode)}`)
    else if (this.#asked.type === TYPE.SOA) this.#onSoa(message)
    else this.#onPart(octets, message)
  }

  #onSoa({ answer }: Message): void {
    const soa = answer.find(({ type, owner }) => type === TYPE.SOA && isRoot(owner))
    const serial = soa && parseSoa(soa.rdata)?.serial
    const { newerThan } = this.#options
    if (serial === undefined) this.#fail('the server does not have the root zone')
    else if (newerThan === undefined || serialDifference(serial, newerThan) > 0) this.#ask(TYPE.AXFR)
    else if (serial === newerThan) this.#settle('unchanged')
    else this.#fail(`its serial ${serial} is older than ${newerThan}`)
  }

  /** RFC 5936 2.2: the SOA comes first and last, and nowhere else. */
  #onPart(octets: Uint8Array, { answer }: Message): void {
    const isFirst = this.#messages.length === 0
    const at = answer.flatMap(({ type, owner }, index) => (type === TYPE.SOA && isRoot(owner) ? [index] : []))
    if (isFirst && at.shift() !== 0) {
      this.#fail('the server does not begin with the SOA record')
      return
    }
    this.#messages.push(octets)
    const [end] = at
    if (end === undefined) return
    if (end === answer.length - 1) this.#settle(this.#messages)
    else this.#fail('there is more behind the end of the zone')
  }

  #fail(why: string): void {
    this.#settle({ fault: why })
  }

  #settle(result: Transferred): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#stop)
    this.#socket.destroy()
    this.#resolve(result)
  }
}

function readMessage(octets: Uint8Array): Message | undefined {
  try {
    return parseMessage(octets)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
