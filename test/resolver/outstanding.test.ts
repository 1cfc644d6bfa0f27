/** Bounds of questions to authorities that are in work: for a zone, for a server, for a client. */
import t from 'tap'
import { OUTSTANDING_PER_ZONE_MAX, SERVER_QUOTA_SHARE_MIN } from '../../src/base/limits.ts'
import { type Asker, ServerQuota } from '../../src/cache/server-quota.ts'
import { type Behaviour, delayed, inOrder, silent, tcpOnly, udpOnly } from '../../src/lab/behaviours.ts'
import { Outstanding, type OutstandingLimits } from '../../src/resolver/outstanding.ts'
import type { UpstreamRequest, UpstreamResult } from '../../src/resolver/ports.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { figure } from '../attacks/row.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import { type EntryReply, entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World } from '../support/world.ts'

const ZONE = nameFrom('z.test')
const BACK_OFF = ENGINE_SETTINGS.outstanding.backOff

function limits(change: Partial<OutstandingLimits>): OutstandingLimits {
  return { ...ENGINE_SETTINGS.outstanding, ...change }
}

interface Noted {
  readonly outstanding: Outstanding
  readonly met: string[]
}

function noting(change: Partial<OutstandingLimits>): Noted {
  const met: string[] = []
  const counters = {
    limitHit: (limit: string, zone?: Name) => void met.push(`hit ${limit} ${zone && formatName(zone)}`),
    limitTried: (limit: string) => void met.push(`tried ${limit}`),
  }
  return { outstanding: new Outstanding(limits(change), counters), met }
}

/** Takes places for a client until there is none; how many it got. */
function fill({ outstanding }: Noted, client: number | undefined): number {
  let got = 0
  while (got < 1_000 && outstanding.enterZone(ZONE, client) !== undefined) got++
  return got
}

t.test('who comes later finds as many places of a zone as each before it has', async (t) => {
  const it = noting({ perZone: 12 })
  t.same([fill(it, 1), fill(it, 2), fill(it, 3)], [6, 3, 2], 'nobody has more than are free')
  t.equal(it.outstanding.of(ZONE), 11)
  t.equal(fill(it, undefined), 1, 'work of our own counts as one client')
  t.equal(fill(it, 4), 0, 'none is left')
  t.same(it.met.at(-1), 'hit outstanding-per-zone z.test.')
  t.equal(typeof it.outstanding.enterZone(nameFrom('y.test'), 1), 'function', 'another zone has its own')
})

t.test('places that are given back are there again, and nothing stays', async (t) => {
  const { outstanding } = noting({ perZone: 2 })
  const leave = outstanding.enterZone(ZONE, 1)
  t.equal(outstanding.enterZone(ZONE, 1), undefined)
  leave?.()
  t.equal(outstanding.of(ZONE), 0)
  t.ok(outstanding.enterZone(ZONE, 1))
})

t.test('a bound that is tried out is counted and not kept; one of 0 is none', async (t) => {
  const it = noting({ perZone: 2, dryRun: new Set(['outstanding-per-zone']) })
  t.equal(fill(it, 1), 1_000)
  t.same([...new Set(it.met)], ['tried outstanding-per-zone'])
  const none = noting({ perZone: 0 })
  t.equal(fill(none, 1), 1_000)
  t.same(none.met, [])
})

t.test('a client has no more questions out than are left', async (t) => {
  const { outstanding } = noting({ all: 10 })
  for (let i = 0; i < 5; i++) {
    t.notOk(outstanding.isFullFor(1))
    outstanding.sent(1)
  }
  t.ok(outstanding.isFullFor(1))
  t.notOk(outstanding.isFullFor(2))
  t.notOk(outstanding.isFullFor(undefined), 'work of our own has other bounds')
  outstanding.ended(1)
  t.notOk(outstanding.isFullFor(1))
})

const ASKER: Asker = { zone: ZONE, client: 1 }

/** Has so many questions end. */
function end(quota: ServerQuota, count: number, answered: boolean): void {
  for (let i = 0; i < count; i++) {
    quota.sent(ASKER)
    quota.ended(ASKER, answered, BACK_OFF)
  }
}

/** How many may be out at once, each for somebody else unless told otherwise. */
function places(quota: ServerQuota, most: number, next: (i: number) => Asker = someone): number {
  const out: Asker[] = []
  for (let asker = next(0); !quota.isFull(most, asker); asker = next(out.length)) {
    quota.sent(asker)
    out.push(asker)
  }
  for (const asker of out) quota.ended(asker, undefined, BACK_OFF)
  return out.length
}

function someone(i: number): Asker {
  return { zone: nameFrom(`z${i}.test`), client: i }
}

