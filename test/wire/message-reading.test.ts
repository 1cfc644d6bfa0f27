/** Messages as they come in: what is read, what is refused, and what it costs (RFC 1035 4, RFC 6891 6.1). */
import t from 'tap'
import { FormatError } from '../../src/wire/format-error.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import {
  isReplyTo,
  parseHeader,
  parseMessage,
  parseOwnMessage,
  parseQuestionMessage,
} from '../../src/wire/message.ts'
import { nameFromOctets } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { figure } from '../attacks/row.ts'
import { leastProcessorMs } from '../support/processor-time.ts'
import { handMade, handMadeRecord, QUESTION } from './message-octets.ts'

const ROOT_OWNER = '00'
const OPT = '00 0029 04d0 00008000 0000'

/** The one answer of a message, as text. */
function answerOf(...pieces: string[]): string {
  const { answer } = parseMessage(handMade({ counts: [1, 1, 0, 0] }, QUESTION, ...pieces))
  return formatRdata(answer[0]!.type, answer[0]!.rdata, answer[0]!.class)
}

t.test('a header', async (t) => {
  const header = parseHeader(handMade({ flags: 0xaf93, counts: [1, 2, 3, 4] }))
  t.same(header, {
    id: 0x1234,
    opcode: 5,
    rcode: 3,
    qr: true,
    aa: true,
    tc: true,
    rd: true,
    ra: true,
    ad: false,
    cd: true,
    questionCount: 1,
    answerCount: 2,
    authorityCount: 3,
    additionalCount: 4,
  })
  t.equal(parseHeader(new Uint8Array(11)), undefined)
})

t.test('a whole message', async (t) => {
  const message = parseMessage(
    handMade(
      { counts: [1, 1, 1, 2] },
      QUESTION,
      handMadeRecord(TYPE.A, 'c0000201'),
      handMadeRecord(TYPE.NS, '036e7331c00c'),
      handMadeRecord(TYPE.A, 'c0000202', { owner: 'c039', ttl: '80000000' }),
      OPT,
    ),
  )
  t.equal(formatName(message.questions[0]!.name), 'example.com.')
  t.match(message.questions[0], { type: 1, class: 1 })
  t.equal(formatName(message.answer[0]!.owner), 'example.com.')
  t.equal(message.answer[0]!.ttlSeconds, 3600)
  t.equal(formatRdata(TYPE.NS, message.authority[0]!.rdata), 'ns1.example.com.')
  t.equal(formatName(message.additional[0]!.owner), 'ns1.example.com.', 'a name in RDATA is a target')
  t.equal(message.additional[0]!.ttlSeconds, 0, 'RFC 2181 8: the top bit makes a TTL 0')
  t.same(message.edns, { version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] })
  t.equal(message.trailingOctets, 0)
})

t.test('nothing points into the octets that were read', async (t) => {
  const original = handMade({ counts: [1, 1, 0, 1] }, QUESTION, handMadeRecord(TYPE.A, 'c0000201'), OPT)
  // The slice of a Buffer is a view, that of a Uint8Array a copy.
  for (const octets of [original.slice(), Buffer.from(original)]) {
    const message = parseMessage(octets)
    const query = parseQuestionMessage(Buffer.from(handMade({ counts: [1, 0, 0, 0] }, QUESTION)))
    octets.fill(0xff)
    t.equal(formatName(message.questions[0]!.name), 'example.com.')
    t.equal(formatName(query.questions[0]!.name), 'example.com.')
    t.same([...message.answer[0]!.rdata], [192, 0, 2, 1])
    t.notOk(Buffer.isBuffer(message.answer[0]!.rdata))
  }
})

t.test('octets that are its own: the same message, as views', async (t) => {
  // More than one piece of memory is needed for what they unfold to.
  const names = Array.from({ length: 40 }, (_, i) => `1f${(0x61 + (i % 26)).toString(16).repeat(31)}c00c`)
  const records = names.map((target, i) => handMadeRecord(TYPE.NS, target, { owner: names[39 - i]! }))
  const octets = handMade({ counts: [1, 0, 40, 1] }, QUESTION, ...records, OPT)
  const message = parseOwnMessage(octets)
  t.same(message, parseMessage(octets))
  const label = (i: number): string => String.fromCharCode(0x61 + (i % 26)).repeat(31)
  t.same(
    message.authority.map(({ owner, rdata }) => `${formatName(owner)} ${formatRdata(TYPE.NS, rdata)}`),
    names.map((_, i) => `${label(39 - i)}.example.com. ${label(i)}.example.com.`),
  )
  t.equal(message.questions[0]!.name.buffer, octets.buffer)
})

