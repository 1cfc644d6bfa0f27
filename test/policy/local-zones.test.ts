import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { LocalZones, type LocalZoneType } from '../../src/policy/local-zones.ts'
import type { LocalAnswer } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { parseSoa } from '../../src/wire/rdata/soa.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'

const zones = new LocalZones()

/** `rcode answer… / authority…`, or `elsewhere`. */
function ask(name: string, type: number, from: LocalZones = zones): string {
  const answer = from.answer(nameFrom(name), type)
  if (answer === undefined) return 'elsewhere'
  if (answer.kind === 'refuse' || answer.kind === 'deny') return answer.kind
  const text = (rrsets: readonly Rrset[]): string =>
    rrsets.map((set) => `${formatName(set.owner)} ${formatType(set.type)} x${set.rdatas.length}`).join(', ')
  if (answer.kind === 'alias') return `${text(answer.answer)} -> ${formatName(answer.target)}`
  return `${answer.rcode} ${text(answer.answer)} / ${text(answer.authority)}`
}

/** The data of an answer that is data. */
function dataOf(answer: LocalAnswer | undefined): Extract<LocalAnswer, { kind: 'data' }> {
  if (answer?.kind !== 'data') throw new Error(`${answer?.kind} is no data`)
  return answer
}

t.test('localhost and all below have the loopback addresses and nothing else (RFC 6761 6.3)', async (t) => {
  t.equal(ask('localhost.', TYPE.A), '0 localhost. A x1 / ')
  t.equal(ask('a.b.LocalHost.', TYPE.AAAA), '0 a.b.LocalHost. AAAA x1 / ')
  t.equal(ask('localhost.', TYPE.MX), '0  / localhost. SOA x1')
  t.equal(ask('a.localhost.', TYPE.TXT), '0  / localhost. SOA x1')
  t.equal(ask('localhost.', TYPE.DS), '0  / localhost. SOA x1', 'never asked upstream')
  const rdata = (type: number): number[] => [
    ...dataOf(zones.answer(nameFrom('localhost.'), type)).answer[0]!.rdatas[0]!,
  ]
  t.same(rdata(TYPE.A), [127, 0, 0, 1])
  t.same(rdata(TYPE.AAAA), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
})

t.test('names that must not exist: NXDOMAIN at the name and below, whatever the type', async (t) => {
  for (const zone of ['invalid.', 'test.', 'onion.', 'local.', 'alt.']) {
    for (const type of [TYPE.A, TYPE.NS, TYPE.DS, TYPE.ANY]) {
      t.equal(ask(zone, type), `3  / ${zone} SOA x1`, `${zone} ${formatType(type)}`)
      t.equal(ask(`www.example.${zone}`, type), `3  / ${zone} SOA x1`)
    }
  }
})

t.test('an empty reverse zone (RFC 6303 3)', async (t) => {
  t.equal(ask('10.in-addr.arpa.', TYPE.SOA), '0 10.in-addr.arpa. SOA x1 / ')
  t.equal(ask('10.in-addr.arpa.', TYPE.NS), '0 10.in-addr.arpa. NS x1 / ')
  t.equal(ask('10.in-addr.arpa.', TYPE.A), '0  / 10.in-addr.arpa. SOA x1')
  t.equal(ask('10.in-addr.arpa.', TYPE.ANY), '0 10.in-addr.arpa. SOA x1, 10.in-addr.arpa. NS x1 / ')
  t.equal(ask('1.2.3.10.in-addr.arpa.', TYPE.PTR), '3  / 10.in-addr.arpa. SOA x1')
  t.equal(ask('10.in-addr.arpa.', TYPE.DS), 'elsewhere', 'the parent proves the delegation insecure')
  t.equal(ask('1.10.in-addr.arpa.', TYPE.DS), '3  / 10.in-addr.arpa. SOA x1')
  t.equal(ask('in-addr.arpa.', TYPE.NS), 'elsewhere')
  t.equal(ask('110.in-addr.arpa.', TYPE.NS), 'elsewhere')
  t.equal(ask('63.100.in-addr.arpa.', TYPE.NS), 'elsewhere')
  t.equal(ask('15.172.in-addr.arpa.', TYPE.NS), 'elsewhere')
  const soa = dataOf(zones.answer(nameFrom('10.in-addr.arpa.'), TYPE.SOA)).answer[0]!
  const { mname, rname, ...timers } = parseSoa(soa.rdatas[0]!)!
  t.equal(soa.ttlSeconds, 10_800)
  t.equal(formatName(mname), '10.in-addr.arpa.')
  t.equal(formatName(rname), 'nobody.invalid.')
  t.same(timers, { serial: 1, refresh: 3600, retry: 1200, expire: 604_800, minimumSeconds: 10_800 })
})

t.test('the loopback addresses point back, and empty non-terminals exist', async (t) => {
  t.equal(ask('1.0.0.127.in-addr.arpa.', TYPE.PTR), '0 1.0.0.127.in-addr.arpa. PTR x1 / ')
  t.equal(ask('0.0.127.in-addr.arpa.', TYPE.PTR), '0  / 127.in-addr.arpa. SOA x1')
  t.equal(ask('2.0.0.127.in-addr.arpa.', TYPE.PTR), '3  / 127.in-addr.arpa. SOA x1')
  const ipv6 = `1.${'0.'.repeat(31)}ip6.arpa.`
  t.equal(ask(ipv6, TYPE.PTR), `0 ${ipv6} PTR x1 / `)
})

t.test('the names below arpa', async (t) => {
  t.equal(ask('_dns.resolver.arpa.', TYPE.SVCB), '0  / resolver.arpa. SOA x1', 'RFC 9462 4: NODATA')
  t.equal(ask('resolver.arpa.', TYPE.DS), 'elsewhere')
  t.equal(ask('default.service.arpa.', TYPE.A), '3  / service.arpa. SOA x1')
  t.equal(ask('printer.home.arpa.', TYPE.A), '3  / home.arpa. SOA x1')
  t.equal(ask('ipv4only.arpa.', TYPE.A), '0 ipv4only.arpa. A x2 / ')
  t.equal(ask('ipv4only.arpa.', TYPE.AAAA), '0  / ipv4only.arpa. SOA x1')
  t.equal(ask('x.ipv4only.arpa.', TYPE.A), '3  / ipv4only.arpa. SOA x1')
  t.equal(ask('171.0.0.192.in-addr.arpa.', TYPE.PTR), '0 171.0.0.192.in-addr.arpa. PTR x1 / ')
})

t.test('ordinary names are not ours', async (t) => {
  for (const name of [
    '.',
    'com.',
    'example.',
    'www.example.com.',
    'test.example.',
    'localhost.example.',
    'arpa.',
  ]) {
    t.equal(ask(name, TYPE.A), 'elsewhere', name)
  }
})

t.test('a zone can be switched off, and a part cut out of one', async (t) => {
  const some = new LocalZones({ off: ['TEST.', 'corp.home.arpa.', 'unknown.example.'].map(nameFrom) })
  t.equal(ask('www.test.', TYPE.A, some), 'elsewhere')
  t.equal(ask('corp.home.arpa.', TYPE.A, some), 'elsewhere')
  t.equal(ask('www.corp.home.arpa.', TYPE.A, some), 'elsewhere')
  t.equal(ask('www.home.arpa.', TYPE.A, some), '3  / home.arpa. SOA x1')
  t.equal(ask('www.invalid.', TYPE.A, some), '3  / invalid. SOA x1')
})

const DATA = '../shared/data/iana'
const absent = existsSync(DATA) ? false : `${DATA} is not here`
t.test('every zone that a peer serves and every special name is ours', { skip: absent }, async (t) => {
  const rows = (file: string): string[][] =>
    readFileSync(`${DATA}/${file}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
  const names = [...rows('locally-served-zones.csv'), ...rows('special-use-names.csv')].map((row) => row[0]!)
  t.ok(names.length > 100)
  for (const name of names) {
    const got = zones.answer(nameFrom(name), TYPE.A)
    if (name === 'example.') t.equal(got, undefined, 'the root denies it')
    else t.ok([RCODE.NOERROR, RCODE.NXDOMAIN].includes(dataOf(got).rcode as 0 | 3), name)
  }
})

// --- the operator's own -------------------------------------------------------------------------------------------

const own = (zones: Readonly<Record<string, LocalZoneType>>, records = ''): LocalZones =>
  new LocalZones({
    zones: Object.entries(zones).map(([name, type]) => ({ name: nameFrom(name), type })),
    records: readZone(records, { path: 'test' }),
  })

t.test('static: what has no record does not exist', async (t) => {
  const bare = own({ 'corp.example.': 'static' })
  t.equal(ask('www.corp.example.', TYPE.A, bare), '3  / ', 'a denial without SOA, as none is there')
  t.equal(ask('corp.example.', TYPE.A, bare), '0  / ', 'the apex exists')
  t.equal(ask('CORP.example.', TYPE.DS, bare), 'elsewhere', 'the parent has the DS')
  t.equal(ask('example.', TYPE.A, bare), 'elsewhere')
  const zone = own(
    { 'corp.example.': 'static' },
    `corp.example. 7200 SOA ns.corp.example. admin.corp.example. 1 3600 600 86400 300
     corp.example. 7200 NS ns.corp.example.
     a.b.corp.example. 60 A 10.0.0.1
     A.b.corp.example. 30 A 10.0.0.2
     a.b.corp.example. TXT "x"`.replaceAll(/^ +/gm, ''),
  )
  t.equal(ask('A.B.corp.example.', TYPE.A, zone), '0 a.b.corp.example. A x2 / ')
  const [set] = dataOf(zone.answer(nameFrom('a.b.corp.example.'), TYPE.A)).answer
  t.equal(set!.ttlSeconds, 30, 'the least of an RRset (RFC 2181 5.2)')
  t.equal(ask('a.b.corp.example.', TYPE.AAAA, zone), '0  / corp.example. SOA x1')
  t.equal(ask('b.corp.example.', TYPE.A, zone), '0  / corp.example. SOA x1', 'an empty non-terminal')
  t.equal(ask('c.corp.example.', TYPE.A, zone), '3  / corp.example. SOA x1')
  t.equal(ask('x.a.b.corp.example.', TYPE.A, zone), '3  / corp.example. SOA x1')
  t.equal(ask('a.b.corp.example.', TYPE.ANY, zone), '0 a.b.corp.example. A x2, a.b.corp.example. TXT x1 / ')
  const [soa] = dataOf(zone.answer(nameFrom('c.corp.example.'), TYPE.A)).authority
  t.equal(soa!.ttlSeconds, 300, 'RFC 2308 3')
  t.equal(dataOf(zone.answer(nameFrom('corp.example.'), TYPE.SOA)).answer[0]!.ttlSeconds, 7200)
})

t.test('transparent: only names with records are ours', async (t) => {
  const zone = own({ 'example.com.': 'transparent' }, 'mail.x.example.com. A 10.20.30.40')
  t.equal(ask('mail.x.example.com.', TYPE.A, zone), '0 mail.x.example.com. A x1 / ')
  t.equal(ask('mail.x.example.com.', TYPE.AAAA, zone), '0  / ')
  for (const name of ['example.com.', 'x.example.com.', 'a.mail.x.example.com.', 'www.example.com.'])
    t.equal(ask(name, TYPE.A, zone), 'elsewhere', name)
})

t.test('type-transparent: only types with records are ours', async (t) => {
  const zone = own({ 'example.com.': 'type-transparent' }, 'mail.example.com. A 10.20.30.40')
  t.equal(ask('mail.example.com.', TYPE.A, zone), '0 mail.example.com. A x1 / ')
  t.equal(ask('mail.example.com.', TYPE.MX, zone), 'elsewhere')
  t.equal(ask('mail.example.com.', TYPE.ANY, zone), '0 mail.example.com. A x1 / ')
  t.equal(ask('www.example.com.', TYPE.A, zone), 'elsewhere')
})

t.test('redirect: all names have what the apex has', async (t) => {
  const zone = own({ 'ads.example.': 'redirect' }, 'ads.example. A 192.0.2.80')
  t.equal(ask('a.b.ads.example.', TYPE.A, zone), '0 a.b.ads.example. A x1 / ')
  t.equal(ask('ads.example.', TYPE.A, zone), '0 ads.example. A x1 / ')
  t.equal(ask('a.ads.example.', TYPE.AAAA, zone), '0  / ')
  const alias = own({ 'ads.example.': 'redirect' }, 'ads.example. CNAME *.wall.example.')
  t.equal(ask('a.ads.example.', TYPE.A, alias), 'a.ads.example. CNAME x1 -> a.ads.example.wall.example.')
  t.equal(ask('a.ads.example.', TYPE.CNAME, alias), '0 a.ads.example. CNAME x1 / ')
  const long = own({ 'ads.example.': 'redirect' }, `ads.example. CNAME *.${`${'a'.repeat(60)}.`.repeat(4)}`)
  t.equal(ask(`${'b'.repeat(20)}.ads.example.`, TYPE.A, long), '6  / ')
  const { ede } = dataOf(long.answer(nameFrom(`${'b'.repeat(20)}.ads.example.`), TYPE.A))
  t.match(ede, [{ code: 0, text: /too long/ }])
})

t.test('refuse and deny: records first', async (t) => {
  for (const type of ['refuse', 'deny'] as const) {
    const zone = own({ 'bad.example.': type }, 'good.bad.example. A 192.0.2.1')
    t.equal(ask('good.bad.example.', TYPE.A, zone), '0 good.bad.example. A x1 / ')
    t.equal(ask('good.bad.example.', TYPE.MX, zone), type)
    t.equal(ask('a.bad.example.', TYPE.A, zone), type)
    t.equal(ask('bad.example.', TYPE.DS, zone), type)
  }
})

t.test('aliases and wildcards in local data', async (t) => {
  const zone = own(
    { 'corp.example.': 'static' },
    `www.corp.example. CNAME web.corp.example.
old.corp.example. DNAME new.corp.example.
hidden.old.corp.example. A 10.0.0.9
*.dyn.corp.example. A 10.0.0.3
x.y.dyn.corp.example. A 10.0.0.4`,
  )
  t.equal(ask('www.corp.example.', TYPE.A, zone), 'www.corp.example. CNAME x1 -> web.corp.example.')
  for (const type of [TYPE.CNAME, TYPE.ANY])
    t.equal(ask('www.corp.example.', type, zone), '0 www.corp.example. CNAME x1 / ')
  const made = 'old.corp.example. DNAME x1, a.old.corp.example. CNAME x1'
  t.equal(ask('a.old.corp.example.', TYPE.A, zone), `${made} -> a.new.corp.example.`)
  t.equal(ask('a.old.corp.example.', TYPE.CNAME, zone), `0 ${made} / `)
  t.match(ask('hidden.old.corp.example.', TYPE.A, zone), /-> hidden.new.corp.example.$/, 'RFC 6672 2.4')
  t.equal(ask('old.corp.example.', TYPE.DNAME, zone), '0 old.corp.example. DNAME x1 / ')
  t.equal(ask('a.b.dyn.corp.example.', TYPE.A, zone), '0 a.b.dyn.corp.example. A x1 / ')
  t.equal(ask('a.dyn.corp.example.', TYPE.MX, zone), '0  / ')
  t.equal(ask('y.dyn.corp.example.', TYPE.A, zone), '0  / ', 'an empty non-terminal stops the wildcard')
  t.equal(ask('z.y.dyn.corp.example.', TYPE.A, zone), '3  / ', 'RFC 4592 3.3.1: the closest encloser')
})

t.test('records without a zone, in special zones and in nested ones', async (t) => {
  const zone = own(
    { 'corp.example.': 'static', 'lab.corp.example.': 'transparent', '10.in-addr.arpa.': 'transparent' },
    `alone.example.org. A 192.0.2.7
deep.alone.example.org. A 192.0.2.8
printer.test. A 10.0.0.5
localhost. A 127.0.0.9
a.lab.corp.example. A 10.0.0.6`,
  )
  t.equal(ask('alone.example.org.', TYPE.A, zone), '0 alone.example.org. A x1 / ')
  t.equal(ask('alone.example.org.', TYPE.AAAA, zone), '0  / ')
  t.equal(ask('x.alone.example.org.', TYPE.A, zone), 'elsewhere')
  t.equal(ask('deep.alone.example.org.', TYPE.A, zone), '0 deep.alone.example.org. A x1 / ')
  t.equal(ask('example.org.', TYPE.A, zone), 'elsewhere')
  t.equal(ask('printer.test.', TYPE.A, zone), '0 printer.test. A x1 / ')
  t.equal(ask('other.test.', TYPE.A, zone), '3  / test. SOA x1')
  t.same([...dataOf(zone.answer(nameFrom('localhost.'), TYPE.A)).answer[0]!.rdatas[0]!], [127, 0, 0, 9])
  t.equal(ask('x.localhost.', TYPE.A, zone), '0 x.localhost. A x1 / ')
  t.equal(ask('1.10.in-addr.arpa.', TYPE.PTR, zone), 'elsewhere', 'the own zone of that name comes first')
  t.equal(ask('a.lab.corp.example.', TYPE.A, zone), '0 a.lab.corp.example. A x1 / ')
  t.equal(ask('b.lab.corp.example.', TYPE.A, zone), 'elsewhere', 'the deepest zone decides')
  t.equal(ask('lab.corp.example.', TYPE.DS, zone), '0  / ', 'its parent is ours: no DS')
})
