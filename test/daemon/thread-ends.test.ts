/**
 * Threads that end while clients ask: no wrong answer, hits go on, the cache stays. SIGILL_THREAD_ENDS=100 ends more of
 * them, and holds the machine to the second that hits may pause.
 */
import t from 'tap'
import { QUERY_TIME_MS_MAX } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { ThreadLife } from '../../src/daemon/threads/thread-life.ts'
import type { UdpBackendWish } from '../../src/native/backend.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, manyZones, startLabWorld } from '../support/lab-world.ts'
import { SteadyLoad } from '../support/steady-load.ts'
import { FAILING_ENTRIES, startThreadedDaemon, type ThreadedDaemon } from '../support/threaded-daemon.ts'
import { until } from '../support/until.ts'
import { THROW } from './thread-entries/throw-when-told.ts'

const ENDS = Number(process.env.SIGILL_THREAD_ENDS ?? 6)
/** A busy machine takes its time to start a thread. */
const PAUSE_MS_MAX = ENDS >= 100 ? 1_000 : 10_000
const STEADY_MS = 1_100
/** Longer than a busy machine takes for any turn. */
const STALL_MS = 3_000
const zones = manyZones(40)
const CLIENTS = 16
const EVERY_MS = 20

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 77], undefined, zones)
})
t.teardown(() => world.close())

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function start(
  fronts: number,
  resolvers: number,
  udp: UdpBackendWish = 'auto',
  more: Partial<Settings> = {},
): Promise<ThreadedDaemon> {
  const change = {
    ...more,
    'server.front-threads': fronts,
    'server.resolver-threads': resolvers,
    'server.udp-backend': udp,
  }
  return startThreadedDaemon(world, change, { entries: FAILING_ENTRIES })
}

/** Ends a life of a thread, one way or the other. */
function end(thread: ThreadLife, byError: boolean): void {
  if (byError) thread.worker?.postMessage(THROW)
  else void thread.worker?.terminate()
}

for (const [fronts, resolvers, udp] of [
  [1, 1, 'auto'],
  [2, 2, 'auto'],
  [1, 1, 'dgram'],
] as const) {
  t.test(
    `${fronts} + ${resolvers} (${udp}), ended ${ENDS} times`,
    { timeout: 60_000 + 10_000 * ENDS },
    async (t) => {
      const { server, daemon, log, metric } = await start(fronts, resolvers, udp)
      t.teardown(() => daemon.stop())
      for (const { name } of zones) await ask(server, { name: `www.${name}`, type: 'A' })
      const random = seededRandom(ENDS)
      let cold = 0
      const hits = new SteadyLoad(
        server,
        CLIENTS,
        () => {
          const address = random.below(zones.length)
          return { name: `www.z${address}.se.`, address }
        },
        EVERY_MS,
      )
      const misses = new SteadyLoad(
        server,
        CLIENTS,
        () => ({ name: `c${cold++}.z${random.below(zones.length)}.se.` }),
        EVERY_MS,
      )
      t.teardown(() => {
        hits.stop()
        misses.stop()
      })
      const bornMs = new Map(daemon.threads.map((thread) => [thread.name, performance.now()]))
      const pausesMs: number[] = []
      let lost = 0
      for (let round = 0; round < ENDS; round++) {
        const thread = daemon.threads[round % daemon.threads.length]!
        await sleep(Math.max(0, bornMs.get(thread.name)! + STEADY_MS - performance.now()))
        const before = await metric('cache_entries', { cache: 'answers' })
        const { worker } = thread
        const endedMs = performance.now()
        end(thread, random.below(2) === 1)
        await until('another life', () => thread.worker !== undefined && thread.worker !== worker)
        bornMs.set(thread.name, performance.now())
        await until('hits for all', () => hits.lastRightMs.every((ms) => ms > endedMs))
        pausesMs.push(performance.now() - endedMs)
        if (thread.kind === 'front') continue
        const cleared = log.filter(({ msg }) => /were being written/.test(String(msg))).length
        if (cleared > lost) lost = cleared
        else
          t.ok(
            (await metric('cache_entries', { cache: 'answers' })) >= before,
            `round ${round}: the cache stays`,
          )
      }
      pausesMs.sort((a, b) => a - b)
      const [median = 0, longest = 0] = [pausesMs[ENDS >> 1], pausesMs.at(-1)].map((ms) =>
        Math.round(ms ?? 0),
      )
      t.comment(
        `pauses of hits: median ${median} ms, longest ${longest} ms; cleared while being written: ${lost}`,
      )
      t.ok(longest <= PAUSE_MS_MAX, `hits go on within ${longest} ms`)
      for (const { counts } of [hits, misses]) {
        t.comment(`asked ${counts.asked}, right ${counts.right}, told of a failure ${counts.failed}`)
      }
      t.same(hits.counts.wrong, [])
      t.same(misses.counts.wrong, [])
      t.ok(misses.counts.right > 0, `${misses.counts.right} of ${misses.counts.asked} misses`)
      t.equal(await metric('thread_restarts_total'), ENDS)
    },
  )
}

