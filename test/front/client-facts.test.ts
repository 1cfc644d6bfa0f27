/** What depends on who asks and how: the name of the server, looking into the cache, local data with aliases. */
import t from 'tap'
import { parsePrefix } from '../../src/base/prefix.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones, type LocalZoneType } from '../../src/policy/local-zones.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { type Bench, bench, client, edeCodes, parts, type QueryForm, query } from './service-under-test.ts'

const NSID = { code: 3, octets: new Uint8Array(0) }
const NAME = new Uint8Array(Buffer.from('ns1.example'))

function nsids(message: Message): string[] {
  const options = (message.edns?.options ?? []).filter(({ code }) => code === 3)
  return options.map(({ octets }) => Buffer.from(octets).toString())
}

t.test('NSID: in every reply to whom asks for it (RFC 5001)', async (t) => {
  const it = bench({ nsid: NAME })
  it.store(parts())
  it.store(
    parts({
      question: { name: nameFrom('bogus.example.se.'), type: TYPE.A, class: CLASS.IN },
      status: 'bogus',
      reason: 36,
      ede: [{ code: 6, text: 'wrong' }],
    }),
  )
  const named = async (what: string, form: QueryForm, rcode: number, from?: Client): Promise<void> => {
    const message = await it.message(query({ ...form, options: [NSID] }), from)
    t.match(message, { rcode }, what)
    t.same(nsids(message), ['ns1.example'], what)
  }
  await named('a hit', {}, RCODE.NOERROR)
  await named('a hit by TCP', {}, RCODE.NOERROR, client('tcp'))
  await named('a miss', { name: 'other.example.se.' }, RCODE.NOERROR)
  await named('bogus', { name: 'bogus.example.se.' }, RCODE.SERVFAIL)
  await named('refused', { rd: false }, RCODE.REFUSED)
  await named('a stranger', {}, RCODE.REFUSED, client('udp', '192.0.2.1'))
  await named('local data', { name: 'www.test.' }, RCODE.NXDOMAIN)
  await named('BADVERS', { version: 1 }, RCODE.BADVERS)
  const many = query({ options: [NSID, NSID, { code: 3, octets: Uint8Array.of(1) }, NSID] })
  t.same(nsids(await it.message(many)), ['ns1.example'], 'once, whatever was sent')
  t.same(nsids(await it.message(query({ do: true }))), [], 'not unasked')
  t.same(nsids(await bench().message(query({ options: [NSID] }))), [], 'not without a name')
})

t.test('NSID on the hit path, and with too little room', async (t) => {
  const it = bench({ nsid: new Uint8Array(128).fill(0x61) })
  const zone = Array.from({ length: 25 }, (_, i) => `www.example.se. 300 A 192.0.2.${i}`).join('\n')
  it.store(parts({ answer: rrsetsFrom(zone) }))
  const out = new Uint8Array(65_535)
  const octets = query({ payload: 512, options: [NSID] })
  const length = it.service.tryHit(octets, octets.length, client(), out)
  t.ok(length > 0 && length <= 512)
  const cut = await it.message(octets)
  t.match(cut, { tc: true, answer: [] })
  t.equal(nsids(cut)[0]?.length, 128)
  t.match(await it.message(query({ payload: 512 })), { tc: false })
  it.service.configure({
    access: new AccessList(),
    localZones: new LocalZones(),
    any: 'minimal',
    texts: {},
    nsid: NAME,
  })
  t.same(nsids(await it.message(octets)), ['ns1.example'], 'a new name counts at once')
})

// --- RD clear -----------------------------------------------------------------------------------------------------

const loopback = [parsePrefix('127.0.0.0/8')!, parsePrefix('::1/128')!]
const snooping = new AccessList({ allow: loopback, snoop: [parsePrefix('127.0.0.0/8')!] })

t.test('without RD: the cache for those who may look into it, REFUSED for others', async (t) => {
  const it = bench({ access: snooping })
  it.store(parts())
  const hit = await it.message(query({ rd: false, do: true }))
  t.match(hit, { rcode: RCODE.NOERROR, rd: false, ra: true, ad: true, aa: false })
  t.equal(hit.answer.length, 2)
  t.same(it.asked, [])
  const other = await it.message(query({ rd: false, do: true }), client('udp', '::1'))
  t.equal(other.rcode, RCODE.REFUSED)
  t.same(edeCodes(other), [EDE.NOT_AUTHORITATIVE])
  let cachedOnly: boolean | undefined
  it.resolve = async (question) => {
    cachedOnly = question.cachedOnly
    const denied = parts({ question: { ...question, class: CLASS.IN }, answer: [] })
    return { entry: writeAnswerEntry(denied, it.clock.nowMs()) }
  }
  await it.message(query({ rd: false, name: 'cold.example.se.' }))
  t.equal(cachedOnly, true, 'the resolver is told')
  await it.message(query({ name: 'cold.example.se.' }))
  t.equal(cachedOnly, false)
})

