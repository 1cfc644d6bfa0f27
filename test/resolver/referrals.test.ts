/** Referrals that are checked, and replies whose parts stand in unusual places. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import { type Behaviour, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isSubdomainOf, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, WWW, withTtl, zone } from '../support/world.ts'

const MANY = Array.from({ length: 30 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')

// --- referrals checked with the zone --------------------------------------------------------------------------------

/** Beside the true server of `z.test` another one, which is not in the zone's own NS set. */
const leadsAstray: Rewrite = (answer) => ({
  ...answer,
  authority: answer.authority.map((set) =>
    set.type === TYPE.NS && namesEqual(set.owner, nameFrom('z.test'))
      ? { ...set, rdatas: [...set.rdatas, nameFrom('ns.evil.test')] }
      : set,
  ),
})

function astray(verifyReferrals: boolean, seed: number): World {
  const zones = [
    zone('test.', { content: '', rewrites: () => [leadsAstray] }),
    zone('evil.test.'),
    zone('z.test.', { content: MANY }),
  ]
  return makeWorld(zones, { settings: { verifyReferrals }, seed })
}

async function strangersShare(world: World): Promise<number> {
  await world.ask('www.evil.test', TYPE.A)
  world.forget()
  for (let i = 0; i < 30; i++) {
    const reply = await world.ask(`h${i}.z.test`, TYPE.A)
    if (reply.status !== 'secure') throw new Error(`h${i}: ${reply.ede?.text}`)
  }
  return world.asked('ns.evil.test.').filter((question) => question.startsWith('h')).length
}

t.test('verifyReferrals: only servers that the zone itself names get to see what is asked', async (t) => {
  let share = 0
  for (const seed of [1, 2, 3, 4]) {
    share += await strangersShare(astray(false, seed))
    t.equal(await strangersShare(astray(true, seed)), 0)
  }
  t.ok(share > 0, 'else the server that was smuggled in is asked too')
})

t.test('verifyReferrals: an NS set that does not validate is not used', async (t) => {
  const forged: Rewrite = (answer, question) =>
    question.type === TYPE.NS && namesEqual(question.name, nameFrom('z.test'))
      ? { ...answer, answer: answer.answer.map((set) => ({ ...set, rdatas: [nameFrom('ns.evil.test')] })) }
      : answer
  for (const [verifyReferrals, rcode] of [
    [true, RCODE.SERVFAIL],
    [false, RCODE.NOERROR],
  ] as const) {
    const world = makeWorld([zone('z.test.', { rewrites: () => [forged] })], {
      settings: { verifyReferrals },
    })
    const reply = await world.ask('www.z.test', TYPE.A)
    t.equal(reply.rcode, rcode)
    if (verifyReferrals) t.match(reply.ede?.text, /^name servers of z\.test\.: /)
  }
})

t.test('verifyReferrals: zones of all kinds resolve', async (t) => {
  const zones: LabZone[] = [
    zone('z.test.'),
    plainZone('plain.test.'),
    zone('a.z.test.'),
    plainZone('hosted.test.', { servers: [{ name: 'ns.z.test.', address: { of: 'z.test.' } }] }),
  ]
  const world = makeWorld(zones, { settings: { verifyReferrals: true } })
  for (const [name, status] of [
    ['www.a.z.test', 'secure'],
    ['www.z.test', 'secure'],
    ['www.plain.test', 'insecure'],
    ['www.hosted.test', 'insecure'],
  ] as const) {
    const reply = await world.ask(name, TYPE.A)
    t.same([reply.rcode, reply.status], [RCODE.NOERROR, status], `${name}: ${reply.ede?.text}`)
  }
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
  const first = makeWorld(zones, { settings: { verifyReferrals: true } })
  t.equal((await first.ask('a.z.test', TYPE.DNSKEY)).status, 'secure', 'the keys that the check needs')
})

// --- addresses that ran out -----------------------------------------------------------------------------------------

t.test(
  'where the glue of one server has run out and the others are dead, the parent is asked again',
  async (t) => {
    const content = `${WWW}a A 192.0.2.1\n`
    const short = withTtl({ owner: nameFrom('ns1.z.test'), type: TYPE.A }, 60)
    const zones = (second?: Behaviour): LabZone[] => [
      zone('test.', { content: '', defects: [short] }),
      zone('z.test.', {
        content,
        defects: [short],
        servers: [{ name: 'ns1' }, { name: 'ns2', ...(second && { behaviour: second }) }],
      }),
    ]
    const world = makeWorld(zones())
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    world.become(zones(silent))
    world.pass(61)
    const reply = await world.ask('a.z.test', TYPE.A)
    t.equal(reply.rcode, RCODE.NOERROR, reply.ede?.text ?? '')
  },
)

