/** The way down: priming, referrals, glue, minimised names, and who may say what about whom. */
import t from 'tap'
import { authorityOf, failure, type Rewrite } from '../../src/lab/authority.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { referringTo } from '../../src/lab/rewrites.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isRoot, labelCount, type Name, namesEqual } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, SIGNED, WWW, withTtl, zone } from '../support/world.ts'

// --- the root -----------------------------------------------------------------------------------------------------

t.test('the root is primed once, whoever comes first', async (t) => {
  const world = makeWorld([zone('z.test.')])
  await world.askAll([['www.z.test'], ['a.z.test'], ['b.z.test'], ['test', TYPE.NS], ['.', TYPE.DNSKEY]])
  t.equal(world.asked().filter((question) => question === '. NS').length, 1)
})

t.test('what the root says of itself is judged', async (t) => {
  const world = makeWorld([])
  for (const type of [TYPE.NS, TYPE.SOA, TYPE.DNSKEY, TYPE.DS]) {
    const reply = await world.ask('.', type)
    t.equal(reply.status, 'secure', `${type}: ${reply.ede?.text}`)
    t.equal(reply.message.answer.length > 0, type !== TYPE.DS)
  }
})

t.test('addresses that came with the priming go before those of the hints', async (t) => {
  const world = makeWorld([zone('z.test.')])
  const [{ name }] = hintsOfWorld(world.internet.rootHints)
  const stale = makeWorld([zone('z.test.')], {
    rootHints: [
      { name, addresses: [Uint8Array.of(127, 9, 9, 9)] },
      { name: nameFrom('other.test'), addresses: [rootAddress(world.addressOf('a.root-servers.test.'))] },
    ],
  })
  const reply = await stale.ask('www.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  stale.forget()
  await stale.ask('www.unknown', TYPE.A)
  t.same(stale.network.sent.slice(-1)[0]!.address, stale.addressOf('a.root-servers.test.'))
})

function hintsOfWorld(records: readonly { readonly owner: Name; readonly type: number }[]): [{ name: Name }] {
  return [{ name: records.find(({ type }) => type === TYPE.A)!.owner }]
}

function rootAddress(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number)
}

t.test('primed again when the NS set has run out', async (t) => {
  const world = makeWorld([zone('z.test.')])
  await world.ask('www.z.test', TYPE.A)
  world.pass(3601)
  world.forget()
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.equal(world.asked()[0], '. NS')
})

t.test('root servers out of reach: one clear line, and no more than a few questions', async (t) => {
  const world = makeWorld([zone('z.test.')], {
    rootHints: [{ name: nameFrom('a.root-servers.test'), addresses: [Uint8Array.of(127, 9, 9, 9)] }],
  })
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.ede?.code, EDE.NO_REACHABLE_AUTHORITY)
  t.match(reply.ede?.text, /^no root server of the hints answers: \.: 127\.9\.9\.9@53: timeout$/)
  t.equal(world.asked().length, 3)
  world.forget()
  const other = await world.ask('www.y.test', TYPE.A)
  t.equal(other.ede?.code, EDE.NO_REACHABLE_AUTHORITY)
  t.same(world.asked(), [], 'the failure stands for other names too')
  t.equal(other.ttlSeconds, 5)
})

t.test(
  'root servers without an NS set to give answer by the hints, and are not asked for it all the time',
  async (t) => {
    const silentOnNs: Rewrite = (answer, { name, type }) =>
      type === TYPE.NS && isRoot(name) ? failure(RCODE.REFUSED) : answer
    const world = makeWorld([
      zone('.', { content: '', servers: [{ name: 'a.root-servers.test.' }], rewrites: () => [silentOnNs] }),
      zone('z.test.'),
    ])
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    for (const name of ['a', 'b', 'c']) t.equal((await world.ask(name, TYPE.A)).status, 'secure', name)
    t.equal(world.asked().filter((question) => question === '. NS').length, 1)
  },
)

// --- glue ---------------------------------------------------------------------------------------------------------

