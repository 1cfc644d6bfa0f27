/**
 * The upstream side: replies of servers, damaged on their way to the engine. Clients ask a service in front of it, in
 * the lab Internet, where the truth is known: whatever comes back, no AD may stand on anything else.
 */
import type { VirtualClock } from '../../src/base/clock.ts'
import { UPSTREAM_QUERIES_MAX } from '../../src/base/limits.ts'
import { formatHex, octetsFromHex } from '../../src/base/octets.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Service } from '../../src/front/service.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import type { Upstream, UpstreamRequest, UpstreamResult } from '../../src/resolver/ports.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { isReplyTo, type Message, parseMessage } from '../../src/wire/message.ts'
import { skipName } from '../../src/wire/name-reader.ts'
import { CountersUnderTest, client, query } from '../front/service-under-test.ts'
import type { TestEngine } from '../support/engine.ts'
import { answerText, LabTruth, underId, type ZoneQuestion } from './lab-truth.ts'
import { mutate, pick, type Seed, seedOf } from './mutate.ts'
import { recombine } from './recombine.ts'
import { differenceOf, explanationOf } from './second-codec.ts'
import { RECORDED_SEEDS } from './seeds.ts'
import { type OnInput, type Target, Violation } from './target.ts'

const HEADER_OCTETS = 12
const RTT_MS = 10
/** Longest that a client may wait, virtual milliseconds: its seven seconds, and what is under way then. */
const PATIENCE_MS = 15_000
/** Clients that ask at a time at most. */
const CLIENTS_MAX = 4
/** Of how many replies one is damaged; drawn anew for each batch. */
const STEPS = [1, 2, 4] as const

let built: LabTruth | undefined

function lab(): LabTruth {
  built ??= new LabTruth()
  return built
}

/** See the head of this file. */
export const upstreamTarget: Target = {
  name: 'upstream',
  batchInputs: 250,
  async run(random: Random, count: number, onInput: OnInput): Promise<void> {
    const truth = lab()
    const [seeds, messages] = [await truth.seeds(), await truth.messages()]
    const step = pick(STEPS, random)
    let left = count
    const damage: Damage = (request, reply) => {
      if (left === 0 || random.below(step) > 0) return reply
      left--
      onInput()
      return damaged(reply, request.message, { seeds, messages, random })
    }
    const it = new UpstreamSide(truth, damage, random.below(0x1_0000))
    while (left > 0) {
      const clients = 1 + random.below(CLIENTS_MAX)
      await it.ask(
        Array.from({ length: clients }, () => pick(truth.questions, random)),
        random,
      )
      if (random.below(4) === 0) it.pass(random.below(600))
    }
    it.checkEnd()
  },
}

/**
 * A case of `cases/`: a reply in hexadecimal that takes the place of the true one wherever its question is asked, and
 * behind `ask:` in a remark what clients ask.
 */
