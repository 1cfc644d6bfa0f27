/** Threads that run out of memory: the process lives, hits go on, what is cached stays, and the log says why. */
import t from 'tap'
import type { ThreadLife } from '../../src/daemon/threads/thread-life.ts'
import { EAT_MEMORY } from '../daemon/thread-entries/throw-when-told.ts'
import { ask } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { manyZones, startLabWorld } from '../support/lab-world.ts'
import { SteadyLoad } from '../support/steady-load.ts'
import { FAILING_ENTRIES, startThreadedDaemon, type ThreadedDaemon } from '../support/threaded-daemon.ts'
import { until } from '../support/until.ts'

/** What a resolver thread of the tests needs, twice over. */
const HEAP_MIB = 64
const CLIENTS = 4
const EVERY_MS = 20
const zones = manyZones(20)

const world = await startLabWorld(testFolder(t), [127, 98], undefined, zones)
t.teardown(() => world.close())

/** Has a thread run out of memory, and waits for its next life. */
async function starve(thread: ThreadLife, begin: () => void): Promise<void> {
  const { worker } = thread
  begin()
  await until('another life', () => thread.worker !== undefined && thread.worker !== worker)
}

function endings({ log }: ThreadedDaemon): unknown[] {
  return log
    .filter(({ msg }) => msg === 'a thread ended by itself and is started again')
    .map(({ err }) => (err as { code?: string }).code)
}

t.test(
  'a thread without memory is one life of a thread, and nothing more',
  { timeout: 90_000 },
  async (t) => {
    const change = { 'server.front-threads': 1, 'server.resolver-threads': 2 }
    const it = await startThreadedDaemon(world, change, {
      entries: FAILING_ENTRIES,
      threadHeapMibMax: HEAP_MIB,
    })
    const { server, daemon, log, metric } = it
    t.teardown(() => daemon.stop())
    for (const { name } of zones) await ask(server, { name: `www.${name}`, type: 'A' })
    const resolvers = daemon.threads.filter(({ kind }) => kind === 'resolver')
    const entries = await metric('cache_entries', { cache: 'answers' })
    let turn = 0
    const next = (): { name: string; address: number } => {
      const address = turn++ % zones.length
      return { name: `www.z${address}.se.`, address }
    }
    const hits = new SteadyLoad(server, CLIENTS, next, EVERY_MS)
    t.teardown(() => hits.stop())
    for (const thread of resolvers) await starve(thread, () => thread.worker?.postMessage(EAT_MEMORY))
    t.same(endings(it), ['ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_OUT_OF_MEMORY'])
    t.equal(await metric('thread_restarts_total', { thread: 'resolver' }), 2)
    t.ok((await metric('cache_entries', { cache: 'answers' })) >= entries, 'what is cached stays')
    const asked = { name: 'hunger.good.se.', type: 'A', attempts: 1 }
    t.match(await ask(server, asked), {
      rcode: 'SERVFAIL',
      ede: [{ text: 'the thread that worked on it ended' }],
    })
    t.match(await ask(server, asked), { rcode: 'SERVFAIL', ede: [{ text: /^not tried/ }] })
    t.ok(log.some(({ question }) => question === 'hunger.good.se. A'))
    t.match(await ask(server, { name: 'other.good.se.', type: 'A', do: true }), {
      rcode: 'NXDOMAIN',
      ad: true,
    })
    const { counts } = hits
    t.equal(counts.failed, 0, 'no hit needs a resolver thread')

    const front = daemon.threads.find(({ kind }) => kind === 'front')!
    await starve(front, () => front.worker?.postMessage(EAT_MEMORY))
    const bornMs = performance.now()
    await until('hits for all', () => hits.lastRightMs.every((ms) => ms > bornMs))
    t.equal(await metric('thread_restarts_total', { thread: 'front' }), 1)
    await hits.stopAsking()
    t.same(counts.wrong, [], `${counts.right} of ${counts.asked} hits`)
  },
)
