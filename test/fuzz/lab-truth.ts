/** The lab Internet as a list of questions, what its servers say to each query, and what a resolver must make of it. */
import { type Address, formatAddress } from '../../src/base/address.ts'
import { mapKey } from '../../src/base/octets.ts'
import { seededRandom } from '../../src/base/random.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import type { LabReply } from '../../src/lab/authority.ts'
import { LAB_ZONES } from '../../src/lab/catalogue.ts'
import { buildInternet, type LabInternet } from '../../src/lab/internet.ts'
import { LabNetwork } from '../../src/lab/network.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import type { Upstream, UpstreamRequest } from '../../src/resolver/ports.ts'
import { formatType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { canonicalRdata } from '../../src/wire/rdata/rdata.ts'
import { makeEngine, type TestEngine } from '../support/engine.ts'
import { rememberedKeys } from '../support/remembered-keys.ts'
import { CLOCK } from '../support/world.ts'
import { type Seed, seedOf } from './mutate.ts'

/** A question that clients put. */
export interface ZoneQuestion {
  readonly name: string
  readonly type: number
}

/** What may be said with AD; undefined where the zone or its servers are spoilt, and damage may undo that. */
export type Truth = { readonly authenticated: boolean; readonly text: string } | undefined

/** Which of its records a server gives for these is its own choice. */
const LEFT_OUT: readonly number[] = [TYPE.ANY, TYPE.RRSIG]
/** Zones whose servers change what they have. */
const LYING_ZONES = LAB_ZONES.filter(({ rewrites }) => rewrites !== undefined).map(({ name }) => name)
/** Zones with a record more or less than was signed. */
const SPOILT_ZONES = LAB_ZONES.filter(({ defects }) => defects !== undefined).map(({ name }) => name)
/** Labels put before a zone: names that are not there, or made from a wildcard. */
const MORE_LABELS = ['none', 'a.b.wild', 'wild', '*.wild', 'zzz']
const MORE_TYPES = [TYPE.A, TYPE.TXT, TYPE.DS, TYPE.NS, TYPE.DNSKEY, TYPE.SOA]

/** Built once a process; nothing in it changes but what is remembered. */
export class LabTruth {
  readonly questions: readonly ZoneQuestion[] = questions()
  readonly #internet: LabInternet = buildInternet({ nowSeconds: CLOCK, zones: LAB_ZONES })
  readonly #importKey = rememberedKeys()
  readonly #replies = new Map<string, readonly LabReply[]>()
  readonly #truths = new Map<string, Truth>()
  readonly #undisturbed = this.engine(1, (clock) => {
    const network = new LabNetwork({ clock, random: seededRandom(1) })
    for (const [address, authority] of this.#internet.authorities) network.attach(address, authority)
    return network
  })
  #seeds: readonly Seed[] | undefined
  #messages: readonly Message[] | undefined

  /** An engine of this Internet. */
  engine(seed: number, network: Parameters<typeof makeEngine>[0]['network']): TestEngine {
    return makeEngine({
      unixSeconds: CLOCK,
      anchors: anchorsFromRecords(this.#internet.trustAnchors),
      rootHints: hintsOf(this.#internet.rootHints),
      seed,
      network,
      importKey: this.#importKey,
    })
  }

  /** What the server asked says, without the id. Its answers are the same each time, so each is made once. */
  repliesTo({ server, transport, message }: UpstreamRequest): readonly LabReply[] {
    const address = formatAddress(server.address as Address)
    const key = `${address} ${transport} ${mapKey(message.subarray(2))}`
    const known = this.#replies.get(key)
    if (known !== undefined) return known
    const replies = this.#internet.authorities.get(address)?.(message, transport) ?? []
    if (this.#replies.size >= REPLIES_MAX) this.#replies.clear()
    this.#replies.set(key, replies)
    return replies
  }

  /** What an engine finds that nobody disturbs. */
  async truthOf({ name, type }: ZoneQuestion): Promise<Truth> {
    const key = `${name} ${type}`
    const known = this.#truths.get(key)
    if (this.#truths.has(key)) return known
    const reply = await this.#undisturbed.ask(name, type)
    const { authenticated, rcode, message } = reply
    const isIn = (zone: string): boolean => `.${name}`.endsWith(`.${zone}`)
    const lies = LYING_ZONES.some(isIn) || (!authenticated && SPOILT_ZONES.some(isIn))
    const truth = lies ? undefined : { authenticated, text: answerText(rcode, message) }
    this.#truths.set(key, truth)
    return truth
  }

  /** Replies of the lab's servers, to lend their octets; the same in every run. */
  async seeds(): Promise<readonly Seed[]> {
    this.#seeds ??= (await this.#sampleReplies()).map(seedOf)
    return this.#seeds
  }

  /** The same, read. */
  async messages(): Promise<readonly Message[]> {
    this.#messages ??= (await this.seeds()).map(({ octets }) => parseMessage(octets))
    return this.#messages
  }

  async #sampleReplies(): Promise<Uint8Array[]> {
    const replies: Uint8Array[] = []
    const network = (clock: { after(delayMs: number, fire: () => void): unknown }): Upstream => ({
      ask: (request) =>
        new Promise((resolve) => {
          const [reply] = this.repliesTo(request)
          if (reply !== undefined) replies.push(reply.message)
          clock.after(10, () => {
            if (reply === undefined) resolve({ kind: 'failure', reason: 'timeout' })
            else resolve({ kind: 'reply', message: underId(reply.message, request.message), rttMs: 10 })
          })
        }),
    })
    const engine = this.engine(1, network)
    for (const question of this.questions.filter((_, i) => i % SAMPLE_STEP === 0)) {
      await engine.ask(question.name, question.type)
    }
    return replies
  }
}

/** Damage leads to names that nobody else asks for; their replies are forgotten in the end. */
const REPLIES_MAX = 20_000
const SAMPLE_STEP = 7

/** A reply that was made for an equal query, under the id of this one. */
export function underId(reply: Uint8Array, query: Uint8Array): Uint8Array {
  const copy = reply.slice()
  copy[0] = query[0]!
  copy[1] = query[1]!
  return copy
}

/** Rcode and answer; order, signatures, TTLs and the case of names aside, which nobody signs. */
export function answerText(rcode: number, { answer }: Pick<Message, 'answer'>): string {
  const records = answer
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(
      ({ owner, type, rdata }) =>
        `${formatName(owner).toLowerCase()} ${formatType(type)} ${mapKey(canonicalRdata(type, rdata))}`,
    )
  // RFC 4034 6.3: records that differ in the case of names alone are one.
  return [`rcode ${rcode}`, ...[...new Set(records)].sort()].join('\n')
}

function questions(): ZoneQuestion[] {
  const all = new Map<string, ZoneQuestion>()
  const add = (name: string, type: number): void => {
    if (!LEFT_OUT.includes(type)) all.set(`${name.toLowerCase()} ${type}`, { name: name.toLowerCase(), type })
  }
  for (const { name: zone, questions: own } of LAB_ZONES) {
    for (const { name, type } of own) add(name, parseType(type)!)
    for (const [i, label] of MORE_LABELS.entries()) {
      add(zone === '.' ? `${label}.` : `${label}.${zone}`, MORE_TYPES[i % MORE_TYPES.length]!)
    }
    for (const type of MORE_TYPES) add(zone, type)
  }
  return [...all.values()]
}
