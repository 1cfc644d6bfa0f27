import dnsPacket from 'dns-packet'
import t from 'tap'
import type { Client } from '../../src/front/client.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPCODE } from '../../src/wire/iana/opcode.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseHeader, parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { bench, client, edeCodes, parts, type QueryForm, query } from './service-under-test.ts'

/** The octets with one of them changed. */
function changed(octets: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(octets)
  copy[at] = value
  return copy
}

function appended(octets: Uint8Array, ...more: number[]): Uint8Array {
  return Uint8Array.of(...octets, ...more)
}

t.test('silence for what is no request', async (t) => {
  const it = bench()
  for (let length = 0; length < 12; length++) t.equal(await it.ask(query().subarray(0, length)), 'silence')
  t.equal(await it.ask(changed(query(), 2, 0x81)), 'silence', 'a response')
  t.equal(it.counters.get('dropped short'), 12)
  t.equal(it.counters.get('dropped response'), 1)
  t.equal(it.counters.get('query udp'), 13)
})

t.test('opcodes other than QUERY: NOTIMP', async (t) => {
  const it = bench()
  for (let opcode = 1; opcode < 16; opcode++) {
    const asked = changed(query({ payload: 1232 }), 2, (opcode << 3) | 1)
    const message = await it.message(asked)
    t.match(message, { id: 0x1234, qr: true, opcode, rcode: RCODE.NOTIMP, rd: true, edns: { version: 0 } })
    const odd = await it.ask(Uint8Array.of(...asked.subarray(0, 12), 0xff))
    t.same([...(odd as Uint8Array)], [0x12, 0x34, 0x80 | (opcode << 3) | 1, 0x84, 0, 0, 0, 0, 0, 0, 0, 0])
  }
  t.same(it.asked, [])
})

interface Case extends QueryForm {
  readonly why: string
  readonly rcode: number
  readonly ede?: number
}

t.test('what is asked for decides (A12)', async (t) => {
  const cases: Case[] = [
    { why: 'an ordinary question', rcode: RCODE.NOERROR },
    { why: 'RD=0', rd: false, rcode: RCODE.REFUSED, ede: 20 },
    { why: 'class CH', class: CLASS.CH, type: TYPE.TXT, rcode: RCODE.REFUSED, ede: 21 },
    {
      why: 'version.bind',
      name: 'version.bind.',
      class: CLASS.CH,
      type: TYPE.TXT,
      rcode: RCODE.REFUSED,
      ede: 21,
    },
    { why: 'class HS', class: CLASS.HS, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'class NONE', class: CLASS.NONE, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'class ANY', class: CLASS.ANY, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'class IN with the top bit (mDNS)', class: 0x8001, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'AXFR', type: TYPE.AXFR, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'IXFR', type: TYPE.IXFR, rcode: RCODE.REFUSED, ede: 21 },
    { why: 'type 0', type: 0, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'OPT', type: TYPE.OPT, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'NXNAME', type: TYPE.NXNAME, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'TKEY', type: TYPE.TKEY, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'TSIG', type: TYPE.TSIG, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'MAILA', type: TYPE.MAILA, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'MAILB', type: TYPE.MAILB, rcode: RCODE.FORMERR, ede: 30 },
    { why: 'type 65280', type: 65_280, rcode: RCODE.NOERROR },
    { why: 'ANY', type: TYPE.ANY, rcode: RCODE.NOERROR },
    { why: 'EDNS version 1', version: 1, rcode: RCODE.BADVERS },
    { why: 'EDNS version 255, beside other faults', version: 255, class: CLASS.HS, rcode: RCODE.BADVERS },
    { why: 'local data', name: 'localhost.', rcode: RCODE.NOERROR },
    { why: 'local data, RD=0', name: 'localhost.', rd: false, rcode: RCODE.NOERROR },
    { why: 'a name that must not exist', name: 'x.invalid.', rd: false, rcode: RCODE.NXDOMAIN },
  ]
  for (const { why, rcode, ede, ...form } of cases) {
    for (const opt of [false, true]) {
      if (form.version !== undefined && !opt) continue
      const it = bench()
      const octets = query({ ...form, ...(opt ? { payload: 1232 } : {}) })
      const reply = (await it.ask(octets)) as Uint8Array
      const message = parseMessage(reply)
      t.equal(message.rcode, rcode, `${why}: rcode`)
      t.equal(message.id, 0x1234)
      t.equal(message.qr, true)
      t.equal(message.rd, form.rd ?? true, `${why}: RD`)
      t.equal(message.ra, true)
      t.equal(message.questions.length, 1, `${why}: the question`)
      const end = 12 + nameFrom(form.name ?? 'www.example.se.').length + 4
      t.same([...reply.subarray(12, end)], [...octets.subarray(12, end)], `${why}: the question as it came`)
      t.equal(message.edns !== undefined, opt, `${why}: OPT only if asked with OPT`)
      t.equal(message.edns?.version ?? 0, 0)
      t.equal(message.trailingOctets, 0)
      t.same(edeCodes(message), opt && ede !== undefined ? [ede] : [], `${why}: EDE`)
      const read = dnsPacket.decode(Buffer.from(reply)) as dnsPacket.DecodedPacket & { rcode: string }
      t.equal(read.questions?.length, 1)
      t.same(it.faults, [])
    }
  }
})

