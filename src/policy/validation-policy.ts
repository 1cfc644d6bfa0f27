/** What the operator decided about validation, changeable while the resolver runs. */
import type { Cancel, Clock } from '../base/clock.ts'
import { EXCEPTIONS_MAX, SIGNATURE_SKEW_SECONDS_MAX, SIGNATURE_SKEW_SECONDS_MIN } from '../base/limits.ts'
import { type TrustAnchor, TrustAnchors } from '../dnssec/trust-anchors.ts'
import type { ResolverPolicy, ValidationMode } from '../resolver/ports.ts'
import type { Name } from '../wire/name.ts'
import { labelCount, nameKey, parentOf } from '../wire/name.ts'
import { PolicyWords } from './policy-words.ts'
import { NOT_COVERED, SuffixTable } from './suffix-table.ts'

/** A negative trust anchor (RFC 7646): below this name nothing is validated, for a time. */
export interface NegativeTrustAnchor {
  readonly name: Name
  readonly reason: string
  readonly author: string
  /** Seconds since 1970. */
  readonly expiresSeconds: number
  /** When it was added; undefined for one of the file. */
  readonly addedSeconds?: number
  /** It stays when the zone validates again. */
  readonly forced?: boolean
  /** The word that its hits are counted in: given by the policy that sets the words. */
  readonly number?: number
}

/** Where the policy starts. */
export interface ValidationPolicyOptions {
  readonly clock: Clock
  readonly mode: ValidationMode
  /** Percent of clients for whom mode `enforce` is enforced; all when left out. */
  readonly enforcedPercent?: number
  /** Some clients are spared whatever the percentage. */
  readonly hasExemptions?: boolean
  readonly anchors: TrustAnchors
  /** Those that have expired already are dropped. */
  readonly negativeTrustAnchors?: readonly NegativeTrustAnchor[]
  /** Zones never validated, without an end: private zones below a signed parent. */
  readonly insecureZones?: readonly Name[]
  /** DNSKEY algorithms that count as unsupported. */
  readonly disabledAlgorithms?: ReadonlySet<number>
  /** DS digest types that count as unsupported. */
  readonly disabledDigests?: ReadonlySet<number>
  readonly skewSecondsMin?: number
  readonly skewSecondsMax?: number
  /** Sequence number and mode, where threads share them; its own when left out. */
  readonly words?: PolicyWords
  /** Another thread's policy sets the words and looks for what expires; this one is told of changes (`apply`). */
  readonly follows?: boolean
}

/** Why nothing is judged at a name. */
type Exception = NonNullable<ReturnType<ResolverPolicy['exceptionAt']>>

/** A change that may alter verdicts, in a form that crosses threads. */
export type PolicyChange =
  | { readonly kind: 'anchors'; readonly anchors: readonly TrustAnchor[] }
  /** Sets or replaces the negative trust anchor of that name. */
  | { readonly kind: 'negative-trust-anchor'; readonly anchor: NegativeTrustAnchor }
  | { readonly kind: 'no-negative-trust-anchor'; readonly name: Name }
  | { readonly kind: 'insecure-zones'; readonly zones: readonly Name[] }
  | {
      readonly kind: 'disabled'
      readonly algorithms: ReadonlySet<number>
      readonly digests: ReadonlySet<number>
    }
  | { readonly kind: 'skew'; readonly minSeconds: number; readonly maxSeconds: number }

/** How often expiry is looked at: the wall clock may jump, so one long timer would not do. */
const EXPIRY_CHECK_MS = 60_000

/** The live `ResolverPolicy`. A change that may alter a verdict raises `sequence`: what was judged is judged again. */
export class ValidationPolicy implements ResolverPolicy {
  #skewSecondsMin: number
  #skewSecondsMax: number
  readonly #clock: Clock
  readonly #negative = new Map<string, NegativeTrustAnchor>()
  readonly #words: PolicyWords
  readonly #follows: boolean
  #insecure: ReadonlyMap<string, Name>
  #anchors: TrustAnchors
  #disabledAlgorithms: ReadonlySet<number>
  #disabledDigests: ReadonlySet<number>
  #cancelTimer: Cancel = () => {}
  #onExpired: ((name: Name) => void) | undefined
  /** The names of those in force, and in the same order the words of their hits. */
  #covered = new SuffixTable([])
  #numbers: readonly (number | undefined)[] = []

