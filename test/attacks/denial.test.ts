/** Faults that validators had with proofs of absence: V03, V04, V09, V10, V13, V14, V18, V35, V41, V43. */
import { seededRandom } from '../../src/base/random.ts'
import { writeNsec } from '../../src/lab/denial-chain.ts'
import { OPT_OUT, PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { compactDenial, replacedDenial } from '../../src/lab/rewrites.ts'
import { signRrset } from '../../src/lab/signer.ts'
import { combinedKey, type Defect } from '../../src/lab/zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, plainZone, SIGNED, WWW, withTtl, zone } from '../support/world.ts'
import { BITMAPS, denyingBy, without } from './denials.ts'
import { row, Tally } from './row.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }
const BOTH = [SIGNED, NSEC3]
const { NOERROR, NXDOMAIN } = RCODE

const verdict = ({ status, rcode }: EntryReply): unknown => [status, rcode]

row('V03', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: `${WWW}*.w A 192.0.2.1\n`, signing: { ...SIGNED, denial: OPT_OUT } }),
    plainZone('cut.z.test.'),
  ])
  const tally = new Tally(t)
  for (const [name, type, rcode] of [
    ['none.z.test', TYPE.A, NXDOMAIN],
    ['a.w.z.test', TYPE.A, NOERROR],
    ['cut.z.test', TYPE.DS, NOERROR],
    ['none.z.test', TYPE.DS, NXDOMAIN],
  ] as const) {
    const { status, authenticated, rcode: got } = await world.ask(name, type)
    tally.same([status, authenticated, got], ['insecure', false, rcode], name)
  }
  tally.ok((await world.ask('www.z.test', TYPE.A)).authenticated, 'what is signed keeps its AD')
  return `${tally}: AD over no opt-out span`
})

row('V04', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: '*.w A 192.0.2.1\nw TXT "x"\n', signing: { ...SIGNED, denial: OPT_OUT } }),
    zone('y.test.', { content: '*.w A 192.0.2.1\n', signing: NSEC3 }),
  ])
  const tally = new Tally(t)
  tally.same(verdict(await world.ask('a.w.z.test', TYPE.MX)), ['insecure', NOERROR], 'opt-out')
  tally.same(verdict(await world.ask('b.a.w.z.test', TYPE.MX)), ['insecure', NOERROR], 'opt-out, deeper')
  tally.same(verdict(await world.ask('a.w.y.test', TYPE.MX)), ['secure', NOERROR], 'without opt-out')
  return `${tally} not bogus`
})

/** Another TTL for each NSEC3 RRset, from 5 seconds to an hour; what was signed stays. */
const mixedTtls: Defect = (records) =>
  records.map((record) => {
    const covered = record.type === TYPE.RRSIG ? (record.rdata[0]! << 8) | record.rdata[1]! : record.type
    if (covered !== TYPE.NSEC3) return record
    const ttlSeconds = [5, 20, 90, 600, 3600][record.owner[1]! % 5]!
    return { ...record, ttlSeconds }
  })

row('V09', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const world = makeWorld([
    zone('z.test.', { content: `${WWW}x.y A 192.0.2.1\n`, signing: NSEC3, defects: [mixedTtls] }),
    ...names.map((name) => plainZone(`${name}.z.test.`)),
    zone('s.z.test.', { signing: NSEC3, defects: [mixedTtls] }),
  ])
  const random = seededRandom(9)
  const tally = new Tally(t)
  const questions: readonly (() => [name: string, type: number, expected: unknown])[] = [
    () => [`${names[random.below(6)]}.z.test`, TYPE.DS, ['secure', NOERROR]],
    () => [`www.${names[random.below(6)]}.z.test`, TYPE.A, ['insecure', NOERROR]],
    () => [`n${random.below(40)}.z.test`, TYPE.A, ['secure', NXDOMAIN]],
    () => [`n${random.below(40)}.y.z.test`, TYPE.DS, ['secure', NXDOMAIN]],
    () => ['y.z.test', TYPE.DS, ['secure', NOERROR]],
    () => ['www.s.z.test', TYPE.A, ['secure', NOERROR]],
    () => ['www.z.test', TYPE.DS, ['secure', NOERROR]],
  ]
  let differing = 0
  for (let i = 0; i < 1000; i++) {
    const [name, type, expected] = questions[random.below(questions.length)]!()
    const found = verdict(await world.askCached(name, type))
    if (`${found}` !== `${expected}`) {
      differing++
      t.same(found, expected, `${name} ${formatType(type)}`)
    }
    world.pass(random.below(30))
  }
  tally.same(differing, 0, 'none of a thousand')
  return `${1000 - differing} of 1000 as they are, the cache warm and cold in turn`
})