t.test('a server that does not answer has fewer places look by look, and gets them back', async (t) => {
  const quota = new ServerQuota()
  t.equal(places(quota, 400), 400)
  end(quota, 99, false)
  t.equal(places(quota, 400), 400, 'not looked at yet')
  end(quota, 1, false)
  t.equal(places(quota, 400), 200)
  end(quota, 1_000, false)
  t.equal(places(quota, 400), 400 * SERVER_QUOTA_SHARE_MIN)
  t.equal(places(quota, 1), 1, 'one at least, to see it come back')
  end(quota, 1_000, true)
  t.equal(places(quota, 400), 400)
  for (let i = 0; i < 10; i++) {
    end(quota, 20, false)
    end(quota, 80, true)
  }
  t.equal(places(quota, 400), 400, 'a fifth lost is between the marks')
  t.notOk(quota.isFull(0, ASKER), 'no bound')
})

t.test(
  'the few places of a server that does not answer are not for one zone, nor for one client',
  async (t) => {
    const quota = new ServerQuota()
    t.equal(
      places(quota, 400, () => ASKER),
      400,
      'while it answers whoever comes has them',
    )
    end(quota, 1_000, false)
    t.equal(
      places(quota, 400, (i) => ({ ...someone(i), zone: nameFrom('Z.test') })),
      4,
    )
    t.equal(
      places(quota, 400, (i) => ({ ...someone(i), client: 1 })),
      4,
    )
  },
)

/** Counts what is out at once to a server, or in all, and refuses what there is no socket for. */
function watchSockets(world: World, server: string, max: number): { most: number; out: number; all: number } {
  const watched = { most: 0, out: 0, all: 0 }
  const address = world.addressOf(server)
  const ask = world.network.ask.bind(world.network)
  world.network.ask = async (request: UpstreamRequest): Promise<UpstreamResult> => {
    if (watched.all >= max) return { kind: 'failure', reason: 'resources' }
    const isIts = request.server.address.join('.') === address
    watched.all++
    if (isIts) watched.most = Math.max(watched.most, ++watched.out)
    const result = await ask(request)
    watched.all--
    if (isIts) watched.out--
    return result
  }
  return watched
}

interface Answered {
  readonly reply: EntryReply
  readonly tookMs: number
}

/** Asks for a client, now. */
function askNow(world: World, name: string, client: number, told: Answered[]): void {
  const startMs = world.clock.nowMs()
  const question = { name: nameFrom(name), type: TYPE.A, checkingDisabled: false, client }
  void world.resolver.resolve(question).then(({ entry }) => {
    told.push({ reply: entryReply(entry, world.clock.nowMs()), tookMs: world.clock.nowMs() - startMs })
  })
}

/** Lets time pass, and has something done in every millisecond of it. */
async function everyMs(world: World, count: number, act: (ms: number) => void): Promise<void> {
  for (let ms = 0; ms < count; ms++) {
    act(ms)
    await new Promise((resolve) => setImmediate(resolve))
    world.clock.advance(1)
  }
}

function served(told: readonly Answered[]): number {
  return told.filter(({ reply }) => reply.rcode === RCODE.NOERROR).length / told.length
}

/** 5,000 random names a second below a dead zone, beside 500 names a second below one that is well. */
async function flood(settings: OutstandingLimits, seconds: number, attackers: number) {
  const world = makeWorld(
    [
      plainZone('dead.test.', { content: '', servers: [{ name: 'ns', behaviour: silent }] }),
      plainZone('well.test.', { content: '* A 192.0.2.1\n' }),
    ],
    { settings: { outstanding: settings } },
  )
  await world.ask('warm.well.test', TYPE.A)
  const sockets = watchSockets(world, 'ns.dead.test.', settings.all)
  const benign: Answered[] = []
  const hostile: Answered[] = []
  await everyMs(world, seconds * 1_000, (ms) => {
    for (let i = 0; i < 5; i++)
      askNow(world, `r${ms}x${i}.dead.test`, 1_000 + ((ms * 5 + i) % attackers), hostile)
    if (ms % 2 === 0) askNow(world, `b${ms}.well.test`, ms % 100, benign)
  })
  const all = (): boolean => benign.length === seconds * 500 && hostile.length === seconds * 5_000
  await world.clock.runUntil(all, 20_000)
  benign.sort((a, b) => a.tookMs - b.tookMs)
  return { world, sockets, benign, hostile, p99Ms: benign[Math.floor(benign.length * 0.99)]!.tookMs }
}

