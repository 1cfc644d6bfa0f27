/**
 * How far a sample is from what chance would make. Limits are those of p = 0.000001: chance itself would pass those of
 * p = 0.001 once in some hundred runs of all tests, and what can be foretold passes these as well.
 */

/** Chi-square of counts that should be equal, over its limit for that many: above 1 is no chance. */
export function chiSquareRatio(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal.
  const freedom = counts.length - 1
  const limit = freedom * (1 - 2 / (9 * freedom) + 4.75 * Math.sqrt(2 / (9 * freedom))) ** 3
  return chiSquare / limit
}

/** The Kolmogorov-Smirnov distance of a sample from even chance over [from, to), over its limit. */
export function kolmogorovRatio(sample: readonly number[], from: number, to: number): number {
  const sorted = [...sample].sort((a, b) => a - b)
  let distance = 0
  for (const [i, value] of sorted.entries()) {
    const even = (value + 0.5 - from) / (to - from)
    distance = Math.max(
      distance,
      Math.abs(even - i / sorted.length),
      Math.abs(even - (i + 1) / sorted.length),
    )
  }
  return (distance * Math.sqrt(sorted.length)) / 2.7
}

/** The correlation of each value with the next, over its limit. */
export function successionRatio(sample: readonly number[]): number {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length
  let together = 0
  let alone = 0
  for (const [i, value] of sample.entries()) {
    alone += (value - mean) ** 2
    if (i > 0) together += (value - mean) * (sample[i - 1]! - mean)
  }
  return (Math.abs(together / alone) * Math.sqrt(sample.length)) / 4.9
}
