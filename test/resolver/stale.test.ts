/** Answers that have run out (RFC 8767): when they are given, what they say, and when they must not be. */
import t from 'tap'
import {
  BOGUS_TTL_SECONDS,
  REFRESH_PAUSE_SECONDS,
  STALE_CLIENT_TIMEOUT_MS,
  STALE_SECONDS_MAX,
  STALE_TTL_SECONDS,
} from '../../src/base/limits.ts'
import { failing, lame } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { wrongSignatures } from '../../src/lab/zone.ts'
import type { ServeStale } from '../../src/resolver/ports.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { type EntryReply, entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const DEFAULTS: ServeStale = {
  clientTimeoutMs: STALE_CLIENT_TIMEOUT_MS,
  maxSeconds: STALE_SECONDS_MAX,
  ttlSeconds: STALE_TTL_SECONDS,
  afterBogus: false,
}
const CONTENT = 'www 60 A 192.0.2.80\nalias CNAME www\n'
const NEW_CONTENT = 'www 60 A 192.0.2.81\nalias CNAME www\n'
/** One silent server is given up after a second. */
const IMPATIENT = { clientTimeoutMs: 500 }
/** The zone's own time has run out, that of its delegation has not. */
const PAST_END = 61

function staleWorld(
  zones: readonly LabZone[] = [zone('z.test.', { content: CONTENT })],
  change: Partial<ServeStale> = {},
  options: Parameters<typeof makeWorld>[1] = {},
): World {
  return makeWorld(zones, {
    ...options,
    settings: { serveStale: { ...DEFAULTS, ...change }, ...options.settings },
  })
}

function kill(world: World, server = 'ns.z.test.'): void {
  world.network.detach(world.addressOf(server))
}

function revive(world: World, server = 'ns.z.test.'): void {
  const address = world.addressOf(server)
  world.network.attach(address, world.internet.authorities.get(address)!)
}

interface Timed extends EntryReply {
  readonly stale: boolean
  readonly afterMs: number
  readonly address: string | undefined
}

/** Asks as a client that the answer cache could not serve, and says how long it took and whether the answer is old. */
async function asks(
  world: World,
  name = 'www.z.test',
  checkingDisabled = false,
  cachedOnly = false,
): Promise<Timed> {
  const startMs = world.clock.nowMs()
  let reply: Timed | undefined
  const asking = world.resolver
    .resolve({ name: nameFrom(name), type: TYPE.A, checkingDisabled, cachedOnly })
    .then(({ entry, stale = false }) => {
      const read = entryReply(entry, world.clock.nowMs())
      const address = read.message.answer.find(({ type }) => type === TYPE.A)?.rdata.join('.')
      reply = { ...read, stale, afterMs: world.clock.nowMs() - startMs, address }
    })
  await world.clock.runUntil(() => reply !== undefined, 30_000)
  await asking
  if (world.faults.length > 0) throw world.faults[0]
  return reply!
}

/** Lets what goes on in the background come to its end. */
async function settle(world: World): Promise<void> {
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 30_000)
}

function codes({ edes }: EntryReply): number[] {
  return edes.map(({ code }) => code)
}

t.test(
  'a silent zone: the old answer after the time given, with a TTL of its own, EDE 3, no AD',
  async (t) => {
    const world = staleWorld(undefined, IMPATIENT)
    t.ok((await asks(world)).authenticated)
    world.pass(PAST_END)
    kill(world)
    const old = await asks(world)
    t.equal(old.stale, true)
    t.equal(old.afterMs, IMPATIENT.clientTimeoutMs)
    t.equal(old.rcode, RCODE.NOERROR)
    t.equal(old.address, '192.0.2.80')
    t.same(codes(old), [EDE.STALE_ANSWER])
    t.equal(old.authenticated, false)
    t.equal(old.status, 'indeterminate', 'what it proved has run out')
    for (const { ttlSeconds } of old.message.answer) t.equal(ttlSeconds, STALE_TTL_SECONDS)
  },
)

