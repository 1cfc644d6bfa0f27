/** What several runs of the same thing say together. */

/** The middle of some figures, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Median, least and most; all NaN of nothing. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b)
  const half = sorted.length / 2
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(half)] : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
  if (sorted.length === 0) return { median: Number.NaN, least: Number.NaN, most: Number.NaN }
  return { median: median!, least: sorted[0]!, most: sorted.at(-1)! }
}

/** The least of some figures that this share of them does not exceed; NaN of nothing. */
export function quantileOf(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/**
 * How two servers compare: the ratio in each round, in which one was measured soon after the other, so that what else
 * the machine does at the time touches both.
 */
export function ratioOf(figures: readonly number[], others: readonly number[]): Spread {
  const rounds = Math.min(figures.length, others.length)
  return spreadOf(Array.from({ length: rounds }, (_, round) => figures[round]! / others[round]!))
}
