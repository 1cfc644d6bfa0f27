/** DNS64 (RFC 6147): AAAA where there is only A, and the names of such addresses. */
import t from 'tap'
import { parsePrefix } from '../../src/base/prefix.ts'
import { failing } from '../../src/lab/behaviours.ts'
import { strippedDenial, strippedSignatures } from '../../src/lab/rewrites.ts'
import type { Dns64Settings } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { type EntryReply, entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, type WorldOptions, withTtl, zone } from '../support/world.ts'

const DNS64: Dns64Settings = {
  prefix: parsePrefix('64:ff9b::/96')!,
  exclude: [parsePrefix('::ffff:0:0/96')!, parsePrefix('2001:db8:bad::/48')!],
  ignoreAaaa: [nameFrom('old.z.test.')],
}

const CONTENT = `
v4 A 192.0.2.7
short 60 A 192.0.2.8
both A 192.0.2.9
both AAAA 2001:db8::9
alias CNAME v4
far CNAME v4.plain.test.
*.wild A 192.0.2.10
none TXT "neither"
bad A 192.0.2.11
bad AAAA 2001:db8:bad::1
badonly AAAA 2001:db8:bad::2
mixed AAAA 2001:db8:bad::3
mixed AAAA 2001:db8::3
a.old A 192.0.2.12
a.old AAAA 2001:db8::12
six.old AAAA 2001:db8::13
inner A 10.0.0.1
lure AAAA 64:ff9b::a00:2
`
const ZONES = [
  zone('z.test.', { content: CONTENT }),
  plainZone('plain.test.', { content: 'v4 A 192.0.2.66\n' }),
]

function translating(zones = ZONES, settings: WorldOptions['settings'] = {}): World {
  return makeWorld(zones, { settings: { dns64: DNS64, ...settings } })
}

/** The answer section in text, signatures left out. */
function answers(reply: EntryReply): string[] {
  return reply.message.answer
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(({ type, rdata }) => formatRdata(type, rdata))
}

const signedTypes = (reply: EntryReply): number[] =>
  reply.message.answer
    .filter(({ type }) => type === TYPE.RRSIG)
    .map(({ rdata }) => (rdata[0]! << 8) | rdata[1]!)

t.test('a name with A alone gets AAAA, proven and never called authenticated', async (t) => {
  const world = translating()
  for (const [name, expected] of [
    ['v4.z.test', ['64:ff9b::c000:207']],
    ['alias.z.test', ['v4.z.test.', '64:ff9b::c000:207']],
    ['x.wild.z.test', ['64:ff9b::c000:20a']],
  ] as const) {
    const reply = await world.ask(name, TYPE.AAAA)
    t.same(answers(reply), expected)
    t.equal(reply.status, 'secure')
    t.notOk(reply.authenticated)
    t.notOk(signedTypes(reply).includes(TYPE.AAAA))
    t.same(reply.message.authority, [], 'no denial beside it')
  }
  const far = await world.ask('far.z.test', TYPE.AAAA)
  t.same(answers(far), ['v4.plain.test.', '64:ff9b::c000:242'])
  t.equal(far.status, 'insecure', 'the worse of the verdicts')
  t.notOk((await translating(ZONES, { dns64: undefined }).ask('v4.z.test', TYPE.AAAA)).message.answer.length)
})

t.test('what the zone itself says stands', async (t) => {
  const world = translating()
  const both = await world.ask('both.z.test', TYPE.AAAA)
  t.same(answers(both), ['2001:db8::9'])
  t.ok(both.authenticated)
  t.notOk(world.asked().includes('both.z.test. A'))
  t.equal((await world.ask('v4.z.test', TYPE.A)).authenticated, true)
  const none = await world.ask('none.z.test', TYPE.AAAA)
  t.equal(none.rcode, RCODE.NOERROR)
  t.ok(none.authenticated)
  t.ok(none.message.authority.some(({ type }) => type === TYPE.SOA))
  world.forget()
  t.equal((await world.ask('absent.z.test', TYPE.AAAA)).rcode, RCODE.NXDOMAIN)
  t.notOk(world.asked().includes('absent.z.test. A'))
})

t.test('addresses that count as none (RFC 6147 5.1.4)', async (t) => {
  const world = translating()
  t.same(answers(await world.ask('bad.z.test', TYPE.AAAA)), ['64:ff9b::c000:20b'])
  t.same(answers(await world.ask('badonly.z.test', TYPE.AAAA)), [])
  const mixed = await world.ask('mixed.z.test', TYPE.AAAA)
  t.same(answers(mixed), ['2001:db8::3'])
  t.same(signedTypes(mixed), [], 'the signature was that of the whole')
  t.notOk(mixed.authenticated)
})

t.test('ignored addresses serve where there is no A', async (t) => {
  const world = translating()
  t.same(answers(await world.ask('a.old.z.test', TYPE.AAAA)), ['64:ff9b::c000:20c'])
  const six = await world.ask('six.old.z.test', TYPE.AAAA)
  t.same(answers(six), ['2001:db8::13'])
  t.ok(six.authenticated)
})

