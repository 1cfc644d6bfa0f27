/** The machine's clocks, as threads share them. */
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'

const CLOCK_MODULE = new URL('../../src/base/clock.js', import.meta.url).href

/** Threads that run at the same time see the same clock to less than this. */
const APART_MS = 0.2

t.test("the monotonic clock is the machine's", (t) => {
  const clock = systemClock()
  const beforeMs = Number(process.hrtime.bigint()) / 1e6
  const nowMs = clock.nowMs()
  const afterMs = Number(process.hrtime.bigint()) / 1e6
  t.ok(nowMs >= beforeMs - APART_MS && nowMs <= afterMs + APART_MS, `${beforeMs} ${nowMs} ${afterMs}`)
  t.end()
})

t.test('threads agree on it', async (t) => {
  const clock = systemClock()
  const startedMs = clock.nowMs()
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     import('${CLOCK_MODULE}').then(({ systemClock }) => parentPort.postMessage(systemClock().nowMs()))`,
    { eval: true },
  )
  const itsMs = await new Promise<number>((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', reject)
  })
  const heardMs = clock.nowMs()
  t.ok(itsMs > startedMs && itsMs < heardMs + APART_MS, `${startedMs} ${itsMs} ${heardMs}`)
})