t.test('glue that runs out before its delegation is fetched again from the parent', async (t) => {
  const shortGlue = withTtl({ owner: nameFrom('ns.z.test'), type: TYPE.A }, 60)
  const world = makeWorld([
    zone('test.', { content: '', defects: [shortGlue] }),
    zone('z.test.', { content: `${WWW}a A 192.0.2.1\n`, defects: [shortGlue] }),
  ])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  world.pass(61)
  world.forget()
  const reply = await world.ask('a.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.same(world.asked('ns.test.'), ['z.test. A'])
})

t.test('addresses beside a referral count only for the servers it names', async (t) => {
  const extra: Rewrite = (answer) => ({
    ...answer,
    additional: [...answer.additional, ...rrsetsFrom('other.test. 3600 IN A 127.9.9.9')],
  })
  const world = makeWorld([zone('test.', { content: '', rewrites: () => [extra] }), zone('z.test.')])
  await world.ask('www.z.test', TYPE.A)
  t.equal(world.rrsets.getGlue(nameFrom('other.test'), TYPE.A), undefined)
  t.ok(world.rrsets.getGlue(nameFrom('ns.z.test'), TYPE.A))
})

t.test('servers inside their own zone, and no glue', async (t) => {
  const world = makeWorld([
    zone('test.', { content: '', rewrites: () => [(answer) => ({ ...answer, additional: [] })] }),
    zone('z.test.', { servers: [{ name: 'ns1' }, { name: 'ns2' }] }),
  ])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.reason, 'no-server-address')
  t.equal(reply.ede?.code, EDE.NO_REACHABLE_AUTHORITY)
  world.forget()
  for (let i = 0; i < 20; i++) await world.ask(`w${i}.z.test`, TYPE.A)
  t.ok(world.asked().length <= 2, `${world.asked().length} more for twenty names`)
})

// --- ghosts -------------------------------------------------------------------------------------------------------

