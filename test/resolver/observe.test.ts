/** Validation that is not enforced: every verdict is reached, and none takes anything from the data. */
import t from 'tap'
import { OBSERVED_VERDICT_MS_MAX } from '../../src/base/limits.ts'
import { type Behaviour, delayed } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { PolicyWords } from '../../src/policy/policy-words.ts'
import type { ClientQuestion, ValidationMode, VerdictNeed } from '../../src/resolver/ports.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { type EntryReply, entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, SIGNED, type World, zone } from '../support/world.ts'

const EXPIRED = { ...SIGNED, days: [-60, -30] } as const
const BROKEN: readonly LabZone[] = [
  zone('good.test.', { content: 'www A 192.0.2.80\nout CNAME www.old.test.\n' }),
  zone('old.test.', {
    signing: EXPIRED,
    content: 'www A 192.0.2.80\nout CNAME www.good.test.\n*.w A 192.0.2.1\n',
  }),
  zone('below.old.test.'),
  plainZone('plain.test.'),
  zone('keyless.test.', { servers: [{ name: 'ns', behaviour: without(TYPE.DNSKEY) }] }),
]
const QUESTIONS: readonly (readonly [name: string, type: number])[] = [
  ['www.good.test', TYPE.A],
  ['out.good.test', TYPE.A],
  ['www.old.test', TYPE.A],
  ['www.old.test', TYPE.AAAA],
  ['none.old.test', TYPE.A],
  ['x.w.old.test', TYPE.A],
  ['out.old.test', TYPE.A],
  ['www.below.old.test', TYPE.A],
  ['none.below.old.test', TYPE.A],
  ['www.plain.test', TYPE.A],
  ['www.keyless.test', TYPE.A],
  ['none.keyless.test', TYPE.A],
]

/** Does not answer for one type. */
function without(type: number): Behaviour {
  return (inner) => (query, transport) =>
    parseMessage(query).questions[0]!.type === type ? [] : inner(query, transport)
}

/** Asks as a client of the kind, and tells how long it waited. */
async function askAs(
  world: World,
  name: string,
  verdict: VerdictNeed,
  type: number = TYPE.A,
): Promise<EntryReply & { readonly tookMs: number }> {
  const sinceMs = world.clock.nowMs()
  let reply: EntryReply | undefined
  const question: ClientQuestion = {
    name: nameFrom(name),
    type,
    checkingDisabled: false,
    verdict,
    reportedClient: 7,
  }
  void world.resolver.resolve(question).then(({ entry }) => {
    reply = entryReply(entry, world.clock.nowMs())
  })
  await world.clock.runUntil(() => reply !== undefined, 30_000)
  if (world.faults.length > 0) throw world.faults[0]
  return { ...reply!, tookMs: world.clock.nowMs() - sinceMs }
}

/** Lets what goes on behind an answer come to its end. */
async function rest(world: World): Promise<void> {
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 60_000)
}

const seen = ({ rcode, message }: EntryReply): unknown => ({
  rcode,
  answer: message.answer.map(({ type, rdata }) => [type, Buffer.from(rdata).toString('hex')]),
})

const hasAddress = ({ message }: EntryReply): boolean => message.answer.some(({ type }) => type === TYPE.A)

t.test('observing answers as not judging does, with the verdicts of enforcing', async (t) => {
  const ask = async (mode: ValidationMode): Promise<EntryReply[]> => {
    const world = makeWorld(BROKEN, { policy: { mode } })
    const replies: EntryReply[] = []
    for (const [name, type] of QUESTIONS) {
      await askAs(world, name, 'wanted', type)
      await rest(world)
      replies.push(await world.askCached(name, type))
      t.not(replies.at(-1)!.rcode, RCODE.SERVFAIL, `${mode} ${name}`)
    }
    return replies
  }
  const [off, observed, enforced] = [await ask('off'), await ask('observe'), await ask('enforce')]
  for (const [i, [name]] of QUESTIONS.entries()) {
    t.same(seen(observed[i]!), seen(off[i]!), `${name}: the answer`)
    const { status, reason, ede, authenticated } = observed[i]!
    t.same(
      [status, reason, ede?.code],
      [enforced[i]!.status, enforced[i]!.reason, enforced[i]!.ede?.code],
      name,
    )
    t.equal(authenticated, status === 'secure', `${name}: AD`)
  }
  t.ok(observed.some(({ status }) => status === 'bogus'))
})

