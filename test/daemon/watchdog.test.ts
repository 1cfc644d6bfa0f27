/** What is told of threads that stand still, and when they are ended. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { THREAD_BEAT_MS, THREAD_STALL_MS_MAX, THREAD_STALL_TOLD_MS } from '../../src/base/limits.ts'
import { beatsOctets, clearBeats, startBeating, Watchdog } from '../../src/daemon/threads/watchdog.ts'

interface Bench {
  readonly clock: VirtualClock
  readonly watchdog: Watchdog
  readonly beats: SharedArrayBuffer
  readonly told: string[]
  lives: (object | undefined)[]
  /** Lets time pass in which these threads go on. */
  pass(ms: number, ...beating: number[]): void
}

function bench(): Bench {
  const clock = new VirtualClock(0)
  const beats = new SharedArrayBuffer(beatsOctets(2))
  const words = new Int32Array(beats)
  const told: string[] = []
  const it: Bench = {
    clock,
    beats,
    told,
    lives: [{}, {}],
    watchdog: new Watchdog(
      clock,
      beats,
      [0, 1].map((beat) => ({
        beat,
        life: () => it.lives[beat],
        stalled: (ms) => void told.push(`${beat} stalled ${ms >= THREAD_STALL_TOLD_MS}`),
        end: (ms) => void told.push(`${beat} ended ${ms >= THREAD_STALL_MS_MAX}`),
      })),
      THREAD_STALL_MS_MAX,
    ),
    pass: (ms, ...beating) => {
      for (let left = ms; left > 0; left -= THREAD_BEAT_MS) {
        for (const beat of beating) words[beat]!++
        clock.advance(THREAD_BEAT_MS)
      }
    },
  }
  return it
}

t.test('threads that go on are left alone', (t) => {
  const { pass, told } = bench()
  pass(60_000, 0, 1)
  t.same(told, [])
  t.end()
})

t.test('one that stands still is told of once, and ended once', (t) => {
  const { pass, told } = bench()
  pass(1_000, 0, 1)
  pass(THREAD_STALL_TOLD_MS - THREAD_BEAT_MS, 0)
  t.same(told, [])
  pass(2 * THREAD_BEAT_MS, 0)
  t.same(told, ['1 stalled true'])
  pass(THREAD_STALL_MS_MAX, 0)
  t.same(told, ['1 stalled true', '1 ended true'])
  pass(60_000, 0)
  t.equal(told.length, 2)
  t.end()
})

t.test('one that goes on again is told of anew when it stops again', (t) => {
  const { pass, told } = bench()
  pass(1_000, 0, 1)
  pass(3_000, 0)
  pass(1_000, 0, 1)
  pass(3_000, 0)
  t.same(told, ['1 stalled true', '1 stalled true'])
  t.end()
})

t.test('a new life has the time that it needs to begin, and is watched from its first beat on', (t) => {
  const it = bench()
  it.pass(1_000, 0, 1)
  it.pass(THREAD_STALL_MS_MAX - 500, 0)
  it.lives = [it.lives[0], undefined]
  it.pass(5_000, 0)
  clearBeats(it.beats, 1)
  it.lives = [it.lives[0], {}]
  it.pass(60_000, 0)
  t.same(it.told, ['1 stalled true'], 'no beat yet')
  const stop = startBeating(it.beats, 1)
  it.pass(THREAD_STALL_MS_MAX + 500, 0)
  stop()
  t.same(it.told, ['1 stalled true', '1 stalled true', '1 ended true'], 'stuck in its first work')
  t.end()
})

t.test('when all stood still, the machine was suspended and no thread is at fault', (t) => {
  let nowMs = 0
  let look = (): void => {}
  const beats = new SharedArrayBuffer(beatsOctets(1))
  const told: string[] = []
  const life = {}
  const after = (_ms: number, run: () => void): (() => void) => {
    look = run
    return () => {}
  }
  new Watchdog(
    { nowMs: () => nowMs, after },
    beats,
    [{ beat: 0, life: () => life, stalled: () => told.push('stalled'), end: () => told.push('ended') }],
    THREAD_STALL_MS_MAX,
  )
  const pass = (ms: number, beat: boolean): void => {
    nowMs += ms
    if (beat) new Int32Array(beats)[0]!++
    look()
  }
  pass(THREAD_BEAT_MS, true)
  pass(THREAD_BEAT_MS, true)
  pass(3_600_000, false)
  t.same(told, [])
  pass(THREAD_BEAT_MS, true)
  t.same(told, [])
  t.end()
})
