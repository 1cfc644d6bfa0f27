/** The client side: octets that claim to be queries, to the service and through the reader of TCP frames. */
import { formatHex, octetsEqual, octetsFromHex } from '../../src/base/octets.ts'
import type { Random } from '../../src/base/random.ts'
import type { AnswerParts } from '../../src/cache/answer-entry.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import type { ClientQuestion } from '../../src/resolver/ports.ts'
import { FormatError } from '../../src/wire/format-error.ts'
import { FrameReader } from '../../src/wire/frame-reader.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { type Message, parseMessage, parseQuestionMessage } from '../../src/wire/message.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { type Bench, bench, client, DENIAL, parts } from '../front/service-under-test.ts'
import { noise } from './mutate.ts'
import { differenceOf, explanationOf } from './second-codec.ts'
import { clientPacket } from './seeds.ts'
import { guarded, type OnInput, type Target, Violation } from './target.ts'

const HEADER_OCTETS = 12
const FLAG_QR = 0x80
const UDP_OCTETS_MIN = 512
const UDP_OCTETS_MAX = 1232
/** What a reply without records may have over its query: OPT with two options and the text of an error. */
const BARE_REPLY_OCTETS_MORE = 64
/** Frames of one stream. */
const FRAMES_MAX = 12

/** See the head of this file. */
export const clientTarget: Target = {
  name: 'client',
  batchInputs: 2_000,
  async run(random: Random, count: number, onInput: OnInput): Promise<void> {
    const it = new ClientSide()
    for (let tried = 0; tried < count; ) {
      if (random.below(16) === 0) {
        const packets = Array.from({ length: Math.min(count - tried, 1 + random.below(FRAMES_MAX)) }, () => {
          onInput()
          return clientPacket(random)
        })
        tried += packets.length
        await it.tryStream(packets, random)
        continue
      }
      const packet = clientPacket(random)
      onInput()
      tried++
      await it.try(packet, random.below(8))
    }
    it.checkEnd()
  },
}

