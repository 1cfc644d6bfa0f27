/** Faults that validators had with servers, transports and clients: V06, V36, V37, V39, V44, V47, V48. */
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { dropsEdns, formErrOnEdns, inOrder, lowercasing, tcpOnly, udpOnly } from '../../src/lab/behaviours.ts'
import { missingSignatures, wrongSignatures } from '../../src/lab/zone.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { EntryReply } from '../support/entry.ts'
import { entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, WWW, withTtl, zone } from '../support/world.ts'
import { changing, keysBy, losesCapitals, ODD_REPLIES } from './odd-servers.ts'
import { row, Tally } from './row.ts'

/** Another behaviour for the first so many queries. */
function first(count: number, then: Behaviour): Behaviour {
  return (inner) => {
    let seen = 0
    const odd = then(inner)
    return (query, transport) => (seen++ < count ? odd : inner)(query, transport)
  }
}

row('V06', async (t) => {
  const tally = new Tally(t)
  // Since 2019 nobody makes up for servers that never answer EDNS, and three lost queries are an outage of some seconds.
  // Of a signed zone, the question for its keys goes out beside and is one of those lost: three are not enough. Of an unsigned
  // one the third is by TCP, so that the server is not left alone after these.
  // What is remembered of a server is over after a quarter of an hour; of a signed zone's server, nothing is, and its
  // zone is well when the bogus data has run out.
  for (const [what, behaviour, unsigned, signed] of [
    [
      'loses three queries with OPT',
      first(3, dropsEdns),
      [['indeterminate', 'insecure', 'insecure'], 'insecure', 'insecure'],
      ['secure', 'secure', 'secure'],
    ],
    [
      'loses four queries with OPT',
      first(4, dropsEdns),
      [['indeterminate', 'insecure', 'insecure'], 'insecure', 'insecure'],
      ['indeterminate', 'secure', 'secure'],
    ],
    ['calls OPT malformed', formErrOnEdns, ['insecure', 'insecure', 'insecure'], ['bogus', 'bogus', 'bogus']],
    [
      'calls OPT malformed three times',
      first(3, formErrOnEdns),
      ['insecure', 'insecure', 'insecure'],
      ['bogus', 'secure', 'secure'],
    ],
  ] as const) {
    const servers = [{ name: 'ns', behaviour }]
    for (const [make, expected] of [
      [plainZone, unsigned],
      [zone, signed],
    ] as const) {
      const world = makeWorld([make('z.test.', { content: `${WWW}mail A 192.0.2.25\n`, servers })])
      const found: string[] = []
      for (const name of ['www.z.test', 'mail.z.test', 'none.z.test'])
        found.push((await world.ask(name, TYPE.A)).status)
      const [first] = expected
      tally.same(found, typeof first === 'string' ? [first, first, first] : first, `${what}: ${found}`)
      for (const [seconds, when, status] of [
        [61, 'a minute', expected[1]],
        [840, 'a quarter of an hour', expected[2]],
      ] as const) {
        world.pass(seconds)
        tally.same((await world.askCached('mail.z.test')).status, status, `${what}, ${when} later`)
      }
    }
  }
  return `${tally}`
})