export async function tryUpstreamCase(text: string): Promise<void> {
  const reply = octetsFromHex(text.replace(/#.*/g, ''))!
  const [, name, type] = /^# ask: (\S+) (\d+)$/m.exec(text)!
  const end = skipName(reply, HEADER_OCTETS) + 4
  const damage: Damage = ({ message }, truth) => {
    const same =
      formatHex(reply.subarray(HEADER_OCTETS, end)) === formatHex(message.subarray(HEADER_OCTETS, end))
    return same ? underId(reply, message) : truth
  }
  const it = new UpstreamSide(lab(), damage, 1)
  const question = { name: name!, type: Number(type) }
  for (let seed = 1; seed <= 3; seed++) await it.ask([question, question], seededRandom(seed))
  it.checkEnd()
}

/** What arrives instead of a true reply. */
type Damage = (request: UpstreamRequest, reply: Uint8Array) => Uint8Array

interface Means {
  readonly seeds: readonly Seed[]
  readonly messages: readonly Message[]
  readonly random: Random
}

/** Mostly a reply that passes for one to the query, whatever it then says. */
function damaged(reply: Uint8Array, query: Uint8Array, { seeds, messages, random }: Means): Uint8Array {
  const kind = random.below(16)
  if (kind < 8) return recombine(parseMessage(reply), messages, random)
  const others = RECORDED_SEEDS.length > 0 && random.below(2) === 0 ? RECORDED_SEEDS : seeds
  // Another server's reply to another question.
  const base = kind === 8 ? pick(others, random) : seedOf(reply)
  const mutant = mutate(base, others, random, random.below(4))
  return kind === 9 ? mutant : asReplyTo(query, mutant)
}

/** The id, the opcode and the question of the query, and QR: what the matcher of replies looks at. */
function asReplyTo(query: Uint8Array, mutant: Uint8Array): Uint8Array {
  const end = skipName(query, HEADER_OCTETS) + 4
  if (mutant.length < end) return mutant
  const reply = underId(mutant, query)
  reply[2] = 0x80 | (query[2]! & 0x78) | (reply[2]! & 0x07)
  reply[4] = 0
  reply[5] = 1
  reply.set(query.subarray(HEADER_OCTETS, end), HEADER_OCTETS)
  return reply
}

/** The network with the damage in it, holding the matcher of replies to its word. */
function networkOf(
  truth: LabTruth,
  damage: Damage,
  clock: VirtualClock,
  noteQuery: (request: UpstreamRequest, reply: Uint8Array | undefined) => void,
): Upstream {
  const later = (result: UpstreamResult, delayMs: number): Promise<UpstreamResult> =>
    new Promise((resolve) => void clock.after(delayMs, () => resolve(result)))
  return {
    ask: (request) => {
      const [first] = truth.repliesTo(request)
      const atMs = RTT_MS + (first?.delayMs ?? 0)
      if (first === undefined || atMs > request.timeoutMs) {
        noteQuery(request, undefined)
        return later({ kind: 'failure', reason: 'timeout' }, request.timeoutMs)
      }
      const reply = damage(request, underId(first.message, request.message))
      noteQuery(request, reply)
      const matches = isReplyTo(request.message, reply)
      if (matches !== looksLikeReply(request.message, reply)) throw new Error('the matcher of replies errs')
      if (matches) return later({ kind: 'reply', message: reply, rttMs: atMs }, atMs)
      return later({ kind: 'failure', reason: request.transport === 'tcp' ? 'closed' : 'near-miss' }, atMs)
    },
  }
}

/** RFC 5452 9.1 once more, in other words. */
function looksLikeReply(query: Uint8Array, reply: Uint8Array): boolean {
  if (reply.length < HEADER_OCTETS) return false
  const [asked, said] = [Buffer.from(query), Buffer.from(reply)]
  const sameHead =
    asked.readUInt16BE(0) === said.readUInt16BE(0) && (said[2]! & 0xf8) === (0x80 | (asked[2]! & 0x78))
  const count = said.readUInt16BE(4)
  if (!sameHead || count > 1) return false
  // FORMERR, SERVFAIL, NOTIMP and REFUSED may come without the question.
  if (count === 0) return [1, 2, 4, 5].includes(said[3]! & 0x0f)
  const end = skipName(query, HEADER_OCTETS) + 4
  return said.subarray(HEADER_OCTETS, end).equals(asked.subarray(HEADER_OCTETS, end))
}

/** One engine with a service in front. */
class UpstreamSide {
  readonly #truth: LabTruth
  readonly #engine: TestEngine
  readonly #service: Service
  readonly #from = client('tcp')
  #queries = 0
  /** The last replies that went in, to be told with a violation. */
  readonly #recent: string[] = []

  constructor(truth: LabTruth, damage: Damage, seed: number) {
    this.#truth = truth
    const note = (request: UpstreamRequest, reply: Uint8Array | undefined): void => this.#note(request, reply)
    this.#engine = truth.engine(seed, (clock) => networkOf(truth, damage, clock, note))
    const { clock, answers, policy, resolver, faults } = this.#engine
    this.#service = new Service({
      hashKey: undefined,
      clock,
      answers,
      policy,
      resolver,
      counters: new CountersUnderTest(),
      onFault: (fault) => faults.push(fault),
      settings: {
        access: new AccessList({ allow: [parsePrefix('127.0.0.0/8')!] }),
        localZones: new LocalZones(),
        any: 'minimal',
        texts: {},
      },
    })
  }

  #note(_request: UpstreamRequest, reply: Uint8Array | undefined): void {
    this.#queries++
    if (reply === undefined) return
    this.#recent.push(formatHex(reply))
    if (this.#recent.length > RECENT_MAX) this.#recent.shift()
  }

  pass(seconds: number): void {
    this.#engine.clock.advance(seconds * 1000)
  }

  /** Asks all at once and holds each reply against the truth. */
  async ask(questions: readonly ZoneQuestion[], random: Random): Promise<void> {
    const replies = questions.map((): Uint8Array[] => [])
    const queries = questions.map(({ name, type }, i) => {
      return query({ name, type, id: i, do: true, cd: random.below(8) === 0 })
    })
    this.#queries = 0
    for (const [i, octets] of queries.entries()) {
      this.#service.handle(octets, this.#from, (reply) => replies[i]!.push(reply ?? new Uint8Array(0)))
    }
    const { clock, faults } = this.#engine
    await clock.runUntil(() => replies.every((each) => each.length > 0), PATIENCE_MS)
    const [fault] = faults
    if (fault !== undefined)
      this.#fail(questions[0]!, `fault: ${fault instanceof Error ? fault.stack : fault}`)
    if (this.#queries > UPSTREAM_QUERIES_MAX * questions.length) {
      this.#fail(questions[0]!, `${this.#queries} queries for ${questions.length} questions`)
    }
    for (const [i, question] of questions.entries()) {
      if (replies[i]!.length !== 1) this.#fail(question, `${replies[i]!.length} replies`)
      const fault = await this.#faultOf(question, queries[i]!, replies[i]![0]!)
      if (fault !== undefined) this.#fail(question, fault)
    }
  }

  async #faultOf(question: ZoneQuestion, asked: Uint8Array, reply: Uint8Array): Promise<string | undefined> {
    const message = parseMessage(reply)
    const difference = differenceOf(reply, message)
    if (difference !== undefined && explanationOf(message) === undefined) return difference
    if (!looksLikeReply(asked, reply) || message.trailingOctets > 0) return 'no reply to its query'
    if (message.rcode === 2 && message.answer.length > 0) return 'data in SERVFAIL'
    if (!message.ad) return undefined
    const truth = await this.#truth.truthOf(question)
    const text = answerText(message.rcode, message)
    if (truth === undefined) return undefined
    if (!truth.authenticated || text !== truth.text)
      return `AD with ${text}\nwhere the truth is ${truth.text}`
    return undefined
  }

  #fail({ name, type }: ZoneQuestion, fault: string): never {
    const replies = this.#recent.map((hex, i) => (i === this.#recent.length - 1 ? hex : `# ${hex}`))
    throw new Violation(
      `${name} ${formatType(type)}: ${fault}`,
      `# ask: ${name} ${type}\n${replies.join('\n')}\n`,
    )
  }

  /** Nothing is under way any more. */
  checkEnd(): void {
    const { questions, lookups, fetches } = this.#engine.resolver.inFlight
    const waiting = this.#service.waiting
    if (questions + lookups + fetches + waiting > 0) {
      this.#fail(
        { name: '.', type: TYPE.NS },
        `left: ${questions}, ${lookups}, ${fetches}, ${waiting} in flight`,
      )
    }
  }
}

const RECENT_MAX = 30
