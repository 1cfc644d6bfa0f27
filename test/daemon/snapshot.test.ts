/** The caches over a restart, as clients see it: asked over the wire before and after, the authorities gone meanwhile. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Ask, ask, type Reply, type Server } from '../support/dns-client.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'
import { type Ended, READY, Running } from '../support/sigill-process.ts'
import { parseExposition } from '../telemetry/exposition.ts'

const FILE = 'caches.snapshot'

/** Data and verdicts of every kind. */
const QUESTIONS: readonly Ask[] = [
  { name: 'www.good.se.', type: 'A' },
  { name: 'alias.good.se.', type: 'A' },
  { name: 'nowhere.good.se.', type: 'A' },
  { name: 'www.good.se.', type: 'TXT' },
  { name: 'www.expired.se.', type: 'A' },
  { name: 'www.plain.se.', type: 'A' },
  { name: 'nowhere.plain.se.', type: 'AAAA' },
  { name: 'good.se.', type: 'DNSKEY' },
  { name: 'plain.se.', type: 'DS' },
].map((question) => ({ ...question, do: true }))

interface Threads {
  readonly fronts: number
  readonly resolvers: number
}

const ALONE: Threads = { fronts: 1, resolvers: 0 }
const PAIR: Threads = { fronts: 1, resolvers: 1 }
const MANY: Threads = { fronts: 2, resolvers: 3 }

interface SetUp {
  readonly threads?: Threads
  readonly mib?: number
  /** Members of the section `dnssec`. */
  readonly dnssec?: string
}

/** One run of the daemon. */
class Run {
  readonly process: Running
  readonly server: Server
  readonly #metrics: string

  private constructor(process: Running, port: string, metricsPort: string) {
    this.process = process
    this.server = { address: '127.0.0.1', port: Number(port) }
    this.#metrics = `http://127.0.0.1:${metricsPort}/metrics`
  }

  static async start(
    t: Test,
    world: LabWorld,
    { threads = ALONE, mib = 8, dnssec = '' }: SetUp,
  ): Promise<Run> {
    const path = world.writeConfig('snapshot.yaml', `dnssec: { trust-anchor-files: [root.ds], ${dnssec} }\n`)
    const { fronts, resolvers } = threads
    const text = readFileSync(path, 'utf8')
      .replace(/^cache: .*$/m, `cache: { answers-mib: ${mib}, rrsets-mib: ${mib}, snapshot: ${FILE} }`)
      .replace('server: {', `server: { front-threads: ${fronts}, resolver-threads: ${resolvers},`)
    writeFileSync(path, text)
    const process = new Running(['serve', '--config', path])
    t.teardown(() => process.signal('SIGKILL'))
    const [, port = '', metricsPort = ''] = await process.until(READY)
    return new Run(process, port, metricsPort)
  }

  /** All replies, in a form without what differs from one to the next: the order of addresses. */
  async replies(): Promise<Map<string, Reply>> {
    const replies = new Map<string, Reply>()
    for (const question of QUESTIONS) {
      const reply = await ask(this.server, { ...question, timeoutMs: 5_000 })
      replies.set(`${question.name} ${question.type}`, reply)
    }
    return replies
  }

