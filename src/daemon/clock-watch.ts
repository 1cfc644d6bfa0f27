/**
 * Notices that the wall clock was set. Signatures are judged by it, so verdicts reached before are to be reached anew;
 * what the caches keep goes by the monotonic clock and stays.
 */
import type { Cancel, Clock } from '../base/clock.ts'
import { CLOCK_CHECK_MS, CLOCK_JUMP_SECONDS } from '../base/limits.ts'

/**
 * Compares the two clocks now and then.
 *
 * @param onJump told by how many seconds the wall clock moved against the monotonic one
 * @returns what stops it
 */
export function watchClock(clock: Clock, onJump: (seconds: number) => void): Cancel {
  const differenceSeconds = (): number => clock.unixSeconds() - clock.nowMs() / 1000
  let usual = differenceSeconds()
  let cancel: Cancel = () => {}
  const check = (): void => {
    const difference = differenceSeconds()
    const jump = difference - usual
    if (Math.abs(jump) >= CLOCK_JUMP_SECONDS) {
      usual = difference
      onJump(Math.round(jump))
    }
    cancel = clock.after(CLOCK_CHECK_MS, check)
  }
  cancel = clock.after(CLOCK_CHECK_MS, check)
  return () => cancel()
}
