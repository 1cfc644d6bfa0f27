/** Faults that validators had with aliases and wildcards: V01, V02, V05, V11, V12, V15, V33, V40. */
import type { Rewrite } from '../../src/lab/authority.ts'
import { OPT_OUT, PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { strippedDenial } from '../../src/lab/rewrites.ts'
import { wrongSignatures } from '../../src/lab/zone.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, plainZone, SIGNED, WWW, zone } from '../support/world.ts'
import { apexDenial, threeSigners } from './denials.ts'
import { row, Tally } from './row.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }

/** The types of the answer section, signatures aside. */
function typesIn(reply: EntryReply): number[] {
  return reply.message.answer.map(({ type }) => type).filter((type) => type !== TYPE.RRSIG)
}

row('V01', async (t) => {
  const world = makeWorld([
    zone('s.test.', {
      content: `${WWW}a CNAME www.p.test.\nb CNAME www.x.test.\nc CNAME www\nd CNAME none\n`,
    }),
    plainZone('p.test.', { content: `${WWW}a CNAME www.s.test.\n` }),
    zone('x.test.', { defects: [wrongSignatures({ type: TYPE.A })] }),
  ])
  const tally = new Tally(t)
  for (const [name, status] of [
    ['a.s.test', 'insecure'],
    ['a.p.test', 'insecure'],
    ['b.s.test', 'bogus'],
    ['c.s.test', 'secure'],
    ['d.s.test', 'secure'],
  ] as const) {
    const reply = await world.ask(name, TYPE.A)
    tally.same([reply.status, reply.authenticated], [status, status === 'secure'], name)
    t.equal(reply.rcode, name.startsWith('d') ? RCODE.NXDOMAIN : RCODE.NOERROR)
    t.ok(typesIn(reply).includes(TYPE.CNAME), 'the data is kept for who sets CD')
  }
  return `${tally} chains are worth their weakest link`
})

row('V02', async (t) => {
  const world = makeWorld([
    zone('test.', { content: '', signing: { ...SIGNED, denial: OPT_OUT } }),
    zone('s.test.', {
      content: 'a CNAME www.p.test.\nb CNAME none.p.test.\n',
      servers: [{ name: 'ns', address: { of: 'test.' } }],
    }),
    plainZone('p.test.', { servers: [{ name: 'ns', address: { of: 'test.' } }] }),
  ])
  const tally = new Tally(t)
  const noData = await world.ask('a.s.test', TYPE.MX)
  tally.same([noData.status, noData.rcode], ['insecure', RCODE.NOERROR], 'no data')
  const nameError = await world.ask('b.s.test', TYPE.A)
  tally.same([nameError.status, nameError.rcode], ['insecure', RCODE.NXDOMAIN], 'no name')
  return `${tally} denials without AD`
})

row('V05', async (t) => {
  const content = `${WWW}a CNAME www.s.test.\n`
  const world = makeWorld([
    zone('z.test.', { content, signing: { ...NSEC3, keys: threeSigners } }),
    zone('s.test.'),
    zone('x.test.', { content, defects: [wrongSignatures({ type: TYPE.CNAME })] }),
  ])
  const tally = new Tally(t)
  world.forget()
  const reply = await world.ask('a.z.test', TYPE.ANY)
  tally.same([reply.status, typesIn(reply)], ['secure', [TYPE.CNAME]], reply.ede?.text ?? '')
  tally.same(reply.message.answer.length, 4, 'with three signatures')
  tally.same(
    world.asked().filter((question) => question.includes('s.test.')),
    [],
    'the target is not asked for',
  )
  tally.same((await world.ask('a.x.test', TYPE.ANY)).status, 'bogus', 'with a wrong signature')
  return `${tally}: validated, and nothing asked of the target`
})

row('V11', async (t) => {
  const world = makeWorld([
    zone('s.test.', { content: 'a CNAME www.n.test.\nb CNAME none.n.test.\nc CNAME www.o.test.\n' }),
    zone('n.test.', { rewrites: () => [strippedDenial] }),
    zone('o.test.', { rewrites: () => [apexDenial] }),
  ])
  const tally = new Tally(t)
  for (const [name, type] of [
    ['a.s.test', TYPE.MX],
    ['b.s.test', TYPE.A],
    ['c.s.test', TYPE.MX],
  ] as const) {
    const reply = await world.ask(name, type)
    tally.same([reply.status, reply.ede?.code], ['bogus', EDE.NSEC_MISSING], name)
  }
  return `${tally} bogus with EDE ${EDE.NSEC_MISSING}`
})

row('V12', async (t) => {
  const same = [{ name: 'ns', address: { of: 's.test.' } }] as const
  const tally = new Tally(t)
  for (const signing of [SIGNED, NSEC3]) {
    const zones = (...rewrites: Rewrite[]) => [
      zone('s.test.', {
        content: `${WWW}a CNAME x.wild\n*.wild CNAME y.z.sub\n`,
        signing,
        rewrites: () => rewrites,
      }),
      zone('sub.s.test.', { content: '*.z A 192.0.2.1\n', signing, servers: same }),
    ]
    const world = makeWorld(zones())
    const reply = await world.ask('a.s.test', TYPE.A)
    tally.same([reply.status, typesIn(reply).length], ['secure', 3], reply.ede?.text ?? '')
    const denied = await world.ask('a.s.test', TYPE.MX)
    tally.same(denied.status, 'secure', denied.ede?.text ?? '')
    const bare = await makeWorld(zones(strippedDenial)).ask('a.s.test', TYPE.A)
    tally.same(bare.status, 'bogus', 'without the proof of the wildcard')
    const other = await makeWorld(zones(apexDenial)).ask('a.s.test', TYPE.A)
    tally.same(other.status, 'bogus', 'with a proof that speaks of something else')
  }
  return `${tally} with NSEC and NSEC3`
})

row('V15', async (t) => {
  const tally = new Tally(t)
  const content = '*.x A 192.0.2.66\n*.y CNAME www.x\nwww.x A 192.0.2.80\n'
  for (const signing of [SIGNED, NSEC3]) {
    /** Answers below the cut by the wildcard beside it, as signers of old did. */
    const spread: Rewrite = (answer, question, served) => {
      const made = served?.rrset(nameFrom('*.x.z.test'), TYPE.A)
      const below = Buffer.from(question.name).includes('\x03cut\x01x')
      if (served === undefined || made === undefined || !below || question.type === TYPE.DS) return answer
      const cut = nameFrom('cut.x.z.test')
      const proof = served.hasNsec3 ? served.nsec3Matching(cut) : served.nsecFor(cut)
      return {
        ...answer,
        authoritative: true,
        answer: [{ ...made, owner: question.name }],
        authority: [proof!],
        additional: [],
      }
    }
    const children = [zone('cut.x.z.test.', { signing }), plainZone('bare.x.z.test.')]
    const world = makeWorld([zone('z.test.', { content, signing }), ...children])
    for (const [name, status, octet] of [
      ['a.x.z.test', 'secure', 66],
      ['a.y.z.test', 'secure', 80],
      ['www.cut.x.z.test', 'secure', 80],
      ['www.bare.x.z.test', 'insecure', 80],
      ['none.cut.x.z.test', 'secure', undefined],
      ['none.bare.x.z.test', 'insecure', undefined],
    ] as const) {
      const reply = await world.ask(name, TYPE.A)
      const address = reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata[3]
      tally.same([reply.status, address], [status, octet], `${name} ${reply.ede?.text ?? ''}`)
    }
    const old = makeWorld([zone('z.test.', { content, signing, rewrites: () => [spread] }), ...children])
    const reply = await old.ask('none.cut.x.z.test', TYPE.A)
    tally.same(reply.authenticated, false, 'a wildcard that reaches below a cut')
    tally.same(reply.status, 'bogus', 'a wildcard that reaches below a cut')
  }
  return `${tally} names beside and below cuts`
})

row('V33', async (t) => {
  const tally = new Tally(t)
  for (const signing of [SIGNED, NSEC3]) {
    const world = makeWorld([
      zone('z.test.', { content: '*.w A 192.0.2.1\n', signing, rewrites: () => [strippedDenial] }),
    ])
    const literal = await world.ask('*.w.z.test', TYPE.A)
    tally.same([literal.status, literal.message.authority.length], ['secure', 0], literal.ede?.text ?? '')
    tally.same((await world.ask('a.w.z.test', TYPE.A)).status, 'bogus', 'what it makes needs its proof')
  }
  return `${tally}: the star itself secure without a proof, what it makes not`
})

row('V40', async (t) => {
  const tally = new Tally(t)
  // RFC 6672 3.3: a DNAME at a wildcard means nothing that all agree on; what must not be is a secure alias that nobody signed.
  const world = makeWorld([
    zone('z.test.', { content: '*.w DNAME t\nx.t A 192.0.2.1\ntree DNAME t\n', signing: SIGNED }),
  ])
  const reply = await world.ask('x.tree.z.test', TYPE.A)
  tally.same([reply.status, typesIn(reply)], ['secure', [TYPE.DNAME, TYPE.CNAME, TYPE.A]], 'a DNAME')
  const itself = await world.ask('a.w.z.test', TYPE.DNAME)
  tally.same([itself.status, typesIn(itself)], ['secure', [TYPE.DNAME]], 'the DNAME that a wildcard makes')
  const below = await world.ask('x.a.w.z.test', TYPE.A)
  tally.ok(
    !(below.authenticated && typesIn(below).includes(TYPE.CNAME)),
    'no secure alias by a DNAME at a wildcard',
  )
  return `${tally} DNAMEs`
})
