/**
 * The generator for machines without a C compiler: the same words, the same report, by `node:dgram`. It is slower than
 * the servers that it measures, so throughput is its own; who runs it says so.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { skipName } from '../../src/wire/name-reader.ts'
import { Histogram } from './histogram.ts'
import {
  ANY_AD,
  ANY_ANSWERS,
  ANY_RCODE,
  DNS_HEADER_OCTETS,
  type FiledQuery,
  parseQueryFile,
} from './query-file.ts'
import { type GeneratorReport, parseStreamWord, type Sample, type StreamReport } from './stream.ts'

const TYPE_A = 1
const SAMPLES_MAX = 5
const SAMPLE_OCTETS = 512
const TURN_MS = 1
const NS_IN_MS = 1e6

interface Pending {
  readonly query: number
  readonly dueMs: number
  readonly sentMs: number
}

/** Undefined when the reply is what the name must have, else what is wrong with it. */
export function faultOf(query: FiledQuery, reply: Buffer): string | undefined {
  const end = skipName(query.octets, DNS_HEADER_OCTETS) + 4
  if (reply.length < end) return 'too short'
  if ((reply[2]! & 0x80) === 0) return 'no reply: QR is not set'
  if (reply.compare(query.octets, DNS_HEADER_OCTETS, end, DNS_HEADER_OCTETS, end) !== 0)
    return 'another question'
  if (query.rcode !== ANY_RCODE && (reply[3]! & 15) !== query.rcode) return 'rcode'
  if ((reply[2]! & 2) !== 0) return 'truncated'
  if (query.ad !== ANY_AD && ((reply[3]! >> 5) & 1) !== query.ad) return 'AD'
  const answers = reply.readUInt16BE(6)
  if (query.answers !== ANY_ANSWERS && answers !== query.answers) return 'answer count'
  if (query.address.some((octet) => octet !== 0) && !hasAddress(reply, end, answers, query.address))
    return 'address'
  return undefined
}

/** True when the server says that it could not find out: SERVFAIL for a name that has another answer. */
function isFailure(query: FiledQuery, reply: Buffer): boolean {
  const isOtherwise = query.rcode !== ANY_RCODE && query.rcode !== RCODE.SERVFAIL
  return isOtherwise && (reply[3]! & 15) === RCODE.SERVFAIL
}

/** True when the first A record of the answer section is this one. */
function hasAddress(reply: Buffer, from: number, answers: number, address: Uint8Array): boolean {
  let at = from
  for (let i = 0; i < answers; i++) {
    at = skipName(reply, at)
    if (at + 10 > reply.length) return false
    const end = at + 10 + reply.readUInt16BE(at + 8)
    if (reply.readUInt16BE(at) === TYPE_A)
      return isDeepStrictEqual(new Uint8Array(reply.subarray(at + 10, end)), new Uint8Array(address))
    at = end
  }
  return false
}

/** One stream: asks, checks, counts. */
class Load {
  readonly #options: ReturnType<typeof parseStreamWord>
  readonly #queries: readonly FiledQuery[]
  readonly #count: number
  readonly #sockets: Socket[] = []
  readonly #pending = new Map<number, Pending>()
  readonly #latency = new Histogram()
  readonly #lag = new Histogram()
  readonly #samples: Sample[] = []
  readonly #tally = { sent: 0, answered: 0, measured: 0, lost: 0, wrong: 0, failed: 0, late: 0, unsent: 0 }
  #latencyMaxNs = 0
  #lagMaxNs = 0
  #taken = 0
  #id = 0
  #beginMs = 0
  #measureMs = 0
  #endMs = 0
  #lastMs = 0

  constructor(word: string) {
    this.#options = parseStreamWord(word)
    this.#queries = parseQueryFile(readFileSync(this.#options.file))
    this.#count = this.#options.count || this.#queries.length - this.#options.first
    if (this.#count < 1 || this.#options.first + this.#count > this.#queries.length) {
      throw new Error(`not so many queries in ${this.#options.file}`)
    }
  }

  async open(address: string, port: number): Promise<void> {
    for (let i = 0; i < this.#options.sockets; i++) {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
      socket.on('message', (reply) => this.#take(reply))
      socket.on('error', () => undefined)
      if (this.#options.source !== '') {
        socket.bind(0, this.#options.source)
        await once(socket, 'listening')
      }
      socket.connect(port, address)
      await once(socket, 'connect')
      this.#sockets.push(socket)
    }
  }

  /** Resolves when the stream has ended. */
  async run(): Promise<StreamReport> {
    const { warm, seconds } = this.#options
    this.#beginMs = performance.now()
    this.#measureMs = this.#beginMs + warm * 1000
    this.#endMs = this.#measureMs + seconds * 1000
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        this.#expire(performance.now())
        this.#produce(performance.now())
        if (this.#isOver(performance.now())) resolve()
        else setTimeout(turn, TURN_MS)
      }
      turn()
    })
    for (const socket of this.#sockets) socket.close()
    return this.#report()
  }

  #isExhausted(): boolean {
    return this.#options.once && this.#taken === this.#count
  }

