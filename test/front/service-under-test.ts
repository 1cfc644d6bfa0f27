/** A service with an answer cache of its own, a resolver that answers what it is told, and counters to look at. */
import { scanAddress } from '../../src/base/address-scan.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { type AnswerParts, writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { type TrustAnchor, TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { Client } from '../../src/front/client.ts'
import type { FrontCounters } from '../../src/front/counters.ts'
import { DROPPED } from '../../src/front/hit-path.ts'
import { Service, type ServiceOptions } from '../../src/front/service.ts'
import type { ServiceSettings } from '../../src/front/service-settings.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import type { ClientQuestion, ResolverPort, ValidationMode } from '../../src/resolver/ports.ts'
import type { EdnsOption } from '../../src/wire/edns.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { rrsetsFrom } from '../support/records.ts'

/** What a query is made of; everything has a plain default. */
export interface QueryForm {
  readonly name?: string
  readonly type?: number
  readonly class?: number
  readonly id?: number
  readonly rd?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  /** Octets offered in OPT; no OPT when left out. */
  readonly payload?: number
  readonly do?: boolean
  readonly version?: number
  readonly options?: readonly EdnsOption[]
}

export function query(form: QueryForm = {}): Uint8Array {
  const { name = 'www.example.se.', type = TYPE.A, class: qclass = CLASS.IN, id = 0x1234 } = form
  const edns =
    form.payload !== undefined || form.do === true || form.options !== undefined || form.version !== undefined
  const octets = writeQuery({
    id,
    question: { name: nameFrom(name), type, class: qclass },
    rd: form.rd ?? true,
    cd: form.cd ?? false,
    ...(edns
      ? {
          edns: {
            version: form.version ?? 0,
            udpPayloadOctets: form.payload ?? 1232,
            do: form.do ?? false,
            flags: 0,
            options: form.options ?? [],
          },
        }
      : {}),
  })
  if (form.ad === true) octets[3]! |= 0x20
  return octets
}

/** An answer of one signed A record, parts of it replaced. */
export function parts(replaced: Partial<AnswerParts> & { zone?: string; denial?: string } = {}): AnswerParts {
  const { zone, denial, ...rest } = replaced
  const name = rest.question?.name ?? nameFrom('www.example.se.')
  return {
    question: { name, type: TYPE.A, class: CLASS.IN },
    rcode: RCODE.NOERROR,
    answer: rrsetsFrom(zone ?? SIGNED_A),
    authority: denial === undefined ? [] : rrsetsFrom(denial),
    status: 'secure',
    reason: 1,
    ede: [],
    policySequence: 1,
    ttlSeconds: 300,
    authenticated: true,
    ...rest,
  }
}

const SIGNATURE = '13 3 300 20261201000000 20261101000000 4711 example.se. AAAA'
export const SIGNED_A: string = `www.example.se. 300 IN A 192.0.2.1\nwww.example.se. 300 IN RRSIG A ${SIGNATURE}\n`
/** The denial of a name, as NSEC. */
export const DENIAL = `
example.se. 900 IN SOA ns.example.se. hostmaster.example.se. 1 3600 600 604800 900
example.se. 900 IN RRSIG SOA 13 2 900 20261201000000 20261101000000 4711 example.se. AAAA
a.example.se. 900 IN NSEC z.example.se. A RRSIG NSEC
a.example.se. 900 IN RRSIG NSEC 13 3 900 20261201000000 20261101000000 4711 example.se. AAAA
`

/** Two DS anchors of the root, by key tag. */
export const anchorsWith: (...tags: number[]) => TrustAnchors = (...tags) =>
  new TrustAnchors(
    tags.map(
      (tag): TrustAnchor => ({
        zone: ROOT,
        ds: Uint8Array.of(tag >> 8, tag & 0xff, 8, 2, ...new Uint8Array(32)),
      }),
    ),
  )

/** Counts by name and label. */
export class CountersUnderTest implements FrontCounters {
  readonly counts: Map<string, number> = new Map()
  /** What the last batch of hits took. */
  hitMicros: number = Number.NaN

  get(name: string): number {
    return this.counts.get(name) ?? 0
  }

  clientQuery(transport: string): void {
    this.#add(`query ${transport}`)
  }

  answer(rcode: number, path: string): void {
    this.#add(`answer ${rcode} ${path}`)
  }

  hit(rcode: number): void {
    this.#add(`answer ${rcode} hit`)
  }

  hits(transport: string, count: number, micros: number): void {
    this.hitMicros = micros
    this.#add(`query ${transport}`, count)
    this.#add('hit', count)
  }

  servfail(ede: number | undefined): void {
    this.#add(`servfail ${ede ?? 'none'}`)
  }

