/** Latencies as counts in buckets: 64 between a power of two and the next, so a value is kept within 1.6 %. */

const SUB_BITS = 6
const SUB_BUCKETS = 1 << SUB_BITS
/** As in native/generator.c: values up to 2^42 nanoseconds, more than an hour. */
const EXPONENT_MAX = 42
const BUCKETS = (EXPONENT_MAX - SUB_BITS + 1) << SUB_BITS

/** A bucket and how many values it holds: the form in which generators report. */
export type BucketCount = readonly [bucket: number, count: number]

/** The bucket of a whole number from 0. */
export function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return Math.floor(value)
  const exponent = Math.floor(Math.log2(value))
  // The logarithm of a number just below a power of two may be rounded up to it.
  const shift = (2 ** exponent > value ? exponent - 1 : exponent) - SUB_BITS
  const sub = Math.floor(value / 2 ** shift) - SUB_BUCKETS
  return Math.min(((shift + 1) << SUB_BITS) + sub, BUCKETS - 1)
}

/** The middle of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket
  const width = 2 ** ((bucket >> SUB_BITS) - 1)
  return ((bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS) * width + (width - 1) / 2
}

/** A count of values by size. */
export class Histogram {
  readonly #counts = new Map<number, number>()
  #total = 0

  static of(buckets: Iterable<BucketCount>): Histogram {
    const histogram = new Histogram()
    for (const [bucket, count] of buckets) histogram.#add(bucket, count)
    return histogram
  }

  get total(): number {
    return this.#total
  }

  record(value: number): void {
    this.#add(bucketOf(value), 1)
  }

  /** Sorted, empty ones left out. */
  buckets(): BucketCount[] {
    return [...this.#counts].sort(([a], [b]) => a - b)
  }

  /** The least value that at least this share (0 to 1) of all are not above; NaN of nothing. */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    for (const [bucket, count] of this.buckets()) {
      seen += count
      if (seen >= wanted) return middleOf(bucket)
    }
    return Number.NaN
  }

  mean(): number {
    let sum = 0
    for (const [bucket, count] of this.#counts) sum += middleOf(bucket) * count
    return sum / this.#total
  }

  #add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    this.#total += count
  }
}
