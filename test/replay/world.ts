/** The product under test: the real engine behind the real client side, with the clock and the network of a scenario. */
import { formatAddress } from '../../src/base/address.ts'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import { seededRandom } from '../../src/base/random.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import { type AnchorDuties, AnchorKeeper } from '../../src/daemon/anchors/keeper.ts'
import { anchorDuties } from '../../src/daemon/anchors/parts.ts'
import { policyOptions, resolverSettings, serviceSettings } from '../../src/daemon/parts.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import { type TrustAnchor, TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { anchorsOf, type TrustPoint } from '../../src/dnssec/trust-point.ts'
import { Client } from '../../src/front/client.ts'
import { Service } from '../../src/front/service.ts'
import { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { Resolver } from '../../src/resolver/engine.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { parseHeader } from '../../src/wire/message.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { importAnyKey, LEGACY_ALGORITHMS } from './legacy-algorithms.ts'
import { MockNetwork } from './mock-network.ts'
import { ScenarioClock } from './scenario-clock.ts'
import type { Setup } from './setup.ts'
import type { TrustState } from './trust-state.ts'

/** Scenarios are small, and hundreds of them run in one process. */
const CACHE_OCTETS = 1 << 20
const TABLE_ENTRIES = 1_000
const SEED = 1
/** Kept open by the client side for so long; no scenario waits for it. */
const TCP_IDLE_MS = 10_000

const ALGORITHMS = selfTest()
const DIGESTS = selfTestDigests()

/** A reply to a client. */
export interface ClientReply {
  readonly octets: Uint8Array
  readonly transport: 'udp' | 'tcp'
  /** Of the client, as text. */
  readonly address: string
  /** It came by TCP because the one by UDP was cut off. */
  readonly afterTruncation: boolean
}

/** See the head of this file. */
export class World {
  readonly clock: ScenarioClock
  readonly network: MockNetwork
  /** Replies that nobody has taken yet. */
  readonly replies: ClientReply[] = []
  /** Faults of our own, each a bug. */
  readonly faults: unknown[] = []
  readonly #service: Service
  readonly #keeper: AnchorKeeper
  readonly #duties: AnchorDuties
  /** What would be on disk. */
  #kept: readonly TrustPoint[]

  constructor(setup: Setup) {
    const { settings, signatureTime } = setup
    this.clock = new ScenarioClock(setup.startSeconds, fixedTime(signatureTime))
    this.network = new MockNetwork(this.clock)
    const random = seededRandom(SEED)
    const hashKey = drawHashKey(random)
    const nowMs = (): number => this.clock.nowMs()
    const onFault = (fault: unknown): void => void this.faults.push(fault)
    const counters = new Counters()
    const answers = new AnswerCache({ bytesMax: CACHE_OCTETS, hashKey })
    const boundless =
      signatureTime.kind === 'any' ? { skewSecondsMin: Infinity, skewSecondsMax: Infinity } : {}
    const policy = new ValidationPolicy({
      clock: this.clock,
      anchors: new TrustAnchors(setup.anchors),
      ...policyOptions(settings),
      ...boundless,
    })
    const legacy = setup.legacyAlgorithms ? LEGACY_ALGORITHMS : []
    const platform = { algorithms: new Set([...ALGORITHMS, ...legacy]), digests: DIGESTS }
    const resolver = new Resolver({
      clock: this.clock,
      random,
      upstream: this.network,
      policy,
      settings: resolverSettings(settings, setup.rootHints, []),
      counters,
      rrsets: new RrsetCache({ bytesMax: CACHE_OCTETS, hashKey, nowMs }),
      answers,
      platform,
      importKey: importAnyKey,
      onFault,
      tableEntriesMax: TABLE_ENTRIES,
    })
    this.#keeper = new AnchorKeeper({
      clock: this.clock,
      wallSeconds: () => Math.floor(this.clock.seconds),
      random,
      configured: new TrustAnchors(setup.trustPoints.flatMap(anchorsOf)),
      file: {
        load: () => ({ points: setup.trustPoints }),
        save: async ({ points }) => {
          this.#kept = points
          return true
        },
      },
      log: { info: () => {}, warn: () => {}, error: () => {} } as never,
    })
    this.#kept = setup.trustPoints
    const inForce = (followed: readonly TrustAnchor[]): TrustAnchor[] => [...setup.anchors, ...followed]
    policy.setAnchors(new TrustAnchors(inForce(this.#keeper.anchors.list)))
    this.#duties = anchorDuties({
      config: { settings: { ...settings, 'dnssec.anchor-bootstrap': undefined }, anchors: policy.anchors },
      clock: this.clock,
      platform,
      serving: {
        policy,
        fetchRecords: (name, type) => resolver.fetchRecords(name, type),
        changePolicy: async (change) => {
          const isAnchors = change.kind === 'anchors'
          policy.apply(isAnchors ? { ...change, anchors: inForce(change.anchors) } : change)
          policy.raise()
          return true
        },
      },
      log: { warn: () => {} } as never,
      importKey: importAnyKey,
    })
    this.#service = new Service({
      hashKey: undefined,
      resolver,
      answers,
      policy,
      counters,
      clock: this.clock,
      onFault,
      settings: serviceSettings(settings),
    })
  }

  /** Begins to follow the keys of trust anchors, where the scenario has any to follow. */
  followKeys(): void {
    this.#keeper.start(this.#duties)
  }

  /** What is kept of a zone, and when it is asked next. */
  trustState(zone: string): TrustState {
    const isIt = ({ zone: name }: TrustPoint): boolean => namesEqual(name, nameFrom(zone))
    const point = this.#kept.find(isIt)
    return {
      point,
      nextProbeSeconds: this.#keeper.zones.find(({ point: one }) => isIt(one))?.nextProbeSeconds,
    }
  }

  /**
   * A client asks; the reply, if any, is put among `replies`, perhaps at once. Scenarios know no truncation: where the
   * reply is cut off, the client asks again by TCP, as clients do.
   */
  ask(octets: Uint8Array, address: Uint8Array, transport: 'udp' | 'tcp', afterTruncation = false): void {
    const client = new Client(transport)
    const text = formatAddress(address)
    client.setAddress(text)
    client.idleMs = TCP_IDLE_MS
    const keep = (reply: Uint8Array | undefined): void => {
      if (reply === undefined) return
      if (transport === 'udp' && parseHeader(reply)?.tc === true) this.ask(octets, address, 'tcp', true)
      else this.replies.push({ octets: reply, transport, address: text, afterTruncation })
    }
    const out = new Uint8Array(65_535)
    const length = this.#service.tryHit(octets, octets.length, client, out)
    if (length > 0) keep(out.slice(0, length))
    else this.#service.handle(octets, client, keep)
  }
}

/**
 * Where any date will do, the clock stands before all signatures and the tolerance has no end: none has expired, none
 * is not valid yet, and none bounds a TTL.
 */
function fixedTime(time: Setup['signatureTime']): number | undefined {
  if (time.kind === 'any') return 1
  return time.kind === 'fixed' ? time.unixSeconds : undefined
}