t.test('EDNS', async (t) => {
  const badvers = parseMessage(
    handMade({ flags: 0x8000, counts: [0, 0, 0, 1] }, '00 0029 1000 01000000 0000'),
  )
  t.equal(badvers.rcode, 16, 'the upper bits of the rcode are in OPT')
  const options = parseMessage(
    handMade({ counts: [0, 0, 0, 1] }, '00 0029 1000 00014001 000e', '000f 0006 0007 626f6f21 fde9 0000'),
  )
  t.same(options.edns, {
    version: 1,
    udpPayloadOctets: 4096,
    do: false,
    flags: 0x4001,
    options: [
      { code: 15, octets: Uint8Array.from([0, 7, 0x62, 0x6f, 0x6f, 0x21]) },
      { code: 65_001, octets: new Uint8Array(0) },
    ],
  })
})

t.test('names are octets', async (t) => {
  const cases: [wire: string, text: string][] = [
    ['07612e622e636f6d 00', 'a\\.b\\.com.'],
    ['02 fffe 00', '\\255\\254.'],
    ['01 2e 00', '\\..'],
    ['03 610062 00', 'a\\000b.'],
    ['05 57774e5a7a 00', 'WwNZz.'],
  ]
  for (const [wire, text] of cases) {
    const message = parseMessage(handMade({ counts: [1, 0, 0, 0] }, wire, '0001 0001'))
    t.equal(formatName(message.questions[0]!.name), text)
    t.same(nameFromOctets(message.questions[0]!.name), nameFrom(text))
  }
})

t.test('compressed names are read in every type that holds one', async (t) => {
  const signature = '0001 0d 02 00000e10 6553f100 6553f100 0001 c00c aabb'
  t.match(answerOf(handMadeRecord(TYPE.RRSIG, signature)), /^A 13 2 3600 \d+ \d+ 1 example\.com\. qrs=$/)
  t.equal(answerOf(handMadeRecord(TYPE.SRV, '0001 0002 0003 c00c')), '1 2 3 example.com.')
  t.equal(answerOf(handMadeRecord(TYPE.NSEC, 'c00c 0001 40')), 'example.com. A')
  t.equal(answerOf(handMadeRecord(TYPE.DNAME, 'c014')), 'com.')
  t.equal(answerOf(handMadeRecord(TYPE.SVCB, '0001 c00c 0003 0002 0035')), '1 example.com. port=53')
  t.equal(answerOf(handMadeRecord(TYPE.IPSECKEY, '0a 03 02 c00c aabb')), '10 3 2 example.com. qrs=')
  t.equal(answerOf(handMadeRecord(TYPE.AMTRELAY, '0a 83 c00c')), '10 1 3 example.com.')
  t.equal(
    answerOf(handMadeRecord(TYPE.HIP, '01 02 0001 aa bb c00c 0161c014')),
    '2 AA uw== example.com. a.com.',
  )
  t.equal(answerOf(handMadeRecord(TYPE.A6, '40 0001000200030004 c00c')), '64 ::1:2:3:4 example.com.')
  const soa = 'c00c 0161c00c 00000001 00000002 00000003 00000004 00000005'
  t.equal(answerOf(handMadeRecord(TYPE.SOA, soa)), 'example.com. a.example.com. 1 2 3 4 5')
})

t.test('RDATA that is kept as it is', async (t) => {
  t.equal(answerOf(handMadeRecord(65_280, 'c00c')), '\\# 2 c00c', 'no pointer in an unknown type')
  t.equal(answerOf(handMadeRecord(TYPE.DS, '0001')), '\\# 2 0001')
  t.equal(answerOf(handMadeRecord(TYPE.NSEC, '00 0000')), '\\# 3 000000', 'a malformed bit map')
  t.equal(answerOf(handMadeRecord(TYPE.DNSKEY, '0100 02 08 aabb')), '256 2 8 qrs=', 'protocol 2')
  t.equal(answerOf(handMadeRecord(TYPE.SSHFP, '01 63 aa')), '1 99 AA', 'an unknown fingerprint type')
  t.equal(
    answerOf(handMadeRecord(TYPE.A, '0161000001', { class: '0003' })),
    '\\# 5 0161000001',
    'A in class CH',
  )
  const other = parseMessage(
    handMade({ counts: [0, 1, 0, 0] }, handMadeRecord(1, 'aa', { owner: '00', class: '1000' })),
  )
  t.equal(other.answer[0]!.class, 4096)
})

