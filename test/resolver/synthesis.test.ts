/** Answers out of what zones have proven before (RFC 8198), and what must not be made of it. */
import t from 'tap'
import type { Denial } from '../../src/lab/denial-chain.ts'
import { compactDenial } from '../../src/lab/rewrites.ts'
import { combinedKey } from '../../src/lab/zone.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { figure } from '../attacks/row.ts'
import type { EntryReply } from '../support/entry.ts'
import { privateZones, route } from '../support/forwarder.ts'
import { makeWorld, plainZone, SIGNED, type World, WWW, withTtl, zone } from '../support/world.ts'

const NSEC3: Denial = { kind: 'nsec3', iterations: 0, salt: Uint8Array.of(), optOut: false }
const OPT_OUT: Denial = { ...NSEC3, optOut: true }
const CONTENT = 'b A 192.0.2.1\nd A 192.0.2.2\n*.w A 192.0.2.3\n*.alias CNAME b\nx.ent A 192.0.2.4\n'

/** Asks, and says how many questions that took. */
async function ask(
  world: World,
  name: string,
  type: number = TYPE.A,
): Promise<EntryReply & { readonly asked: string[] }> {
  world.forget()
  const reply = await world.ask(name, type)
  return { ...reply, asked: world.asked() }
}

/** Owners of the records of a type in the authority section. */
function proofs({ message }: EntryReply, type: number): string[] {
  return message.authority.filter((record) => record.type === type).map(({ owner }) => formatName(owner))
}

for (const denial of [{ kind: 'nsec' }, NSEC3] as const) {
  const proofType = denial.kind === 'nsec' ? TYPE.NSEC : TYPE.NSEC3
  const made = { asked: [], status: 'secure', authenticated: true, ede: { code: EDE.SYNTHESIZED } }

  t.test(`${denial.kind}: NXDOMAIN, NODATA and a wildcard's records out of proofs of others`, async (t) => {
    const world = makeWorld([zone('z.test.', { content: CONTENT, signing: { ...SIGNED, denial } })])
    // Everything that a denial below the apex can need: one name denied after the other, until nobody is asked.
    for (let i = 0; i < 40; i++) await world.ask(`n${i}.z.test`, TYPE.A)
    await world.ask('b.z.test', TYPE.MX)
    await world.ask('ent.z.test', TYPE.MX)
    const before = new Map(world.counts)
    const denied = await ask(world, 'nobody.z.test', TYPE.AAAA)
    t.match(denied, { ...made, rcode: RCODE.NXDOMAIN })
    t.same(proofs(denied, TYPE.SOA), ['z.test.'])
    t.ok(proofs(denied, proofType).length >= 2)
    t.equal(proofs(denied, TYPE.RRSIG).length, 1 + proofs(denied, proofType).length)
    t.match(await ask(world, 'far.below.nobody.z.test', TYPE.TXT), { ...made, rcode: RCODE.NXDOMAIN })
    t.match(await ask(world, 'b.z.test', TYPE.TXT), { ...made, rcode: RCODE.NOERROR })
    t.match(await ask(world, 'b.z.test', TYPE.DS), { ...made, rcode: RCODE.NOERROR })
    t.match(await ask(world, 'ent.z.test', TYPE.TXT), { ...made, rcode: RCODE.NOERROR })
    t.equal(world.counts.get('signatures'), before.get('signatures'), 'nothing is verified again')
    t.equal(world.counts.get('synthesised nxdomain')! > (before.get('synthesised nxdomain') ?? 0), true)

    await world.ask('one.w.z.test', TYPE.A)
    const expanded = await ask(world, 'one.of.two.w.z.test', TYPE.A)
    if (expanded.asked.length > 0)
      t.not(denial.kind, 'nsec', 'the hash of another name may lie in an unknown range')
    const again = await ask(world, 'one.of.two.w.z.test', TYPE.A)
    t.match(again.message.answer[0], { owner: nameFrom('one.of.two.w.z.test'), type: TYPE.A })
    t.equal(again.message.answer[1]?.type, TYPE.RRSIG)
    t.equal(again.status, 'secure')
    t.ok(proofs(again, proofType).length >= 1)
    await world.ask('one.alias.z.test', TYPE.A)
    const alias = await ask(world, 'two.alias.z.test', TYPE.A)
    t.same(
      alias.message.answer.filter(({ type }) => type !== TYPE.RRSIG).map(({ type }) => type),
      [TYPE.CNAME, TYPE.A],
    )
    t.equal(alias.status, 'secure')
  })
}

t.test('what is made lives no longer than the least of what it is made of', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: CONTENT, defects: [withTtl({ type: TYPE.NSEC }, 100)] }),
  ])
  await world.ask('c.z.test', TYPE.A)
  world.pass(40)
  const reply = await ask(world, 'cc.z.test')
  t.same(reply.asked, [])
  t.equal(reply.ttlSeconds, 60)
  for (const { ttlSeconds } of reply.message.authority) t.equal(ttlSeconds, 60)
  world.pass(60)
  t.not((await ask(world, 'ccc.z.test')).asked.length, 0)
})

