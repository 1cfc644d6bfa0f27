/**
 * A zone is proven while it is asked: its DNSKEY set is under way together with the answer. The network takes 10 ms for
 * a round trip and computing takes none, so the clock counts round trips, and says what was under way together.
 */
import t from 'tap'
import { UPSTREAM_QUERIES_MAX, UPSTREAM_TIMEOUT_MS_INITIAL } from '../../src/base/limits.ts'
import { ProofBudget } from '../../src/dnssec/budget.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { OPT_OUT, PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { HeldOctets } from '../../src/resolver/held-octets.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'
import { WorkBudget } from '../../src/resolver/work-budget.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, plainZone, SIGNED, type World, type WorldOptions, WWW, zone } from '../support/world.ts'

const RTT_MS = 10

interface Observed {
  readonly reply: EntryReply
  readonly tookMs: number
  /** What was sent, by the moment in which it was, milliseconds from the start. */
  readonly packets: Record<number, string[]>
}

/** Asks, and keeps a record of what went out when. */
async function observe(world: World, name: string, type: number = TYPE.A): Promise<Observed> {
  const beganMs = world.clock.nowMs()
  const first = world.network.sent.length
  const reply = await world.ask(name, type)
  const tookMs = world.clock.nowMs() - beganMs
  const packets: Record<number, string[]> = {}
  for (const { atMs, message } of world.network.sent.slice(first)) {
    const [asked] = parseMessage(message).questions
    const question = `${formatName(asked!.name)} ${formatType(asked!.type)}`
    packets[atMs - beganMs] = [...(packets[atMs - beganMs] ?? []), question]
  }
  return { reply, tookMs, packets }
}

/** A world that knows the root and `test.`, with their keys. */
async function warmWorld(zones: readonly LabZone[], options?: WorldOptions): Promise<World> {
  const world = makeWorld([...zones, zone('warm.test.')], options)
  await world.ask('www.warm.test', TYPE.A)
  world.counts.clear()
  return world
}

function keysAsked(world: World): number {
  return world.asked().filter((question) => question.endsWith('DNSKEY')).length
}

// --- together -----------------------------------------------------------------------------------------------------

t.test(
  'a signed zone that is new costs two round trips: DNSKEY and answer are under way together',
  async (t) => {
    for (const denial of [{ kind: 'nsec' }, PLAIN_NSEC3, OPT_OUT] as const) {
      const world = await warmWorld([
        zone('z.test.'),
        zone('test.', { content: '', signing: { ...SIGNED, denial } }),
      ])
      const { reply, tookMs, packets } = await observe(world, 'www.z.test')
      t.equal(reply.status, 'secure')
      t.equal(tookMs, 2 * RTT_MS)
      t.same(packets, { 0: ['z.test. A'], [RTT_MS]: ['www.z.test. A', 'z.test. DNSKEY'] })
      t.equal(world.counts.get('keys ahead asked'), 1)
      t.equal(world.counts.get('keys ahead used'), 1)
    }
  },
)

t.test('so does what it denies', async (t) => {
  const world = await warmWorld([zone('z.test.')])
  const { reply, tookMs } = await observe(world, 'none.z.test')
  t.equal(reply.status, 'secure')
  t.equal(tookMs, 2 * RTT_MS)
})

t.test('two zones that are new, one above the other: three round trips', async (t) => {
  const world = await warmWorld([zone('new.', { content: '' }), zone('z.new.')])
  const { reply, tookMs, packets } = await observe(world, 'www.z.new')
  t.equal(reply.status, 'secure')
  t.equal(tookMs, 3 * RTT_MS)
  t.same(packets, {
    0: ['new. A'],
    [RTT_MS]: ['z.new. A', 'new. DNSKEY'],
    [2 * RTT_MS]: ['www.z.new. A', 'z.new. DNSKEY'],
  })
})