row('V10', async (t) => {
  const tally = new Tally(t)
  for (const signing of BOTH) {
    const world = makeWorld([
      zone('.', { content: '', signing, servers: [{ name: 'a.root-servers.test.' }] }),
      zone('test.', {
        content: 'x.ent A 192.0.2.1\nhost A 192.0.2.1\nalias CNAME host\n',
        signing,
        defects: [TYPE.DS, TYPE.NSEC, TYPE.NSEC3].map((type) => withTtl({ type }, 60)),
      }),
      zone('signed.test.', { signing }),
      plainZone('bare.test.'),
    ])
    for (const warm of [false, true]) {
      for (const [name, soa, count] of [
        ['bare.test', 'test.', 0],
        ['signed.test', undefined, 1],
        ['test', undefined, 1],
        ['ent.test', 'test.', 0],
        ['host.test', 'test.', 0],
        ['alias.test', undefined, 0],
        ['.', '.', 0],
      ] as const) {
        const reply = await world.ask(name, TYPE.DS)
        const found = reply.message.answer.filter(({ type }) => type === TYPE.DS).length
        const zoneOf = reply.message.authority.find(({ type }) => type === TYPE.SOA)?.owner
        const from = name === 'alias.test' ? undefined : zoneOf && formatName(zoneOf)
        tally.same([reply.status, found, from], ['secure', count, soa], `${name} ${warm} ${reply.ede?.text}`)
      }
      await world.ask('www.signed.test', TYPE.A)
      await world.ask('www.bare.test', TYPE.A)
      // The children's servers are known still, what the parent said of them has run out.
      world.pass(61)
    }
  }
  return `${tally} answers for DS from the parent's side`
})

row('V13', async (t) => {
  const tally = new Tally(t)
  for (const signing of BOTH) {
    const content = `*.w A 192.0.2.1\nzzz.w A 192.0.2.2\n_.w A 192.0.2.3\n`
    const whole = makeWorld([zone('z.test.', { content, signing })])
    tally.same(verdict(await whole.ask('a.w.z.test', TYPE.MX)), ['secure', NOERROR], 'with all records')
    const cut = replacedDenial(nameFrom('a.w.z.test'), without('z.test'))
    const world = makeWorld([zone('z.test.', { content, signing, rewrites: () => [cut] })])
    const reply = await world.ask('a.w.z.test', TYPE.MX)
    tally.same(reply.status, 'bogus', `${signing.denial?.kind}: without the record of the wildcard`)
  }
  return `${tally}: SERVFAIL where the record of the wildcard is left out`
})

row('V14', async (t) => {
  const tally = new Tally(t)
  for (const denial of [undefined, PLAIN_NSEC3, OPT_OUT]) {
    const signing = denial === undefined ? SIGNED : { ...SIGNED, denial }
    const world = makeWorld([
      zone('z.test.', {
        content: 'a.b.ent A 192.0.2.1\nlast A 192.0.2.2\n',
        signing,
        servers: [{ name: 'b' }],
      }),
      plainZone('cut.hidden.z.test.'),
    ])
    const unproven = denial === OPT_OUT ? 'insecure' : 'secure'
    for (const [name, expected] of [
      ['ent.z.test', ['secure', NOERROR]],
      ['b.ent.z.test', ['secure', NOERROR]],
      ['hidden.z.test', [unproven, NOERROR]],
      ['zzz.z.test', [unproven, NXDOMAIN]],
      ['a.last.z.test', [unproven, NXDOMAIN]],
      ['a.z.test', [unproven, NXDOMAIN]],
      ['z.test', ['secure', NOERROR]],
    ] as const) {
      tally.same(verdict(await world.ask(name, TYPE.TXT)), expected, `${denial?.kind} ${name}`)
    }
  }
  return `${tally} names`
})

row('V18', async (t) => {
  const tally = new Tally(t)
  const content = 'www A 192.0.2.80\nwww CAA 0 issue "ca.test"\nwww TYPE32770 \\# 2 CAFE\n'
  for (const signing of BOTH) {
    const world = makeWorld([zone('z.test.', { content, signing })])
    for (const [type, status] of [
      ['CAA', 'secure'],
      ['TYPE32770', 'secure'],
      ['TYPE258', 'secure'],
      ['TYPE32780', 'secure'],
    ] as const) {
      tally.same((await world.ask('www.z.test', parseType(type)!)).status, status, type)
    }
  }
  for (const [what, bitmap, type, status] of BITMAPS) {
    const world = makeWorld([zone('z.test.', { content, rewrites: denyingBy(bitmap, 'zzz.z.test') })])
    tally.same((await world.ask('other.z.test', parseType(type)!)).status, status, what)
  }
  return `${tally} bit maps`
})

