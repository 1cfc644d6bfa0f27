/** Worlds that last for hours of mixed faults (`day.ts`), and whether what they hold stays level. */
import { HeapWatch } from '../fuzz/heap-watch.ts'
import { drawDay } from './day.ts'
import { type Ground, type Outcome, simulate } from './world.ts'

const HOUR_MS = 3_600_000

/** What came of such a world. */
export interface HoursOutcome extends Outcome {
  readonly hours: number
  /** Of this process, in words. */
  readonly heap: string
}

/**
 * Runs one. A heap that grows is a violation, where garbage can be collected at will (`node --expose-gc`).
 *
 * @param hours an even number, 2 to 48
 */
export async function simulateHours(seed: number, hours: number, ground: Ground): Promise<HoursOutcome> {
  const heap = new HeapWatch()
  let startMs: number | undefined
  let looks = 0
  const outcome = await simulate(
    seed,
    ground,
    {},
    {
      draw: (random, editions) => drawDay(random, editions, hours),
      onStep: (nowMs) => {
        startMs ??= nowMs
        for (; startMs + looks * HOUR_MS <= nowMs; looks++) heap.look()
      },
    },
  )
  const violations = heap.level ? outcome.violations : [...outcome.violations, heap.text]
  return { ...outcome, violations, hours, heap: heap.text }
}