t.test('address records of a wrong length are left out, and nothing else is', async (t) => {
  const cases: [why: string, record: string][] = [
    ['A of 5 octets', handMadeRecord(TYPE.A, 'c000020100')],
    ['A of 3 octets', handMadeRecord(TYPE.A, 'c00002')],
    ['A of none', handMadeRecord(TYPE.A, '')],
    ['AAAA of 4', handMadeRecord(TYPE.AAAA, 'c0000201')],
  ]
  const good = handMadeRecord(TYPE.A, 'c0000201')
  for (const [why, bad] of cases) {
    const message = parseMessage(handMade({ counts: [1, 3, 0, 0] }, QUESTION, good, bad, good))
    t.equal(message.answer.length, 2, why)
    t.equal(message.answerCount, 3, `${why}: what was sent is told`)
  }
})

t.test('messages that are refused', async (t) => {
  const label = `3f${'61'.repeat(63)}`
  const cases: [why: string, octets: Uint8Array][] = [
    ['no header', new Uint8Array(11)],
    ['RDLENGTH past the end', answer(handMadeRecord(TYPE.A, 'c0000201', { rdlength: 5 }))],
    ['RDLENGTH past the end, unknown type', answer(handMadeRecord(65_280, 'aabb', { rdlength: 500 }))],
    ['a name longer than RDLENGTH', answer(handMadeRecord(TYPE.CNAME, '0161c00c', { rdlength: 3 }))],
    ['a name shorter than RDLENGTH', answer(handMadeRecord(TYPE.CNAME, 'c00c0000'))],
    ['no name', answer(handMadeRecord(TYPE.CNAME, ''))],
    ['TXT overruns', answer(handMadeRecord(TYPE.TXT, '0561'))],
    ['TXT of none', answer(handMadeRecord(TYPE.TXT, ''))],
    ['MX of 2', answer(handMadeRecord(TYPE.MX, '000a'))],
    ['PX of 3', answer(handMadeRecord(TYPE.PX, '000a00'))],
    ['SOA with 19 octets of numbers', answer(handMadeRecord(TYPE.SOA, `0000${'00'.repeat(19)}`))],
    ['SOA with 21 octets of numbers', answer(handMadeRecord(TYPE.SOA, `0000${'00'.repeat(21)}`))],
    ['RRSIG without signer', answer(handMadeRecord(TYPE.RRSIG, '00'.repeat(18)))],
    ['a pointer to itself', handMade({ counts: [1, 0, 0, 0] }, 'c00c 0001 0001')],
    ['a pointer forwards', handMade({ counts: [1, 0, 0, 0] }, 'c00e 00 0001 0001')],
    ['a pointer into the header', handMade({ counts: [1, 0, 0, 0] }, '0161 c000 0001 0001')],
    ['a loop of two', answer(handMadeRecord(TYPE.CNAME, '0161c027', { owner: 'c02d' }))],
    ['half a pointer', handMade({ counts: [1, 0, 0, 0] }, '0161 c0')],
    ['a label of type 01', handMade({ counts: [1, 0, 0, 0] }, '41 0001 0001')],
    ['a label of type 10', handMade({ counts: [1, 0, 0, 0] }, '80 0001 0001')],
    ['a name of 256 octets', handMade({ counts: [1, 0, 0, 0] }, label, label, label, label, '00 0001 0001')],
    ['a name without end', handMade({ counts: [1, 0, 0, 0] }, '0161')],
    ['a question without class', handMade({ counts: [1, 0, 0, 0] }, '00 0001 00')],
    ['four counts of 65535', handMade({ counts: [0xffff, 0xffff, 0xffff, 0xffff] })],
    ['one record too few', handMade({ counts: [1, 2, 0, 0] }, QUESTION, handMadeRecord(TYPE.A, 'c0000201'))],
    ['two OPT', handMade({ counts: [0, 0, 0, 2] }, OPT, OPT)],
    ['OPT as answer', handMade({ counts: [0, 1, 0, 0] }, OPT)],
    ['OPT as authority', handMade({ counts: [0, 0, 1, 0] }, OPT)],
    ['OPT with an owner', handMade({ counts: [0, 0, 0, 1] }, '0161', OPT)],
    ['an option that overruns', handMade({ counts: [0, 0, 0, 1] }, '00 0029 04d0 00000000 0005 0003000200')],
    ['half an option', handMade({ counts: [0, 0, 0, 1] }, '00 0029 04d0 00000000 0003 000300')],
  ]
  for (const [why, octets] of cases) t.throws(() => parseMessage(octets), FormatError, why)
})