row('V35', async (t) => {
  const tally = new Tally(t)
  const world = makeWorld([
    zone('z.test.', {
      signing: { ...SIGNED, keys: combinedKey },
      rewrites: ({ apex, signing }) => [compactDenial(apex, signing!.keys[0]!.key, signing!.span)],
    }),
  ])
  for (const [name, type] of [
    ['none.z.test', TYPE.A],
    ['none.z.test', TYPE.MX],
    ['a.none.z.test', TYPE.A],
    ['www.z.test', TYPE.MX],
  ] as const) {
    const reply = await world.ask(name, type)
    tally.same([reply.status, reply.authenticated, reply.rcode], ['secure', true, NOERROR], name)
    tally.ok(
      reply.message.authority.some((record) => record.type === TYPE.NSEC),
      'with its proof',
    )
  }
  return `${tally} compact denials with AD`
})

row('V41', async (t) => {
  const tally = new Tally(t)
  for (const signing of BOTH) {
    const world = makeWorld([
      zone('.', { content: '', signing, servers: [{ name: 'a.root-servers.test.' }] }),
      // Its server is elsewhere: the apex is the only name, and its range leads to itself.
      zone('one.test.', { content: '', signing, servers: [{ name: 'ns.test.', address: { of: 'test.' } }] }),
    ])
    for (const [name, type, expected] of [
      ['zzz', TYPE.A, ['secure', NXDOMAIN]],
      ['aaa', TYPE.A, ['secure', NXDOMAIN]],
      ['a.zzz', TYPE.A, ['secure', NXDOMAIN]],
      ['.', TYPE.MX, ['secure', NOERROR]],
      ['one.test', TYPE.A, ['secure', NOERROR]],
      ['none.one.test', TYPE.A, ['secure', NXDOMAIN]],
      ['a.b.one.test', TYPE.A, ['secure', NXDOMAIN]],
    ] as const) {
      const reply = await world.ask(name, type)
      tally.same(verdict(reply), expected, `${signing.denial?.kind} ${name} ${reply.ede?.text ?? ''}`)
    }
  }
  return `${tally} secure`
})

/** The NSEC record of `www` says that there is TXT alone. */
const forgetful: Defect = (records, plan) => {
  const www = nameFrom('www.z.test')
  const isNsec = (record: { type: number; owner: Uint8Array; rdata: Uint8Array }): boolean =>
    namesEqual(record.owner as never, www) &&
    (record.type === TYPE.NSEC || (record.type === TYPE.RRSIG && record.rdata[1] === TYPE.NSEC))
  const [nsec] = records.filter((record) => record.type === TYPE.NSEC && isNsec(record))
  const rdata = writeNsec(nameFrom('z.test'), [TYPE.TXT, TYPE.NSEC, TYPE.RRSIG])
  const set: Rrset = { ...nsec!, rdatas: [rdata], signatures: [] }
  const { key } = plan.signing!.keys.find((use) => use.signsZone)!
  const signature = signRrset(set, { key, signer: plan.apex, span: plan.signing!.span })
  return [
    ...records.filter((record) => !isNsec(record)),
    { ...nsec!, rdata },
    { ...nsec!, type: TYPE.RRSIG, rdata: signature },
  ]
}

row('V43', async (t) => {
  const tally = new Tally(t)
  const addresses = ({ status, message }: EntryReply): unknown => [
    status,
    message.answer.filter(({ type }) => type === TYPE.A).length,
  ]
  const honest = makeWorld([zone('z.test.', { content: `${WWW}*.w A 192.0.2.1\n` })])
  tally.same(
    verdict(await honest.ask('a.w.z.test', TYPE.AAAA)),
    ['secure', NOERROR],
    'no AAAA at the wildcard',
  )
  tally.same(addresses(await honest.ask('a.w.z.test', TYPE.A)), ['secure', 1], 'its A')
  tally.same(addresses(await honest.ask('b.w.z.test', TYPE.A)), ['secure', 1], 'its A for another name')
  // A zone that denies what it has: who asks for A first has it. Who asks after the denial of AAAA gets what the zone
  // proved (RFC 8198 says so), unless proofs answer nothing else.
  for (const [what, settings, first, count] of [
    ['A first', {}, TYPE.A, 1],
    ['AAAA first', {}, TYPE.AAAA, 0],
    ['AAAA first, aggressive denial off', { aggressiveDenial: false }, TYPE.AAAA, 1],
  ] as const) {
    const world = makeWorld([zone('z.test.', { content: WWW, defects: [forgetful] })], { settings })
    await world.askCached('www.z.test', first)
    tally.same(verdict(await world.askCached('www.z.test', TYPE.AAAA)), ['secure', NOERROR], `${what}: AAAA`)
    tally.same(addresses(await world.askCached('www.z.test', TYPE.A)), ['secure', count], `${what}: A`)
  }
  return `${tally}`
})
