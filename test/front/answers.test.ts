import dnsPacket from 'dns-packet'
import t, { type Test } from 'tap'
import { type AnswerParts, writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { figure } from '../attacks/row.ts'
import {
  bench,
  client,
  DENIAL,
  edeCodes,
  parts,
  type QueryForm,
  query,
  SIGNED_A,
} from './service-under-test.ts'

const EDE_BOGUS = { code: 6, text: 'se. DS 4711: no DNSKEY matches' }

/** `hit` answers from the cache on the hit path, `cache` from it on the slow path, `miss` from the resolver. */
const WAYS = ['hit', 'cache', 'miss'] as const

function benchWith(answer: AnswerParts, way: (typeof WAYS)[number]) {
  const it = bench({}, { hitPath: way === 'hit' })
  if (way === 'miss') it.resolve = async () => ({ entry: writeAnswerEntry(answer, it.clock.nowMs()) })
  else it.store(answer)
  return it
}

interface Expected {
  readonly why: string
  readonly form: QueryForm
  readonly answer: Partial<AnswerParts>
  readonly mode?: 'off' | 'observe' | 'enforce'
  readonly rcode: number
  readonly ad: boolean
  readonly records: number
  readonly ede?: number[]
}

const bogus: Partial<AnswerParts> = { status: 'bogus', authenticated: false, ede: [EDE_BOGUS] }
const insecure: Partial<AnswerParts> = { status: 'insecure', authenticated: false, ede: [] }
const optOut: Partial<AnswerParts> = { status: 'secure', authenticated: false, ede: [] }

const TABLE: Expected[] = [
  { why: 'secure, plain client', form: {}, answer: {}, rcode: 0, ad: false, records: 1 },
  { why: 'secure, AD asked', form: { ad: true }, answer: {}, rcode: 0, ad: true, records: 1 },
  { why: 'secure, OPT without DO', form: { payload: 1232 }, answer: {}, rcode: 0, ad: false, records: 1 },
  { why: 'secure, DO', form: { do: true }, answer: {}, rcode: 0, ad: true, records: 2 },
  { why: 'secure, DO and CD', form: { do: true, cd: true }, answer: {}, rcode: 0, ad: false, records: 2 },
  { why: 'secure, CD alone', form: { cd: true }, answer: {}, rcode: 0, ad: false, records: 1 },
  {
    why: 'secure, observed',
    form: { do: true },
    answer: {},
    mode: 'observe',
    rcode: 0,
    ad: true,
    records: 2,
  },
  {
    why: 'secure over opt-out',
    form: { do: true, ad: true },
    answer: optOut,
    rcode: 0,
    ad: false,
    records: 2,
  },
  { why: 'insecure', form: { do: true, ad: true }, answer: insecure, rcode: 0, ad: false, records: 2 },
  { why: 'bogus', form: { do: true, ad: true }, answer: bogus, rcode: 2, ad: false, records: 0, ede: [6] },
  { why: 'bogus, plain client', form: {}, answer: bogus, rcode: 2, ad: false, records: 0 },
  {
    why: 'bogus, CD',
    form: { do: true, cd: true },
    answer: bogus,
    rcode: 0,
    ad: false,
    records: 2,
    ede: [6],
  },
  { why: 'bogus, CD and AD', form: { cd: true, ad: true }, answer: bogus, rcode: 0, ad: false, records: 1 },
  {
    why: 'bogus, observed',
    form: { do: true },
    answer: bogus,
    mode: 'observe',
    rcode: 0,
    ad: false,
    records: 2,
    ede: [6],
  },
  {
    why: 'bogus, off',
    form: { do: true },
    answer: bogus,
    mode: 'off',
    rcode: 0,
    ad: false,
    records: 2,
    ede: [6],
  },
]

t.test('what a client gets depends on verdict, mode, CD, AD and DO (V44)', async (t) => {
  for (const { why, form, answer, mode, rcode, ad, records, ede } of TABLE) {
    for (const way of WAYS) {
      const it = benchWith(parts(answer), way)
      it.policy.mode = mode ?? 'enforce'
      const asked = query(form)
      const reply = (await it.ask(asked)) as Uint8Array
      const message = parseMessage(reply)
      const label = `${why} (${way})`
      t.match(
        message,
        { id: 0x1234, rcode, ad, aa: false, tc: false, ra: true, rd: true, cd: form.cd ?? false },
        label,
      )
      t.equal(message.answer.length, records, `${label}: records`)
      t.same(edeCodes(message), ede ?? [], `${label}: EDE`)
      t.equal(message.edns !== undefined, form.do === true || form.payload !== undefined, `${label}: OPT`)
      t.equal(message.edns?.do ?? false, form.do ?? false, `${label}: DO is repeated`)
      t.equal(message.edns?.udpPayloadOctets ?? 1232, 1232)
      t.equal(it.counters.get(way === 'miss' ? 'miss' : 'hit'), 1, label)
      t.equal(it.counters.get(`answer ${rcode} ${way === 'miss' ? 'miss' : 'hit'}`), 1, label)
      t.equal(it.counters.get('servfail 6'), rcode === RCODE.SERVFAIL ? 1 : 0, label)
      t.same(it.asked.length, way === 'miss' ? 1 : 0)
      compareWithDnsPacket(t, reply, message)
    }
  }
})

/** Another reader sees the same. */
function compareWithDnsPacket(t: Test, reply: Uint8Array, message: Message): void {
  const read = dnsPacket.decode(Buffer.from(reply)) as dnsPacket.DecodedPacket
  t.equal(read.flag_ad, message.ad)
  t.equal(read.flag_cd, message.cd)
  t.equal(read.flag_tc, message.tc)
  t.same(
    read.answers?.map(({ name, type }) => `${name}. ${type}`),
    message.answer.map(({ owner, type }) => `${formatName(owner)} ${type === TYPE.RRSIG ? 'RRSIG' : 'A'}`),
  )
  t.equal(read.additionals?.length, message.edns === undefined ? 0 : 1)
}

t.test('the hit path and the slow path write the same octets', async (t) => {
  const denial = parts({ rcode: RCODE.NXDOMAIN, answer: [], denial: DENIAL })
  for (const answer of [parts(), parts(bogus), denial]) {
    for (const flags of [
      {},
      { ad: true },
      { cd: true },
      { do: true },
      { do: true, payload: 512 },
      { payload: 4096 },
    ]) {
      const [one, two] = [benchWith(answer, 'hit'), benchWith(answer, 'cache')]
      const asked = query({ name: 'wWw.eXample.SE.', ...flags })
      t.same(await one.ask(asked), await two.ask(asked))
    }
  }
})

t.test('a denial: SOA for all, NSEC and RRSIG for DO', async (t) => {
  const it = benchWith(parts({ rcode: RCODE.NXDOMAIN, answer: [], denial: DENIAL }), 'hit')
  const types = ({ authority }: Message): number[] => authority.map(({ type }) => type)
  const plain = await it.message(query())
  t.match(plain, { rcode: RCODE.NXDOMAIN, ad: false })
  t.same(types(plain), [TYPE.SOA])
  const full = await it.message(query({ do: true }))
  t.same(types(full).sort(), [TYPE.SOA, TYPE.RRSIG, TYPE.NSEC, TYPE.RRSIG].sort())
  t.equal(full.ad, true)
})

t.test("the question comes back in the client's spelling, and the owner with it", async (t) => {
  for (const way of WAYS) {
    const it = benchWith(parts(), way)
    const message = await it.message(query({ name: 'WWW.exAMPLE.se.' }))
    t.equal(formatName(message.questions[0]!.name), 'WWW.exAMPLE.se.')
    t.equal(formatName(message.answer[0]!.owner), 'WWW.exAMPLE.se.', 'it points at the question')
  }
})

t.test('TTLs are what remains, and an entry ends on time', async (t) => {
  const it = benchWith(parts({ denial: DENIAL }), 'hit')
  it.clock.advance(100_000)
  const aged = await it.message(query({ do: true }))
  t.same(
    aged.answer.map(({ ttlSeconds }) => ttlSeconds),
    [200, 200],
  )
  t.same(new Set(aged.authority.map(({ ttlSeconds }) => ttlSeconds)), new Set([800]))
  it.clock.advance(199_999)
  t.equal(it.asked.length, 0)
  await it.ask(query())
  t.equal(it.asked.length, 0)
  it.clock.advance(1)
  await it.ask(query())
  t.equal(it.asked.length, 1)
})

t.test(
  'TTLs may be those of the zone, however the answer is given; it ends on time all the same',
  async (t) => {
    const records = ['corp.example. 60 IN CNAME www.example.se.', 'plain.example. 70 IN A 192.0.2.9']
    const localZones = new LocalZones({ records: records.flatMap((text) => readZone(text, { path: '' })) })
    const anyAnswer = { question: { name: nameFrom('www.example.se.'), type: TYPE.ANY, class: CLASS.IN } }
    for (const hitPath of [true, false]) {
      const it = bench({ originalTtls: true, localZones }, { hitPath })
      it.store(parts())
      it.store(parts(anyAnswer))
      const ttls = async (form: QueryForm): Promise<number[]> =>
        (await it.message(query(form))).answer.map(({ ttlSeconds }) => ttlSeconds)
      it.clock.advance(100_000)
      t.same(await ttls({ do: true }), [300, 300])
      t.same(await ttls({ type: TYPE.ANY }), [300])
      t.same(await ttls({ name: 'corp.example.' }), [60, 300])
      t.same(await ttls({ name: 'plain.example.' }), [70])
      t.same(it.asked, [])
      it.clock.advance(200_000)
      await ttls({})
      t.same(it.asked, ['www.example.se. 1'])
    }
  },
)

t.test('an entry judged under an older policy is judged again', async (t) => {
  for (const hitPath of [true, false]) {
    const it = bench({}, { hitPath })
    it.store(parts({ policySequence: 4 }))
    it.policy.sequence = 4
    await it.ask(query())
    t.equal(it.asked.length, 0)
    it.policy.sequence = 5
    await it.ask(query({ cd: true }))
    t.same(it.asked, ['www.example.se. 1 CD'])
    t.equal(it.counters.get('miss'), 1)
    it.policy.sequence = 3
    await it.ask(query())
    t.equal(it.asked.length, 1, 'a newer one is as good')
  }
})

t.test('A and AAAA rotate from answer to answer', async (t) => {
  const zone = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(
    (address) => `www.example.se. 300 IN A ${address}\n`,
  )
  for (const way of WAYS) {
    const it = benchWith(parts({ zone: zone.join('') }), way)
    const firsts: number[] = []
    for (let i = 0; i < 6; i++) {
      const { answer } = await it.message(query())
      t.same(answer.map(({ rdata }) => rdata[3]).sort(), [1, 2, 3])
      firsts.push(answer[0]!.rdata[3]!)
    }
    t.same(firsts, [1, 2, 3, 1, 2, 3], way)
  }
})

t.test('they rotate although A and AAAA are asked in turn, in any spelling', async (t) => {
  for (const way of WAYS) {
    const name = nameFrom('www.example.se.')
    const zoneOf = (type: string, a: string, b: string): string =>
      `www.example.se. 300 IN ${type} ${a}\nwww.example.se. 300 IN ${type} ${b}\n`
    const it = benchWith(parts({ zone: zoneOf('A', '192.0.2.1', '192.0.2.2') }), way)
    const aaaa = parts({
      question: { name, type: TYPE.AAAA, class: CLASS.IN },
      zone: zoneOf('AAAA', '2001:db8::1', '2001:db8::2'),
    })
    it.store(aaaa)
    const firsts: number[][] = [[], []]
    for (const spelling of ['www.example.se.', 'WWW.example.se.', 'www.EXAMPLE.se.', 'wWw.eXaMpLe.Se.']) {
      firsts[0]!.push((await it.message(query({ name: spelling }))).answer[0]!.rdata.at(-1)!)
      firsts[1]!.push((await it.message(query({ name: spelling, type: TYPE.AAAA }))).answer[0]!.rdata.at(-1)!)
    }
    t.same(firsts, [
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ])
  }
})

/** So many A records: 16 octets each behind a question of 20, the header apart. */
const manyAddresses = (count: number): string =>
  Array.from({ length: count }, (_, i) => `www.example.se. 300 IN A 192.0.2.${i}\n`).join('')

t.test('size: 512 without OPT, at most 1232 with, any by TCP', async (t) => {
  const sizes: [records: number, form: QueryForm, transport: 'udp' | 'tcp', tc: boolean][] = [
    // 12 + 20 + 16 n octets, 11 more with OPT.
    [30, {}, 'udp', false],
    [31, {}, 'udp', true],
    [31, { payload: 1232 }, 'udp', false],
    [74, { payload: 1232 }, 'udp', false],
    [75, { payload: 1232 }, 'udp', true],
    [75, { payload: 4096 }, 'udp', true],
    [75, { payload: 65_535 }, 'udp', true],
    [30, { payload: 512 }, 'udp', true],
    [29, { payload: 512 }, 'udp', false],
    [29, { payload: 0 }, 'udp', false],
    [29, { payload: 100 }, 'udp', false],
    [200, {}, 'tcp', false],
    [200, { payload: 512 }, 'tcp', false],
  ]
  for (const [records, form, transport, tc] of sizes) {
    for (const way of WAYS) {
      const it = benchWith(parts({ zone: manyAddresses(records) }), way)
      const reply = (await it.ask(query({ ...form, ad: true }), client(transport))) as Uint8Array
      const message = parseMessage(reply)
      const label = `${records} records, ${form.payload} by ${transport} (${way})`
      t.equal(message.tc, tc, label)
      t.equal(message.answer.length, tc ? 0 : records, label)
      t.equal(message.ad, !tc, 'nothing authentic about nothing')
      t.equal(message.questions.length, 1)
      t.equal(message.edns !== undefined, form.payload !== undefined)
      t.ok(
        reply.length <= (transport === 'tcp' ? 65_535 : Math.min(1232, Math.max(512, form.payload ?? 512))),
      )
    }
  }
})

t.test('a larger size for UDP can be configured', async (t) => {
  const it = bench({}, { udpPayloadOctets: 4096 })
  it.store(parts({ zone: manyAddresses(100) }))
  const message = await it.message(query({ payload: 1700 }))
  t.equal(message.answer.length, 100)
  t.equal(message.edns?.udpPayloadOctets, 4096)
})

t.test('D08: the text of an EDE goes first, then the EDE, then the data', async (t) => {
  const text = 'x'.repeat(200)
  const ede = [EDE_BOGUS.code, 9].map((code) => ({ code, text }))
  const answer = (records: number): AnswerParts =>
    parts({ zone: manyAddresses(records), ede, status: 'insecure', authenticated: false })
  const shape = async (records: number): Promise<string> => {
    const it = benchWith(answer(records), 'hit')
    const reply = (await it.ask(query({ payload: 512 }))) as Uint8Array
    t.ok(reply.length <= 512)
    const message = parseMessage(reply)
    const texts = message.edns!.options.map(({ octets }) => octets.length - 2)
    return `${message.answer.length} ${message.tc ? 'TC' : ''} ${edeCodes(message)} ${texts}`
  }
  t.equal(await shape(3), '3  6,9 200,200')
  t.equal(await shape(4), '4  6,9 0,0', 'both texts go')
  t.equal(await shape(28), '28  6,9 0,0')
  t.equal(await shape(29), '29   ', 'no room for 6 octets')
  t.equal(await shape(30), '0 TC 6,9 200,200')
  const longest = nameFrom(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`)
  const it = bench()
  it.store(parts({ question: { name: longest, type: TYPE.A, class: CLASS.IN }, answer: [], ede, ...bogus }))
  const reply = (await it.ask(query({ name: formatName(longest), payload: 512 }))) as Uint8Array
  t.ok(reply.length <= 512)
  figure(t, 'D08', `${reply.length} octets for a name of 255 and two texts`)
  t.equal(parseMessage(reply).rcode, RCODE.SERVFAIL)
})

t.test('ANY: one RRset with its signature by UDP, all by TCP (RFC 8482)', async (t) => {
  const question = { name: nameFrom('www.example.se.'), type: TYPE.ANY, class: CLASS.IN }
  const zone = `${SIGNED_A}www.example.se. 300 IN TXT "${'long '.repeat(40)}"\nwww.example.se. 300 IN AAAA 2001:db8::1\n`
  const answer = parts({ question, zone })
  const types = ({ answer: records }: Message): number[] => records.map(({ type }) => type)
  for (const way of ['cache', 'miss'] as const) {
    const it = benchWith(answer, way)
    t.same(types(await it.message(query({ type: TYPE.ANY }))), [TYPE.AAAA], 'the smallest')
    const tcp = await it.message(query({ type: TYPE.ANY }), client('tcp'))
    t.same(types(tcp).sort(), [TYPE.A, TYPE.TXT, TYPE.AAAA, TYPE.RRSIG].sort())
  }
  const signed = benchWith(parts({ question }), 'cache')
  t.same(types(await signed.message(query({ type: TYPE.ANY }))), [TYPE.A])
  const dnssec = await signed.message(query({ type: TYPE.ANY, do: true }))
  t.same(types(dnssec), [TYPE.A, TYPE.RRSIG])
  t.equal(dnssec.ad, true)
  t.equal(dnssec.answer[0]!.ttlSeconds, 300)

  const alias = benchWith(
    parts({ question, zone: 'www.example.se. 60 IN CNAME a.\nwww.example.se. 60 IN NSEC b. CNAME\n' }),
    'cache',
  )
  t.same(types(await alias.message(query({ type: TYPE.ANY }))), [TYPE.CNAME])
  const none = benchWith(parts({ question, answer: [], denial: DENIAL }), 'cache')
  const empty = await none.message(query({ type: TYPE.ANY }))
  t.same([types(empty), empty.authority.length], [[], 1])
  const bogusAny = benchWith(parts({ question, ...bogus }), 'cache')
  t.equal((await bogusAny.message(query({ type: TYPE.ANY }))).rcode, RCODE.SERVFAIL)

  const full = bench({ any: 'full' })
  full.store(parts({ question, zone: `${SIGNED_A}www.example.se. 300 IN AAAA 2001:db8::1\n` }))
  t.same(types(await full.message(query({ type: TYPE.ANY }))).sort(), [TYPE.A, TYPE.AAAA, TYPE.RRSIG].sort())
})

t.test('the root key sentinel (RFC 8509)', async (t) => {
  const ask = async (
    label: string,
    answer: Partial<AnswerParts> = {},
    form: QueryForm = {},
    mode: 'enforce' | 'observe' = 'enforce',
  ) => {
    const name = `${label}.example.se.`
    const question = { name: nameFrom(name), type: form.type ?? TYPE.A, class: CLASS.IN }
    const it = bench()
    it.policy.mode = mode
    it.store(parts({ question, zone: `${name} 300 IN A 192.0.2.1\n`, ...answer }))
    return (await it.message(query({ name, ...form }))).rcode
  }
  const known = 'root-key-sentinel-is-ta-20326'
  const unknown = 'root-key-sentinel-is-ta-19036'
  t.equal(await ask(known), RCODE.NOERROR)
  t.equal(await ask(unknown), RCODE.SERVFAIL)
  t.equal(await ask('root-key-sentinel-is-ta-38696'), RCODE.NOERROR)
  t.equal(await ask('root-key-sentinel-not-ta-20326'), RCODE.SERVFAIL)
  t.equal(await ask('root-key-sentinel-not-ta-19036'), RCODE.NOERROR)
  t.equal(await ask('ROOT-key-sentinel-NOT-ta-38696', {}, { type: TYPE.AAAA }), RCODE.SERVFAIL)
  t.equal(await ask(unknown, {}, { cd: true }), RCODE.NOERROR, 'CD')
  t.equal(await ask(unknown, {}, { type: TYPE.TXT }), RCODE.NOERROR, 'another type')
  t.equal(await ask(unknown, insecure), RCODE.NOERROR, 'an insecure answer')
  t.equal(await ask(unknown, {}, {}, 'observe'), RCODE.NOERROR, 'nothing is enforced')
  t.equal(await ask('root-key-sentinel-is-ta-1903'), RCODE.NOERROR, 'four digits')
  t.equal(await ask('root-key-sentinel-is-ta-99999'), RCODE.NOERROR, 'no key tag')
  t.equal(await ask(`x.${unknown}`), RCODE.NOERROR, 'not the leftmost label')
})

t.test('a failure keeps its extended error, and is counted by it', async (t) => {
  const failure = {
    rcode: RCODE.SERVFAIL,
    answer: [],
    status: 'indeterminate',
    authenticated: false,
  } as const
  const it = benchWith(parts({ ...failure, ede: [{ code: 22, text: 'se.: no server answered' }] }), 'hit')
  const message = await it.message(query({ payload: 1232 }))
  t.equal(message.rcode, RCODE.SERVFAIL)
  t.same(edeCodes(message), [22])
  t.match(Buffer.from(message.edns!.options[0]!.octets).toString(), /se\.: no server answered/)
  t.equal(it.counters.get('servfail 22'), 1)
  const none = benchWith(parts({ ...failure, ede: [] }), 'miss')
  await none.ask(query())
  t.equal(none.counters.get('servfail none'), 1)
})

t.test('an extended rcode goes into OPT', async (t) => {
  const it = benchWith(parts({ rcode: RCODE.BADCOOKIE, answer: [] }), 'hit')
  t.equal((await it.message(query({ payload: 1232 }))).rcode, RCODE.BADCOOKIE)
})

t.test('RDATA comes through as it was', async (t) => {
  const it = benchWith(parts(), 'hit')
  const { answer } = await it.message(query({ do: true }))
  t.same(
    answer.map(({ type, rdata }) => formatRdata(type, rdata).slice(0, 9)),
    ['192.0.2.1', 'A 13 3 30'],
  )
})

t.test('what was translated is not for a client that sets CD', async (t) => {
  for (const hitPath of [true, false]) {
    const it = bench({}, { hitPath })
    it.store(parts({ translated: true, authenticated: false }))
    await it.message(query({ do: true }))
    t.same(it.asked, [])
    await it.message(query({ do: true, cd: true }))
    t.same(it.asked, ['www.example.se. 1 CD'])
    it.store(parts())
    await it.message(query({ do: true, cd: true }))
    t.equal(it.asked.length, 1, 'what was not is for everybody')
  }
})