t.test(
  'who may only look into the cache gets what others get at once, and nobody is asked for it',
  async (t) => {
    const snooped = (world: World): Promise<Timed> => asks(world, 'www.z.test', false, true)
    const patient = staleWorld(undefined, IMPATIENT)
    await asks(patient)
    patient.pass(PAST_END)
    const referral = await snooped(patient)
    t.match(referral, { stale: false, address: undefined, rcode: RCODE.NOERROR }, 'the zone may well answer')
    kill(patient)
    await asks(patient)
    await settle(patient)
    t.match(await snooped(patient), { stale: true, afterMs: 0, address: '192.0.2.80' })

    const atOnce = staleWorld(undefined, { clientTimeoutMs: 0 })
    await asks(atOnce)
    t.equal((await snooped(atOnce)).stale, false)
    atOnce.pass(PAST_END)
    atOnce.forget()
    t.match(await snooped(atOnce), { stale: true, afterMs: 0, address: '192.0.2.80' })
    t.same(atOnce.asked(), [])
  },
)

t.test('where clients see the TTLs of the zone, they see them in old answers too', async (t) => {
  const world = staleWorld(undefined, IMPATIENT, { settings: { originalTtls: true } })
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  const old = await asks(world)
  t.equal(old.stale, true)
  t.ok(old.message.answer.length > 0)
  for (const { ttlSeconds } of old.message.answer) t.equal(ttlSeconds, 60)
})

t.test('the zone is given up before: the old answer at that moment, and why', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  const old = await asks(world)
  t.equal(old.stale, true)
  t.ok(old.afterMs < STALE_CLIENT_TIMEOUT_MS, `${old.afterMs} ms`)
  t.same(codes(old), [EDE.STALE_ANSWER, EDE.NO_REACHABLE_AUTHORITY])
})

t.test('who comes while the zone is silent does not wait, and nobody is asked twice', async (t) => {
  const world = staleWorld(undefined, IMPATIENT)
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  await asks(world)
  const second = await asks(world)
  t.equal(second.afterMs, 0)
  t.equal(second.stale, true)
  await settle(world)
  world.forget()
  const third = await asks(world)
  t.equal(third.afterMs, 0)
  t.equal(codes(third)[0], EDE.STALE_ANSWER)
  t.equal(codes(third)[1], EDE.NO_REACHABLE_AUTHORITY, 'by now it is known why')
  world.pass(REFRESH_PAUSE_SECONDS - 1)
  t.equal((await asks(world)).afterMs, 0)
  t.same(world.asked(), [], 'a silent zone is left alone for half a minute')
  world.pass(1)
  t.ok((await asks(world)).stale)
  t.ok(world.asked().length > 0, 'then it is tried again')
})

t.test('the zone is back: the refresh in the background is for the next client', async (t) => {
  const world = staleWorld([zone('z.test.', { content: CONTENT })], { clientTimeoutMs: 0 })
  await asks(world)
  world.pass(PAST_END)
  world.become([zone('z.test.', { content: NEW_CONTENT })])
  const old = await asks(world)
  t.equal(old.afterMs, 0, 'nobody waits where no time is given to the zone')
  t.same([old.stale, old.address], [true, '192.0.2.80'])
  await settle(world)
  const fresh = await world.askCached('www.z.test')
  t.equal(fresh.message.answer[0]!.rdata.join('.'), '192.0.2.81')
  t.equal(fresh.ttlSeconds, 60)
  t.equal(fresh.status, 'secure')
  t.equal(world.counts.get('limit time'), undefined)
})

t.test('a slow zone answers in the background after the client was answered', async (t) => {
  const slow = { clientTimeoutMs: 5 }
  const world = staleWorld([zone('z.test.', { content: CONTENT })], slow)
  await asks(world)
  world.pass(PAST_END)
  const old = await asks(world)
  t.same([old.stale, old.afterMs], [true, 5])
  await settle(world)
  t.equal((await world.askCached('www.z.test')).ttlSeconds, 60)
})

t.test('all who wait are answered, each once, by one question to the zone', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  world.forget()
  const replies = await Promise.all([asks(world), asks(world), asks(world), asks(world, 'alias.z.test')])
  t.same(
    replies.map(({ stale }) => stale),
    [true, true, true, false],
    'the alias was never asked for, so there is no old answer to it',
  )
  t.equal(replies[3]!.rcode, RCODE.SERVFAIL)
  await settle(world)
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
})