for (const variant of ['NS answers', 'NS in the authority section', 'addresses of the server'] as const) {
  t.test(`a domain that lost its delegation is gone with it: ${variant} (A09, CVE-2012-1033)`, async (t) => {
    const fresh: Rewrite = (answer, question, served) => {
      const ns = served?.rrset(nameFrom('ghost.test'), TYPE.NS)
      return variant === 'NS in the authority section' && ns !== undefined && question.type === TYPE.A
        ? { ...answer, authority: [...answer.authority, { ...ns, ttlSeconds: 86_400 }] }
        : answer
    }
    const child = plainZone('ghost.test.', {
      content: '* A 192.0.2.66\n',
      rewrites: () => [fresh],
      defects: [withTtl({}, 86_400)],
    })
    const world = makeWorld([child])
    const asked =
      variant === 'NS answers' ? (['ghost.test', TYPE.NS] as const) : (['ns.ghost.test', TYPE.A] as const)
    t.equal((await world.ask('www.ghost.test', TYPE.A)).rcode, RCODE.NOERROR)
    const address = world.addressOf('ns.ghost.test.')
    const authority = world.internet.authorities.get(address)!
    world.become([])
    world.network.attach(address, authority)
    for (let i = 0; i < 12; i++) {
      world.pass(300)
      await world.ask(`x${i}.ghost.test`, TYPE.A)
      await world.ask(asked[0], asked[1])
    }
    world.pass(1)
    t.equal((await world.ask('new.ghost.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  })
}

t.test('a deeper delegation does not outlive the one above it (CVE-2022-30698)', async (t) => {
  const zones = [
    plainZone('up.test.', { defects: [withTtl({}, 86_400)] }),
    plainZone('low.up.test.', { content: '* A 192.0.2.66\n', defects: [withTtl({}, 86_400)] }),
  ]
  const world = makeWorld(zones)
  await world.ask('www.up.test', TYPE.A)
  world.pass(3000)
  await world.ask('www.low.up.test', TYPE.A)
  const kept = ['ns.up.test.', 'ns.low.up.test.'].map((server) => {
    const address = world.addressOf(server)
    return [address, world.internet.authorities.get(address)!] as const
  })
  world.become([])
  for (const [address, authority] of kept) world.network.attach(address, authority)
  world.pass(601)
  t.equal((await world.ask('new.low.up.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
})

// --- referrals that lead nowhere ----------------------------------------------------------------------------------

for (const [what, owner] of [
  ['upwards', 'test.'],
  ['to itself', 'z.test.'],
  ['sideways', 'other.test.'],
  ['to a sister', 'other.z.test.'],
  ['to the root', '.'],
] as const) {
  t.test(`a referral that leads ${what} sends the question to another server`, async (t) => {
    const astray = referringTo(nameFrom(owner), [nameFrom('ns.evil.test')])
    const world = makeWorld([
      plainZone('z.test.', { servers: [{ name: 'ns1', behaviour: rewritten(astray) }, { name: 'ns2' }] }),
    ])
    for (let i = 0; i < 6; i++) {
      const reply = await world.ask(`w${i}.z.test`, TYPE.A)
      t.equal(reply.rcode, RCODE.NXDOMAIN, reply.ede?.text ?? '')
    }
    t.ok(world.asked('ns1.z.test.').length <= 6)
    const only = makeWorld([
      plainZone('z.test.', { servers: [{ name: 'ns', behaviour: rewritten(astray) }] }),
    ])
    const reply = await only.ask('www.z.test', TYPE.A)
    t.equal(reply.rcode, RCODE.SERVFAIL)
    t.equal(reply.reason, 'lame-servers')
    t.ok(only.asked().length <= 6, `${only.asked().length}`)
  })
}

/** A behaviour that answers everything with what a rewrite makes of nothing. */
function rewritten(rewrite: Rewrite): Behaviour {
  return () => authorityOf([], [rewrite])
}

t.test('a server that denies in the name of the zone above does not serve the zone', async (t) => {
  const soa = rrsetsFrom('test. 3600 IN SOA ns.test. hostmaster.test. 1 1 1 1 3600')
  for (const rcode of [RCODE.NXDOMAIN, RCODE.NOERROR]) {
    const denies: Rewrite = () => ({ rcode, authoritative: true, answer: [], authority: soa, additional: [] })
    const content = Array.from({ length: 8 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')
    const world = makeWorld([
      plainZone('z.test.', {
        content,
        servers: [{ name: 'ns1', behaviour: rewritten(denies) }, { name: 'ns2' }],
      }),
    ])
    for (let i = 0; i < 8; i++) {
      const reply = await world.ask(`h${i}.z.test`, TYPE.A)
      t.equal(reply.message.answer.length, 1, `${rcode}: ${i}`)
    }
  }
})

t.test('the DS set is asked of the parent, also where parent and child share a server', async (t) => {
  const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', address: { of: 'test.' } }] })])
  for (const [name, type] of [
    ['www.z.test', TYPE.A],
    ['z.test', TYPE.DS],
    ['z.test', TYPE.DNSKEY],
    ['z.test', TYPE.NS],
  ] as const) {
    const reply = await world.ask(name, type)
    t.equal(reply.status, 'secure', `${name} ${type}: ${reply.ede?.text}`)
    t.ok(reply.message.answer.length > 0)
  }
})

t.test('a child that answers for the DS set is passed over (V39)', async (t) => {
  const childSays: Rewrite = (answer, question, served) => {
    const soa = served?.rrset(nameFrom('test'), TYPE.SOA)
    if (question.type !== TYPE.DS || soa === undefined || !namesEqual(question.name, nameFrom('z.test')))
      return answer
    const authority = [{ ...soa, owner: nameFrom('z.test') }]
    return { ...answer, answer: [], authority, authoritative: true }
  }
  const world = makeWorld([
    zone('test.', {
      content: '',
      servers: [{ name: 'ns1' }, { name: 'ns2' }],
      rewrites: () => [childSays],
    }),
    zone('z.test.'),
  ])
  const reply = await world.ask('z.test', TYPE.DS)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.reason, 'lame-servers', 'both servers answer as the child')
})

// --- minimised names ----------------------------------------------------------------------------------------------

t.test('no zone sees more of the name than it needs (RFC 9156)', async (t) => {
  const world = makeWorld([zone('z.test.', { content: `a.b.c A 192.0.2.1\n` })])
  t.equal((await world.ask('a.b.c.z.test', TYPE.AAAA)).status, 'secure')
  t.same(world.asked('a.root-servers.test.'), ['. NS', 'test. A', '. DNSKEY'])
  t.same(world.asked('ns.test.'), ['z.test. A', 'test. DNSKEY'])
  t.same(world.asked('ns.z.test.'), ['c.z.test. A', 'z.test. DNSKEY', 'b.c.z.test. A', 'a.b.c.z.test. AAAA'])
})

t.test('empty non-terminals that are known are not asked for again', async (t) => {
  const world = makeWorld([zone('z.test.', { content: `a.b A 192.0.2.1\nc.b A 192.0.2.2\n` })])
  await world.ask('a.b.z.test', TYPE.A)
  world.forget()
  await world.ask('c.b.z.test', TYPE.A)
  t.same(world.asked(), ['c.b.z.test. A'])
})

t.test('an address at the apex does not make the registry see the whole name', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: '@ 86400 A 192.0.2.1\na.b A 192.0.2.2\n', defects: [withTtl({}, 86_400)] }),
  ])
  await world.ask('z.test', TYPE.A)
  world.pass(3700)
  world.forget()
  await world.ask('a.b.z.test', TYPE.A)
  t.same(
    world.asked('ns.test.').filter((question) => !question.endsWith('DNSKEY')),
    ['z.test. A'],
  )
})

t.test('without minimisation the whole name is shown', async (t) => {
  const world = makeWorld([zone('z.test.')], { settings: { qnameMinimisation: 'off' } })
  await world.ask('www.z.test', TYPE.A)
  t.same(world.asked('ns.test.')[0], 'www.z.test. A')
})

const deniesEmptyNames: Rewrite = (answer, question, served) =>
  served !== undefined && labelCount(question.name) === 3 && answer.answer.length === 0
    ? { ...answer, rcode: RCODE.NXDOMAIN }
    : answer

t.test('a server that denies its empty non-terminals does not hide what is below them', async (t) => {
  for (const signing of [undefined, SIGNED]) {
    const content = 'a.b A 192.0.2.1\n'
    const base = signing === undefined ? plainZone('z.test.', { content }) : zone('z.test.', { content })
    const world = makeWorld([{ ...base, rewrites: () => [deniesEmptyNames] }])
    const reply = await world.ask('a.b.z.test', TYPE.A)
    t.equal(reply.rcode, RCODE.NOERROR, reply.ede?.text ?? '')
    t.equal(reply.status, signing === undefined ? 'insecure' : 'secure')
  }
})

t.test('two servers, one denies its empty non-terminals with a proof that says otherwise', async (t) => {
  const content = 'a.b A 192.0.2.1\n'
  let count = 0
  const sometimes: Rewrite = (answer, question, served) =>
    count++ % 2 === 0 ? deniesEmptyNames(answer, question, served) : answer
  const world = makeWorld([
    zone('z.test.', { content, servers: [{ name: 'ns1' }, { name: 'ns2' }], rewrites: () => [sometimes] }),
  ])
  const reply = await world.ask('a.b.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})

const refusesShortNames: Rewrite = (answer, question) =>
  labelCount(question.name) === 3 && question.type === TYPE.A
    ? { ...answer, rcode: RCODE.REFUSED, answer: [], authority: [], additional: [] }
    : answer

t.test(
  'a server that refuses minimised questions is asked the whole one, and is not lame for it',
  async (t) => {
    const world = makeWorld([
      plainZone('z.test.', {
        content: 'a.b A 192.0.2.1\nc.b A 192.0.2.1\n',
        rewrites: () => [refusesShortNames],
      }),
    ])
    t.equal((await world.ask('a.b.z.test', TYPE.A)).rcode, RCODE.NOERROR)
    t.equal(world.counts.get('failure lame'), 1)
  },
)

t.test('a name of 120 labels costs at most fourteen questions (B07)', async (t) => {
  const name = `${'a.'.repeat(118)}z.test`
  for (const z of [
    zone('z.test.', { content: `${'a.'.repeat(117)}a A 192.0.2.1\n` }),
    plainZone('z.test.', { content: `${'a.'.repeat(117)}a A 192.0.2.1\n` }),
    zone('z.test.'),
    plainZone('z.test.'),
    zone('z.test.', { content: '*.z.test. A 192.0.2.1\n' }),
  ]) {
    const world = makeWorld([z])
    const reply = await world.ask(name, TYPE.A)
    t.not(reply.rcode, RCODE.SERVFAIL, reply.ede?.text ?? '')
    t.ok(world.asked().length <= 14, `${world.asked().length} questions`)
  }
})

t.test('a name of the reverse tree costs no more', async (t) => {
  const reverse = [...'20010db8000000000000000000000080'].reverse().join('.')
  const world = makeWorld([
    zone('arpa.', { content: '' }),
    zone('ip6.arpa.', { content: `${reverse} PTR www.z.test.\n` }),
  ])
  t.equal((await world.ask(`${reverse}.ip6.arpa`, TYPE.PTR)).status, 'secure')
  t.ok(world.asked().length <= 15, `${world.asked().length} questions`)
})

// --- names that are octets ----------------------------------------------------------------------------------------

t.test('a dot inside a label is part of the label (A11)', async (t) => {
  const world = makeWorld([
    zone('test.', { content: '' }),
    zone('z.test.', { content: 'www A 192.0.2.80\nw\\.z A 192.0.2.1\nn\\000l A 192.0.2.2\n' }),
  ])
  for (const [name, last] of [
    ['www.z.test', 80],
    ['w\\.z.z.test', 1],
    ['n\\000l.z.test', 2],
  ] as const) {
    const reply = await world.ask(name, TYPE.A)
    t.equal(reply.status, 'secure', `${name} ${reply.ede?.text}`)
    t.equal(reply.message.answer[0]?.rdata[3], last)
    t.equal(formatName(reply.message.answer[0]!.owner), `${name}.`)
  }
  t.equal((await world.ask('w.z.z.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
})
