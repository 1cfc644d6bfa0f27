/** A lab Internet of some zones, an engine that resolves in it, and a record of what was asked. Nothing is shared between worlds. */
import { seededRandom } from '../../src/base/random.ts'
import { entryOctets, entryPolicySequence } from '../../src/cache/answer-entry.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { buildInternet, type LabInternet } from '../../src/lab/internet.ts'
import type { LabZone, Signing } from '../../src/lab/lab-zone.ts'
import { LabNetwork, type NetworkOptions } from '../../src/lab/network.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import type { Defect, Selection } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { foldName, namesEqual } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { makeEngine, type TestEngine, type TestEngineOptions } from './engine.ts'
import { type EntryReply, entryReply } from './entry.ts'

/** When the worlds are signed: for ten days before and twenty after. */
export const CLOCK: number = Date.parse('2026-11-21T12:00:00Z') / 1000

export const SIGNED: Signing = { algorithm: ALGORITHM.ECDSAP256SHA256 }
export const WWW = 'www A 192.0.2.80\n'

/** A zone for a test: signed and with a `www` unless told otherwise. */
export function zone(name: string, change: Partial<LabZone> = {}): LabZone {
  return { name, about: name, content: WWW, signing: SIGNED, questions: [], ...change }
}

/** The same, unsigned. */
export function plainZone(name: string, change: Partial<LabZone> = {}): LabZone {
  return { name, about: name, content: WWW, questions: [], ...change }
}

const ROOT: LabZone = zone('.', { content: '', servers: [{ name: 'a.root-servers.test.' }] })
const TEST: LabZone = zone('test.', { content: '' })

/** Gives the selected records another TTL after signing. */
export function withTtl(selection: Selection, ttlSeconds: number): Defect {
  return (records) =>
    records.map((record) => {
      const covered = record.type === TYPE.RRSIG ? (record.rdata[0]! << 8) | record.rdata[1]! : record.type
      const chosen =
        (selection.type === undefined || selection.type === covered) &&
        (selection.owner === undefined || namesEqual(selection.owner, record.owner))
      return chosen ? { ...record, ttlSeconds } : record
    })
}

/** What a test may choose. */
export interface WorldOptions
  extends Partial<
    Pick<
      TestEngineOptions,
      | 'settings'
      | 'policy'
      | 'seed'
      | 'timersEarlyMs'
      | 'rootHints'
      | 'anchors'
      | 'platform'
      | 'importKey'
      | 'noteWork'
      | 'betweenSteps'
      | 'watch'
      | 'onLateVerdict'
    >
  > {
  readonly network?: Omit<NetworkOptions, 'clock'>
}

/** One of a list of questions. */
export type Asked = readonly [name: string, type?: number]

/** An engine in its Internet. */
export interface World extends TestEngine {
  readonly network: LabNetwork
  readonly internet: LabInternet
  /** Asks all at once, and moves the clock until all are answered. */
  askAll(questions: readonly Asked[]): Promise<EntryReply[]>
  /** Asks as a client does: the answer cache first, the engine on a miss. */
  askCached(name: string, type?: number): Promise<EntryReply>
  /** The address of a name server, by its name. */
  addressOf(server: string): string
  /** Questions sent since `forget`, as `www.zone.test. A`; only those to `server` when given. */
  asked(server?: string): string[]
  forget(): void
  /** Moves the clock. */
  pass(seconds: number): void
  /** The zones as they are from now on; servers keep their addresses as long as the zones before theirs are the same. */
  become(zones: readonly LabZone[]): void
  readonly anchors: readonly TrustAnchor[]
}

/** A root and `test.` (both signed, unless they are among the zones) above these zones. */
export function catalogue(zones: readonly LabZone[]): LabZone[] {
  const base = [ROOT, TEST].filter((above) => !zones.some(({ name }) => name === above.name))
  return [...base, ...zones]
}

