/** Tells the resolver of answers that are asked for shortly before they run out. */
import type { Moment } from '../base/clock.ts'
import { isWorthPrefetching } from '../cache/answer-cache.ts'
import type { ResolverPort } from '../resolver/ports.ts'
import { FOLD, type Name } from '../wire/name.ts'

/** A power of two; answers that share a slot are told of more often than need be. */
const SLOTS = 256
/** A popular name is hit a thousand times while its refresh is under way: the resolver is told once in so long. */
const AGAIN_MS = 1_000

/** Knows which answers the resolver was told of a moment ago: by a hash of the question, since entries have no fixed place. */
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
    const hash = questionHash(source, from, nameOctets, type)
    const slot = hash & (SLOTS - 1)
    const nowMs = now[0]!
    if (this.#told[slot] === hash && nowMs < this.#againMs[slot]!) return
    this.#told[slot] = hash
    this.#againMs[slot] = nowMs + AGAIN_MS
    this.#resolver.prefetch(source.slice(from, from + nameOctets) as Name, type)
  }
}

/** FNV-1a over the folded name and the type. Who makes two questions collide has one of them told of later. */
function questionHash(source: Uint8Array, from: number, nameOctets: number, type: number): number {
  let hash = 0x811c9dc5 ^ type
  for (let i = from; i < from + nameOctets; i++) hash = Math.imul(hash ^ FOLD[source[i]!]!, 0x01000193)
  return hash >>> 0
}