function answer(record: string): Uint8Array {
  return handMade({ counts: [1, 1, 0, 0] }, QUESTION, record)
}

t.test('octets after the last record are counted', async (t) => {
  t.equal(parseMessage(handMade({ counts: [1, 0, 0, 0] }, QUESTION, 'aabbcc')).trailingOctets, 3)
})

/** A name of one-octet labels where each is followed by a pointer to the one before. */
function pointerChain(labels: number, at: number): { octets: string; last: number } {
  let octets = '016100'
  let last = at
  for (let i = 1; i < labels; i++) {
    const pointer = (0xc000 | last).toString(16)
    last = at + octets.length / 2
    octets += `0161${pointer}`
  }
  return { octets, last }
}

t.test('a chain of pointers (C08)', async (t) => {
  for (const [labels, fine] of [
    [126, true],
    [127, true],
    [128, false],
  ] as const) {
    const chain = pointerChain(labels, 23)
    const record = handMadeRecord(65_280, chain.octets, { owner: ROOT_OWNER })
    const octets = handMade(
      { counts: [0, 2, 0, 0] },
      record,
      handMadeRecord(TYPE.A, 'c0000201', { owner: pointer(chain.last) }),
    )
    if (fine) t.equal(parseMessage(octets).answer[1]!.owner.length, 2 * labels + 1)
    else t.throws(() => parseMessage(octets), FormatError)
  }
  const bare = Array.from({ length: 200 }, (_, i) => (i === 0 ? '0000' : pointer(23 + 2 * (i - 1)))).join('')
  const record = handMadeRecord(65_280, bare, { owner: ROOT_OWNER })
  const hops = (count: number): Uint8Array =>
    handMade(
      { counts: [0, 2, 0, 0] },
      record,
      handMadeRecord(TYPE.A, 'c0000201', { owner: pointer(23 + 2 * (count - 1)) }),
    )
  t.equal(parseMessage(hops(127)).answer.length, 2)
  t.throws(() => parseMessage(hops(129)), FormatError)
})

function pointer(offset: number): string {
  return (0xc000 | offset).toString(16)
}

const RUNS = 15

t.test('hostile messages cost little (C08)', async (t) => {
  const chain = pointerChain(126, 23)
  const first = handMadeRecord(65_280, chain.octets, { owner: ROOT_OWNER })
  const owners = [pointer(chain.last), pointer(chain.last - 4)]
  const records = (count: number, type: number, rdata: string): string[] =>
    Array.from({ length: count }, (_, i) => handMadeRecord(type, rdata, { owner: owners[i % 2]! }))

  const long = handMade({ counts: [0, 4062, 0, 0] }, first, ...records(4061, TYPE.A, 'c0000201'))
  t.ok(long.length > 65_000 && long.length < 65_536)
  t.equal(parseMessage(long).answer.length, 4062)
  const ms = leastProcessorMs(RUNS, () => parseMessage(long))
  t.ok(ms < 20, `4062 records under a chain of 126 pointers: ${ms.toFixed(2)} ms`)
  figure(t, 'C08', `4062 records under a chain of 126 pointers: ${ms.toFixed(1)} ms`)

  const names = pointer(chain.last)
  const unfolding = handMade({ counts: [0, 4001, 0, 0] }, first, ...records(4000, TYPE.MINFO, names + names))
  t.throws(() => parseMessage(unfolding), /too many octets/)
  const rendezvous = handMadeRecord(TYPE.HIP, `01020001aabb${names.repeat(30_000)}`, { owner: ROOT_OWNER })
  t.throws(() => parseMessage(handMade({ counts: [0, 2, 0, 0] }, first, rendezvous)), FormatError)

  const empty = handMade({ counts: [0xffff, 0xffff, 0xffff, 0xffff] })
  const emptyMs = leastProcessorMs(RUNS, () => {
    try {
      parseMessage(empty)
    } catch {}
  })
  t.ok(emptyMs < 1, `counts beyond the octets: ${emptyMs.toFixed(3)} ms`)
})