t.test('a fresh answer in time is not kept from the client', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  world.become([zone('z.test.', { content: NEW_CONTENT })])
  const fresh = await asks(world)
  t.same([fresh.stale, fresh.address, fresh.authenticated], [false, '192.0.2.81', true])
})

const ERRORS = [
  [failing(RCODE.SERVFAIL), EDE.NETWORK_ERROR],
  [failing(RCODE.REFUSED), EDE.NO_REACHABLE_AUTHORITY],
  [lame, EDE.NO_REACHABLE_AUTHORITY],
] as const

t.test(
  'servers that answer with an error: the old answer at once, and another try when RFC 9520 allows',
  async (t) => {
    for (const [behaviour, ede] of ERRORS) {
      const up = [plainZone('z.test.', { content: CONTENT })]
      const world = staleWorld(up)
      await asks(world)
      world.pass(PAST_END)
      world.become([plainZone('z.test.', { content: CONTENT, servers: [{ name: 'ns', behaviour }] })])
      const old = await asks(world)
      t.equal(old.stale, true)
      t.ok(old.afterMs < STALE_CLIENT_TIMEOUT_MS, `${old.afterMs} ms`)
      t.same(codes(old), [EDE.STALE_ANSWER, ede])
      world.forget()
      t.ok((await asks(world)).stale)
      t.same(world.asked(), [])
    }
    const world = staleWorld([plainZone('z.test.', { content: CONTENT })])
    await asks(world)
    world.pass(PAST_END)
    const down = { name: 'ns', behaviour: failing(RCODE.SERVFAIL) }
    world.become([plainZone('z.test.', { content: CONTENT, servers: [down] })])
    await asks(world)
    world.become([plainZone('z.test.', { content: NEW_CONTENT })])
    t.ok((await asks(world)).stale)
    world.pass(5)
    const fresh = await asks(world)
    t.same([fresh.stale, fresh.address], [false, '192.0.2.81'])
  },
)

t.test('a denial that has run out says EDE 19', async (t) => {
  const world = staleWorld([zone('z.test.', { content: 'www TXT here\n' })])
  t.equal((await asks(world, 'none.z.test')).rcode, RCODE.NXDOMAIN)
  t.equal((await asks(world, 'www.z.test')).rcode, RCODE.NOERROR)
  world.pass(3_601)
  kill(world)
  const [gone, empty] = await Promise.all([asks(world, 'none.z.test'), asks(world, 'www.z.test')])
  t.same([gone.stale, gone.rcode, codes(gone)[0]], [true, RCODE.NXDOMAIN, EDE.STALE_NXDOMAIN_ANSWER])
  t.same([empty.stale, empty.rcode, codes(empty)[0]], [true, RCODE.NOERROR, EDE.STALE_ANSWER])
  for (const { ttlSeconds } of gone.message.authority) t.equal(ttlSeconds, STALE_TTL_SECONDS)
})

t.test('no longer after its end than is allowed', async (t) => {
  const world = staleWorld(undefined, { maxSeconds: 100 })
  await asks(world)
  world.pass(60 + 99)
  kill(world)
  t.equal((await asks(world)).stale, true)
  await settle(world)
  world.pass(100)
  const gone = await asks(world)
  t.same([gone.stale, gone.rcode], [false, RCODE.SERVFAIL])
})

t.test('nothing is given after its end where that is not wanted', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })])
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  t.equal((await asks(world)).rcode, RCODE.SERVFAIL)
})

// --- bogus --------------------------------------------------------------------------------------------------------

const BROKEN = [zone('z.test.', { content: CONTENT, defects: [wrongSignatures({ type: TYPE.A })] })]

t.test('what is bogus now is bogus, and never replaced by what it once was (D09)', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  world.become(BROKEN)
  const bogus = await asks(world)
  t.same([bogus.stale, bogus.status], [false, 'bogus'])
  world.pass(BOGUS_TTL_SECONDS)
  kill(world)
  const after = await asks(world)
  t.same([after.stale, after.rcode], [false, RCODE.SERVFAIL], 'the old answer is gone for good')
})