t.test('a question that ends a thread is set aside, and no other', { timeout: 60_000 }, async (t) => {
  const { server, daemon, log, metric } = await start(1, 1)
  t.teardown(() => daemon.stop())
  const poisoned = { name: 'poison.good.se.', type: 'A', attempts: 1 }
  const beganMs = performance.now()
  const first = await ask(server, poisoned)
  t.equal(first.rcode, 'SERVFAIL')
  t.match(first.ede[0], { code: 0, text: 'the thread that worked on it ended' })
  t.ok(performance.now() - beganMs < QUERY_TIME_MS_MAX, 'the client is told, and does not wait its time out')
  const second = await ask(server, poisoned)
  t.equal(second.rcode, 'SERVFAIL')
  t.match(second.ede[0], { code: 0, text: /^not tried: a thread that worked on it ended/ })
  t.match(await ask(server, { ...poisoned, cd: true }), { rcode: 'SERVFAIL' }, 'with CD likewise')
  t.match(await ask(server, { name: 'www.good.se.', type: 'A', do: true }), { rcode: 'NOERROR', ad: true })
  t.match(await ask(server, { name: 'other.good.se.', type: 'A' }), { rcode: 'NXDOMAIN' })
  t.equal(await metric('thread_restarts_total', { thread: 'resolver' }), 1)
  t.equal(await metric('limit_hits_total', { limit: 'set-aside' }), 2)
  t.ok(log.some(({ question }) => question === 'poison.good.se. A'))
})

t.test(
  'a thread that is stuck is told of, ended, and its question set aside',
  { timeout: 60_000 },
  async (t) => {
    const { server, daemon, log, metric } = await start(1, 1, 'auto', { 'limits.thread-stall-ms': STALL_MS })
    t.teardown(() => daemon.stop())
    await ask(server, { name: 'www.good.se.', type: 'A' })
    const stuck = ask(server, { name: 'eterne.good.se.', type: 'A', attempts: 1, timeoutMs: 30_000 })
    const told = (text: RegExp): Record<string, unknown> | undefined =>
      log.find(({ msg }) => text.test(String(msg)))
    await until('it is told', () => told(/is stuck/) !== undefined)
    t.match(told(/is stuck/), { thread: 'resolver-0', question: 'eterne.good.se. A' })
    t.equal(await metric('thread_stalls_total', { thread: 'resolver' }), 1)
    t.match(await ask(server, { name: 'www.good.se.', type: 'A' }), { rcode: 'NOERROR' }, 'hits go on')
    await until('another life', async () => (await metric('thread_restarts_total')) === 1)
    t.match(told(/was in work is set aside/), { question: 'eterne.good.se. A' })
    t.match(await stuck, { rcode: 'SERVFAIL' })
    const again = await ask(server, { name: 'eterne.good.se.', type: 'A', attempts: 1 })
    t.match(again.ede[0], { code: 0, text: /^not tried: a thread that worked on it ended/ })
    t.match(await ask(server, { name: 'www.other.good.se.', type: 'A', attempts: 3 }), { rcode: 'NXDOMAIN' })
  },
)

t.test('a thread that is ended from outside blames nothing', { timeout: 60_000 }, async (t) => {
  const { server, daemon, metric } = await start(1, 1)
  t.teardown(() => daemon.stop())
  const asked = ask(server, { name: 'www.slow.se.', type: 'A', attempts: 1 })
  await until('the question is in work', async () => (await metric('upstream_queries_total')) >= 4)
  end(daemon.threads[1]!, false)
  t.match(await asked, { rcode: 'SERVFAIL', ede: [{ text: 'the thread that worked on it ended' }] })
  t.match(await ask(server, { name: 'www.slow.se.', type: 'A', attempts: 1 }), { rcode: 'NOERROR' })
})