t.test(
  'a chain of five zones, and a resolver that knows nothing: each zone costs one round trip',
  async (t) => {
    const names = ['test.', 'a.test.', 'b.a.test.', 'c.b.a.test.', 'd.c.b.a.test.']
    const world = makeWorld(names.map((name) => zone(name, { content: name === 'test.' ? '' : WWW })))
    const { reply, tookMs, packets } = await observe(world, 'www.d.c.b.a.test')
    t.equal(reply.status, 'secure')
    t.equal(
      tookMs,
      (1 + 1 + names.length) * RTT_MS,
      'the root is asked who it is, who has test., and the others',
    )
    for (const [i, name] of ['.', ...names].entries())
      t.ok(packets[(1 + i) * RTT_MS]?.includes(`${name} DNSKEY`), name)
    t.equal(keysAsked(world), 1 + names.length)
  },
)

t.test('a delegation that is known, and keys that are not', async (t) => {
  // Whoever asks for a name of `z.test.` gets to know where `host.test.` is, though its server does not serve both.
  const servers = [{ name: 'ns.host.test.', address: 'none' } as const]
  const world = await warmWorld([zone('host.test.'), zone('z.test.', { servers })])
  await world.ask('www.z.test', TYPE.A)
  t.ok(world.asked().includes('ns.host.test. A'))
  t.notOk(world.asked().includes('host.test. DNSKEY'), 'nobody judges addresses of name servers')
  const { reply, tookMs, packets } = await observe(world, 'www.host.test')
  t.equal(reply.status, 'secure')
  t.equal(tookMs, RTT_MS)
  t.same(packets, { 0: ['www.host.test. A', 'host.test. DNSKEY'] })
})

t.test('empty non-terminals do not make the keys be asked for again', async (t) => {
  const world = await warmWorld([zone('z.test.', { content: 'a.b.c A 192.0.2.1\n' })])
  const { reply, tookMs, packets } = await observe(world, 'a.b.c.z.test')
  t.equal(reply.status, 'secure')
  t.equal(tookMs, 4 * RTT_MS)
  t.same(packets[RTT_MS], ['c.z.test. A', 'z.test. DNSKEY'])
  t.same(Object.values(packets).flat().length, 5)
})

t.test('clients that come together share the question for the keys', async (t) => {
  const content = Array.from({ length: 20 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')
  const world = await warmWorld([zone('z.test.', { content })])
  world.forget()
  const replies = await world.askAll(Array.from({ length: 20 }, (_, i) => [`h${i}.z.test`]))
  t.ok(replies.every(({ status }) => status === 'secure'))
  t.equal(world.asked().length, 1 + 20 + 1)
  t.equal(keysAsked(world), 1)
  t.equal(world.counts.get('keys ahead asked'), 1)
})

t.test('of many new zones, signed and unsigned, none is asked for keys in vain', async (t) => {
  const zones = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? zone : plainZone)(`z${i}.test.`))
  const world = await warmWorld(zones)
  world.forget()
  const replies = await world.askAll(zones.map(({ name }) => [`www.${name}`]))
  t.equal(replies.filter(({ status }) => status === 'secure').length, 15)
  t.equal(replies.filter(({ status }) => status === 'insecure').length, 15)
  t.equal(world.asked().length, 30 * 2 + 15)
  t.equal(world.counts.get('keys ahead asked'), 15)
  t.equal(world.counts.get('keys ahead used'), 15)
})

t.test('where validation is only observed the verdict is there with the data', async (t) => {
  const world = await warmWorld(
    [zone('z.test.'), zone('old.test.', { signing: { ...SIGNED, days: [-60, -30] } })],
    {
      policy: { mode: 'observe' },
    },
  )
  const good = await observe(world, 'www.z.test')
  t.equal(good.reply.status, 'secure')
  t.equal(good.tookMs, 2 * RTT_MS)
  const old = await observe(world, 'www.old.test')
  t.equal(old.reply.status, 'bogus')
  t.equal(old.tookMs, 2 * RTT_MS)
})