  async metric(name: string, label?: string): Promise<number | undefined> {
    const families = parseExposition(await (await fetch(this.#metrics)).text())
    const samples = families.get(`sigill_${name}`)?.samples ?? []
    return samples.find(({ labels }) => label === undefined || Object.values(labels).includes(label))?.value
  }

  async stop(): Promise<Ended> {
    return this.process.stop()
  }
}

/** The same but for the TTLs, which are no more than they were. */
function checkSame(t: Test, before: ReadonlyMap<string, Reply>, after: ReadonlyMap<string, Reply>): void {
  for (const [question, old] of before) {
    const reply = after.get(question)!
    const { rcode, ad, ede } = old
    t.same({ rcode: reply.rcode, ad: reply.ad, ede: reply.ede }, { rcode, ad, ede }, question)
    for (const section of ['answer', 'authority'] as const) {
      const data = (of: Reply): string[] => of[section].map((r) => `${r.owner} ${r.type} ${r.rdata}`).sort()
      t.same(data(reply), data(old), `${question}: ${section}`)
      const least = (of: Reply): number => Math.min(...of[section].map(({ ttlSeconds }) => ttlSeconds))
      t.ok(least(reply) <= least(old), `${question}: no longer than before`)
    }
  }
}

async function worldOf(t: Test, network: number): Promise<LabWorld> {
  const world = await startLabWorld(testFolder(t), [127, network])
  t.teardown(() => world.close())
  return world
}

for (const [first, second] of [
  [ALONE, ALONE],
  [PAIR, PAIR],
  [ALONE, MANY],
  [MANY, PAIR],
] as const) {
  const text = ({ fronts, resolvers }: Threads): string => `${fronts} + ${resolvers} threads`
  t.test(`from ${text(first)} to ${text(second)}`, { timeout: 120_000 }, async (t) => {
    const world = await worldOf(t, 81)
    const one = await Run.start(t, world, { threads: first })
    t.match(one.process.stdout, /there is no snapshot of the caches yet/)
    const before = await one.replies()
    t.match(before.get('www.good.se. A'), { rcode: 'NOERROR', ad: true, ede: [] })
    t.match(before.get('www.expired.se. A'), { rcode: 'SERVFAIL', ad: false, ede: [{ code: 7 }] })
    t.match(before.get('nowhere.good.se. A'), { rcode: 'NXDOMAIN', ad: true })
    t.match(before.get('www.plain.se. A'), { rcode: 'NOERROR', ad: false, ede: [] })
    t.match(await one.stop(), { code: 0, stdout: /the snapshot of the caches is written/ })
    t.equal(statSync(join(world.folder, FILE)).mode & 0o777, 0o600)

    await world.close()
    const two = await Run.start(t, world, { threads: second, mib: 3 })
    checkSame(t, before, await two.replies())
    t.equal(await two.metric('cache_hits_total'), QUESTIONS.length, 'each is a hit')
    t.equal(await two.metric('cache_misses_total'), 0)
    t.equal(await two.metric('snapshot_entries', 'answers'), QUESTIONS.length)
    t.ok((await two.metric('snapshot_entries', 'rrsets'))! > 10)
    // And over one more, in which nothing was learnt.
    t.equal((await two.stop()).code, 0)
    const three = await Run.start(t, world, { threads: first })
    checkSame(t, before, await three.replies())
    t.equal(await three.metric('cache_misses_total'), 0)
  })
}

for (const threads of [ALONE, MANY]) {
  const where = threads === ALONE ? 'in one thread' : 'in many threads'

  t.test(
    `where validation is set otherwise, data is judged again, nobody being asked, ${where}`,
    async (t) => {
      const world = await worldOf(t, 82)
      const one = await Run.start(t, world, { threads })
      const before = await one.replies()
      await one.stop()
      await world.close()
      const two = await Run.start(t, world, { threads, dnssec: 'signature-skew: { max-seconds: 90000 }' })
      const reply = await ask(two.server, { name: 'www.good.se.', type: 'A', do: true })
      t.match(reply, { rcode: 'NOERROR', ad: true })
      t.equal(reply.answer.length, before.get('www.good.se. A')!.answer.length)
      t.match(await ask(two.server, { name: 'nowhere.good.se.', type: 'A', do: true }), {
        rcode: 'NXDOMAIN',
        ad: true,
      })
      t.equal(await two.metric('snapshot_entries', 'answers'), 0)
      t.equal(await two.metric('cache_hits_total'), 0)
      t.match(two.process.stdout, /settings of validation have changed since the snapshot/)
    },
  )

  t.test(`a negative trust anchor that is gone excuses nothing any more, ${where}`, async (t) => {
    const world = await worldOf(t, 83)
    const expires = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '')
    const anchor = `{ name: expired.se, reason: x, author: noc, expires: ${expires} }`
    const one = await Run.start(t, world, { threads, dnssec: `negative-trust-anchors: [${anchor}]` })
    const question: Ask = { name: 'www.expired.se.', type: 'A', do: true }
    t.match(await ask(one.server, question), { rcode: 'NOERROR', ad: false, ede: [{ code: 33 }] })
    await one.stop()
    const two = await Run.start(t, world, { threads })
    t.match(await ask(two.server, question), { rcode: 'SERVFAIL', ede: [{ code: 7 }] })
    await two.stop()
    const three = await Run.start(t, world, { threads, dnssec: `negative-trust-anchors: [${anchor}]` })
    t.match(await ask(three.server, question), { rcode: 'NOERROR', ad: false, ede: [{ code: 33 }] })
  })
}

t.test('a damaged file is set aside, and the names are resolved anew', async (t) => {
  const world = await worldOf(t, 84)
  const path = join(world.folder, FILE)
  const one = await Run.start(t, world, {})
  const before = await one.replies()
  await one.stop()
  const octets = readFileSync(path)
  octets[octets.length >> 1] = octets[octets.length >> 1]! ^ 0x10
  writeFileSync(path, octets)
  const two = await Run.start(t, world, {})
  t.match(two.process.stdout, /"reason":"checksum of a block".*was set aside; they start empty/)
  t.notOk(existsSync(path))
  t.same(readFileSync(`${path}.damaged`), octets)
  t.equal(await two.metric('snapshot_entries', 'answers'), 0)
  const after = await two.replies()
  t.match(after.get('www.good.se. A'), { rcode: 'NOERROR', ad: true })
  t.equal(after.size, before.size)
  await two.stop()
  t.ok(existsSync(path), 'and there is a whole one again')
})

t.test('a folder that cannot be written to keeps nobody from serving', async (t) => {
  const world = await worldOf(t, 85)
  writeFileSync(join(world.folder, 'blocked'), '')
  const path = world.writeConfig('blocked.yaml')
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(/^cache: .*$/m, 'cache: { snapshot: blocked/caches }'),
  )
  const process = new Running(['serve', '--config', path])
  t.teardown(() => process.signal('SIGKILL'))
  const [, port = ''] = await process.until(READY)
  const server = { address: '127.0.0.1', port: Number(port) }
  t.match(await ask(server, { name: 'www.good.se.', type: 'A', do: true }), { rcode: 'NOERROR', ad: true })
  const { code, stdout } = await process.stop()
  t.equal(code, 0)
  t.match(stdout, /"level":"warn".*"code":"ENOTDIR".*cannot be read; they start empty/)
  t.match(stdout, /"level":"warn".*"code":"ENOTDIR".*could not be written/)
})

t.test('a process that is killed leaves what was written last', async (t) => {
  const world = await worldOf(t, 86)
  const one = await Run.start(t, world, {})
  const before = await one.replies()
  await one.stop()
  await world.close()
  const two = await Run.start(t, world, {})
  two.process.signal('SIGKILL')
  await two.process.ended
  const three = await Run.start(t, world, {})
  checkSame(t, before, await three.replies())
})