/** A case of `cases/`: the octets in hexadecimal, from each kind of client. */
export async function tryClientCase(text: string): Promise<void> {
  const it = new ClientSide()
  const octets = octetsFromHex(text.replace(/#.*/g, ''))!
  for (let sender = 0; sender < 8; sender++) await it.try(octets, sender)
  it.checkEnd()
}

class ClientSide {
  readonly #bench: Bench
  readonly #senders: readonly Client[]
  readonly #hitOut = new Uint8Array(65_535)

  constructor() {
    this.#bench = bench({ texts: { version: 'x', identity: 'y' } })
    this.#bench.store(parts())
    this.#bench.resolve = async (question) => {
      return { entry: writeAnswerEntry(answerTo(question), this.#bench.clock.nowMs()) }
    }
    const [near, far] = ['127.0.0.1', '192.0.2.1']
    this.#senders = [
      ...Array.from({ length: 5 }, () => client('udp', near)),
      client('udp', far),
      client('tcp', near),
      client('tcp', far),
    ]
  }

  /** Asks as a listener does, and in the slow way as well. */
  async try(octets: Uint8Array, sender: number): Promise<void> {
    const from = this.#senders[sender]!
    await guarded(
      () => `# as ${from.transport}\n${formatHex(octets)}\n`,
      () => this.#try(octets, from),
    )
  }

  async #try(octets: Uint8Array, from: Client): Promise<void> {
    const before = octets.slice()
    const hit = this.#bench.service.tryHit(octets, octets.length, from, this.#hitOut)
    const replies: (Uint8Array | undefined)[] = []
    this.#bench.service.handle(octets, from, (reply) => replies.push(reply))
    // What has to be resolved comes a few turns later.
    for (let turn = 0; replies.length === 0 && turn < 10; turn++) await Promise.resolve()
    const [reply] = replies
    demand(replies.length === 1, `${replies.length} replies`)
    demand(octetsEqual(octets, before), 'the request was changed')
    if (hit > 0)
      demand(octetsEqual(reply!, this.#hitOut.subarray(0, hit)), 'the hit path says something else')
    demand(this.#bench.faults.length === 0, `fault ${(this.#bench.faults[0] as Error)?.stack}`)
    checkReply(octets, reply, from)
  }

  /** Sends packets as one stream that is cut into chunks anywhere. */
  async tryStream(packets: readonly Uint8Array[], random: Random): Promise<void> {
    const frames = packets.map((packet) => Buffer.concat([lengthOf(packet), packet]))
    const stream = new Uint8Array(Buffer.concat([...frames, noise(random, random.below(3))]))
    const came: Uint8Array[] = []
    const reader = new FrameReader()
    const tryFrames = (): void => {
      for (let at = 0; at < stream.length; ) {
        const end = Math.min(stream.length, at + 1 + random.below(random.below(3) === 0 ? 3 : 2_000))
        const chunk = stream.subarray(at, end)
        for (let from = 0; from < chunk.length; from = reader.end) {
          const frame = reader.read(chunk, from)
          demand(reader.end > from, 'the reader stands still')
          if (frame !== undefined) came.push(frame)
        }
        at = end
      }
      for (const [i, packet] of packets.entries()) demand(octetsEqual(came[i]!, packet), `frame ${i} differs`)
    }
    await guarded(() => `# a stream\n${formatHex(stream)}\n`, tryFrames)
    for (const frame of came.slice(0, packets.length)) await this.try(frame, 6)
  }

  /** Nothing waits, and what was counted while trying is forgotten. */
  checkEnd(): void {
    if (this.#bench.service.waiting > 0) throw new Violation(`${this.#bench.service.waiting} still wait`, '')
    this.#bench.asked.length = 0
  }
}

function lengthOf(packet: Uint8Array): Uint8Array {
  return Uint8Array.of(packet.length >> 8, packet.length & 0xff)
}

const LARGE = Array.from({ length: 40 }, (_, i) => `large.example.se. 300 IN TXT "${i} ${'x'.repeat(80)}"`)
const USUAL = parts()

/** Something of every kind, by the first label of the name; made once. */
const ANSWERS: Readonly<Record<string, AnswerParts>> = {
  large: parts({ zone: LARGE.join('\n') }),
  none: parts({ rcode: RCODE.NXDOMAIN, zone: '', denial: DENIAL }),
  bogus: parts({ status: 'bogus', ede: [{ code: 6, text: 'x'.repeat(100) }], authenticated: false }),
}

/** What the resolver behind the service says. */
function answerTo({ name, type }: ClientQuestion): AnswerParts {
  const [first] = formatName(name).split('.', 1)
  return { ...(ANSWERS[first!] ?? USUAL), question: { name, type, class: CLASS.IN } }
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

/** A reply that every client can live with: one that belongs to the request, can be read, and is no larger than it may be. */
function checkReply(request: Uint8Array, reply: Uint8Array | undefined, from: Client): void {
  const answerable = request.length >= HEADER_OCTETS && (request[2]! & FLAG_QR) === 0
  demand((reply !== undefined) === answerable, reply === undefined ? 'silence' : 'a reply to no query')
  if (reply === undefined) return
  const message = parseMessage(reply)
  demand(message.qr && message.trailingOctets === 0, 'no whole reply')
  demand(message.id === ((request[0]! << 8) | request[1]!), 'another id')
  demand(message.opcode === ((request[2]! >> 3) & 0x0f), 'another opcode')
  demand(!message.aa || message.rcode === RCODE.NOERROR || message.rcode === RCODE.NXDOMAIN, 'AA in an error')
  demand(reply.length <= roomFor(request, from), `${reply.length} octets`)
  const records = message.answer.length + message.authority.length + message.additional.length
  if (records === 0) {
    demand(reply.length <= request.length + BARE_REPLY_OCTETS_MORE + edeOctets(message), 'more than came')
  }
  const difference = differenceOf(reply, message)
  demand(difference === undefined || explanationOf(message) !== undefined, difference ?? '')
}

function edeOctets({ edns }: Message): number {
  return (edns?.options ?? []).reduce((octets, option) => octets + option.octets.length, 0)
}

/** The octets that a reply may have (RFC 6891 6.2.3): as offered, between what everybody takes and what we send. */
function roomFor(request: Uint8Array, from: Client): number {
  if (from.transport === 'tcp') return 65_535
  let offered = 0
  try {
    offered = parseQuestionMessage(request).edns?.udpPayloadOctets ?? 0
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
  return Math.max(UDP_OCTETS_MIN, Math.min(offered, UDP_OCTETS_MAX))
}
