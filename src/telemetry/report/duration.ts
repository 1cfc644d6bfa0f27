/** Lengths of time for people. */
import { counted } from '../../base/counted.ts'

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
]

/** The largest unit of which there is at least one, rounded: `3 hours`. */
export function formatDuration(seconds: number): string {
  const [size, name] = UNITS.find(([unit]) => seconds >= unit) ?? UNITS[UNITS.length - 1]!
  return counted(Math.round(seconds / size), name)
}
