/** The daemon with front and resolver threads: what clients see is the same as with one. */
import { readdir, readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { FRONT_SLICE_MICROSECONDS } from '../../src/base/limits.ts'
import { loadAddon } from '../../src/native/addon.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { ask, type Reply } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, manyZones, SLOW_MS, startLabWorld } from '../support/lab-world.ts'
import { startThreadedDaemon, type ThreadedDaemon } from '../support/threaded-daemon.ts'
import { until } from '../support/until.ts'

const zones = manyZones(60)
const hasAddon = typeof loadAddon() !== 'string'

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 76], undefined, zones)
})
t.teardown(() => world.close())

async function start(t: Test, fronts: number | 'auto', resolvers: number | 'auto'): Promise<ThreadedDaemon> {
  const it = await startThreadedDaemon(world, {
    'server.front-threads': fronts,
    'server.resolver-threads': resolvers,
  })
  t.teardown(() => it.daemon.stop())
  return it
}

/** Slices that the scheduler grants to the threads of this process, by thread; empty where it does not say. */
async function threadSlicesNs(): Promise<Map<number, number>> {
  const slices = new Map<number, number>()
  for (const thread of await readdir('/proc/self/task').catch(() => [])) {
    const told = await readFile(`/proc/self/task/${thread}/sched`, 'latin1').catch(() => '')
    const slice = /^se\.slice\s*:\s*(\d+)$/m.exec(told)?.[1]
    if (slice !== undefined) slices.set(Number(thread), Number(slice))
  }
  return slices
}

function edeCodes(reply: Reply): number[] {
  return reply.ede.map(({ code }) => code)
}

