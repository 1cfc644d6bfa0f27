/** Questions and answers on their way between a front and a resolver thread, both ends in this one. */
import t, { type Test } from 'tap'
import { systemClock, VirtualClock } from '../../src/base/clock.ts'
import { ENTRANCE_MS_MAX, HANDOVER_MS, HANDOVER_SWEEP_MS, REPLY_RING_OCTETS } from '../../src/base/limits.ts'
import { MissDesk } from '../../src/daemon/threads/miss-desk.ts'
import { ResolverLinks } from '../../src/daemon/threads/resolver-links.ts'
import { SetAside } from '../../src/daemon/threads/set-aside.ts'
import { makeLink } from '../../src/daemon/threads/thread-link.ts'
import type { ClientQuestion, ClientReply } from '../../src/resolver/ports.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { entryReply } from '../support/entry.ts'

interface Bench {
  readonly links: ResolverLinks
  readonly asked: ClientQuestion[]
  readonly prefetched: string[]
  readonly limits: string[]
  readonly setAside: SetAside
  /** What the resolver answers. */
  resolve: (question: ClientQuestion) => Promise<ClientReply>
  /** Starts the resolver anew: the front is told, and nobody serves the new link yet. */
  renew(): void
}

function bench(t: Test, clock = systemClock(), served = true): Bench {
  const link = makeLink()
  const setAside = new SetAside()
  const it: Bench = {
    links: new ResolverLinks({ clock, ends: [link.front], resolverOf: () => 0, questionMs: () => 7_000 }),
    asked: [],
    prefetched: [],
    limits: [],
    setAside,
    resolve: async ({ type }) => ({ entry: Uint8Array.of(type, 1, 2, 3), stale: type === 28 }),
    renew: () => {
      const next = makeLink()
      it.links.replace(0, next.front)
      t.teardown(() => next.resolver.port.close())
    },
  }
  const desk = new MissDesk({
    clock,
    counters: { limitHit: (limit) => it.limits.push(limit) },
    setAside,
    resolver: {
      resolve: (question) => {
        it.asked.push(question)
        return it.resolve(question)
      },
      prefetch: (name, type) => it.prefetched.push(`${Buffer.from(name).toString('latin1')} ${type}`),
    },
  })
  if (served) desk.connect(0, link.resolver)
  t.teardown(() => {
    it.links.close()
    desk.close()
    link.resolver.port.close()
  })
  return it
}

const question = (name: string, more: Partial<ClientQuestion> = {}): ClientQuestion => ({
  name: nameFrom(name),
  type: 1,
  checkingDisabled: false,
  cachedOnly: false,
  verdict: 'enforced',
  client: 0,
  reportedClient: 0,
  ...more,
})