  #isOver(now: number): boolean {
    return (now >= this.#endMs || this.#isExhausted()) && this.#pending.size === 0
  }

  #produce(now: number): void {
    const { rate, outstanding } = this.#options
    if (rate === undefined) {
      while (now < this.#endMs && this.#pending.size < outstanding && !this.#isExhausted()) this.#ask(now)
      return
    }
    for (;;) {
      const dueMs = this.#beginMs + (this.#taken * 1000) / rate
      if (dueMs > now || dueMs >= this.#endMs || this.#isExhausted()) return
      this.#ask(dueMs)
    }
  }

  #ask(dueMs: number): void {
    const query = this.#options.first + (this.#taken++ % this.#count)
    this.#id = (this.#id + 1) & 0xffff
    if (this.#pending.has(this.#id)) {
      this.#tally.unsent++
      return
    }
    const octets = Buffer.from(this.#queries[query]!.octets)
    octets.writeUInt16BE(this.#id, 0)
    const sentMs = performance.now()
    this.#pending.set(this.#id, { query, dueMs, sentMs })
    this.#tally.sent++
    if (dueMs >= this.#measureMs) {
      const lagNs = (sentMs - dueMs) * NS_IN_MS
      this.#lag.record(Math.round(lagNs))
      this.#lagMaxNs = Math.max(this.#lagMaxNs, Math.round(lagNs))
    }
    this.#sockets[this.#id % this.#sockets.length]!.send(octets)
  }

  #take(reply: Buffer): void {
    const now = performance.now()
    const id = reply.length < DNS_HEADER_OCTETS ? -1 : reply.readUInt16BE(0)
    const pending = this.#pending.get(id)
    if (pending === undefined) {
      this.#tally.late++
      return
    }
    this.#pending.delete(id)
    const why = faultOf(this.#queries[pending.query]!, reply)
    if (why !== undefined) {
      this.#tally.wrong++
      if (isFailure(this.#queries[pending.query]!, reply)) this.#tally.failed++
      this.#keep({ query: pending.query, why, reply: reply.toString('hex', 0, SAMPLE_OCTETS) })
    }
    this.#tally.answered++
    if (pending.dueMs >= this.#measureMs && (now <= this.#endMs || this.#options.rate !== undefined)) {
      this.#tally.measured++
      this.#lastMs = now
      const from = this.#options.rate === undefined ? pending.sentMs : pending.dueMs
      const latencyNs = Math.round((now - from) * NS_IN_MS)
      this.#latency.record(latencyNs)
      this.#latencyMaxNs = Math.max(this.#latencyMaxNs, latencyNs)
    }
    if (this.#options.rate === undefined) this.#produce(now)
  }

  #expire(now: number): void {
    for (const [id, { sentMs, query }] of this.#pending) {
      // They were put in by time, so the rest is younger.
      if (sentMs + this.#options.timeout * 1000 > now) return
      this.#pending.delete(id)
      this.#tally.lost++
      this.#keep({ query, why: 'no reply', reply: '' })
    }
  }

  #keep(sample: Sample): void {
    if (this.#samples.length < SAMPLES_MAX) this.#samples.push(sample)
  }

  #report(): StreamReport {
    const isEarly = this.#options.once && this.#lastMs > this.#measureMs && this.#lastMs < this.#endMs
    return {
      name: this.#options.name,
      seconds: ((isEarly ? this.#lastMs : this.#endMs) - this.#measureMs) / 1000,
      ...this.#tally,
      latencyMaxNs: this.#latencyMaxNs,
      lagMaxNs: this.#lagMaxNs,
      latency: this.#latency.buckets(),
      lag: this.#lag.buckets(),
      samples: this.#samples,
    }
  }
}

/** Runs the streams side by side against one server. */
export async function generate(
  address: string,
  port: number,
  words: readonly string[],
): Promise<GeneratorReport> {
  const loads = words.map((word) => new Load(word))
  for (const load of loads) await load.open(address, port)
  const begin = { at: performance.now(), usage: process.cpuUsage() }
  const streams = await Promise.all(loads.map((load) => load.run()))
  const { user, system } = process.cpuUsage(begin.usage)
  return { seconds: (performance.now() - begin.at) / 1000, processorSeconds: (user + system) / 1e6, streams }
}

if (process.argv[1] === import.meta.filename) {
  const [address = '', port = '', ...words] = process.argv.slice(2)
  process.stdout.write(`${JSON.stringify(await generate(address, Number(port), words))}\n`)
}
