/** The simulated network with everything that can go wrong, drawn from the seed. */
import { formatAddress } from '../../src/base/address.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Random } from '../../src/base/random.ts'
import { type Authority, failure, type LabReply, readQuery, writeReply } from '../../src/lab/authority.ts'
import { truncated } from '../../src/lab/behaviours.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import type { Upstream, UpstreamFailure, UpstreamRequest, UpstreamResult } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { parseHeader } from '../../src/wire/message.ts'
import type { Editions } from './editions.ts'
import { FORGER_ADDRESS, type Forger } from './forgeries.ts'
import { CALM, type Fault, type Weather } from './weather.ts'

/** How a dead server shows. */
export type Death = 'silent' | 'refused'

const UNWILLING = [RCODE.SERVFAIL, RCODE.REFUSED, RCODE.NOTIMP, RCODE.FORMERR] as const
/** Usual spread of replies, so that they overtake each other. */
const JITTER_MS = 25
const LATE_MS = 2_500
const STRAYS_MAX = 6
const FLIPS_MAX = 4
const FLAG_TC = 0x02

/** What the network is made of. */
export interface NetworkParts {
  readonly clock: Clock
  readonly random: Random
  readonly editions: Editions
  readonly forger: Forger
  /** Told of every question that goes out. */
  readonly onAsk: (request: UpstreamRequest) => void
  /** Told of every fault. */
  readonly onFault: (fault: Fault) => void
}

/** See the head of this file. */
export class FaultyNetwork implements Upstream {
  weather: Weather = CALM
  readonly #parts: NetworkParts
  readonly #inner: LabNetwork
  readonly #deaths = new Map<string, Death>()
  /** Edition that each server has. */
  readonly #editionAt = new Map<string, number>()
  /** Questions that are out. */
  outstanding = 0

  constructor(parts: NetworkParts) {
    this.#parts = parts
    this.#inner = new LabNetwork({ clock: parts.clock })
    for (const address of parts.editions.addresses) {
      this.#inner.attach(address, (query, transport) => this.#replies(address, query, transport))
    }
    this.#inner.attach(FORGER_ADDRESS, (query) => this.#forged(query, undefined, 0))
  }

  kill(address: string, death: Death): void {
    this.#deaths.set(address, death)
  }

  revive(address: string): void {
    this.#deaths.delete(address)
  }

  /** Gives a server another edition of its zones. */
  publish(address: string, edition: number): void {
    this.#editionAt.set(address, edition)
  }

  /** All is well, and every server has the same edition. */
  calm(edition: number): void {
    this.weather = CALM
    this.#deaths.clear()
    for (const address of this.#parts.editions.addresses) this.publish(address, edition)
  }

  async ask(request: UpstreamRequest): Promise<UpstreamResult> {
    this.#parts.onAsk(request)
    this.outstanding++
    try {
      return await this.#ask(request)
    } finally {
      this.outstanding--
    }
  }

  #ask(request: UpstreamRequest): Promise<UpstreamResult> {
    const address = formatAddress(request.server.address)
    const death = this.#deaths.get(address)
    if (death === 'silent') return this.#fail('timeout', request.timeoutMs)
    if (death === 'refused') return this.#fail('refused', JITTER_MS)
    if (this.#strikes('resources')) return this.#fail('resources', 0)
    if (this.#strikes('unreachable')) return this.#fail('unreachable', 0)
    if (this.#strikes('refused')) return this.#fail('refused', JITTER_MS)
    if (this.#strikes('lost')) return this.#fail('timeout', request.timeoutMs)
    if (request.transport === 'tcp') {
      if (this.#strikes('reset')) return this.#fail('closed', JITTER_MS)
      if (this.#strikes('stalled')) return this.#fail('timeout', request.timeoutMs)
    }
    const reply = this.#inner.ask(request)
    // In a world of many hours what the lab remembers of each question would be all that grows.
    this.#inner.sent.length = 0
    return reply
  }

  #fail(reason: UpstreamFailure, afterMs: number): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      this.#parts.clock.after(afterMs, () => resolve({ kind: 'failure', reason }))
    })
  }

  #strikes(fault: Fault): boolean {
    const perThousand = this.weather[fault]
    if (perThousand === 0 || this.#parts.random.below(1000) >= perThousand) return false
    this.#parts.onFault(fault)
    return true
  }

  /** What comes back from a server that is up, in any order. */
  #replies(address: string, query: Uint8Array, transport: 'udp' | 'tcp'): LabReply[] {
    const { random, editions } = this.#parts
    const edition = this.#strikes('outdated') ? 0 : (this.#editionAt.get(address) ?? 0)
    const honest: Authority = editions.all[edition]!.authorities.get(address)!
    const delay = (): number => random.below(JITTER_MS) + (this.#strikes('late') ? random.below(LATE_MS) : 0)
    const genuine = honest(query, transport)
    const replies = genuine.map(({ message, delayMs }) => ({
      message: this.#spoil(query, message, transport),
      delayMs: delayMs + delay(),
    }))
    const [first] = replies
    if (first !== undefined && this.#strikes('repeated'))
      replies.push({ ...first, delayMs: first.delayMs + delay() })
    if (this.#strikes('forged')) replies.push(...this.#forged(query, genuine[0]?.message, 0))
    if (this.#strikes('overtaken')) replies.push(...this.#forged(query, genuine[0]?.message, JITTER_MS / 2))
    if (first !== undefined && first.message.length > 0 && this.#strikes('stray')) {
      for (let count = 1 + random.below(STRAYS_MAX); count > 0; count--) {
        const message = first.message.slice()
        message[random.below(Math.min(20, message.length))]! ^= 1 << random.below(8)
        replies.push({ message, delayMs: random.below(JITTER_MS) })
      }
    }
    return replies
  }

  #spoil(query: Uint8Array, message: Uint8Array, transport: 'udp' | 'tcp'): Uint8Array {
    const { random } = this.#parts
    if (this.#strikes('unwilling')) {
      const rcode = UNWILLING[random.below(UNWILLING.length)]!
      message = writeReply(parseHeader(query)!, readQuery(query), failure(rcode), transport)
    }
    if (this.#strikes('truncated')) {
      message = random.below(2) === 0 ? truncated(message) : message.slice()
      message[2]! |= FLAG_TC
    }
    if (this.#strikes('cut')) message = message.slice(0, random.below(message.length + 1))
    if (this.#strikes('corrupted')) {
      message = message.slice()
      for (let flips = 1 + random.below(FLIPS_MAX); flips > 0 && message.length > 0; flips--) {
        message[random.below(message.length)]! ^= 1 << random.below(8)
      }
    }
    return message
  }

  #forged(query: Uint8Array, genuine: Uint8Array | undefined, delayMs: number): LabReply[] {
    const { forger, random, clock } = this.#parts
    const message = forger.forge(query, genuine, random, clock.unixSeconds())
    return message === undefined ? [] : [{ message, delayMs }]
  }
}