t.test('the number of questions (V47, RFC 9619)', async (t) => {
  const it = bench()
  const question = query().subarray(12)
  const two = changed(appended(query(), ...question), 5, 2)
  const reply = await it.message(two)
  t.equal(reply.rcode, RCODE.FORMERR)
  t.equal(reply.questions.length, 0)
  const badVersion = changed(appended(query(), ...question, 0, 0, 41, 4, 208, 0, 1, 0, 0, 0, 0), 5, 2)
  const others: [string, Uint8Array, number, string][] = [
    ['a later EDNS version', changed(badVersion, 11, 1), RCODE.BADVERS, '127.0.0.1'],
    ['another opcode', changed(two, 2, OPCODE.NOTIFY << 3), RCODE.NOTIMP, '127.0.0.1'],
    ['a stranger', two, RCODE.REFUSED, '192.0.2.1'],
  ]
  for (const [why, octets, rcode, address] of others) {
    const message = await it.message(octets, client('udp', address))
    t.equal(message.rcode, rcode, why)
    t.equal(message.questions.length, 0, why)
    t.equal(message.trailingOctets, 0, why)
  }

  const header = Uint8Array.of(0x12, 0x34, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
  t.equal((await it.message(appended(header, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0))).rcode, RCODE.FORMERR)
  t.equal((await it.message(changed(header, 11, 0))).rcode, RCODE.FORMERR)
  t.same(it.asked, [])
})

t.test('what the RDATA of a later EDNS version is nobody knows (RFC 6891 6.1.3)', async (t) => {
  const it = bench()
  const rdata = [0xff, 0xff, 0xff]
  const ofVersion = (version: number): Uint8Array =>
    changed(appended(query(), 0, 0, 41, 4, 208, 0, version, 0, 0, 0, rdata.length, ...rdata), 11, 1)
  for (const version of [1, 255])
    t.match(await it.message(ofVersion(version)), { rcode: RCODE.BADVERS, edns: { version: 0 } })
  t.match(await it.message(ofVersion(0)), { rcode: RCODE.FORMERR })
  t.same(it.asked, [])
})

t.test('malformed requests: FORMERR with the id, and the question where it can be read (V47)', async (t) => {
  const plain = query()
  const withOpt = query({ payload: 1232 })
  const opt = [...withOpt.subarray(plain.length)]
  const cases: [string, Uint8Array, number][] = [
    ['a question cut off', plain.subarray(0, plain.length - 1), 0],
    ['no question at all', plain.subarray(0, 12), 0],
    ['a compressed qname', Uint8Array.of(...plain.subarray(0, 12), 0xc0, 12, 0, 1, 0, 1), 0],
    ['a qname that runs into the header', Uint8Array.of(...plain.subarray(0, 12), 0xc0, 0, 0, 1, 0, 1), 0],
    [
      'a label of 64',
      Uint8Array.of(...plain.subarray(0, 12), 64, ...new Array(64).fill(97), 0, 0, 1, 0, 1),
      0,
    ],
    ['an answer count', changed(plain, 7, 1), 1],
    ['an authority count', changed(plain, 9, 1), 1],
    ['an additional count', changed(plain, 11, 1), 1],
    ['counts of 65,535', changed(changed(plain, 10, 255), 11, 255), 1],
    ['octets behind', appended(plain, 0), 1],
    ['two OPT', changed(appended(withOpt, ...opt), 11, 2), 1],
    ['OPT cut off', withOpt.subarray(0, withOpt.length - 1), 1],
    ['OPT with a name', changed(appended(plain, 1, 97, ...opt), 11, 1), 1],
    ['an option beyond OPT', changed(appended(plain, ...opt.slice(0, 10), 4, 0, 3, 0, 9), 11, 1), 1],
    ['half an option', changed(appended(plain, ...opt.slice(0, 10), 2, 0, 3), 11, 1), 1],
    ['OPT in the answer section', changed(appended(plain, ...opt), 7, 1), 1],
    ['a record behind the question', changed(appended(plain, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0), 11, 1), 1],
  ]
  for (const [why, octets, questions] of cases) {
    const it = bench()
    const reply = await it.ask(octets)
    const header = parseHeader(reply as Uint8Array)
    t.match(header, { id: 0x1234, rcode: RCODE.FORMERR, qr: true, questionCount: questions }, why)
    t.same(it.asked, [], why)
    t.same(it.faults, [], why)
  }
})

t.test(
  'IXFR with its SOA is refused, NOTIFY and UPDATE are not implemented, nothing is flushed (D11)',
  async (t) => {
    const it = bench()
    await it.ask(query())
    const soa = [0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, ...new Array(20).fill(0)]
    const ixfr = changed(appended(query({ type: TYPE.IXFR }), ...soa), 9, 1)
    t.equal((await it.message(ixfr)).rcode, RCODE.REFUSED)
    for (const transport of ['udp', 'tcp'] as const) {
      const notify = changed(changed(appended(query({ type: TYPE.SOA }), ...soa), 7, 1), 2, 4 << 3)
      t.equal((await it.message(notify, client(transport))).rcode, RCODE.NOTIMP)
      t.equal((await it.message(changed(query(), 2, 5 << 3), client(transport))).rcode, RCODE.NOTIMP)
    }
  },
)

t.test('strangers get a small REFUSED', async (t) => {
  const it = bench()
  const stranger = client('udp', '192.0.2.1')
  const asked = query({ payload: 4096, do: true, ad: true })
  const reply = (await it.ask(asked, stranger)) as Uint8Array
  const message = parseMessage(reply)
  t.match(message, { rcode: RCODE.REFUSED, ra: false, ad: false, aa: false })
  t.same(edeCodes(message), [18])
  t.ok(reply.length <= asked.length + 6)
  t.same(edeCodes(await it.message(query(), stranger)), [])
  t.equal((await it.message(query({ name: 'localhost.' }), stranger)).rcode, RCODE.REFUSED)
  t.equal((await it.message(changed(query(), 11, 9), stranger)).rcode, RCODE.REFUSED, 'malformed or not')
  t.equal((await it.message(query(), client('udp', '2001:db8::1'))).rcode, RCODE.REFUSED)
  t.equal((await it.message(query(), client('udp', '::ffff:127.0.0.1'))).rcode, RCODE.NOERROR)
  t.equal(it.asked.length, 1)
})

t.test('a cached answer is not for strangers either', async (t) => {
  const it = bench()
  it.store(parts())
  t.equal((await it.message(query(), client('udp', '192.0.2.1'))).rcode, RCODE.REFUSED)
})

t.test('TSIG that we cannot check is left alone', async (t) => {
  const tsig = [0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0]
  t.equal((await bench().message(changed(appended(query(), ...tsig), 11, 1))).rcode, RCODE.NOERROR)
})

t.test('what the server says of itself, if the operator wants it to', async (t) => {
  const it = bench({ texts: { identity: 'ns1.example', version: 'x'.repeat(300) } })
  const ask = (name: string, type: number = TYPE.TXT) =>
    it.message(query({ name, type, class: CLASS.CH, rd: false }))
  for (const name of ['id.server.', 'HostName.Bind.']) {
    const message = await ask(name)
    t.match(message, { rcode: RCODE.NOERROR, aa: false })
    t.equal(formatName(message.answer[0]!.owner), name)
    t.equal(message.answer[0]!.class, CLASS.CH)
    t.same(Buffer.from(message.answer[0]!.rdata).toString(), '\x0bns1.example')
  }
  t.equal((await ask('version.server.')).answer[0]!.rdata.length, 256)
  t.equal((await ask('version.bind.', TYPE.ANY)).answer.length, 1)
  t.equal((await ask('version.bind.', TYPE.A)).rcode, RCODE.REFUSED)
  t.equal((await ask('authors.bind.')).rcode, RCODE.REFUSED)
})

t.test('local data: AA, SOA in negative answers, never AD', async (t) => {
  const it = bench()
  const ask = (form: QueryForm) => it.message(query({ do: true, ad: true, ...form }))
  const reverse = await ask({ name: '1.0.0.10.in-addr.arpa.', type: TYPE.PTR })
  t.match(reverse, { rcode: RCODE.NXDOMAIN, aa: true, ad: false, ra: true })
  t.equal(formatName(reverse.authority[0]!.owner), '10.in-addr.arpa.')
  const localhost = await ask({ name: 'a.LOCALHOST.' })
  t.match(localhost, { rcode: RCODE.NOERROR, aa: true, ad: false })
  t.same([...localhost.answer[0]!.rdata], [127, 0, 0, 1])
  const any = await ask({ name: '10.in-addr.arpa.', type: TYPE.ANY })
  t.equal(any.answer.length, 1, 'minimal by UDP')
  const tcp = await it.message(query({ name: '10.in-addr.arpa.', type: TYPE.ANY }), client('tcp'))
  t.equal(tcp.answer.length, 2, 'all by TCP')
  t.same(it.asked, [])
  await ask({ name: '10.in-addr.arpa.', type: TYPE.DS })
  t.same(it.asked, ['10.in-addr.arpa. 43'], 'the parent answers for the DS')
  t.equal(it.counters.get('answer 3 local'), 1)
})

t.test('settings can change while it runs', async (t) => {
  const it = bench()
  t.equal((await it.message(query({ name: 'www.test.' }))).rcode, RCODE.NXDOMAIN)
  const settings = {
    any: 'full',
    texts: {},
    access: new AccessList(),
    localZones: new LocalZones({ off: [nameFrom('test.')] }),
  } as const
  it.service.configure(settings)
  t.equal((await it.message(query({ name: 'www.test.' }))).rcode, RCODE.NOERROR)
  it.service.configure({ ...settings, access: new AccessList({ allow: [] }) })
  t.equal((await it.message(query())).rcode, RCODE.REFUSED)
})

t.test('edns-tcp-keepalive, over TCP and only when asked (RFC 7828)', async (t) => {
  const it = bench()
  const option = { code: 11, octets: new Uint8Array(0) }
  const from = client('tcp')
  const ask = async (to: Client, form: QueryForm) => (await it.message(query(form), to)).edns?.options
  for (const round of ['miss', 'hit']) {
    t.same(
      (await ask(from, { options: [option] }))?.map(({ code, octets }) => [code, ...octets]),
      [[11, 0, 100]],
      round,
    )
    t.same(await ask(from, { payload: 1232 }), [], round)
    t.same(await ask(client('udp'), { options: [option] }), [], round)
    it.store(parts())
  }
  from.idleMs = 0
  t.same(
    (await ask(from, { options: [option] }))?.map(({ octets }) => [...octets]),
    [[0, 0]],
  )
})

t.test('a fault of ours costs one question its answer', async (t) => {
  const it = bench()
  it.resolve = () => Promise.reject(new Error('engine'))
  t.equal((await it.message(query())).rcode, RCODE.SERVFAIL)
  it.resolve = () => {
    throw new Error('engine, at once')
  }
  t.equal((await it.message(query())).rcode, RCODE.SERVFAIL)
  it.resolve = async () => ({ entry: null as unknown as Uint8Array })
  t.equal((await it.message(query())).rcode, RCODE.SERVFAIL)
  t.equal(it.faults.length, 3)
  t.equal(it.service.waiting, 0)
})