t.test('a question arrives as it was asked, its answer as it was given', async (t) => {
  const { links, asked } = bench(t)
  const questions = [
    question('WWW.example.se.'),
    question('a.se.', { type: 28, checkingDisabled: true, verdict: 'unneeded', client: -1 }),
    question('b.se.', { verdict: 'wanted', client: 0x7fff_ffff, reportedClient: -2 }),
    question('.', { type: 48, cachedOnly: true }),
    question(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`, { type: 65_535 }),
  ]
  const replies = await Promise.all(questions.map((one) => links.resolve(one)))
  t.same(asked, questions)
  t.same(
    replies,
    questions.map(({ type }) => ({ entry: Uint8Array.of(type, 1, 2, 3), stale: type === 28 })),
  )
})

t.test('answers in another order, large ones among them', async (t) => {
  const it = bench(t)
  const release: (() => void)[] = []
  const large = new Uint8Array(60_000).fill(7)
  it.resolve = ({ type }) =>
    new Promise((resolve) =>
      release.unshift(() => resolve({ entry: type % 2 === 1 ? large : Uint8Array.of(type) })),
    )
  const asking = Array.from({ length: 20 }, (_, type) => it.links.resolve(question('a.se.', { type })))
  while (release.length < 20) await new Promise((resolve) => setImmediate(resolve))
  for (const one of release) one()
  const replies = await Promise.all(asking)
  t.ok(10 * large.length > REPLY_RING_OCTETS, 'some have no room in the ring')
  replies.forEach(({ entry }, type) => {
    t.ok(Buffer.from(entry).equals(type % 2 === 1 ? large : Uint8Array.of(type)), `answer ${type}`)
  })
})

t.test('many more than fit in a turn', async (t) => {
  const { links, asked } = bench(t)
  const replies = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => links.resolve(question(`n${i}.se.`, { type: 1 + (i % 200) }))),
  )
  t.equal(asked.length, 1_000)
  t.ok(replies.every(({ entry, shed }, i) => entry[0] === 1 + (i % 200) && shed === undefined))
})

/** Asks at once, and tells who of them is shed while nobody takes anything out of the ring. */
async function shedOf(links: ResolverLinks, askers: readonly Partial<ClientQuestion>[]): Promise<boolean[]> {
  const shed = askers.map(() => false)
  askers.forEach((asker, i) => {
    const one = question(`n${i}.a-name-of-some-length.se.`, asker)
    void links.resolve(one).then((reply) => {
      shed[i] = reply.shed === true
    })
  })
  await new Promise((resolve) => setImmediate(resolve))
  return shed
}

const times = (count: number, asker: (i: number) => Partial<ClientQuestion>): Partial<ClientQuestion>[] =>
  Array.from({ length: count }, (_, i) => asker(i))
const countOf = (list: readonly boolean[]): number => list.filter(Boolean).length

t.test('a full ring sheds', async (t) => {
  const { links } = bench(t, systemClock(), false)
  const shed = countOf(
    await shedOf(
      links,
      times(5_000, (i) => ({ client: i << 16 })),
    ),
  )
  t.ok(shed > 1_000, `${shed} shed`)
  t.ok(shed < 4_000, `${5_000 - shed} wait`)
})

t.test('one client that fills the ring is shed, and others are not', async (t) => {
  const { links } = bench(t, systemClock(), false)
  const asked = [
    ...times(2_000, () => ({ client: 7 << 16 })),
    ...times(20, (i) => ({ client: (100 + i) << 16 })),
    // A neighbour.
    ...times(20, () => ({ client: (7 << 16) | 1 })),
  ]
  const shed = await shedOf(links, asked)
  t.ok(countOf(shed.slice(0, 2_000)) > 1_000)
  t.equal(countOf(shed.slice(2_000)), 0)
})

t.test('so is a network whose addresses ask once each', async (t) => {
  const { links } = bench(t, systemClock(), false)
  const asked = [
    ...times(5_000, (i) => ({ client: (7 << 16) | i })),
    ...times(20, (i) => ({ client: (100 + i) << 16 })),
  ]
  const shed = await shedOf(links, asked)
  t.ok(countOf(shed.slice(0, 5_000)) > 3_000)
  t.equal(countOf(shed.slice(5_000)), 0)
})

t.test('and what nobody waits for', async (t) => {
  const { links } = bench(t, systemClock(), false)
  for (let i = 0; i < 5_000; i++) links.prefetch(nameFrom(`n${i}.se.`), 1)
  const shed = await shedOf(
    links,
    times(20, () => ({ client: 7 << 16 })),
  )
  t.equal(countOf(shed), 0)
})

t.test('what is taken out of the ring makes room for its client again', async (t) => {
  const { links, asked } = bench(t)
  const burst = times(2_000, () => ({ client: 7 << 16 }))
  const first = countOf(await shedOf(links, burst))
  t.ok(first > 500, `${first} shed`)
  while (asked.length < 2_000 - first) await new Promise((resolve) => setImmediate(resolve))
  t.equal(countOf(await shedOf(links, burst)), first, 'as many as before')
})

t.test('prefetches get no answer', async (t) => {
  const it = bench(t)
  it.links.prefetch(nameFrom('a.se.'), 28)
  await it.links.resolve(question('b.se.'))
  t.same(it.prefetched, ['\x01a\x02se\x00 28'])
})

t.test("who waits for a thread that ended is told, and a late answer is nobody's", async (t) => {
  const it = bench(t)
  const release: (() => void)[] = []
  it.resolve = () => new Promise((resolve) => release.push(() => resolve({ entry: Uint8Array.of(1) })))
  const asking = it.links.resolve(question('a.se.'))
  while (release.length === 0) await new Promise((resolve) => setImmediate(resolve))
  it.renew()
  const reply = entryReply((await asking).entry, 0)
  t.match(reply, { rcode: 2, reason: 'thread-lost' })
  let answered = false
  void it.links.resolve(question('b.se.')).then(() => {
    answered = true
  })
  release[0]!()
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.notOk(answered, 'the first ticket of the new link is not answered by the old one')
})

t.test('a thread that is stuck keeps no client', async (t) => {
  const clock = new VirtualClock(0)
  const { links } = bench(t, clock, false)
  const asking = links.resolve(question('a.se.'))
  let told = false
  void asking.then(() => {
    told = true
  })
  // It may wait for its turn first, and then take all of its time.
  for (let ms = 0; ms < ENTRANCE_MS_MAX + 7_000; ms += HANDOVER_SWEEP_MS) clock.advance(HANDOVER_SWEEP_MS)
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(told, 'one that is busy is not stuck')
  clock.advance(HANDOVER_MS)
  t.match(entryReply((await asking).entry, 0), { rcode: 2, reason: 'thread-lost' })
  t.equal(clock.nextTimerMs(), undefined)
})

t.test('a question that is set aside is not tried', async (t) => {
  const it = bench(t)
  const clock = systemClock()
  it.setAside.add(question('bad.se.'), clock.nowMs())
  it.links.prefetch(nameFrom('bad.se.'), 1)
  const { entry } = await it.links.resolve(question('BAD.se.', { checkingDisabled: true }))
  t.match(entryReply(entry, clock.nowMs()), { rcode: 2, reason: 'set-aside' })
  t.same([it.asked, it.prefetched], [[], []])
  t.same(it.limits, ['set-aside', 'set-aside'])
})