t.test('who asks for no verdict gets the data when it is there, who does waits a little', async (t) => {
  const slow: Behaviour = (inner) => {
    const late = delayed(350)(inner)
    return (query, transport) =>
      (parseMessage(query).questions[0]!.type === TYPE.DNSKEY ? late : inner)(query, transport)
  }
  const late: [client: number | undefined, status: string][] = []
  const make = (mode: ValidationMode): World =>
    makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: slow }] })], {
      policy: { mode },
      onLateVerdict: ({ reportedClient }, entry) => late.push([reportedClient, entryReply(entry, 0).status]),
    })
  const inAll = (await askAs(make('off'), 'www.z.test', 'enforced')).tookMs
  const plain = await askAs(make('observe'), 'www.z.test', 'unneeded')
  t.same([plain.status, plain.authenticated, plain.tookMs], ['indeterminate', false, inAll])
  const world = make('observe')
  const wanted = await askAs(world, 'www.z.test', 'wanted')
  t.same([wanted.status, wanted.authenticated], ['indeterminate', false])
  t.equal(wanted.tookMs, inAll + OBSERVED_VERDICT_MS_MAX)
  await rest(world)
  t.same(late, [[7, 'secure']], 'the verdict is told when it is reached')
  world.forget()
  t.equal((await world.askCached('www.z.test')).status, 'secure', 'and kept')
  t.same(world.asked(), [])
  const enforced = await askAs(make('enforce'), 'www.z.test', 'wanted')
  t.ok(enforced.tookMs >= inAll + 350, 'where it is enforced for all, the verdict comes first')
})

t.test('a proof has an allowance of its own: what it takes is not missing further on', async (t) => {
  const dead = Array.from({ length: 8 }, (_, i) =>
    zone(`k${i}.test.`, {
      content: `go CNAME go.k${i + 1}.test.\n`,
      servers: [
        { name: 'ns1', behaviour: without(TYPE.DNSKEY) },
        { name: 'ns2', behaviour: without(TYPE.DNSKEY) },
      ],
    }),
  )
  const zones = [...dead, plainZone('k8.test.', { content: 'go A 192.0.2.9\n' })]
  const enforcing = makeWorld(zones)
  t.equal((await enforcing.ask('go.k0.test', TYPE.A)).rcode, RCODE.SERVFAIL, 'the time is up on the way')
  const world = makeWorld(zones, { policy: { mode: 'observe' } })
  const reply = await askAs(world, 'go.k0.test', 'wanted')
  t.same([reply.rcode, hasAddress(reply)], [RCODE.NOERROR, true])
  await rest(world)
  const kept = await world.askCached('go.k0.test')
  t.same([kept.rcode, kept.status, hasAddress(kept)], [RCODE.NOERROR, 'bogus', true])
})

t.test(
  'enforced for a part: one cache, the verdict for who needs it, the data for who does not',
  async (t) => {
    const words = new PolicyWords()
    const world = makeWorld(BROKEN, { policy: { mode: 'enforce', words } })
    t.equal(world.policy.sparesSome, false)
    words.percent = 10
    t.equal(world.policy.sparesSome, true)
    const enforced = await askAs(world, 'www.keyless.test', 'enforced')
    t.same([enforced.status, enforced.ede?.code], ['bogus', EDE.DNSKEY_MISSING])
    const spared = await askAs(world, 'www.old.test', 'wanted')
    t.same([spared.rcode, spared.status, spared.message.answer.length > 0], [RCODE.NOERROR, 'bogus', true])
    words.percent = 100
    t.equal(world.policy.sparesSome, false)
    words.hasExemptions = true
    t.equal(world.policy.sparesSome, true)
  },
)

t.test('what a question costs upstream: the data is fetched once', async (t) => {
  const count = async (mode: ValidationMode, name: string, type: number): Promise<number> => {
    const world = makeWorld(BROKEN, { policy: { mode } })
    await askAs(world, name, 'enforced', type)
    await rest(world)
    return world.asked().length
  }
  for (const [name, type] of QUESTIONS.filter(([name]) => !name.includes('keyless'))) {
    t.equal(await count('observe', name, type), await count('enforce', name, type), `${name} ${type}`)
  }
})