t.test('random names below a dead zone hold up nothing else (B13)', async (t) => {
  const settings = limits({ all: 1_000 })
  const { world, sockets, benign, hostile, p99Ms } = await flood(settings, 1, 300)
  t.equal(served(benign), 1)
  t.ok(p99Ms <= 20, `p99 ${p99Ms} ms`)
  t.ok(sockets.most <= OUTSTANDING_PER_ZONE_MAX, `${sockets.most} questions out to the dead zone at once`)
  const refused = hostile.filter(({ reply }) => reply.ede?.code === EDE.OVER_QUOTA)
  t.ok(refused.length > 1_000, `${refused.length} of ${hostile.length} told so`)
  t.ok(refused.every(({ reply, tookMs }) => reply.ede?.text.startsWith('dead.test') && tookMs <= 50))
  t.ok(world.counts.get('limit outstanding-per-zone')! > 0)
  t.equal(world.faults.length, 0)
  figure(
    t,
    'B13',
    `5,000 random names/s below a dead zone: at most ${sockets.most} questions out to it, ` +
      `${(100 * served(benign)).toFixed(1)} % of 500 benign names/s, p99 ${p99Ms.toFixed(0)} ms`,
  )
})

t.test('the same without the bounds fills all sockets: this test can fail', async (t) => {
  const settings = limits({
    all: 1_000,
    perZone: 0,
    perServer: 0,
    dryRun: new Set(['outstanding-per-client']),
  })
  const { sockets, benign } = await flood(settings, 1, 300)
  t.ok(sockets.most > OUTSTANDING_PER_ZONE_MAX, `${sockets.most} questions out to the dead zone`)
  t.ok(served(benign) < 0.9, `${served(benign)} of benign names`)
})

t.test('one client cannot take all places of a zone that others ask for', async (t) => {
  const world = makeWorld([
    plainZone('z.test.', { content: '* A 192.0.2.1\n', servers: [{ name: 'ns', behaviour: delayed(300) }] }),
  ])
  await world.ask('warm.z.test', TYPE.A)
  const hostile: Answered[] = []
  const benign: Answered[] = []
  for (let i = 0; i < 1_000; i++) askNow(world, `r${i}.z.test`, 1, hostile)
  for (let i = 0; i < 50; i++) askNow(world, `b${i}.z.test`, 2, benign)
  await world.clock.runUntil(() => benign.length === 50 && hostile.length === 1_000, 20_000)
  t.equal(served(benign), 1)
  t.equal(hostile.filter(({ reply }) => reply.rcode === RCODE.NOERROR).length, OUTSTANDING_PER_ZONE_MAX / 2)
})

t.test('a client that has no place left is refused for itself alone', async (t) => {
  const world = makeWorld([
    plainZone('z.test.', { content: '* A 192.0.2.1\n', servers: [{ name: 'ns', behaviour: delayed(300) }] }),
  ])
  await world.ask('warm.z.test', TYPE.A)
  const hostile: Answered[] = []
  const benign: Answered[] = []
  for (let i = 0; i < 300; i++) askNow(world, `r${i}.z.test`, 1, hostile)
  await everyMs(world, 5, () => {})
  t.equal(hostile.length, 100, 'it has all that it may have')
  askNow(world, 'both.z.test', 1, hostile)
  askNow(world, 'both.z.test', 2, benign)
  askNow(world, 'asked.z.test', 1, hostile)
  await everyMs(world, 5, () => {})
  t.same(
    hostile.slice(100).map(({ reply }) => reply.rcode),
    [RCODE.SERVFAIL, RCODE.SERVFAIL],
  )
  const later = await world.askCached('asked.z.test')
  t.equal(later.rcode, RCODE.NOERROR, 'nobody is given what it was told')
  t.equal(served(benign), 1, 'nor who asked the same at the same time')
})

t.test('a server that answers seldom is hardly asked for a name again', async (t) => {
  const backOff = { ...BACK_OFF, questions: 20 }
  let asked = 0
  let askedBefore = 0
  const world = makeWorld(
    [
      plainZone('z.test.', {
        content: '* A 192.0.2.1\n',
        servers: [
          { name: 'ns', behaviour: (inner) => (query, by) => (asked++ % 10 === 0 ? inner(query, by) : []) },
        ],
      }),
    ],
    { settings: { outstanding: limits({ perZone: 0, perServer: 50, backOff }) } },
  )
  await world.ask('warm.z.test', TYPE.A)
  const sockets = watchSockets(world, 'ns.z.test.', 100_000)
  const told: Answered[] = []
  await everyMs(world, 5_000, (ms) => {
    if (ms % 4 === 0) askNow(world, `r${ms}.z.test`, ms % 50, told)
    if (ms === 2_000) t.equal(sockets.most, 50)
    if (ms === 4_000) {
      sockets.most = 0
      askedBefore = asked
    }
  })
  const perName = (asked - askedBefore) / 250
  t.ok(perName < 1.1, `${perName} questions a name in the end`)
  t.ok(sockets.most <= 30, `${sockets.most} questions out at once in the end`)
  t.ok(world.counts.get('limit outstanding-per-server')! > 0)
})

