/** Clients that ask all the time, each from a socket of its own, and check what comes back. */
import { createSocket, type Socket } from 'node:dgram'
import { encodeName, type Server } from './dns-client.ts'

/** A question and the last octet of the one address that answers it; without it any denial will do. */
export interface LoadQuestion {
  readonly name: string
  readonly address?: number
}

/** What came back. */
export interface LoadCounts {
  asked: number
  right: number
  /** SERVFAIL, which a client is told whose question was lost. */
  failed: number
  /** Anything else. */
  wrong: string[]
}

/** How long the last answers are waited for. */
const LAST_ANSWERS_MS_MAX = 2_000
const NOERROR = 0
const SERVFAIL = 2
const NXDOMAIN = 3

/** See the head of this file. */
export class SteadyLoad {
  readonly counts: LoadCounts = { asked: 0, right: 0, failed: 0, wrong: [] }
  readonly #clients: LoadClient[]
  #timer: NodeJS.Timeout | undefined

  /**
   * @param next gives questions, one after the other
   * @param everyMs how often each client asks
   */
  constructor(server: Server, clients: number, next: () => LoadQuestion, everyMs: number) {
    this.#clients = Array.from({ length: clients }, () => new LoadClient(server, next, this.counts))
    this.#timer = setInterval(() => {
      for (const client of this.#clients) client.ask()
    }, everyMs)
  }

  /** When each client last had a right answer, `performance.now()`. */
  get lastRightMs(): number[] {
    return this.#clients.map((client) => client.lastRightMs)
  }

  /** Asks no more, and closes when every question has its answer, or none comes any more. */
  async stopAsking(): Promise<void> {
    clearInterval(this.#timer)
    const answered = (): number => this.counts.right + this.counts.failed + this.counts.wrong.length
    const deadline = performance.now() + LAST_ANSWERS_MS_MAX
    while (answered() < this.counts.asked && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    this.stop()
  }

  /** May be called again. */
  stop(): void {
    clearInterval(this.#timer)
    for (const client of this.#clients.splice(0)) client.close()
  }
}

class LoadClient {
  lastRightMs = 0
  readonly #socket: Socket
  readonly #server: Server
  readonly #next: () => LoadQuestion
  readonly #counts: LoadCounts
  readonly #asked = new Map<number, LoadQuestion>()
  #id = 0

  constructor(server: Server, next: () => LoadQuestion, counts: LoadCounts) {
    this.#server = server
    this.#next = next
    this.#counts = counts
    this.#socket = createSocket('udp4')
    // A late reply to somebody else, whose port this was, is none.
    this.#socket.on('message', (octets, from) => {
      if (from.address === server.address && from.port === server.port) this.#onReply(octets)
    })
    this.#socket.on('error', () => {})
  }

  ask(): void {
    const question = this.#next()
    this.#id = (this.#id + 1) & 0xffff
    this.#asked.set(this.#id, question)
    const head = Buffer.from([this.#id >> 8, this.#id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const query = Buffer.concat([head, encodeName(question.name), Buffer.from([0, 1, 0, 1])])
    this.#counts.asked++
    this.#socket.send(query, this.#server.port, this.#server.address)
  }

  close(): void {
    this.#socket.close()
  }

  #onReply(octets: Buffer): void {
    const id = octets.length < 12 ? -1 : octets.readUInt16BE(0)
    const question = this.#asked.get(id)
    this.#asked.delete(id)
    const rcode = octets[3]! & 15
    const name = question && encodeName(question.name)
    if (name === undefined || !octets.subarray(12, 12 + name.length).equals(name)) {
      this.#counts.wrong.push(`an answer to another question: ${octets.toString('hex')}`)
    } else if (rcode === SERVFAIL) this.#counts.failed++
    else if (isRight(question!, rcode, octets)) {
      this.#counts.right++
      this.lastRightMs = performance.now()
    } else this.#counts.wrong.push(`${question!.name}: ${octets.toString('hex')}`)
  }
}

function isRight({ address }: LoadQuestion, rcode: number, octets: Buffer): boolean {
  if (address === undefined) return rcode === NXDOMAIN
  return rcode === NOERROR && octets.readUInt16BE(6) === 1 && octets.at(-1) === address
}