t.test("a server's name that its own zone does not answer for: the glue of that zone serves", async (t) => {
  const hidden: Rewrite = (answer, question) =>
    namesEqual(question.name, nameFrom('ns.hoster.test'))
      ? { ...answer, rcode: RCODE.NXDOMAIN, answer: [], authority: rrsetsFrom(SOA) }
      : answer
  const world = makeWorld([
    plainZone('hoster.test.', { rewrites: () => [hidden] }),
    zone('test.', { content: '', rewrites: () => [glueless] }),
    plainZone('z.test.', { servers: [{ name: 'ns.hoster.test.', address: { of: 'hoster.test.' } }] }),
  ])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.NOERROR, reply.ede?.text ?? '')
})

const SOA = 'hoster.test. 60 IN SOA ns.hoster.test. a.test. 1 2 3 4 60'
/** The referral to z.test comes without addresses. */
const glueless: Rewrite = (answer, question) =>
  isSubdomainOf(question.name, nameFrom('z.test')) ? { ...answer, additional: [] } : answer

// --- parts in unusual places ----------------------------------------------------------------------------------------

/** The signatures of a section, as records of their own. */
function signaturesOf(sets: readonly Rrset[]): Rrset[] {
  return sets.map((set) => ({ ...set, type: TYPE.RRSIG, rdatas: set.signatures, signatures: [] }))
}

t.test('signatures count wherever in the message they stand', async (t) => {
  const displaced: Rewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) => ({ ...set, signatures: [] })),
    authority: answer.authority.map((set) => ({ ...set, signatures: [] })),
    additional: [...answer.additional, ...signaturesOf([...answer.answer, ...answer.authority])],
  })
  const world = makeWorld([zone('z.test.', { rewrites: () => [displaced] })])
  for (const [name, type] of [
    ['www.z.test', TYPE.A],
    ['www.z.test', TYPE.TXT],
    ['none.z.test', TYPE.A],
  ] as const) {
    const reply = await world.ask(name, type)
    t.equal(reply.status, 'secure', `${name}: ${reply.ede?.text}`)
  }
})

t.test('a DS question answered by the referral with the DS in it', async (t) => {
  const refers: Rewrite = (answer, question) =>
    question.type === TYPE.DS && answer.answer.length > 0
      ? {
          ...answer,
          answer: [],
          authority: [...rrsetsFrom('z.test. 3600 IN NS ns.z.test.'), ...answer.answer],
        }
      : answer
  const world = makeWorld([zone('test.', { content: '', rewrites: () => [refers] }), zone('z.test.')])
  const reply = await world.ask('z.test', TYPE.DS)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(reply.message.answer.filter(({ type }) => type === TYPE.DS).length, 1)
})

t.test('what stands unsigned behind a signed alias is asked for by itself', async (t) => {
  const bare: Rewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) =>
      set.type === TYPE.CNAME ? set : { ...set, signatures: [], rdatas: [Uint8Array.of(6, 6, 6, 6)] },
    ),
  })
  const onlyBehindAlias: Rewrite = (answer, question, served) =>
    namesEqual(question.name, nameFrom('alias.z.test')) ? bare(answer, question, served) : answer
  const world = makeWorld([
    zone('z.test.', { content: `${WWW}alias CNAME www\n`, rewrites: () => [onlyBehindAlias] }),
  ])
  const reply = await world.ask('alias.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})

t.test('a server that knows no DNSSEC, and none of the chain, is not the last one asked', async (t) => {
  const ignorant: Rewrite = (answer, question) =>
    question.type === TYPE.DS || question.type === TYPE.DNSKEY
      ? { ...answer, rcode: RCODE.SERVFAIL, answer: [], authority: [] }
      : { ...answer, answer: answer.answer.map((set) => ({ ...set, signatures: [] })) }
  const servers = [{ name: 'ns1' }, { name: 'ns2' }]
  const world = makeWorld([zone('z.test.', { content: MANY, servers })])
  const plain = makeWorld([zone('z.test.', { content: MANY, servers, rewrites: () => [ignorant] })])
  const ns1 = world.addressOf('ns1.z.test.')
  world.network.attach(ns1, plain.internet.authorities.get(ns1)!)
  for (let i = 0; i < 20; i++) {
    const reply = await world.ask(`h${i}.z.test`, TYPE.A)
    t.equal(reply.status, 'secure', `h${i}: ${reply.ede?.text}`)
  }
})