// --- nothing that is not needed -------------------------------------------------------------------------------------

t.test('the absence of a DS set is taken from the referral', async (t) => {
  for (const denial of [{ kind: 'nsec' }, PLAIN_NSEC3, OPT_OUT] as const) {
    const parent = zone('test.', { content: '', signing: { ...SIGNED, denial } })
    const world = await warmWorld([plainZone('plain.test.'), parent])
    const { reply, tookMs, packets } = await observe(world, 'www.plain.test')
    t.equal(reply.status, 'insecure')
    t.equal(tookMs, 2 * RTT_MS)
    t.same(packets, { 0: ['plain.test. A'], [RTT_MS]: ['www.plain.test. A'] })
  }
})

t.test('no keys are asked for that no proof needs', async (t) => {
  const disabled = { disabledAlgorithms: new Set([ALGORITHM.ED25519]) }
  const ed25519 = zone('z.test.', { signing: { algorithm: ALGORITHM.ED25519 } })
  const cases: readonly (readonly [string, Promise<World>, string])[] = [
    ['mode off', warmWorld([zone('z.test.')], { policy: { mode: 'off' } }), 'indeterminate'],
    ['an exception for the zone', warmWorld([zone('z.test.')], excepting('z.test')), 'insecure'],
    ['an exception for the name', warmWorld([zone('z.test.')], excepting('www.z.test')), 'insecure'],
    ['an algorithm that is off', warmWorld([ed25519], { policy: disabled }), 'insecure'],
    ['no anchor above', warmWorld([zone('z.test.')], { anchors: [] }), 'indeterminate'],
  ]
  for (const [what, making, status] of cases) {
    const world = await making
    world.forget()
    const { reply, tookMs } = await observe(world, 'www.z.test')
    t.equal(reply.status, status, what)
    t.equal(tookMs, 2 * RTT_MS, what)
    t.same(world.asked(), ['z.test. A', 'www.z.test. A'], what)
  }
})

function excepting(name: string): WorldOptions {
  return { policy: { insecureZones: [nameFrom(name)] } }
}

t.test('below an anchor of its own a name needs no keys from above', async (t) => {
  const world = await warmWorld([zone('z.test.'), zone('island.z.test.', { ds: () => [] })])
  const keys = world.internet.zones.get('island.z.test.')!.filter(({ type }) => type === TYPE.DNSKEY)
  const own = keys.map(({ rdata }) => ({ zone: nameFrom('island.z.test'), dnskey: rdata }))
  world.policy.setAnchors(new TrustAnchors([...world.anchors, ...own]))
  world.forget()
  const { reply } = await observe(world, 'www.island.z.test')
  t.equal(reply.status, 'secure')
  t.same(world.asked(), ['z.test. A', 'island.z.test. A', 'www.island.z.test. A', 'island.z.test. DNSKEY'])
})

t.test('a DS set that does not verify leads to no question', async (t) => {
  const forged: LabZone['rewrites'] = () => [
    (answer) => ({
      ...answer,
      authority: answer.authority.map((set) => (set.type === TYPE.DS ? { ...set, signatures: [] } : set)),
      answer: answer.answer.map((set) => (set.type === TYPE.DS ? { ...set, signatures: [] } : set)),
    }),
  ]
  const world = await warmWorld([zone('z.test.'), zone('test.', { content: '', rewrites: forged })])
  world.forget()
  const { reply } = await observe(world, 'www.z.test')
  t.equal(reply.status, 'bogus')
  t.equal(keysAsked(world), 0)
})

// --- in vain --------------------------------------------------------------------------------------------------------

/** Leaves the first questions of a type unanswered. */
function losingFirst(counts: Map<number, number>): Behaviour {
  return (inner) => (query, transport) => {
    const { type } = parseMessage(query).questions[0]!
    const left = counts.get(type) ?? 0
    counts.set(type, left - 1)
    return left > 0 ? [] : inner(query, transport)
  }
}