t.test('a failure denies nothing, and a denial that does not validate is bogus', async (t) => {
  const servers = [{ name: 'ns', behaviour: failing(RCODE.SERVFAIL) }]
  const failed = translating([plainZone('z.test.', { content: CONTENT, servers })])
  t.equal((await failed.ask('v4.z.test', TYPE.AAAA)).rcode, RCODE.SERVFAIL)
  for (const rewrite of [strippedDenial, strippedSignatures(TYPE.A)]) {
    const world = translating([zone('z.test.', { content: CONTENT, rewrites: () => [rewrite] })])
    const reply = await world.ask('v4.z.test', TYPE.AAAA)
    t.equal(reply.status, 'bogus')
    t.ok(reply.ede)
  }
})

t.test('the A cannot be had', async (t) => {
  const name = nameFrom('v4.z.test.')
  const world = translating([
    plainZone('z.test.', {
      content: CONTENT,
      rewrites: () => [
        (answer, { name: asked, type }) =>
          namesEqual(asked, name) && type === TYPE.A
            ? { ...answer, rcode: RCODE.REFUSED, answer: [] }
            : answer,
      ],
    }),
  ])
  t.equal((await world.ask('v4.z.test', TYPE.AAAA)).rcode, RCODE.SERVFAIL)
})

t.test('no longer than the A, nor than the denial of the AAAA (RFC 6147 5.1.7)', async (t) => {
  const ttlOf = async (name: string, soaSeconds?: number): Promise<[record: number, answer: number]> => {
    const defects = soaSeconds === undefined ? [] : [withTtl({ type: TYPE.SOA }, soaSeconds)]
    const reply = await translating([plainZone('z.test.', { content: CONTENT, defects })]).ask(
      name,
      TYPE.AAAA,
    )
    return [reply.message.answer[0]!.ttlSeconds, reply.ttlSeconds]
  }
  t.same(await ttlOf('short.z.test'), [60, 60])
  t.same(await ttlOf('v4.z.test', 100), [100, 100])
  const silent = plainZone('z.test.', {
    content: CONTENT,
    rewrites: () => [(answer) => ({ ...answer, authority: [] })],
  })
  t.equal(
    (await translating([silent]).ask('v4.z.test', TYPE.AAAA)).message.answer[0]!.ttlSeconds,
    600,
    'no SOA',
  )
})

t.test('a client that sets CD gets what the zone says, and leaves nothing behind', async (t) => {
  const world = translating()
  const withCd = async (name: string, type: number): Promise<EntryReply> => {
    let entry: Uint8Array | undefined
    const asking = world.resolver.resolve({ name: nameFrom(name), type, checkingDisabled: true })
    void asking.then((reply) => {
      entry = reply.entry
    })
    await world.clock.runUntil(() => entry !== undefined, 30_000)
    return entryReply(entry!, world.clock.nowMs())
  }
  const cd = await withCd('v4.z.test', TYPE.AAAA)
  t.same(cd.message.answer, [])
  t.ok(cd.message.authority.some(({ type }) => type === TYPE.NSEC))
  t.same(answers(await world.askCached('v4.z.test', TYPE.AAAA)), ['64:ff9b::c000:207'])
  t.same((await withCd('v4.z.test', TYPE.AAAA)).message.answer, [])
  t.same(answers(await world.askCached('v4.z.test', TYPE.AAAA)), ['64:ff9b::c000:207'])
})

t.test('the name of a made address (RFC 6147 5.3.1)', async (t) => {
  const reverse = plainZone('in-addr.arpa.', {
    content: '7.2.0.192 PTR v4.z.test.\n8.2.0.192 CNAME 8.0/28.2.0.192\n8.0/28.2.0.192 PTR short.z.test.\n',
  })
  const six = '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa'
  const public6 = plainZone('ip6.arpa.', {
    content: '7.0.2.0.0.0.0.c.0.0.0.0.0.0.0.0.1.1.1.1.1.1.1.1.8.b.d.0.1.0.0.2 PTR own.\n',
  })
  const world = translating([reverse, public6])
  const nameOf = (low: string): string => `${low}.0.2.0.0.0.0.c.${six}`
  for (const [low, target] of [
    ['7', 'v4.z.test.'],
    ['8', 'short.z.test.'],
  ] as const) {
    const reply = await world.ask(nameOf(low), TYPE.PTR)
    t.same(answers(reply), [target])
    t.same(
      reply.message.answer.map(({ owner }) => namesEqual(owner, nameFrom(nameOf(low)))),
      [true],
    )
  }
  t.equal((await world.ask(nameOf('9'), TYPE.PTR)).rcode, RCODE.NXDOMAIN, 'as the public tree has it')
  const other = '7.0.2.0.0.0.0.c.0.0.0.0.0.0.0.0.1.1.1.1.1.1.1.1.8.b.d.0.1.0.0.2.ip6.arpa'
  t.same(answers(await world.ask(other, TYPE.PTR)), ['own.'])
})

t.test('private addresses do not come in by their translation', async (t) => {
  const world = translating(ZONES, { privateAddresses: [parsePrefix('10.0.0.0/8')!] })
  for (const name of ['inner.z.test', 'lure.z.test'])
    t.same(answers(await world.ask(name, TYPE.AAAA)), [], name)
  t.same(answers(await world.ask('v4.z.test', TYPE.AAAA)), ['64:ff9b::c000:207'])
})
