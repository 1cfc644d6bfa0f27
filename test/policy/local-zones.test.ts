import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { parseSoa } from '../../src/wire/rdata/soa.ts'

const zones = new LocalZones()

/** `rcode answer… / authority…`, or `elsewhere`. */
function ask(name: string, type: number, from: LocalZones = zones): string {
  const answer = from.answer(nameFrom(name), type)
  if (answer === undefined) return 'elsewhere'
  const text = (rrsets: typeof answer.answer): string =>
    rrsets.map((set) => `${formatName(set.owner)} ${formatType(set.type)} x${set.rdatas.length}`).join(', ')
  return `${answer.rcode} ${text(answer.answer)} / ${text(answer.authority)}`
}

t.test('localhost and all below have the loopback addresses and nothing else (RFC 6761 6.3)', async (t) => {
  t.equal(ask('localhost.', TYPE.A), '0 localhost. A x1 / ')
  t.equal(ask('a.b.LocalHost.', TYPE.AAAA), '0 a.b.LocalHost. AAAA x1 / ')
  t.equal(ask('localhost.', TYPE.MX), '0  / localhost. SOA x1')
  t.equal(ask('a.localhost.', TYPE.TXT), '0  / localhost. SOA x1')
  t.equal(ask('localhost.', TYPE.DS), '0  / localhost. SOA x1', 'never asked upstream')
  const rdata = (type: number): number[] => [
    ...zones.answer(nameFrom('localhost.'), type)!.answer[0]!.rdatas[0]!,
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
  const soa = zones.answer(nameFrom('10.in-addr.arpa.'), TYPE.SOA)!.answer[0]!
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
    else t.ok(got !== undefined && [RCODE.NOERROR, RCODE.NXDOMAIN].includes(got.rcode as 0 | 3), name)
  }
})
