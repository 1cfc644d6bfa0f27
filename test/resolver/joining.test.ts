/** Equal work is done once, whoever asks, and nobody waits for ever (A04). */
import t from 'tap'
import { QUERY_TIME_MS_MAX } from '../../src/base/limits.ts'
import { type Behaviour, delayed, silent } from '../../src/lab/behaviours.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, type World, WWW, zone } from '../support/world.ts'

/** Questions that were asked more than once. */
function repeated(world: World): string[] {
  const seen = new Set<string>()
  return world.asked().filter((question) => seen.size === seen.add(question).size)
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** Spells a name with capitals here and there. */
function spelt(name: string, i: number): string {
  return [...name].map((letter, at) => ((i >> (at % 5)) & 1 ? letter.toUpperCase() : letter)).join('')
}

t.test('a thousand clients, one name in many spellings: every question goes out once (A04)', async (t) => {
  const world = makeWorld([zone('z.test.')])
  const replies = await world.askAll(numbers(1000).map((i) => [spelt('www.z.test', i)]))
  t.ok(replies.every(({ status }) => status === 'secure'))
  t.same(repeated(world), [])
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
})

t.test('equal questions of one moment: whose time is up is answered, and does not begin anew', async (t) => {
  const servers = ['ns1', 'ns2', 'ns3', 'ns4'].map((name) => ({ name, behaviour: silent }))
  const far = plainZone('test.', { content: '', servers: [{ name: 'ns', behaviour: delayed(300) }] })
  const world = makeWorld([far, zone('z.test.', { servers })])
  const sinceMs = world.clock.nowMs()
  const replies = await world.askAll([['www.z.test'], ['www.z.test'], ['www.z.test']])
  t.same(
    replies.map(({ rcode }) => rcode),
    [RCODE.SERVFAIL, RCODE.SERVFAIL, RCODE.SERVFAIL],
  )
  t.ok(
    replies.some(({ reason }) => reason === 'limit-time'),
    'the time runs out',
  )
  const tookMs = world.clock.nowMs() - sinceMs
  t.ok(tookMs >= QUERY_TIME_MS_MAX && tookMs < QUERY_TIME_MS_MAX + 100, `${tookMs} ms`)
})

t.test('who needs the whole of what another can do without waits for late servers', async (t) => {
  let isSlow = false
  const slow: Behaviour = (inner) => (query, by) => (isSlow ? delayed(300)(inner) : inner)(query, by)
  const servers = ['ns1', 'ns2', 'ns3'].map((name) => ({ name, behaviour: slow }))
  const world = makeWorld([plainZone('z.test.', { content: '* A 192.0.2.1', servers })])
  for (let i = 0; i < 20; i++) await world.ask(`known${i}.z.test`, TYPE.A)
  isSlow = true
  const names = ['a.b.z.test', 'b.z.test', 'b.z.test']
  const replies = await world.askAll(names.map((name) => [name, TYPE.A]))
  t.same(
    replies.map(({ message }) => message.answer.length),
    [1, 1, 1],
  )
})

t.test('three hundred names below a cold zone: what they share is asked once', async (t) => {
  const world = makeWorld([zone('z.test.')], { settings: { ipv6: true } })
  const replies = await world.askAll(
    numbers(300).map((i) => [`n${i}.deep.z.test`, i % 2 === 0 ? TYPE.A : TYPE.MX]),
  )
  t.ok(replies.every(({ status, rcode }) => status === 'secure' && rcode === RCODE.NXDOMAIN))
  t.same(repeated(world), [])
  t.ok(world.asked().length < 10, 'one denial of their common ancestor serves them all')
})

t.test('name servers without glue, and many names behind them', async (t) => {
  const world = makeWorld(
    [
      zone('hoster.test.'),
      ...numbers(50).map((i) =>
        plainZone(`z${i}.test.`, { servers: [{ name: 'ns.hoster.test.', address: { of: 'hoster.test.' } }] }),
      ),
    ],
    { settings: { ipv6: true } },
  )
  const replies = await world.askAll(
    numbers(50).flatMap((i) => [[`www.z${i}.test`], [`a.z${i}.test`]] as const),
  )
  t.equal(replies.filter(({ rcode }) => rcode === RCODE.NOERROR).length, 50)
  t.same(repeated(world), [])
})

t.test(
  'a policy that changes meanwhile: who asks after the change does not get the verdict from before',
  async (t) => {
    const world = makeWorld([
      zone('z.test.', {
        signing: { algorithm: 13, days: [-60, -30] },
        servers: [{ name: 'ns', behaviour: delayed(200) }],
      }),
    ])
    const question = { name: nameFrom('www.z.test'), type: TYPE.A, checkingDisabled: false }
    let settled = false
    void world.resolver.resolve(question).then(() => {
      settled = true
    })
    await world.clock.runUntil(() => world.asked('ns.z.test.').length === 2, 5_000)
    world.policy.addNegativeTrustAnchor({
      name: nameFrom('z.test'),
      reason: 'expired',
      author: 'test',
      expiresSeconds: world.clock.unixSeconds() + 3600,
    })
    const after = await world.ask('www.z.test', TYPE.A)
    t.equal(after.status, 'insecure')
    t.equal(after.reason, 'negative-trust-anchor')
    await world.clock.runUntil(() => settled, 10_000)
    const cached = await world.askCached('www.z.test')
    t.equal(cached.status, 'insecure', 'nor does the cache')
  },
)

t.test('an answer of which half was judged before a change is judged again', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: 'a CNAME www.slow.test.\n', signing: { algorithm: 13, days: [-60, -30] } }),
    zone('slow.test.', { servers: [{ name: 'ns', behaviour: delayed(200) }] }),
  ])
  const name = nameFrom('z.test')
  const expiresSeconds = world.clock.unixSeconds() + 3600
  world.policy.addNegativeTrustAnchor({ name, reason: 'expired', author: 'test', expiresSeconds })
  let settled = false
  void world.resolver
    .resolve({ name: nameFrom('a.z.test'), type: TYPE.A, checkingDisabled: false })
    .then(() => {
      settled = true
    })
  await world.clock.runUntil(() => world.asked('ns.slow.test.').length > 0, 5_000)
  world.policy.removeNegativeTrustAnchor(name)
  t.equal((await world.ask('a.z.test', TYPE.A)).status, 'bogus', 'who asks now does not join it')
  await world.clock.runUntil(() => settled, 10_000)
  t.equal((await world.askCached('a.z.test')).status, 'bogus')
})

t.test(
  'a server that takes its time is asked once more for one name, however many wait for it',
  async (t) => {
    const world = makeWorld([
      plainZone('z.test.', { content: WWW, servers: [{ name: 'ns', behaviour: delayed(450) }] }),
    ])
    const replies = await world.askAll(numbers(100).map(() => ['www.z.test']))
    t.ok(replies.every(({ rcode }) => rcode === RCODE.NOERROR))
    t.same(world.asked('ns.z.test.'), ['www.z.test. A', 'www.z.test. A'])
  },
)
