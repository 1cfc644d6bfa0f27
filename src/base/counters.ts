/**
 * Counters and histograms as one typed array: raised on the hot path by an index, read at scrape. One thread
 * raises a set; others may read it when the cells lie in shared memory.
 */
import { assert } from './assert.ts'

/** A counter or histogram, with one label at most. */
export interface Family {
  readonly name: string
  readonly help: string
  /** Name of the label; without it the family has one value. */
  readonly label?: string
  /** Every value the label can take. The last one takes what none of the others names. */
  readonly values?: readonly string[]
  /** Upper bounds of the buckets, rising, without the infinite one. Makes it a histogram. */
  readonly bounds?: readonly number[]
}

/** One value of a counter. */
export interface CounterSample {
  readonly labelValue: string
  readonly count: number
}

/** One value of a histogram. */
export interface HistogramSample {
  readonly labelValue: string
  /** Observations at or below each bound; one more at the end for those above all. Not cumulative. */
  readonly buckets: readonly number[]
  readonly sum: number
}

interface Place {
  readonly family: Family
  /** Index of the first cell by label value. */
  readonly starts: ReadonlyMap<string, number>
  readonly otherwise: number
}

/** Cells of a set of families. All sets made from the same families have the same layout. */
export class CounterSet {
  /** Raise a counter by `set.cells[index]!++`. */
  readonly cells: Float64Array
  readonly #places = new Map<string, Place>()

  /** @param buffer memory of `octetsFor(families)` octets, shared or not; its own when left out */
  constructor(families: readonly Family[], buffer?: ArrayBuffer | SharedArrayBuffer) {
    let next = 0
    for (const family of families) {
      const starts = new Map<string, number>()
      let last = next
      for (const value of family.values ?? ['']) {
        starts.set(value, next)
        last = next
        next += cellsPerValue(family)
      }
      this.#places.set(family.name, { family, starts, otherwise: last })
    }
    this.cells = buffer === undefined ? new Float64Array(next) : new Float64Array(buffer, 0, next)
  }

  /** Octets that a set of these families takes. */
  static octetsFor(families: readonly Family[]): number {
    const cells = families.map((family) => (family.values ?? ['']).length * cellsPerValue(family))
    return 8 * cells.reduce((sum, count) => sum + count, 0)
  }

  /** The families, in order. */
  get families(): Family[] {
    return [...this.#places.values()].map((place) => place.family)
  }

  /** Index of the cell (a histogram's first) of a label value. */
  index(name: string, labelValue = ''): number {
    const place = this.#places.get(name)
    assert(place !== undefined, `no counter is called ${name}`)
    return place.starts.get(labelValue) ?? place.otherwise
  }

  /** Raises a counter by name: for what is not hot. */
  add(name: string, labelValue = '', by = 1): void {
    this.cells[this.index(name, labelValue)]! += by
  }

  /** Counts one value in the histogram whose first cell is `index`. */
  observe(index: number, bounds: readonly number[], value: number): void {
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.cells[index + bucket]!++
    this.cells[index + bounds.length + 1]! += value
  }

  /**
   * Counts a value that was observed several times in a histogram of seconds. Whole numbers, since the engine makes an
   * object of a fraction that one function hands to another.
   */
  observeMicros(index: number, boundsMicros: readonly number[], micros: number, times: number): void {
    let bucket = 0
    while (bucket < boundsMicros.length && micros > boundsMicros[bucket]!) bucket++
    this.cells[index + bucket]! += times
    this.cells[index + boundsMicros.length + 1]! += (micros * times) / 1e6
  }
}

/** Sums a counter over sets of one layout. */
export function counterSamples(sets: readonly CounterSet[], family: Family): CounterSample[] {
  return (family.values ?? ['']).map((labelValue) => ({
    labelValue,
    count: sumCell(sets, family, labelValue, 0),
  }))
}

/** Sums a histogram over sets of one layout. */
export function histogramSamples(sets: readonly CounterSet[], family: Family): HistogramSample[] {
  const bucketCount = (family.bounds ?? []).length + 1
  return (family.values ?? ['']).map((labelValue) => ({
    labelValue,
    buckets: Array.from({ length: bucketCount }, (_, i) => sumCell(sets, family, labelValue, i)),
    sum: sumCell(sets, family, labelValue, bucketCount),
  }))
}

function sumCell(sets: readonly CounterSet[], family: Family, labelValue: string, offset: number): number {
  let sum = 0
  for (const set of sets) sum += set.cells[set.index(family.name, labelValue) + offset]!
  return sum
}

/** Buckets, the infinite one, and the sum; or one cell. */
function cellsPerValue(family: Family): number {
  return family.bounds === undefined ? 1 : family.bounds.length + 2
}
