/** Tells the resolver of answers that are asked for shortly before they run out. */
import type { Moment } from '../base/clock.ts'
import { isWorthPrefetching } from '../cache/answer-cache.ts'
import type { ResolverPort } from '../resolver/ports.ts'
import type { Name } from '../wire/name.ts'

/** A power of two; answers that share a slot are told of more often than need be. */
const SLOTS = 256
/** A popular name is hit a thousand times while its refresh is under way: the resolver is told once in so long. */
const AGAIN_MS = 1_000

/** Knows which answers the resolver was told of a moment ago, by where in the cache they are. */
export class PrefetchSignals {
  readonly #resolver: Pick<ResolverPort, 'prefetch'>
  readonly #told = new Uint32Array(SLOTS)
  readonly #againMs = new Float64Array(SLOTS)

  constructor(resolver: Pick<ResolverPort, 'prefetch'>) {
    this.#resolver = resolver
  }

  /**
   * An answer was given out of the cache. To be called once the reply is written; allocates only when it tells.
   *
   * @param octets hold the entry at offset `at`
   * @param ageSeconds of the entry
   * @param source holds the qname, `nameOctets` long, at offset `from`
   */
  hit(
    octets: Uint8Array,
    at: number,
    ageSeconds: number,
    now: Moment,
    source: Uint8Array,
    from: number,
    nameOctets: number,
    type: number,
  ): void {
    if (!isWorthPrefetching(octets, at, ageSeconds)) return
    const slot = (at >>> 3) & (SLOTS - 1)
    const nowMs = now[0]!
    if (this.#told[slot] === at && nowMs < this.#againMs[slot]!) return
    this.#told[slot] = at
    this.#againMs[slot] = nowMs + AGAIN_MS
    this.#resolver.prefetch(source.slice(from, from + nameOctets) as Name, type)
  }
}
