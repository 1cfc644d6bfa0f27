/**
 * One seed: the real service and the real engine between simulated clients and a simulated Internet, under a clock of
 * their own. The same seed gives the same run, to the octet.
 */
import { createHash, type Hash } from 'node:crypto'
import { VirtualClock } from '../../src/base/clock.ts'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import { MESSAGE_OCTETS_MAX, QUERY_TIME_MS_MAX, UPSTREAM_QUERIES_MAX } from '../../src/base/limits.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import type { KeyImport } from '../../src/dnssec/keys.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { Client } from '../../src/front/client.ts'
import { Service } from '../../src/front/service.ts'
import { onPlatform } from '../../src/lab/expectation.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { PolicyWords } from '../../src/policy/policy-words.ts'
import { Rollout } from '../../src/policy/rollout.ts'
import { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { Resolver } from '../../src/resolver/engine.ts'
import type { ResolverPort, Upstream } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import { rememberedKeys } from '../support/remembered-keys.ts'
import { buildEditions, type Editions } from './editions.ts'
import { Forger } from './forgeries.ts'
import { History } from './history.ts'
import { FaultyNetwork } from './network.ts'
import { Oracle } from './oracle.ts'
import { Paths } from './paths.ts'
import { drawPlan, type Happening, type Plan } from './plan.ts'
import { edesOf, faultsByCatalogue, faultsOfReply, faultsWhenCalm } from './properties.ts'
import { type ClientForm, formOf } from './questions.ts'

/** What seeds share: it is made once and never changed. */
export interface Ground {
  readonly editions: Editions
  readonly oracle: Oracle
  readonly forger: Forger
  readonly localZones: LocalZones
  readonly access: AccessList
  readonly platform: { readonly algorithms: ReadonlySet<number>; readonly digests: ReadonlySet<number> }
  readonly importKey: KeyImport
}

export function makeGround(): Ground {
  const editions = buildEditions()
  return {
    editions,
    oracle: new Oracle(editions),
    forger: new Forger(editions),
    localZones: new LocalZones(),
    access: new AccessList(),
    platform: { algorithms: selfTest(), digests: selfTestDigests() },
    importKey: rememberedKeys(),
  }
}

/** The client side, as the listeners see it. */
export type Door = Pick<Service, 'tryHit' | 'handle' | 'waiting'>

/** Where a test puts something broken, to see that it is found. */
export interface Seams {
  upstream?(inner: Upstream): Upstream
  resolver?(inner: Resolver): ResolverPort
  readonly importKey?: KeyImport
  door?(inner: Door): Door
}

/** What came of a seed. */
export interface Outcome {
  readonly seed: number
  /** What did not hold, in words; empty when all did. */
  readonly violations: readonly string[]
  /** Digest of everything that crossed the network and went to clients. */
  readonly hash: string
  readonly paths: readonly string[]
  readonly questions: number
  readonly upstreamQueries: number
}

interface Asked {
  readonly form: ClientForm
  readonly sentMs: number
  replies: number
}

/** A question is answered within its time; timers and the last reply may take this much more. */
const SLACK_MS = 100
/** Virtual time in which what clients no longer wait for must have ended. */
const DRAIN_MS = 30_000
/** Questions of the catalogue asked when all is well again. */
const FINAL_QUESTIONS_MAX = 4
const VIOLATIONS_MAX = 5
/** Happenings that the clock has at once: it looks through all of its timers for the next one. */
const AWAITED_MAX = 500
const NTA_SECONDS = 40 * 86_400

/** Something else than `drawPlan` and nobody who listens. */
export interface Course {
  readonly draw?: (random: Random, editions: Editions) => Plan
  /** Told before each happening, with the virtual time. */
  readonly onStep?: (nowMs: number) => void
}

/** Runs one seed. */
export async function simulate(
  seed: number,
  ground: Ground,
  seams: Seams = {},
  course: Course = {},
): Promise<Outcome> {
  const world = new World(seed, ground, seams, course)
  const onRejection = (fault: unknown): void => world.violated(`unhandled rejection: ${String(fault)}`)
  process.on('unhandledRejection', onRejection)
  try {
    return await world.run()
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}

class World {
  readonly #seed: number
  readonly #ground: Ground
  readonly #random: Random
  readonly #plan: Plan
  readonly #clock: VirtualClock
  readonly #policy: ValidationPolicy
  readonly #history: History
  readonly #rrsets: RrsetCache
  readonly #answers: AnswerCache
  readonly #network: FaultyNetwork
  readonly #resolver: Resolver
  readonly #door: Door
  readonly #paths = new Paths()
  readonly #clients: readonly Client[]
  readonly #hash: Hash = createHash('sha256')
  readonly #out = new Uint8Array(MESSAGE_OCTETS_MAX)
  readonly #violations: string[] = []
  readonly #onStep: Course['onStep']
  #asked = 0
  /** Questions that a client waits for. */
  #open = 0
  #toCome = 0
  #upstreamQueries = 0
  #resolutions = 0
  /** All is well, so answers must be what the catalogue says. */
  #calm: boolean

  constructor(seed: number, ground: Ground, seams: Seams, { draw = drawPlan, onStep }: Course) {
    this.#onStep = onStep
    this.#seed = seed
    this.#ground = ground
    const random = seededRandom(seed)
    this.#random = random
    const plan = draw(random, ground.editions)
    this.#plan = plan
    this.#calm = plan.calm
    const clock = new VirtualClock(plan.startSeconds)
    this.#clock = clock
    const anchors = new TrustAnchors(ground.editions.anchors)
    const words = new PolicyWords()
    this.#policy = new ValidationPolicy({ clock, mode: 'enforce', anchors, words })
    this.#history = new History(clock, this.#policy)
    const hashKey = drawHashKey(random)
    const nowMs = (): number => clock.nowMs()
    this.#rrsets = new RrsetCache({ bytesMax: plan.cacheOctets.rrsets, hashKey, nowMs })
    this.#answers = new AnswerCache({ bytesMax: plan.cacheOctets.answers, hashKey })
    this.#network = new FaultyNetwork({
      clock,
      random,
      editions: ground.editions,
      forger: ground.forger,
      onAsk: ({ message, transport }) => {
        this.#upstreamQueries++
        this.#hash.update(`${clock.nowMs()} ${transport}`).update(message)
      },
      onFault: (fault) => this.#paths.note(`net ${fault}`),
    })
    const onFault = (fault: unknown): void => this.violated(`fault of our own: ${describe(fault)}`)
    this.#resolver = new Resolver({
      clock,
      random,
      policy: this.#policy,
      rrsets: this.#rrsets,
      answers: this.#answers,
      upstream: seams.upstream?.(this.#network) ?? this.#network,
      counters: this.#paths.engineCounters,
      platform: ground.platform,
      importKey: seams.importKey ?? ground.importKey,
      onFault,
      tableEntriesMax: plan.tableEntriesMax,
      settings: { ...ENGINE_SETTINGS, rootHints: ground.editions.rootHints, ...plan.settings },
    })
    const rollout = new Rollout({ words, key: hashKey, ipv4Bits: 32, ipv6Bits: 56 })
    const port = seams.resolver?.(this.#resolver) ?? this.#resolver
    const service = new Service({
      hashKey: undefined,
      clock,
      answers: this.#answers,
      policy: this.#policy,
      enforcement: {
        enforces: ({ address, addressOctets, listener }) =>
          rollout.enforces(address, addressOctets, listener),
      },
      counters: this.#paths.frontCounters,
      onFault,
      resolver: {
        resolve: (question, trace) => {
          this.#resolutions++
          return port.resolve(question, trace)
        },
        prefetch: (name, type) => {
          this.#resolutions++
          port.prefetch(name, type)
        },
      },
      settings: {
        access: ground.access,
        localZones: ground.localZones,
        any: random.below(2) === 0 ? 'minimal' : 'full',
        texts: {},
      },
    })
    this.#door = seams.door?.(service) ?? service
    this.#clients = [1, 2, 3, 4].flatMap((n) => [makeClient('udp', n), makeClient('tcp', n)])
  }

  violated(what: string): void {
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push(what)
  }

  async run(): Promise<Outcome> {
    this.#toCome = this.#plan.happenings.length
    this.#await(0, this.#clock.nowMs())
    await this.#settle('while it happens')
    await this.#recover()
    this.#policy.close()
    return {
      seed: this.#seed,
      violations: this.#violations,
      hash: this.#hash.digest('hex').slice(0, 16),
      paths: this.#paths.seen,
      questions: this.#asked,
      upstreamQueries: this.#upstreamQueries,
    }
  }

  /** Has the next happenings come, and in the end those behind them. */
  #await(first: number, startMs: number): void {
    const { happenings } = this.#plan
    const end = Math.min(first + AWAITED_MAX, happenings.length)
    for (let i = first; i < end; i++) {
      const { atMs, what } = happenings[i]!
      this.#clock.after(startMs + atMs - this.#clock.nowMs(), () => {
        this.#toCome--
        if (i === end - 1) this.#await(end, startMs)
        this.#happen(what)
      })
    }
  }

  // --- what happens ------------------------------------------------------------------------------------------------

  #happen(what: Happening): void {
    this.#onStep?.(this.#clock.nowMs())
    switch (what.kind) {
      case 'question':
        this.#ask(what.form, what.client)
        return
      case 'weather':
        this.#network.weather = what.weather
        return
      case 'kill':
        this.#network.kill(what.address, what.death)
        return
      case 'revive':
        this.#network.revive(what.address)
        return
      case 'publish':
        this.#network.publish(what.address, what.edition)
        return
      case 'clock':
        this.#setWallClock(what.unixSeconds)
        return
      case 'nta':
        if (what.add) this.#addNegativeTrustAnchor(what.name)
        else this.#policy.removeNegativeTrustAnchor(what.name)
        break
      case 'mode':
        this.#policy.setMode(what.mode)
        break
      case 'share':
        this.#policy.setShare(what.percent, false)
        break
      case 'flush':
        this.#resolver.flush()
        return
      case 'calm':
        this.#calm = what.calm
        if (what.calm && this.#underWay() > 0) this.violated(`${this.#underWay()} under way before the calm`)
        return
    }
    this.#history.note()
  }

  #addNegativeTrustAnchor(name: ClientForm['name']): void {
    const expiresSeconds = this.#clock.unixSeconds() + NTA_SECONDS
    this.#policy.addNegativeTrustAnchor({ name, reason: 'simulation', author: 'seed', expiresSeconds })
  }

  /** Verdicts are reached anew after a jump, as an operator has it done. */
  #setWallClock(unixSeconds: number): void {
    this.#history.note()
    this.#clock.setUnixSeconds(unixSeconds)
    this.#policy.raise()
    this.#history.note()
  }

  #ask(form: ClientForm, clientNumber: number): void {
    const asked: Asked = { form, sentMs: this.#clock.nowMs(), replies: 0 }
    this.#asked++
    this.#open++
    this.#paths.begin()
    const client = this.#clients[clientNumber * 2 + (form.transport === 'tcp' ? 1 : 0)]!
    const length = this.#door.tryHit(form.octets, form.octets.length, client, this.#out)
    if (length > 0) this.#onReply(asked, this.#out.slice(0, length))
    else this.#door.handle(form.octets, client, (reply) => this.#onReply(asked, reply))
  }

  // --- properties --------------------------------------------------------------------------------------------------

  #onReply(asked: Asked, octets: Uint8Array | undefined): void {
    asked.replies++
    const { form, sentMs } = asked
    if (asked.replies > 1) {
      this.violated('a question was answered twice')
      return
    }
    this.#open--
    const tookMs = this.#clock.nowMs() - sentMs
    this.#hash.update(`${this.#clock.nowMs()}`).update(octets ?? 'silence')
    if (tookMs > QUERY_TIME_MS_MAX + SLACK_MS) this.violated(`a question waited ${tookMs} ms`)
    if (octets === undefined) {
      if (!form.mangled) this.violated('a whole question got no answer')
      this.#paths.end('silence')
      return
    }
    const reply = readReply(octets)
    if (reply === undefined) {
      this.violated('a reply cannot be read')
      return
    }
    if (form.octets[0] !== octets[0] || form.octets[1] !== octets[1] || !reply.qr)
      this.violated('a reply is no reply to its question')
    this.#paths.end(`${form.transport} ${reply.rcode} ${reply.ad} ${reply.tc} ${edesOf(reply).join(',')}`)
    this.#judge(asked, reply)
  }

  #judge({ form, sentMs }: Asked, reply: Message): void {
    const { oracle, platform, localZones } = this.#ground
    const circumstances = this.#history.since(sentMs, {
      servesStale: this.#plan.settings.serveStale !== undefined,
      local: (name, type) => localZones.answer(name, type) !== undefined,
    })
    const faults = faultsOfReply(form, reply, oracle, circumstances)
    // Where referrals are verified, a zone with broken keys is not even asked.
    const unheard = form.cd && this.#plan.settings.verifyReferrals === true
    if (this.#calm && form.usual && !unheard) {
      faults.push(
        ...faultsWhenCalm(onPlatform(form.expectation!, platform.algorithms), reply, form.name, oracle),
      )
    }
    if (form.expectation !== undefined && form.class === CLASS.IN && !form.mangled && !form.cd) {
      const expected = onPlatform(form.expectation, platform.algorithms)
      if (form.ad || form.do)
        faults.push(...faultsByCatalogue(expected, reply, circumstances, form.name, oracle))
    }
    for (const fault of faults) this.violated(fault)
  }

  /** What must hold after every step. */
  #check(): void {
    const { rrsets, answers } = this.#plan.cacheOctets
    if (this.#rrsets.bytesUsed > rrsets) this.violated(`${this.#rrsets.bytesUsed} octets of RRsets`)
    if (this.#answers.bytesUsed > answers) this.violated(`${this.#answers.bytesUsed} octets of answers`)
    if (this.#upstreamQueries > UPSTREAM_QUERIES_MAX * Math.max(1, this.#resolutions))
      this.violated(`${this.#upstreamQueries} questions sent for ${this.#resolutions} of clients`)
  }

  /** Runs until everything has happened and everybody has an answer, then until nothing is under way. */
  async #settle(when: string): Promise<void> {
    const patienceMs = this.#plan.happenings.at(-1)!.atMs + QUERY_TIME_MS_MAX + DRAIN_MS
    await this.#clock.runUntil(() => {
      this.#check()
      return this.#toCome === 0 && this.#open === 0
    }, patienceMs)
    if (this.#open > 0) this.violated(`${this.#open} questions got no answer ${when}`)
    await this.#clock.runUntil(() => this.#underWay() === 0, DRAIN_MS)
    if (this.#underWay() > 0) {
      const { questions, lookups, fetches } = this.#resolver.inFlight
      const { outstanding } = this.#network
      this.violated(
        `still under way ${when}: ${questions} questions, ${lookups} look-ups, ${fetches} fetches, ` +
          `${outstanding} exchanges, ${this.#door.waiting} waiting`,
      )
    }
    this.#check()
  }

  #underWay(): number {
    const { questions, lookups, fetches } = this.#resolver.inFlight
    return questions + lookups + fetches + this.#network.outstanding + this.#door.waiting
  }

  /** The faults end; once their traces have run out, everything is as the catalogue says. */
  async #recover(): Promise<void> {
    const plan = this.#plan
    this.#network.calm(plan.finalEdition)
    for (const { name } of this.#policy.negativeTrustAnchors) this.#policy.removeNegativeTrustAnchor(name)
    this.#policy.setMode('enforce')
    this.#policy.setShare(100, false)
    this.#clock.advance(plan.patienceMs)
    this.#setWallClock(plan.finalSeconds)
    this.#calm = true
    const { expectations } = plan.source
    const first = this.#random.below(expectations.length)
    const count = Math.min(FINAL_QUESTIONS_MAX, expectations.length)
    for (let i = 0; i < count; i++) {
      const expectation = expectations[(first + i) % expectations.length]!
      this.#ask(formOf(expectation, this.#random.below(0x1_0000)), 0)
      // Two at a time, so that they share work.
      if (i % 2 === 0 && i + 1 < count) continue
      await this.#settle('when all was well again')
    }
  }
}

function makeClient(transport: 'udp' | 'tcp', n: number): Client {
  const client = new Client(transport)
  client.setAddress(`127.0.0.${n}`)
  client.idleMs = 10_000
  return client
}

function readReply(octets: Uint8Array): Message | undefined {
  try {
    return parseMessage(octets)
  } catch {
    return undefined
  }
}

function describe(fault: unknown): string {
  return fault instanceof Error
    ? (fault.stack ?? fault.message).split('\n').slice(0, 3).join(' ')
    : String(fault)
}