t.test('without RD: a cached failure comes with its extended error', async (t) => {
  const it = bench({ access: snooping })
  it.store(parts({ status: 'bogus', reason: 33, ede: [{ code: 7, text: 'expired' }], authenticated: false }))
  const message = await it.message(query({ rd: false, do: true }))
  t.match(message, { rcode: RCODE.SERVFAIL, rd: false, answer: [] })
  t.same(edeCodes(message), [7])
})

// --- local data -----------------------------------------------------------------------------------------------------

function withZones(
  zones: Readonly<Record<string, LocalZoneType>>,
  records: string,
  access = new AccessList(),
  aliases?: number,
): Bench {
  return bench({
    access,
    ...(aliases === undefined ? {} : { aliases }),
    localZones: new LocalZones({
      zones: Object.entries(zones).map(([name, type]) => ({ name: nameFrom(name), type })),
      records: readZone(records, { path: 'test' }),
    }),
  })
}

const lines = (message: Message): string[] =>
  message.answer.map(({ owner, type, rdata }) => `${formatName(owner)} ${formatRdata(type, rdata)}`)

t.test('local data is authoritative, refused zones are blocked, denied ones silent', async (t) => {
  const it = withZones({ 'corp.example.': 'static', 'bad.example.': 'refuse', 'mute.example.': 'deny' }, '')
  t.match(await it.message(query({ name: 'corp.example.' })), { rcode: RCODE.NOERROR, aa: true, ra: true })
  const refused = await it.message(query({ name: 'a.bad.example.', payload: 1232 }))
  t.match(refused, { rcode: RCODE.REFUSED, aa: false })
  t.same(edeCodes(refused), [EDE.BLOCKED])
  for (const from of [client(), client('tcp')])
    t.equal(await it.ask(query({ name: 'a.mute.example.' }), from), 'silence')
  t.equal(it.counters.get('dropped denied'), 2)
  t.same(it.asked, [])
})

const ALIASES = `www.corp.example. 60 CNAME web.corp.example.
web.corp.example. 60 CNAME www.example.se.
short.corp.example. 60 CNAME host.corp.example.
host.corp.example. 60 A 10.0.0.1
gone.corp.example. 60 CNAME none.corp.example.
loop.corp.example. 60 CNAME loop.corp.example.`

t.test('aliases of local data are followed, locally and beyond', async (t) => {
  const it = withZones({ 'corp.example.': 'static' }, ALIASES)
  const near = await it.message(query({ name: 'Short.corp.example.' }))
  t.same(lines(near), ['Short.corp.example. host.corp.example.', 'host.corp.example. 10.0.0.1'])
  t.match(await it.message(query({ name: 'gone.corp.example.' })), { rcode: RCODE.NXDOMAIN, aa: true })
  t.same(it.asked, [])
  const chain = ['www.corp.example. web.corp.example.', 'web.corp.example. www.example.se.']
  for (const how of ['asked', 'cached']) {
    const form = { name: 'www.corp.example.', do: true, ad: true }
    const far = await it.message(query(form))
    t.match(far, { rcode: RCODE.NOERROR, aa: true, ad: false }, how)
    t.same(lines(far).slice(0, 3), [...chain, 'www.example.se. 192.0.2.1'])
    t.equal(far.answer.length, 4, 'with its signature')
    if (how === 'asked') it.store(parts())
  }
  t.same(it.asked, ['www.example.se. 1'])
})

t.test('as many aliases of local data are followed as elsewhere', async (t) => {
  for (const [most, rcode] of [
    [1, RCODE.NOERROR],
    [0, RCODE.SERVFAIL],
  ] as const) {
    const it = withZones({ 'corp.example.': 'static' }, ALIASES, undefined, most)
    t.match(await it.message(query({ name: 'short.corp.example.' })), { rcode }, `${most}`)
  }
})

t.test('aliases that lead to nothing', async (t) => {
  const it = withZones({ 'corp.example.': 'static' }, ALIASES, snooping)
  const loop = await it.message(query({ name: 'loop.corp.example.', payload: 1232 }))
  t.match(loop, { rcode: RCODE.SERVFAIL, aa: false, answer: [] })
  t.same(edeCodes(loop), [EDE.OTHER])
  t.equal(it.counters.get('servfail 0'), 1)
  it.store(parts({ status: 'bogus', reason: 36, ede: [{ code: 6, text: 'wrong' }], authenticated: false }))
  const bogus = await it.message(query({ name: 'www.corp.example.', payload: 1232 }))
  t.match(bogus, { rcode: RCODE.SERVFAIL, aa: false, answer: [] })
  t.same(edeCodes(bogus), [6])
  const unchecked = await it.message(query({ name: 'www.corp.example.', cd: true }))
  t.match(unchecked, { rcode: RCODE.NOERROR, aa: true, cd: true })
  t.equal(unchecked.answer.length, 3)
  const stranger = await it.message(query({ name: 'www.corp.example.', rd: false }), client('udp', '::1'))
  t.match(stranger, { rcode: RCODE.NOERROR, aa: true }, 'without RD: as far as the data is ours')
  t.equal(stranger.answer.length, 2)
})
