/** Bells between threads: heard, heard once, heard no more; and nothing stays open when a thread ends. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { type Bell, bellsServe, hangBell, ropeTo } from '../../src/native/bell.ts'
import { BELL, buildAddon } from '../../src/native/build.ts'
import { collectGarbage } from '../cache/garbage.ts'
import { eventCounters } from '../support/event-counters.ts'
import { testFolder } from '../support/folder.ts'
import { turns } from '../support/turns.ts'
import { until } from '../support/until.ts'
import type { BellThreadOrder } from './bell-thread.ts'

const ROUNDS = 40
const RINGS = 2_000
const out = join(testFolder(t), 'bell.node')
const why = buildAddon({ ...BELL, out })
const skip = why !== undefined && `nothing can be built here: ${why}`

function hang(onRing: () => void): Bell {
  const bell = hangBell(onRing, out)
  if (bell === undefined) throw new Error('no bell')
  return bell
}

/** A thread that answers each ring of its bell by one of ours. */
function startThread(bell: number): Worker {
  return new Worker(new URL('./bell-thread.js', import.meta.url), { workerData: { path: out, bell } })
}

const firstMessage = (worker: Worker): Promise<number> =>
  new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
const exitOf = (worker: Worker): Promise<number> => new Promise((resolve) => worker.once('exit', resolve))

t.test('it builds without a warning', { skip }, async (t) => {
  const flags = ['-Werror', '-Wconversion', '-Wshadow', '-Wstrict-prototypes', '-Wcast-align']
  t.equal(buildAddon({ ...BELL, out, flags }), undefined)
})

t.test('rung often, heard once, in a later turn', { skip }, async (t) => {
  let heard = 0
  const bell = hang(() => heard++)
  const rope = ropeTo(bell.number, out)!
  for (let i = 0; i < 5; i++) rope.ring()
  t.equal(heard, 0)
  await turns()
  t.equal(heard, 1)
  rope.ring()
  await turns()
  t.equal(heard, 2)
  rope.close()
  bell.close()
})

t.test('each hears its own', { skip }, async (t) => {
  const heard: string[] = []
  const [a, b] = [hang(() => heard.push('a')), hang(() => heard.push('b'))]
  t.not(a.number, b.number)
  ropeTo(b.number, out)!.ring()
  await turns()
  t.same(heard, ['b'])
  a.close()
  b.close()
})

t.test('a closed bell is not heard, not found, and its number not used again', { skip }, async (t) => {
  let heard = 0
  const bell = hang(() => heard++)
  const [before, other] = [ropeTo(bell.number, out)!, ropeTo(bell.number, out)!]
  before.ring()
  bell.close()
  bell.close()
  before.ring()
  await turns()
  t.equal(heard, 0, 'not even what was rung before')
  t.equal(ropeTo(bell.number, out), undefined)
  const next = hang(() => {})
  t.not(next.number, bell.number)
  before.ring()
  before.close()
  before.close()
  before.ring()
  other.ring()
  next.close()
})

t.test('closed while it is heard', { skip }, async (t) => {
  let heard = 0
  const bell = hang(() => {
    heard++
    bell.close()
  })
  const rope = ropeTo(bell.number, out)!
  rope.ring()
  await turns()
  rope.ring()
  await turns()
  t.equal(heard, 1)
})

t.test('what nobody holds: an open bell is heard, all else is collected', { skip }, async (t) => {
  // Of earlier ones.
  collectGarbage()
  await turns()
  const before = eventCounters()
  let heard = 0
  const number = hang(() => heard++).number
  for (let i = 0; i < 20; i++) {
    const closed = hang(() => {})
    ropeTo(closed.number, out)
    closed.close()
  }
  await until('all but the open one are given back', async () => {
    collectGarbage()
    await turns()
    return eventCounters() === before + 1
  })
  const rope = ropeTo(number, out)!
  rope.ring()
  await turns()
  t.equal(heard, 1)
  rope.close()
})

t.test('between threads, to and fro', { skip }, async (t) => {
  let heard = 0
  let ring = (): void => {}
  const all = new Promise<void>((resolve) => {
    const bell = hang(() => {
      if (++heard < RINGS) ring()
      else {
        bell.close()
        resolve()
      }
    })
    const worker = startThread(bell.number)
    t.teardown(() => worker.terminate())
    void firstMessage(worker).then((number) => {
      const rope = ropeTo(number, out)!
      ring = () => rope.ring()
      ring()
    })
  })
  await all
  t.equal(heard, RINGS)
})

t.test('what is thrown on a ring is as if thrown by any other event', { skip }, async (t) => {
  const bell = hang(() => {})
  const worker = startThread(bell.number)
  const failed = new Promise<Error>((resolve) => worker.once('error', resolve))
  const number = await firstMessage(worker)
  worker.postMessage('throw on ring' satisfies BellThreadOrder)
  await new Promise((resolve) => worker.once('message', resolve))
  ropeTo(number, out)!.ring()
  t.match(await failed, { message: 'as told, on a ring' })
  bell.close()
})

t.test(`${ROUNDS} threads, ended in each way while bells ring`, { skip, timeout: 60_000 }, async (t) => {
  const ends = ['terminate', 'throw', 'exit', 'return'] as const
  const bell = hang(() => {})
  let before = 0
  for (let round = 0; round < ROUNDS; round++) {
    const worker = startThread(bell.number)
    const ended = exitOf(worker)
    const number = await firstMessage(worker)
    worker.on('error', () => {})
    const rope = ropeTo(number, out)!
    const ringing = setInterval(() => {
      for (let i = 0; i < 20; i++) rope.ring()
    }, 1)
    const how = ends[round % ends.length]!
    if (how === 'terminate') void worker.terminate()
    else worker.postMessage(how satisfies BellThreadOrder)
    await ended
    clearInterval(ringing)
    rope.ring()
    t.equal(ropeTo(number, out), undefined, `nobody listens after ${how}`)
    rope.close()
    if (round === ends.length - 1) before = eventCounters()
  }
  t.equal(eventCounters(), before)
  bell.close()
})

t.test('misuse is an error', { skip }, async (t) => {
  const { Bell, Rope } = createRequire(import.meta.url)(out)
  for (const call of [
    () => new Bell(),
    () => new Bell(7),
    () => new Rope(),
    () => new Rope('1'),
    () => new Rope(0),
    () => Bell.prototype.close.call({}),
    () => Rope.prototype.ring.call({}),
    () => Rope.prototype.close.call(undefined),
    () => Bell(() => {}),
    () => Rope(1),
  ])
    t.throws(call, String(call))
})

t.test('where they can be had', { skip }, async (t) => {
  t.equal(bellsServe(out), true)
})

t.test('no addon', async (t) => {
  t.equal(bellsServe('/nowhere/bell.node'), false)
  t.equal(
    hangBell(() => {}, '/nowhere/bell.node'),
    undefined,
  )
  t.equal(ropeTo(1, '/nowhere/bell.node'), undefined)
})