for (const [fronts, resolvers] of [
  [1, 0],
  [1, 1],
  [2, 2],
] as const) {
  t.test(`${fronts} + ${resolvers}`, { timeout: 60_000 }, async (t) => {
    const { server, daemon, metric, log } = await start(t, fronts, resolvers)
    t.equal(daemon.threads.length, resolvers === 0 ? 0 : fronts + resolvers)

    await t.test('front threads have short slices, where the system tells', async (t) => {
      const slices = await threadSlicesNs()
      const own = slices.get(process.pid)
      const short = FRONT_SLICE_MICROSECONDS * 1000
      if (own === undefined || own === short || !hasAddon) {
        t.pass('it does not, or there is no addon')
        return
      }
      const count = [...slices.values()].filter((slice) => slice === short).length
      t.equal(count, resolvers === 0 ? 0 : fronts)
    })

    await t.test('a miss, then a hit', async (t) => {
      for (const path of ['miss', 'hit']) {
        const reply = await ask(server, { name: 'www.good.se.', type: 'A', do: true })
        t.match(reply, { rcode: 'NOERROR', ad: true }, path)
        t.same(
          reply.answer.map(({ type }) => type),
          ['A', 'A', 'RRSIG'],
        )
      }
      t.equal(await metric('cache_hits_total'), 1)
      t.equal(await metric('answer_latency_seconds_count', { path: 'hit' }), 1)
      t.equal(await metric('answer_latency_seconds_count', { path: 'miss' }), 1)
      t.equal(await metric('client_queries_total', { transport: 'udp' }), 2)
      t.ok((await metric('cache_entries', { cache: 'answers' })) >= 1)
      t.ok((await metric('cache_entries', { cache: 'rrsets' })) >= 3)
    })

    await t.test('bogus data, with and without CD', async (t) => {
      const bogus = await ask(server, { name: 'www.expired.se.', type: 'A' })
      t.equal(bogus.rcode, 'SERVFAIL')
      t.same(edeCodes(bogus), [7])
      t.match(await ask(server, { name: 'www.expired.se.', type: 'A', cd: true }), {
        rcode: 'NOERROR',
        ad: false,
      })
    })

    await t.test('by TCP', async (t) => {
      for (let i = 0; i < 8; i++) {
        t.match(await ask(server, { name: 'www.good.se.', type: 'A', tcp: true }), { rcode: 'NOERROR' })
      }
      t.match(await ask(server, { name: 'alias.good.se.', type: 'A', tcp: true }), { rcode: 'NOERROR' })
    })

    await t.test('many names from many clients at once, each twice', async (t) => {
      for (const time of ['first', 'second']) {
        const replies = await Promise.all(
          zones.map(({ name }) => ask(server, { name: `www.${name}`, type: 'A' })),
        )
        const right = replies.filter(
          (reply, i) =>
            reply.rcode === 'NOERROR' && Number.parseInt(reply.answer[0]!.rdata.slice(-2), 16) === i,
        )
        t.equal(right.length, zones.length, time)
      }
      t.ok((await metric('cache_hits_total')) >= zones.length)
    })

    await t.test('a change of policy acts on what is cached, in every thread', async (t) => {
      const name = nameFrom('expired.se.')
      const anchor = { name, reason: 'test', author: 'test', expiresSeconds: 4e9 }
      t.ok(await daemon.changePolicy({ kind: 'negative-trust-anchor', anchor }))
      for (let i = 0; i < 4; i++) {
        const reply = await ask(server, { name: 'www.expired.se.', type: 'A' })
        t.match(reply, { rcode: 'NOERROR', ad: false })
      }
      t.ok(await daemon.changePolicy({ kind: 'no-negative-trust-anchor', name }))
      t.notOk(await daemon.changePolicy({ kind: 'no-negative-trust-anchor', name }))
      t.match(await ask(server, { name: 'www.expired.se.', type: 'A' }), { rcode: 'SERVFAIL' })
    })

    await t.test('rate limits count over all front threads, from a reload on, and are told of', async (t) => {
      const rates = 'rate-limiting: { answers: { per-second: 1, burst: 10, slip: 1 } }\n'
      world.writeConfig('threads.yaml', rates)
      const by = { who: 'test', why: 'test' }
      t.ok((await daemon.operator.reload(by)).changed.includes('rate-limiting.answers.burst'))
      const beganMs = performance.now()
      // One after the other: two threads may count questions of the same moment as one.
      for (let asked = 0; asked < 40; asked++) {
        const { answer } = await ask(server, { name: 'www.good.se.', type: 'A' })
        if (answer.length === 0) t.fail('by TCP all have their answer')
      }
      const limit = 'answers-per-prefix'
      const within = 40 - (await metric('limit_hits_total', { limit }))
      const seconds = (performance.now() - beganMs) / 1000
      t.ok(within >= 10 && within <= 11 + seconds, `${within} of 40 in ${seconds.toFixed(1)} s`)
      const told = (): boolean => log.some((line) => line.limit === limit && line.network === '127.0.0.1/32')
      await until('it is told of', told)
      world.writeConfig('threads.yaml')
      await daemon.operator.reload(by)
    })

    await t.test('each thread tells how late its timers fire', async (t) => {
      for (const thread of ['main', ...daemon.threads.map(({ name }) => name)]) {
        t.ok((await metric('event_loop_delay_seconds_count', { thread })) > 0, thread)
      }
      t.equal(await metric('thread_restarts_total'), 0)
    })
  })
}

t.test('questions in work are answered before the threads end', { timeout: 30_000 }, async (t) => {
  const { server, daemon, metric } = await start(t, 2, 1)
  const asked = Promise.all(
    [0, 1, 2, 3].map(() => ask(server, { name: 'www.slow.se.', type: 'A', attempts: 1 })),
  )
  while ((await metric('client_queries_total')) < 4) {}
  const beganMs = performance.now()
  t.equal(await daemon.stop(), 0)
  t.ok(performance.now() - beganMs < 10 * SLOW_MS)
  t.same(
    (await asked).map(({ rcode }) => rcode),
    ['NOERROR', 'NOERROR', 'NOERROR', 'NOERROR'],
  )
  t.same(
    daemon.threads.map(({ worker }) => worker),
    [undefined, undefined, undefined],
  )
})