t.test('the parent denies nothing of its children', async (t) => {
  const child = (name: string, signed: boolean) => (signed ? zone(name) : plainZone(name))
  for (const denial of [{ kind: 'nsec' }, NSEC3, OPT_OUT] as const) {
    const world = makeWorld([
      zone('z.test.', { content: 'a A 192.0.2.1\nz A 192.0.2.1\n', signing: { ...SIGNED, denial } }),
      child('signed.z.test.', true),
      child('plain.z.test.', false),
    ])
    for (const name of ['signed.z.test', 'plain.z.test']) {
      // The parent's record at the cut says NS and no A; the one for the DS set is that very record.
      await world.ask(name, TYPE.DS)
      await world.ask(name, TYPE.NSEC)
      t.equal((await world.ask(`www.${name}`, TYPE.A)).rcode, RCODE.NOERROR, `www.${name}`)
      t.equal((await world.ask(name, TYPE.SOA)).message.answer[0]?.type, TYPE.SOA, name)
      t.equal((await world.ask(name, TYPE.MX)).rcode, RCODE.NOERROR)
    }
    // The child's apex says nothing of its DS set (RFC 6840 4.1), of which the parent has one.
    t.equal((await world.ask('signed.z.test', TYPE.DS)).message.answer[0]?.type, TYPE.DS)
  }
})

t.test('a DNAME owner denies nothing below it', async (t) => {
  const content = 'd DNAME w\nb.w A 192.0.2.7\n'
  const world = makeWorld([zone('z.test.', { content })])
  await world.ask('d.z.test', TYPE.MX)
  await world.ask('dd.z.test', TYPE.A)
  const reply = await world.ask('b.d.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.NOERROR)
  t.ok(reply.message.answer.some(({ type }) => type === TYPE.A))
})

t.test('opt-out spans deny no names and spare the question for DS', async (t) => {
  const unsigned = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map((name) => plainZone(`${name}.z.test.`))
  const world = makeWorld([
    zone('z.test.', { content: 'a A 192.0.2.1\n', signing: { ...SIGNED, denial: OPT_OUT } }),
    ...unsigned,
  ])
  for (let i = 0; i < 10; i++) t.equal((await world.ask(`n${i}.z.test`, TYPE.A)).status, 'insecure')
  const denied = await ask(world, 'never.z.test')
  t.match(denied, { rcode: RCODE.NXDOMAIN, status: 'insecure', authenticated: false })
  t.not(denied.asked.length, 0)
  const before = world.counts.get('signatures')
  for (const { name } of unsigned) {
    const reply = await ask(world, `www.${name}`)
    t.match(reply, { status: 'insecure', rcode: RCODE.NOERROR }, name)
    t.notOk(reply.asked.some((question) => question.endsWith(' DS')))
  }
  t.equal(world.counts.get('signatures'), before, 'the span is known: no proof of a referral is verified')
  t.not((await ask(world, 'p1.z.test', TYPE.DS)).asked.length, 0, 'a client asks the zone itself')
})

t.test('compact denial: each record speaks of its own name (RFC 9824)', async (t) => {
  const world = makeWorld([
    zone('z.test.', {
      content: 'www A 192.0.2.80\n\\000.none A 192.0.2.81\n',
      signing: { ...SIGNED, keys: combinedKey },
      rewrites: ({ apex, signing }) => [compactDenial(apex, signing!.keys[0]!.key, signing!.span)],
    }),
  ])
  t.equal((await world.ask('none.z.test', TYPE.A)).status, 'secure')
  t.match(await world.ask('www.z.test', TYPE.A), { rcode: RCODE.NOERROR, status: 'secure' })
  t.match(await world.ask('\\000.none.z.test', TYPE.A), { rcode: RCODE.NOERROR, status: 'secure' })
  t.not((await ask(world, 'other.z.test')).asked.length, 0)
  t.match(await ask(world, 'www.z.test', TYPE.MX), { rcode: RCODE.NOERROR, status: 'secure' })
  t.match(
    await ask(world, 'other.z.test', TYPE.TXT),
    { rcode: RCODE.NOERROR, asked: [] },
    'NXNAME: no type at all',
  )
})

t.test('a policy that changes, or covers the name, makes nothing of older proofs', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })])
  await world.ask('c.z.test', TYPE.A)
  t.same((await ask(world, 'c1.z.test')).asked, [])
  world.policy.raise()
  t.not((await ask(world, 'c2.z.test')).asked.length, 0)
  t.same((await ask(world, 'c3.z.test')).asked, [])
  const excused = makeWorld([zone('z.test.', { content: CONTENT })], {
    policy: { insecureZones: [nameFrom('c9.z.test')] },
  })
  await excused.ask('c.z.test', TYPE.A)
  t.same((await ask(excused, 'c1.z.test')).asked, [])
  t.match(await ask(excused, 'c9.z.test'), { status: 'insecure', asked: ['c9.z.test. A'] })
})

