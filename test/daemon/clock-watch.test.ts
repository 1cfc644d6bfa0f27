/** The watch over the wall clock. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { watchClock } from '../../src/daemon/clock-watch.ts'

const MINUTE_MS = 60_000

t.test('a clock that is set is noticed once, in either direction; one that drifts is not', async (t) => {
  const clock = new VirtualClock(1_800_000_000)
  const jumps: number[] = []
  const stop = watchClock(clock, (seconds) => void jumps.push(seconds))
  clock.advance(60 * MINUTE_MS)
  t.same(jumps, [], 'an hour in which nothing happens')
  clock.setUnixSeconds(clock.unixSeconds() + 172_800)
  clock.advance(MINUTE_MS)
  t.same(jumps, [172_800])
  clock.setUnixSeconds(clock.unixSeconds() - 172_800)
  clock.advance(MINUTE_MS)
  t.same(jumps, [172_800, -172_800])
  clock.setUnixSeconds(clock.unixSeconds() + 20)
  clock.advance(MINUTE_MS)
  t.equal(jumps.length, 2, 'a time server corrects by seconds')
  stop()
  clock.setUnixSeconds(clock.unixSeconds() + 172_800)
  clock.advance(MINUTE_MS)
  t.equal(jumps.length, 2, 'stopped')
  t.equal(clock.nextTimerMs(), undefined)
})