/** Answers only what is below `well`. */
const onlyWell: Behaviour = (inner) => (query, by) =>
  Buffer.from(query).includes('\x04well\x04test') ? inner(query, by) : []

/**
 * Names of zones that a server says nothing of, whoever delegated them to it, beside names of one that it serves.
 *
 * @param hostile a question in every other millisecond, of which client
 * @returns how many of the names that it serves were answered, once its quota had shrunk and what was out before had ended
 */
async function beside(hostile: (ms: number) => readonly [name: string, client: number]): Promise<number> {
  const shared = [{ name: 'ns.well.test.', behaviour: inOrder(delayed(20), onlyWell) }]
  const others = Array.from({ length: 40 }, (_, i) =>
    plainZone(`bad${i}.test.`, { content: '', servers: shared }),
  )
  const world = makeWorld([
    plainZone('well.test.', { content: '* A 192.0.2.1\n', servers: shared }),
    ...others,
  ])
  for (const name of ['warm.well.test', 'ns.well.test']) await world.ask(name, TYPE.A)
  const benign: Answered[] = []
  const told: Answered[] = []
  await everyMs(world, 5_500, (ms) => {
    if (ms % 2 === 0) askNow(world, ...hostile(ms), told)
    if (ms >= 4_500 && ms % 10 === 0) askNow(world, `b${ms}.well.test`, 1 + (ms % 7), benign)
  })
  await world.clock.runUntil(() => benign.length === 100 && told.length === 2_750, 20_000)
  return served(benign)
}

t.test('a server that says nothing of some zones stays of use for the others', async (t) => {
  // Not all: its quota grows as they are answered, and shrinks again below what is out then.
  const many = await beside((ms) => [`r${ms}.bad0.test`, 1_000 + ms])
  t.ok(many > 0.9, `many ask for names of one zone: ${many}`)
  const one = await beside((ms) => [`r${ms}.bad${(ms / 2) % 40}.test`, 1_000])
  t.ok(one > 0.9, `one asks for names of many: ${one}`)
})

/** How many of so many questions are out to the server of `z.test.` at once. */
async function askedAtOnce(world: World, count: number): Promise<number> {
  const sockets = watchSockets(world, 'ns.z.test.', 100_000)
  const told: Answered[] = []
  for (let i = 0; i < count; i++) askNow(world, `once${i}.z.test`, i, told)
  await world.clock.runUntil(() => told.length === count, 20_000)
  return sockets.most
}

/** Where the first letter of a question's name is in its octets. */
const FIRST_LETTER_AT = 13
const R = 'r'.charCodeAt(0)

t.test('what is no fault of a server takes none of its places', async (t) => {
  const settings = { outstanding: limits({ backOff: { ...BACK_OFF, questions: 20 } }) }
  const content = '* A 192.0.2.1\n'
  const without = async (behaviour: Behaviour, ask: (world: World) => Promise<unknown>): Promise<number> => {
    const servers = [{ name: 'ns', behaviour: inOrder(delayed(20), behaviour) }]
    const world = makeWorld([plainZone('z.test.', { content, servers })], { settings })
    await world.ask('warm.z.test', TYPE.A)
    await ask(world)
    return askedAtOnce(world, 100)
  }
  const noSockets = await without(
    (inner) => inner,
    async (world) => {
      const ask = world.network.ask.bind(world.network)
      world.network.ask = async () => ({ kind: 'failure', reason: 'resources' })
      for (let i = 0; i < 100; i++) await world.ask(`r${i}.z.test`, TYPE.A)
      world.network.ask = ask
    },
  )
  t.equal(noSockets, 100, 'sockets were short here')
  const noTcp = await without(
    (inner) => (query, by) =>
      (query[FIRST_LETTER_AT] === R ? inOrder(tcpOnly, udpOnly)(inner) : inner)(query, by),
    async (world) => {
      for (let i = 0; i < 100; i++) await world.ask(`r${i}.z.test`, TYPE.A)
    },
  )
  t.equal(noTcp, 100, 'it does not listen on TCP, which some names would need')
})

t.test('a bound that changes is in force at once', async (t) => {
  const world = makeWorld([
    plainZone('z.test.', { content: '* A 192.0.2.1\n', servers: [{ name: 'ns', behaviour: delayed(100) }] }),
  ])
  await world.ask('warm.z.test', TYPE.A)
  world.resolver.configure({ ...ENGINE_SETTINGS, outstanding: limits({ perZone: 1 }) })
  const replies = await world.askAll([['a.z.test'], ['b.z.test']])
  t.same(
    replies.map(({ rcode, ede }) => [rcode, ede?.code]),
    [
      [RCODE.NOERROR, undefined],
      [RCODE.SERVFAIL, EDE.OVER_QUOTA],
    ],
  )
  t.ok(replies[1]!.ttlSeconds <= 5, 'and is kept for seconds only')
})
