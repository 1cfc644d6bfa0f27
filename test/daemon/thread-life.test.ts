/** The lives of one thread: pauses between them, and their end. */
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { THREAD_ANSWER_MS_MAX, THREAD_RESTART_MS_MAX, THREAD_STEADY_MS } from '../../src/base/limits.ts'
import { ThreadLife } from '../../src/daemon/threads/thread-life.ts'
import type { ThreadData } from '../../src/daemon/threads/thread-messages.ts'

interface Bench {
  readonly life: ThreadLife
  readonly clock: VirtualClock
  /** The next end: its fault and the pause after it. */
  nextEnd(): Promise<{ fault: unknown; delayMs: number }>
  births: number
}

/** A thread that runs this source. */
function bench(t: Test, source: string): Bench {
  const clock = new VirtualClock(0)
  const ends: { fault: unknown; delayMs: number }[] = []
  let tell = (): void => {}
  const it: Bench = {
    clock,
    births: 0,
    life: new ThreadLife({
      heapMibMax: 64,
      kind: 'front',
      index: 0,
      name: 'front-0',
      entry: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
      clock,
      birth: () => {
        it.births++
        return { data: {} as ThreadData, transfer: [] }
      },
      onMessage: () => {},
      onEnd: (fault, delayMs) => {
        ends.push({ fault, delayMs })
        tell()
      },
    }),
    nextEnd: async () => {
      if (ends.length === 0) await new Promise<void>((resolve) => (tell = resolve))
      return ends.shift()!
    },
  }
  t.teardown(() => it.life.stop(0))
  return it
}

const LISTENS = `import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ kind }) => {
  if (kind === 'drain') parentPort.postMessage({ kind: 'drained', unanswered: 3 })
  if (kind === 'close') parentPort.postMessage({ kind: 'closed' })
})
parentPort.postMessage({ kind: 'ready', endpoints: [] })`

t.test('short lives in a row: the pauses double, up to a bound', { timeout: 30_000 }, async (t) => {
  const { life, clock, nextEnd } = bench(t, `throw new Error('at birth')`)
  life.start()
  const pauses: number[] = []
  for (let i = 0; i < 9; i++) {
    const { fault, delayMs } = await nextEnd()
    t.match(fault, { message: 'at birth' })
    pauses.push(delayMs)
    t.equal(life.worker === undefined, delayMs > 0)
    clock.advance(delayMs)
  }
  t.same(pauses, [0, 100, 200, 400, 800, 1600, 3200, THREAD_RESTART_MS_MAX, THREAD_RESTART_MS_MAX])
})

t.test('a life that was not short is followed by the next at once', { timeout: 30_000 }, async (t) => {
  const { life, clock, nextEnd } = bench(t, LISTENS)
  for (let i = 0; i < 4; i++) {
    const ready = life.next('ready')
    if (i === 0) life.start()
    await ready
    clock.advance(THREAD_STEADY_MS)
    life.end()
    t.same(await nextEnd(), { fault: undefined, delayMs: 0 })
  }
})

t.test('it ends for good when it is stopped, and says what it leaves', { timeout: 30_000 }, async (t) => {
  const it = bench(t, LISTENS)
  const ready = it.life.next('ready')
  it.life.start()
  await ready
  t.equal(await it.life.stop(1_000), 3)
  t.equal(it.life.worker, undefined)
  it.clock.advance(60_000)
  t.equal(it.births, 1)
  t.equal(await it.life.stop(1_000), 0, 'again')
})

t.test('one that is stuck is not waited for', { timeout: 30_000 }, async (t) => {
  const it = bench(
    t,
    `import { parentPort } from 'node:worker_threads'
     parentPort.postMessage({ kind: 'ready', endpoints: [] })
     parentPort.on('message', () => {})
     setImmediate(() => { for (;;); })`,
  )
  const ready = it.life.next('ready')
  it.life.start()
  await ready
  const counting = it.life.ask({ kind: 'count' }, 'counted')
  it.clock.advance(THREAD_ANSWER_MS_MAX)
  t.equal(await counting, undefined)
  const stopping = it.life.stop(1_000)
  it.clock.advance(2_000)
  t.equal(await stopping, 0)
})

t.test('between two lives it can be stopped as well', { timeout: 30_000 }, async (t) => {
  const it = bench(t, `throw new Error('at birth')`)
  it.life.start()
  await it.nextEnd()
  await it.nextEnd()
  t.equal(it.life.worker, undefined)
  const ready = it.life.next('ready')
  t.equal(await it.life.stop(0), 0)
  t.equal(await ready, undefined, 'nobody waits for a life that does not come')
  it.clock.advance(60_000)
  t.equal(it.births, 2)
})