/** Makes a world. */
export function makeWorld(zones: readonly LabZone[], options: WorldOptions = {}): World {
  const internet = buildInternet({ nowSeconds: CLOCK, zones: catalogue(zones) })
  const anchors = options.anchors ?? anchorsFromRecords(internet.trustAnchors)
  let network: LabNetwork | undefined
  const engine = makeEngine({
    rootHints: hintsOf(internet.rootHints),
    ...options,
    unixSeconds: CLOCK,
    anchors,
    network: (clock) => {
      network = new LabNetwork({ clock, random: seededRandom(options.seed ?? 1), ...options.network })
      return network
    },
  })
  return new LabWorld(engine, network!, internet, anchors)
}

class LabWorld implements World {
  readonly network: LabNetwork
  readonly internet: LabInternet
  readonly anchors: readonly TrustAnchor[]
  readonly clock: TestEngine['clock']
  readonly resolver: TestEngine['resolver']
  readonly policy: TestEngine['policy']
  readonly rrsets: TestEngine['rrsets']
  readonly answers: TestEngine['answers']
  readonly counts: TestEngine['counts']
  readonly faults: TestEngine['faults']
  readonly ask: TestEngine['ask']
  readonly #addresses = new Map<string, string>()
  #seen = 0

  constructor(
    engine: TestEngine,
    network: LabNetwork,
    internet: LabInternet,
    anchors: readonly TrustAnchor[],
  ) {
    this.network = network
    this.internet = internet
    this.anchors = anchors
    this.clock = engine.clock
    this.resolver = engine.resolver
    this.policy = engine.policy
    this.rrsets = engine.rrsets
    this.answers = engine.answers
    this.counts = engine.counts
    this.faults = engine.faults
    this.ask = engine.ask
    this.#attach(internet)
  }

  become(zones: readonly LabZone[]): void {
    this.#attach(buildInternet({ nowSeconds: CLOCK, zones: catalogue(zones) }))
  }

  #attach(internet: LabInternet): void {
    for (const [address, authority] of internet.authorities) this.network.attach(address, authority)
    const records = [...internet.zones.values(), internet.rootHints].flat()
    for (const { owner, type, rdata } of records) {
      if (type === TYPE.A) this.#addresses.set(formatName(owner), rdata.join('.'))
    }
  }

  async askAll(questions: readonly Asked[]): Promise<EntryReply[]> {
    let answered = false
    const asking = questions.map(([name, type = TYPE.A]) =>
      this.resolver.resolve({ name: nameFrom(name), type, checkingDisabled: false }),
    )
    const all = Promise.all(asking).finally(() => {
      answered = true
    })
    await this.clock.runUntil(() => answered, 60_000)
    if (!answered) throw new Error('no answer to all within a minute')
    const replies = (await all).map(({ entry }) => entryReply(entry, this.clock.nowMs()))
    if (this.faults.length > 0) throw this.faults[0]
    return replies
  }

  askCached(name: string, type: number = TYPE.A): Promise<EntryReply> {
    const qname = nameFrom(name)
    const nowMs = this.clock.nowMs()
    const at = this.answers.find(qname, 0, qname.length, type, nowMs)
    if (at < 0 || entryPolicySequence(this.answers.octets, at) !== this.policy.sequence) {
      return this.ask(name, type)
    }
    const entry = this.answers.octets.slice(at, at + entryOctets(this.answers.octets, at))
    return Promise.resolve(entryReply(entry, nowMs))
  }

  addressOf(server: string): string {
    const address = this.#addresses.get(server)
    if (address === undefined) throw new RangeError(`no name server is called ${server}`)
    return address
  }

  asked(server?: string): string[] {
    const address = server === undefined ? undefined : this.addressOf(server)
    return this.network.sent
      .slice(this.#seen)
      .filter((query) => address === undefined || query.address === address)
      .map(({ message }) => {
        const { name, type } = parseMessage(message).questions[0]!
        return `${formatName(foldName(name))} ${formatType(type)}`
      })
  }

  forget(): void {
    this.#seen = this.network.sent.length
  }

  pass(seconds: number): void {
    this.clock.advance(seconds * 1000)
  }
}