t.test(
  'a zone whose servers are silent is asked for its keys once, and that is no failure of its keys',
  async (t) => {
    const lost = new Map([
      [TYPE.A, 100],
      [TYPE.DNSKEY, 100],
    ])
    const world = await warmWorld([
      zone('z.test.', { servers: [{ name: 'ns', behaviour: losingFirst(lost) }] }),
    ])
    world.forget()
    t.equal((await world.ask('www.z.test', TYPE.A)).reason, 'no-reachable-authority')
    t.equal(keysAsked(world), 1)
    t.equal(world.counts.get('keys ahead used'), undefined)
    t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
    lost.clear()
    world.pass(6)
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  },
)

t.test('who needs keys that nobody waited for when the server stayed silent asks for them', async (t) => {
  const lost = new Map([
    [TYPE.A, 1],
    [TYPE.DNSKEY, 1],
  ])
  const world = await warmWorld([
    zone('z.test.', { servers: [{ name: 'ns', behaviour: losingFirst(lost) }] }),
  ])
  world.forget()
  const { reply, tookMs } = await observe(world, 'www.z.test')
  t.equal(reply.status, 'secure')
  t.equal(keysAsked(world), 2)
  t.equal(tookMs, RTT_MS + UPSTREAM_TIMEOUT_MS_INITIAL + 2 * RTT_MS)
})

t.test('once somebody waits for the keys they are asked for like anything else', async (t) => {
  const lost = new Map([[TYPE.DNSKEY, 1]])
  const servers = [{ name: 'ns', behaviour: losingFirst(lost) }]
  const world = await warmWorld([zone('z.test.', { servers })])
  world.forget()
  const { reply, packets } = await observe(world, 'www.z.test')
  t.equal(reply.status, 'secure')
  t.same(packets[RTT_MS], ['www.z.test. A', 'z.test. DNSKEY'])
  t.equal(keysAsked(world), 2)
  t.equal(world.counts.get('keys ahead asked'), 1, 'the second is no speculation')
})

t.test('keys that no DS record vouches for are bogus by the time the answer comes', async (t) => {
  const world = await warmWorld([zone('z.test.', { ds: () => [wrongDs()] })])
  const { reply, packets } = await observe(world, 'www.z.test')
  t.equal(reply.status, 'bogus')
  t.equal(reply.reason, 'dnskey-missing')
  t.same(packets[RTT_MS], ['www.z.test. A', 'z.test. DNSKEY'])
  t.equal(
    Object.values(packets)
      .flat()
      .filter((question) => question === 'www.z.test. A').length,
    1,
  )
})

/** The DS RDATA of a key that nobody has: tag 1, P-256, SHA-256. */
function wrongDs(): Uint8Array {
  return Uint8Array.from([0, 1, ALGORITHM.ECDSAP256SHA256, 2, ...new Array<number>(32).fill(7)])
}

t.test('what may be in vain is asked only while half of the allowance is there', (t) => {
  const budget = new WorkBudget(7000, new ProofBudget(), RESOLVER_LIMITS, new HeldOctets())
  const questions = [nameFrom('a'), nameFrom('b'), nameFrom('c')].map((name) => budget.question(name, TYPE.A))
  const [a, b, c] = questions
  t.ok(budget.maySpare(a!))
  for (let i = 0; i < UPSTREAM_QUERIES_MAX / 4; i++) budget.takeQuery(a!, 0)
  t.notOk(budget.maySpare(a!), 'of the question')
  t.ok(budget.maySpare(c!))
  for (let i = 0; i < UPSTREAM_QUERIES_MAX / 4; i++) budget.takeQuery(b!, 0)
  t.notOk(budget.maySpare(c!), 'of all questions')
  t.end()
})