  bogusAnswer(outcome: string): void {
    this.#add(`bogus ${outcome}`)
  }

  clientCookie(outcome: string): void {
    this.#add(`cookie ${outcome}`)
  }

  cacheHit(): void {
    this.#add('hit')
  }

  cacheMiss(): void {
    this.#add('miss')
  }

  limitHit(limit: string): void {
    this.#add(`limit ${limit}`)
  }

  limitTried(limit: string): void {
    this.#add(`dry run ${limit}`)
  }

  dropped(reason: string): void {
    this.#add(`dropped ${reason}`)
  }

  #add(name: string, count = 1): void {
    this.counts.set(name, this.get(name) + count)
  }
}

/** A policy that tests turn as they like. */
export interface PolicyUnderTest {
  sequence: number
  mode: ValidationMode
  anchors: TrustAnchors
}

export interface Bench {
  readonly service: Service
  readonly clock: VirtualClock
  readonly cache: AnswerCache
  readonly policy: PolicyUnderTest
  readonly counters: CountersUnderTest
  readonly faults: unknown[]
  /** Questions that reached the resolver, in text. */
  readonly asked: string[]
  /** Answers that the resolver was told to fetch in advance. */
  readonly prefetched: string[]
  /** What the resolver answers; may be replaced. */
  resolve: ResolverPort['resolve']
  /** Puts an answer into the cache. */
  store(parts: AnswerParts): void
  /** Octets of the reply, or `silence`. The hit path comes first, as with the sockets. */
  ask(octets: Uint8Array, client?: Client): Promise<Uint8Array | 'silence'>
  /** As `ask`, read by our own reader. Fails on silence. */
  message(octets: Uint8Array, client?: Client): Promise<Message>
}

/** A client at that address. */
export function client(transport: 'udp' | 'tcp' = 'udp', address = '127.0.0.1'): Client {
  const made = new Client(transport)
  if (!made.setAddress(address) || scanAddress(address, new Uint8Array(16)) === 0)
    throw new RangeError(address)
  made.idleMs = 10_000
  return made
}

export function bench(
  settings: Partial<ServiceSettings> = {},
  options: Partial<ServiceOptions> & { hitPath?: boolean; bytesMax?: number } = {},
): Bench {
  const clock = new VirtualClock(1_795_000_000)
  const cache = new AnswerCache({ bytesMax: options.bytesMax ?? 1_048_576, hashKey: [1, 2] })
  const policy: PolicyUnderTest = { sequence: 1, mode: 'enforce', anchors: anchorsWith(20326, 38696) }
  const counters = new CountersUnderTest()
  const faults: unknown[] = []
  const asked: string[] = []
  const prefetched: string[] = []
  const made: Bench = {
    service: new Service({
      hashKey: undefined,
      clock,
      answers: cache,
      policy,
      counters,
      onFault: (error) => faults.push(error),
      resolver: {
        resolve: (question: ClientQuestion) => {
          asked.push(`${formatName(question.name)} ${question.type}${question.checkingDisabled ? ' CD' : ''}`)
          return made.resolve(question)
        },
        prefetch: (name, type) => void prefetched.push(`${formatName(name)} ${type}`),
      },
      settings: {
        access: new AccessList({ allow: ['127.0.0.0/8', '::1/128'].map((text) => parsePrefix(text)!) }),
        localZones: new LocalZones(),
        any: 'minimal',
        texts: {},
        ...settings,
      },
      ...options,
    }),
    clock,
    cache,
    policy,
    counters,
    faults,
    asked,
    prefetched,
    resolve: async (question) => ({
      entry: writeAnswerEntry(parts({ question: { ...question, class: CLASS.IN } }), clock.nowMs()),
    }),
    store: (answer) => {
      const { name, type } = answer.question
      if (!cache.put(name, type, writeAnswerEntry(answer, clock.nowMs()), clock.nowMs()))
        throw new Error('not stored')
    },
    ask: (octets, from = client()) => {
      const out = new Uint8Array(65_535)
      const length = options.hitPath === false ? 0 : made.service.tryHit(octets, octets.length, from, out)
      if (length > 0) return Promise.resolve(out.slice(0, length))
      if (length === DROPPED) return Promise.resolve('silence')
      return new Promise((resolve) =>
        made.service.handle(octets, from, (reply) => resolve(reply ?? 'silence')),
      )
    },
    message: async (octets, from) => {
      const reply = await made.ask(octets, from)
      if (reply === 'silence') throw new Error('there was no reply')
      return parseMessage(reply)
    },
  }
  return made
}

/** INFO-CODEs of a reply. */
export function edeCodes(message: Message): number[] {
  const errors = (message.edns?.options ?? []).filter(({ code }) => code === 15)
  return errors.map(({ octets }) => (octets[0]! << 8) | octets[1]!)
}