t.test('bogus data is never given after its end (D09)', async (t) => {
  const world = staleWorld(BROKEN)
  t.equal((await asks(world)).status, 'bogus')
  world.pass(BOGUS_TTL_SECONDS + 1)
  kill(world)
  t.same((await asks(world)).stale, false)
})

t.test('at once, and then it turns out bogus: the next client hears that', async (t) => {
  const world = staleWorld(undefined, { clientTimeoutMs: 0 })
  await asks(world)
  world.pass(PAST_END)
  world.become(BROKEN)
  t.equal((await asks(world)).stale, true)
  await settle(world)
  t.equal((await world.askCached('www.z.test')).status, 'bogus')
})

t.test(
  'after-bogus: formerly secure data is given with EDE 3 and 6, to those for whom bogus is enforced',
  async (t) => {
    const world = staleWorld(undefined, { afterBogus: true })
    await asks(world)
    world.pass(PAST_END)
    world.become(BROKEN)
    const old = await asks(world)
    t.same([old.stale, old.authenticated, old.address], [true, false, '192.0.2.80'])
    t.same(codes(old), [EDE.STALE_ANSWER, EDE.DNSSEC_BOGUS])
    const again = await asks(world)
    t.same([again.stale, again.afterMs], [true, 0])
    const checker = await asks(world, 'www.z.test', true)
    t.same([checker.stale, checker.status], [false, 'bogus'], 'CD gets the data that is there now')
    world.pass(BOGUS_TTL_SECONDS)
    world.become([zone('z.test.', { content: NEW_CONTENT })])
    const fresh = await asks(world)
    t.same([fresh.stale, fresh.status, fresh.address], [false, 'secure', '192.0.2.81'])
  },
)

t.test('after-bogus: nothing that was not secure, and nothing in observe mode', async (t) => {
  const plain = staleWorld([plainZone('z.test.', { content: CONTENT })], { afterBogus: true })
  t.equal((await asks(plain)).status, 'insecure')
  plain.pass(86_400)
  plain.become(BROKEN)
  // By now what the parent said of the zone has run out as well, and the zone is signed.
  const bogus = await asks(plain)
  t.same([bogus.stale, bogus.status], [false, 'bogus'])
  const observing = staleWorld(undefined, { afterBogus: true }, { policy: { mode: 'observe' } })
  await asks(observing)
  observing.pass(PAST_END)
  observing.become(BROKEN)
  const observed = await asks(observing)
  t.same([observed.stale, observed.status], [false, 'bogus'])
})

// --- what else ends an old answer ---------------------------------------------------------------------------------

t.test('an answer judged under an older policy is not given after its end', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  world.policy.raise()
  t.same((await asks(world)).stale, false)
})

t.test('a fresh answer with a TTL of 0 ends the old one', async (t) => {
  const world = staleWorld([plainZone('z.test.', { content: '' })], { clientTimeoutMs: 0 })
  t.equal((await asks(world)).rcode, RCODE.NXDOMAIN)
  world.pass(3_601)
  world.become([plainZone('z.test.', { content: 'www 0 A 192.0.2.82\n' })])
  t.same((await asks(world)).rcode, RCODE.NXDOMAIN)
  await settle(world)
  const fresh = await asks(world)
  t.same([fresh.stale, fresh.address], [false, '192.0.2.82'])
  t.equal(fresh.message.answer[0]!.ttlSeconds, 0)
})

t.test('a flush ends it too', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  world.answers.flush(nameFrom('z.test'))
  t.equal((await asks(world)).stale, false)
})

t.test('the zone returns after a long outage, and all is as before', async (t) => {
  const world = staleWorld()
  await asks(world)
  world.pass(PAST_END)
  kill(world)
  for (let minute = 0; minute < 30; minute++) {
    t.ok((await asks(world)).stale)
    world.pass(60)
  }
  await settle(world)
  revive(world)
  world.pass(120)
  const replies = [await asks(world)]
  await settle(world)
  replies.push(await asks(world))
  t.same([replies[1]!.stale, replies[1]!.status], [false, 'secure'])
})