row('V36', async (t) => {
  // Where letters are not mixed a question goes out in lower case, whatever the client wrote, so no server has to cope.
  const ask = async (behaviour: Behaviour, mixedCase: boolean): Promise<World> => {
    const zones = [zone('z.test.', { servers: [{ name: 'ns', behaviour }] })]
    const world = makeWorld(zones, { settings: { mixedCase } })
    const reply = await world.ask('WwW.Z.tEsT', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    return world
  }
  const usual = await ask(losesCapitals, false)
  t.equal(usual.counts.get('failure timeout'), undefined)
  const tried = []
  for (const behaviour of [losesCapitals, lowercasing]) {
    const world = await ask(behaviour, true)
    tried.push(
      world.asked('ns.z.test.').filter((question) => question.toLowerCase() === 'www.z.test. a').length,
    )
  }
  for (const count of tried) t.ok(count <= 3, `${count} questions for a name`)
  const questions = usual.asked('ns.z.test.').length
  return `${questions} questions to the zone, none lost; in mixed letters ${tried.join(' and ')} for a name where they are dropped and changed`
})

row('V37', async (t) => {
  const tally = new Tally(t)
  let most = 0
  for (const [what, type] of [
    ['the answer', TYPE.A],
    ['NS', TYPE.NS],
    ['DNSKEY', TYPE.DNSKEY],
    ['DS', TYPE.DS],
    ['everything', undefined],
  ] as const) {
    const zero = [withTtl(type === undefined ? {} : { type }, 0)]
    const world = makeWorld([
      zone('test.', { content: '', defects: zero }),
      zone('z.test.', { defects: zero }),
    ])
    for (let round = 0; round < 3; round++) {
      world.forget()
      const reply = await world.askCached('www.z.test')
      tally.same(reply.status, 'secure', `${what}: ${reply.ede?.text ?? ''}`)
      most = Math.max(most, world.asked().length)
      world.pass(2)
    }
  }
  t.ok(most <= 12, `${most} questions`)
  return `${tally} secure, at most ${most} questions each`
})

row('V39', async (t) => {
  const tally = new Tally(t)
  const shared = [{ name: 'ns', address: { of: 'test.' } }] as const
  const world = makeWorld([
    // At its apex the child names one server more than its parent does.
    zone('z.test.', { content: `${WWW}@ NS extra\nextra A 127.53.0.99\n`, servers: shared }),
    zone('y.z.test.', { servers: shared }),
    plainZone('x.z.test.', { servers: shared }),
  ])
  for (const [name, type, status, count] of [
    ['z.test', TYPE.DS, 'secure', 1],
    ['y.z.test', TYPE.DS, 'secure', 1],
    ['x.z.test', TYPE.DS, 'secure', 0],
    ['z.test', TYPE.NS, 'secure', 2],
    ['www.z.test', TYPE.A, 'secure', 1],
    ['www.y.z.test', TYPE.A, 'secure', 1],
    ['www.x.z.test', TYPE.A, 'insecure', 1],
    ['z.test', TYPE.DS, 'secure', 1],
  ] as const) {
    const reply = await world.ask(name, type)
    const found = reply.message.answer.filter((record) => record.type === type).length
    tally.same([reply.status, found], [status, count], `${name} ${type} ${reply.ede?.text ?? ''}`)
  }
  // On servers of their own: a DS set that has run out is asked of the parent, though the child is nearer.
  const short = [withTtl({ type: TYPE.DS }, 60)]
  const apart = makeWorld([zone('test.', { content: '', defects: short }), zone('z.test.')])
  await apart.ask('www.z.test', TYPE.A)
  apart.pass(61)
  apart.forget()
  tally.same((await apart.ask('z.test', TYPE.DS)).status, 'secure', 'a DS set that has run out')
  const asked = (server: string): boolean => apart.asked(server).includes('z.test. DS')
  tally.same([asked('ns.test.'), asked('ns.z.test.')], [true, false], 'who is asked for it')
  return `${tally}, three zones on one server, and two on their own`
})

/** Asks as a client that sets CD. */
async function askUnchecked(world: World, name: string): Promise<EntryReply> {
  let entry: Uint8Array | undefined
  const asking = world.resolver.resolve({ name: nameFrom(name), type: TYPE.A, checkingDisabled: true })
  void asking.then((reply) => {
    entry = reply.entry
  })
  await world.clock.runUntil(() => entry !== undefined, 30_000)
  return entryReply((await asking).entry, world.clock.nowMs())
}

row('V44', async (t) => {
  const tally = new Tally(t)
  for (const defect of [wrongSignatures({ type: TYPE.A }), missingSignatures({ type: TYPE.A })]) {
    const world = makeWorld([zone('z.test.', { defects: [defect] }), zone('y.test.')])
    const unchecked = await askUnchecked(world, 'www.z.test')
    const data = unchecked.message.answer.filter(({ type }) => type === TYPE.A).length
    tally.same([data, unchecked.authenticated], [1, false], 'with CD: the data, no AD')
    tally.same((await world.askCached('www.z.test')).status, 'bogus', 'without CD')
    tally.same((await askUnchecked(world, 'www.z.test')).authenticated, false, 'with CD again')
    tally.same((await askUnchecked(world, 'www.y.test')).rcode, RCODE.NOERROR, 'good data with CD')
    tally.ok((await world.askCached('www.y.test')).authenticated, 'and judged for the next')
  }
  return `${tally}`
})

row('V47', async (t) => {
  const tally = new Tally(t)
  for (const [what, change, alone] of ODD_REPLIES) {
    const odd = { name: 'ns1', behaviour: changing(change) }
    const only = await makeWorld([zone('z.test.', { servers: [odd] })]).ask('www.z.test', TYPE.A)
    tally.same(
      [only.status, only.rcode],
      [alone, alone === 'secure' ? RCODE.NOERROR : RCODE.SERVFAIL],
      `${what}: ${only.ede?.text ?? ''}`,
    )
    const both = await makeWorld([zone('z.test.', { servers: [odd, { name: 'ns2' }] })]).ask(
      'www.z.test',
      TYPE.A,
    )
    tally.same(both.status, 'secure', `${what}, and a server in order beside it`)
  }
  return `${tally} kinds of replies`
})

row('V48', async (t) => {
  const tally = new Tally(t)
  const rootBy = (behaviour: Behaviour): World =>
    makeWorld([zone('.', { content: '', servers: [{ name: 'a.root-servers.test.', behaviour }] })])
  const world = rootBy(keysBy(tcpOnly))
  const keys = await world.ask('.', TYPE.DNSKEY)
  tally.same([keys.status, keys.rcode], ['secure', RCODE.NOERROR], 'by TCP')
  const transports = world.network.sent.map(({ transport }) => transport)
  tally.same(transports.filter((transport) => transport === 'tcp').length, 1, 'one connection')
  const without = await rootBy(keysBy(inOrder(tcpOnly, udpOnly))).ask('test', TYPE.SOA)
  tally.same([without.status, without.ede?.code], ['bogus', EDE.DNSKEY_MISSING], 'without TCP')
  tally.ok(
    /^DNSKEY of \.: \.: 127\.[\d.]+@53: timeout by TCP$/.test(without.ede?.text ?? ''),
    without.ede?.text ?? '',
  )
  return `${tally}; without TCP: "${without.ede?.text.replace(/127[\d.]+/, 'ADDRESS')}"`
})