t.test('queries of clients', async (t) => {
  const cookie = '00 0029 04d0 00000000 000c 000a 0008 0102030405060708'
  const query = parseQuestionMessage(handMade({ flags: 0x0100, counts: [1, 0, 0, 1] }, QUESTION, cookie))
  t.match(query, { rd: true, qr: false, signed: false, questionEnd: 29, edns: { options: [{ code: 10 }] } })
  t.equal(parseQuestionMessage(handMade({ flags: 0x0100, counts: [0, 0, 0, 1] }, cookie)).questions.length, 0)
  t.equal(
    parseQuestionMessage(handMade({ flags: 0, counts: [2, 0, 0, 0] }, QUESTION, QUESTION)).questions.length,
    2,
  )
  const tsig = '0161 00 00fa 00ff 00000000 0003 010203'
  t.ok(parseQuestionMessage(handMade({ flags: 0, counts: [1, 0, 0, 2] }, QUESTION, OPT, tsig)).signed)
  const refused: [why: string, octets: Uint8Array][] = [
    ['an answer', answer(handMadeRecord(TYPE.A, 'c0000201'))],
    ['a record', handMade({ counts: [1, 0, 0, 1] }, QUESTION, handMadeRecord(TYPE.A, 'c0000201'))],
    ['octets after the end', handMade({ counts: [1, 0, 0, 0] }, QUESTION, '00')],
    ['three records', handMade({ counts: [1, 0, 0, 3] }, QUESTION, OPT, tsig, OPT)],
    ['two OPT', handMade({ counts: [1, 0, 0, 2] }, QUESTION, OPT, OPT)],
    ['OPT after the signature', handMade({ counts: [1, 0, 0, 2] }, QUESTION, tsig, OPT)],
    ['OPT with an owner', handMade({ counts: [1, 0, 0, 1] }, QUESTION, '0161', OPT)],
    ['OPT with a pointer as owner', handMade({ counts: [1, 0, 0, 1] }, QUESTION, 'c018', OPT.slice(3))],
    ['no question', handMade({ counts: [1, 0, 0, 0] })],
  ]
  for (const [why, octets] of refused) t.throws(() => parseQuestionMessage(octets), FormatError, why)
})

t.test('which reply answers a query', async (t) => {
  const question = { name: nameFrom('eXample.com.'), type: 1, class: 1 }
  const query = writeQuery({ id: 0x1234, question, rd: false, cd: true })
  const reply = (change: (octets: Uint8Array) => void): Uint8Array => {
    const octets = new Uint8Array([...query, 1, 2, 3])
    octets[2]! |= 0x80
    change(octets)
    return octets
  }
  t.ok(
    isReplyTo(
      query,
      reply(() => {}),
    ),
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[2]! &= 0x7f)),
    ),
    'a query',
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[0]! ^= 1)),
    ),
    'another id',
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[2]! |= 0x10)),
    ),
    'another opcode',
  )
  t.ok(
    isReplyTo(
      query,
      reply((octets) => (octets[13]! ^= 0x20)),
    ),
    'another spelling',
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[13]! ^= 1)),
    ),
    'another name',
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[26]! ^= 1)),
    ),
    'another type',
  )
  t.notOk(
    isReplyTo(
      query,
      reply((octets) => (octets[5] = 2)),
    ),
    'two questions',
  )
  t.notOk(isReplyTo(query, reply(() => {}).subarray(0, 28)), 'cut short')
  t.notOk(isReplyTo(query, new Uint8Array(5)), 'no header')
  const bare = (rcode: number): Uint8Array =>
    reply((octets) => {
      octets[5] = 0
      octets[3] = rcode
    }).subarray(0, 12)
  for (const rcode of [1, 2, 4, 5]) t.ok(isReplyTo(query, bare(rcode)), `no question, rcode ${rcode}`)
  for (const rcode of [0, 3]) t.notOk(isReplyTo(query, bare(rcode)), `no question, rcode ${rcode}`)
})
