/** What clients ask in the comparison: popular names by Zipf's law, and among them names that nobody asks for twice. */

/** A sequence of questions, one every `intervalMs`. */
export interface Trace {
  /** Number of the name each question is for. */
  readonly names: Int32Array
  /** Octets of the answer of a name, as the answer cache keeps it. */
  readonly octets: Uint16Array
  readonly ttlMs: Uint32Array
  readonly intervalMs: number
}

/** What makes one trace different from another. */
export interface TraceOptions {
  readonly requests: number
  /** Names that are asked for by Zipf's law. */
  readonly names: number
  /** The n-th name is asked for in proportion to 1 / n^exponent. */
  readonly exponent: number
  /** Share of questions for a random subdomain, never asked for before or after. */
  readonly noise: number
  readonly seed: number
}

const QUESTIONS_A_SECOND = 2_000

/** A kind of answers: how many in a hundred, octets in the cache (those of `answer-entry.ts`), time to live. */
interface AnswerKind {
  readonly share: number
  readonly octets: number
  readonly ttlSeconds: number
}

const POPULAR: readonly AnswerKind[] = [
  { share: 30, octets: 120, ttlSeconds: 60 },
  { share: 30, octets: 120, ttlSeconds: 300 },
  { share: 15, octets: 232, ttlSeconds: 300 },
  { share: 15, octets: 136, ttlSeconds: 3_600 },
  { share: 10, octets: 272, ttlSeconds: 86_400 },
]
/** Denials: unsigned with SOA; signed with three NSEC3 records. */
const SCANNED: readonly AnswerKind[] = [
  { share: 60, octets: 176, ttlSeconds: 900 },
  { share: 40, octets: 960, ttlSeconds: 3_600 },
]

/** A small generator with a seed (mulberry32): numbers from 0 to below 1. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** Makes a trace; the same options make the same one. */
export function makeTrace({ requests, names, exponent, noise, seed }: TraceOptions): Trace {
  const random = generator(seed)
  const shares = new Float64Array(names)
  let sum = 0
  for (let i = 0; i < names; i++) {
    sum += 1 / (i + 1) ** exponent
    shares[i] = sum
  }
  const asked = new Int32Array(requests)
  let strangers = 0
  for (let i = 0; i < requests; i++) {
    asked[i] = random() < noise ? names + strangers++ : rankOf(shares, random() * sum)
  }
  const octets = new Uint16Array(names + strangers)
  const ttlMs = new Uint32Array(names + strangers)
  for (let name = 0; name < octets.length; name++) {
    const kind = kindOf(name < names ? POPULAR : SCANNED, random() * 100)
    octets[name] = kind.octets
    ttlMs[name] = kind.ttlSeconds * 1000
  }
  return { names: asked, octets, ttlMs, intervalMs: 1000 / QUESTIONS_A_SECOND }
}

/** The first name whose shares add up to more than `point`. */
function rankOf(shares: Float64Array, point: number): number {
  let low = 0
  let high = shares.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (shares[middle]! > point) high = middle
    else low = middle + 1
  }
  return low
}

function kindOf(kinds: readonly AnswerKind[], point: number): AnswerKind {
  let sum = 0
  for (const kind of kinds) {
    sum += kind.share
    if (point < sum) return kind
  }
  return kinds.at(-1)!
}