  constructor(options: ValidationPolicyOptions) {
    this.#clock = options.clock
    this.#words = options.words ?? new PolicyWords()
    this.#follows = options.follows ?? false
    this.#anchors = options.anchors
    this.#insecure = byKey(options.insecureZones ?? [])
    this.#disabledAlgorithms = options.disabledAlgorithms ?? new Set()
    this.#disabledDigests = options.disabledDigests ?? new Set()
    this.#skewSecondsMin = options.skewSecondsMin ?? SIGNATURE_SKEW_SECONDS_MIN
    this.#skewSecondsMax = options.skewSecondsMax ?? SIGNATURE_SKEW_SECONDS_MAX
    for (const anchor of options.negativeTrustAnchors ?? [])
      this.#negative.set(nameKey(anchor.name), this.#numbered(anchor))
    this.#cover()
    if (this.#follows) return
    this.#words.mode = options.mode
    this.setShare(options.enforcedPercent ?? 100, options.hasExemptions ?? false)
    this.#expire()
  }

  get sequence(): number {
    return this.#words.sequence
  }

  get mode(): ValidationMode {
    return this.#words.mode
  }

  get sparesSome(): boolean {
    return this.#words.sparesSome
  }

  get skewSecondsMin(): number {
    return this.#skewSecondsMin
  }

  get skewSecondsMax(): number {
    return this.#skewSecondsMax
  }

  get anchors(): TrustAnchors {
    return this.#anchors
  }

  get disabledAlgorithms(): ReadonlySet<number> {
    return this.#disabledAlgorithms
  }

  get disabledDigests(): ReadonlySet<number> {
    return this.#disabledDigests
  }

  /** Negative trust anchors in force. */
  get negativeTrustAnchors(): readonly NegativeTrustAnchor[] {
    return [...this.#negative.values()]
  }

  /** Answers that the negative trust anchor of this name made insecure. */
  exceptionHits(name: Name): number {
    const number = this.#negative.get(nameKey(name))?.number
    return number === undefined ? 0 : this.#words.hits(number)
  }

  /**
   * Counts an answer that is insecure by a negative trust anchor. Allocates nothing.
   *
   * @param name octets that hold the name that was asked, `length` of them from `from` on
   */
  countException(name: Uint8Array, length: number, from: number): void {
    const found = this.#covered.find(name, length, from)
    const number = found === NOT_COVERED ? undefined : this.#numbers[found]
    if (number !== undefined) this.#words.countHit(number)
  }

  /** Zones that are never validated. */
  get insecureZones(): readonly Name[] {
    return [...this.#insecure.values()]
  }

  /**
   * See `ResolverPolicy`. A positive anchor below the negative one is stronger; at the same name the negative one is
   * (RFC 7646 1.1: it is there to disable the chain).
   */
  negativeTrustAnchor(name: Name): boolean {
    return this.exceptionAt(name) !== undefined
  }

  exceptionAt(name: Name): Exception | undefined {
    if (this.#negative.size === 0 && this.#insecure.size === 0) return undefined
    const covering = this.#deepestNegative(name)
    if (covering === undefined) return undefined
    const positive = this.#anchors.closest(name)
    if (positive !== undefined && labelCount(positive) > labelCount(covering)) return undefined
    return this.#isNegative(nameKey(covering)) ? 'negative-trust-anchor' : 'insecure-zone'
  }

  /** Observing and enforcing reach the same verdicts; only switching validation on or off alters them. */
  setMode(mode: ValidationMode): void {
    const before = this.mode
    this.#words.mode = mode
    if (mode !== before && (mode === 'off' || before === 'off')) this.#words.raise()
  }

  /** Percent of clients for whom mode `enforce` is enforced. */
  get enforcedPercent(): number {
    return this.#words.percent
  }

  /** Alters no verdict, only who is told. */
  setShare(percent: number, hasExemptions: boolean): void {
    this.#words.percent = percent
    this.#words.hasExemptions = hasExemptions
  }

  setAnchors(anchors: TrustAnchors): void {
    this.#change({ kind: 'anchors', anchors: anchors.list })
  }

  /** Sets or replaces the anchor of that name. One that has expired already has no effect. */
  addNegativeTrustAnchor(anchor: NegativeTrustAnchor): void {
    this.#change({ kind: 'negative-trust-anchor', anchor })
  }

  /** Returns false when there was none. */
  removeNegativeTrustAnchor(name: Name): boolean {
    return this.#change({ kind: 'no-negative-trust-anchor', name })
  }

  setInsecureZones(zones: readonly Name[]): void {
    this.#change({ kind: 'insecure-zones', zones })
  }

  setDisabled(algorithms: ReadonlySet<number>, digests: ReadonlySet<number>): void {
    this.#change({ kind: 'disabled', algorithms, digests })
  }

  /**
   * Changes what this thread goes by, and leaves it to the caller to `raise` the sequence once all threads go by it:
   * what one of them judges meanwhile is judged again then.
   *
   * @returns false when it was so already
   */
  apply(change: PolicyChange): boolean {
    if (change.kind === 'no-negative-trust-anchor') {
      const had = this.#negative.delete(nameKey(change.name))
      this.#cover()
      return had
    }
    if (change.kind === 'anchors') this.#anchors = new TrustAnchors(change.anchors)
    else if (change.kind === 'insecure-zones') this.#insecure = byKey(change.zones)
    else if (change.kind === 'disabled') {
      this.#disabledAlgorithms = change.algorithms
      this.#disabledDigests = change.digests
    } else if (change.kind === 'skew') {
      this.#skewSecondsMin = change.minSeconds
      this.#skewSecondsMax = change.maxSeconds
    } else {
      this.#negative.set(nameKey(change.anchor.name), this.#numbered(change.anchor))
      this.#cover()
    }
    return true
  }

  /** A change as those who follow this policy are to be told of it. */
  forFollowers(change: PolicyChange): PolicyChange {
    if (change.kind !== 'negative-trust-anchor') return change
    return { ...change, anchor: this.#negative.get(nameKey(change.anchor.name)) ?? change.anchor }
  }

  /**
   * Has `tell` called for each negative trust anchor that has expired and is in force here no more: whoever follows this policy is to
   * drop it too, lest a clock that is set back revives it there. The caller raises the sequence then.
   */
  tellExpired(tell: (name: Name) => void): void {
    this.#onExpired = tell
  }

  /** Has everything judged again: after a flush, or when the wall clock jumped. */
  raise(): void {
    this.#words.raise()
    this.#expire()
  }

  /** Stops the timer of expiry. */
  close(): void {
    this.#cancelTimer()
  }

  #change(change: PolicyChange): boolean {
    const changed = this.apply(change)
    if (changed) this.raise()
    return changed
  }

  /** With the word for its hits: that which it has, or one that nobody has. */
  #numbered(anchor: NegativeTrustAnchor): NegativeTrustAnchor {
    if (this.#follows) return anchor
    const known = this.#negative.get(nameKey(anchor.name))?.number
    if (known !== undefined) return { ...anchor, number: known }
    const taken = new Set([...this.#negative.values()].map(({ number }) => number))
    for (let number = 0; number < EXCEPTIONS_MAX; number++) {
      if (taken.has(number)) continue
      this.#words.clearHits(number)
      return { ...anchor, number }
    }
    return anchor
  }

  #cover(): void {
    const all = [...this.#negative.values()]
    this.#covered = new SuffixTable(all.map(({ name }) => name))
    this.#numbers = all.map(({ number }) => number)
  }

  #deepestNegative(name: Name): Name | undefined {
    for (let zone = name; ; zone = parentOf(zone)) {
      const key = nameKey(zone)
      if (this.#insecure.has(key) || this.#isNegative(key)) return zone
      if (zone.length === 1) return undefined
    }
  }

  #isNegative(key: string): boolean {
    const anchor = this.#negative.get(key)
    return anchor !== undefined && anchor.expiresSeconds > this.#clock.unixSeconds()
  }

  /** Drops what has expired and looks again when the next one does, or in a minute. */
  #expire(): void {
    this.#cancelTimer()
    this.#cancelTimer = () => {}
    const now = this.#clock.unixSeconds()
    let nextSeconds = Number.POSITIVE_INFINITY
    const expired: Name[] = []
    for (const [key, { name, expiresSeconds }] of this.#negative) {
      if (expiresSeconds > now) nextSeconds = Math.min(nextSeconds, expiresSeconds)
      else {
        this.#negative.delete(key)
        expired.push(name)
      }
    }
    if (expired.length > 0) {
      this.#cover()
      this.#words.raise()
      for (const name of expired) this.#onExpired?.(name)
    }
    if (nextSeconds === Number.POSITIVE_INFINITY) return
    const delayMs = Math.min(EXPIRY_CHECK_MS, (nextSeconds - now) * 1000)
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#expire())
  }
}

function byKey(zones: readonly Name[]): ReadonlyMap<string, Name> {
  return new Map(zones.map((zone) => [nameKey(zone), zone]))
}