t.test('validation switched off, or the setting: everything is asked for', async (t) => {
  for (const options of [{ settings: { aggressiveDenial: false } }, { policy: { mode: 'off' as const } }]) {
    const world = makeWorld([zone('z.test.', { content: CONTENT })], options)
    await world.ask('c.z.test', TYPE.A)
    t.not((await ask(world, 'c1.z.test')).asked.length, 0)
  }
})

t.test('many iterations are not computed for what could be asked for (RFC 9276)', async (t) => {
  const denial: Denial = { ...NSEC3, iterations: 40 }
  const world = makeWorld([zone('z.test.', { content: CONTENT, signing: { ...SIGNED, denial } })])
  for (let i = 0; i < 10; i++) await world.ask(`n${i}.z.test`, TYPE.A)
  const before = world.counts.get('hashes')!
  const long = `${'a.'.repeat(100)}z.test`
  t.match(await world.ask(long, TYPE.A), { rcode: RCODE.NXDOMAIN, status: 'secure' })
  t.ok(
    world.counts.get('hashes')! - before <= 2_000 && world.counts.get('limit nsec3-sha1-calls') === undefined,
  )
})

t.test('the operator decides how many iterations are computed', async (t) => {
  const zones = [zone('z.test.', { signing: { ...SIGNED, denial: { ...NSEC3, iterations: 20 } } })]
  const usual = makeWorld(zones)
  t.match(await usual.ask('none.z.test', TYPE.A), { status: 'secure' })
  const strict = makeWorld(zones, { settings: { limits: { ...RESOLVER_LIMITS, nsec3Iterations: 19 } } })
  t.match(await strict.ask('none.z.test', TYPE.A), {
    status: 'insecure',
    ede: { code: EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE },
  })
  t.equal(strict.counts.get('hashes'), undefined, 'nothing is hashed')
})

t.test('without the NXDOMAIN cut a name below a denied one is asked for', async (t) => {
  const settings = { aggressiveDenial: false, nxdomainCut: false }
  const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings })
  await world.ask('none.z.test', TYPE.A)
  const below = await ask(world, 'a.none.z.test')
  t.equal(below.rcode, RCODE.NXDOMAIN)
  t.equal(below.asked.at(-1), 'a.none.z.test. A')
  const cutting = makeWorld([zone('z.test.', { content: CONTENT })], {
    settings: { aggressiveDenial: false },
  })
  await cutting.ask('none.z.test', TYPE.A)
  t.match(await ask(cutting, 'a.none.z.test'), { rcode: RCODE.NXDOMAIN, asked: [] })
})

t.test('the absence of DS that came with a referral gets its SOA for a client', async (t) => {
  const world = makeWorld([zone('z.test.', { content: WWW }), plainZone('p.z.test.')])
  await world.ask('www.p.z.test', TYPE.A)
  const first = await ask(world, 'p.z.test', TYPE.DS)
  t.same(first.asked, ['p.z.test. DS'])
  t.same(proofs(first, TYPE.SOA), ['z.test.'])
  const other = makeWorld([zone('z.test.', { content: WWW }), plainZone('p.z.test.')])
  await other.ask('www.p.z.test', TYPE.A)
  await other.ask('none.z.test', TYPE.A)
  const second = await ask(other, 'p.z.test', TYPE.DS)
  t.match(second, { asked: [], status: 'secure', rcode: RCODE.NOERROR })
  t.same(proofs(second, TYPE.SOA), ['z.test.'])
})

t.test('a flood of random names ends here (B13)', async (t) => {
  const world = makeWorld([zone('z.test.', { content: WWW })])
  for (let i = 0; i < 20; i++) await world.ask(`r${i * 7919}.z.test`, TYPE.A)
  world.forget()
  for (let i = 0; i < 500; i++) await world.ask(`x${(i * 104_729) % 99_991}.z.test`, TYPE.A)
  t.ok(world.asked().length <= 2, `${world.asked().length} questions`)
  figure(t, 'B13', `${world.asked().length} questions for 500 random names of a signed zone`)
})

t.test('the zones above a stub zone deny nothing of it', async (t) => {
  // Island of security: no negative trust anchor keeps the proofs of `test.` away from it.
  const hidden = privateZones([zone('corp.test.')])
  const routes = [route('stub', 'corp.test.', [hidden.addressOf('corp.test.')])]
  const world = makeWorld([zone('z.test.')], { settings: { routes } })
  hidden.attachTo(world)
  for (const name of ['a.test', 'coro.test', 'corq.test', 'zz.test']) await world.ask(name, TYPE.A)
  t.match(await ask(world, 'corpse.test'), { asked: [], rcode: RCODE.NXDOMAIN }, 'its neighbours are denied')
  const reply = await ask(world, 'www.corp.test')
  t.ok(reply.asked.includes('www.corp.test. A'), `${reply.asked}`)
  t.match(
    await ask(world, 'corp.test', TYPE.DS),
    { asked: [], rcode: RCODE.NXDOMAIN },
    'DS is for the zone above',
  )
})
