/** Messages as they go out: compression, limits, and what comes back when they are read (RFC 1035 4.1.4, RFC 3597 4). */
import fc from 'fast-check'
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseHeader, parseMessage } from '../../src/wire/message.ts'
import { type Name, nameFromLabels } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { rdataFrom } from '../../src/wire/rdata/rdata.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { type HeaderFields, MessageWriter, type Section, writeQuery } from '../../src/wire/writer.ts'
import { figure } from '../attacks/row.ts'
import { leastProcessorMs } from '../support/processor-time.ts'
import { anyEdns, anyName, anyRecord, FIXED, tangledName } from './arbitraries.ts'
import { recordedMessages, sharedMissing } from './shared-data.ts'

const RESPONSE: HeaderFields = {
  id: 0x1234,
  opcode: 0,
  rcode: 0,
  qr: true,
  aa: false,
  tc: false,
  rd: true,
  ra: true,
  ad: false,
  cd: false,
}
const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional']

/** Adds a record out of text. */
function add(writer: MessageWriter, section: Section, owner: string, type: number, text: string): boolean {
  return writer.record(section, nameFrom(owner), type, 1, 60, rdataFrom(type, text))
}

/** The message written anew. */
function rewrite(message: Message, writer: MessageWriter = new MessageWriter()): Uint8Array {
  writer.header(message)
  for (const question of message.questions) writer.question(question)
  for (const section of SECTIONS) {
    for (const { owner, type, class: recordClass, ttlSeconds, rdata } of message[section]) {
      writer.record(section, owner, type, recordClass, ttlSeconds, rdata)
    }
  }
  if (message.edns !== undefined) writer.opt(message.edns, message.rcode)
  return writer.finish()
}

t.test('owners and names of RFC 1035 are compressed, others are not', async (t) => {
  const writer = new MessageWriter()
  writer.header(RESPONSE)
  writer.question({ name: nameFrom('www.example.com.'), type: 1, class: 1 })
  add(writer, 'answer', 'www.example.com.', TYPE.CNAME, 'a.example.com.')
  add(writer, 'answer', 'a.example.com.', TYPE.MX, '10 b.a.example.com.')
  add(writer, 'answer', 'a.example.com.', TYPE.SRV, '1 2 3 b.a.example.com.')
  add(writer, 'authority', 'com.', TYPE.SOA, 'a.example.com. example.com. 1 2 3 4 5')
  add(writer, 'authority', '.', TYPE.NS, '.')
  const body = formatHex(writer.finish().subarray(12))
  const expected = [
    '03777777076578616d706c6503636f6d00 0001 0001',
    'c00c 0005 0001 0000003c 0004 0161c010',
    'c02d 000f 0001 0000003c 0006 000a 0162c02d',
    'c02d 0021 0001 0000003c 0017 000100020003 01620161076578616d706c6503636f6d00',
    'c018 0006 0001 0000003c 0018 c02d c010 00000001 00000002 00000003 00000004 00000005',
    '00 0002 0001 0000003c 0001 00',
  ]
  t.equal(body, expected.join('').replaceAll(' ', ''))
})

t.test('only names equal in case share octets', async (t) => {
  const writer = new MessageWriter()
  writer.question({ name: nameFrom('ExAmPlE.com.'), type: 1, class: 1 })
  add(writer, 'answer', 'example.com.', TYPE.A, '192.0.2.1')
  const message = parseMessage(writer.finish())
  t.same(message.answer[0]!.owner, nameFrom('example.com.'))
  t.equal(writer.position, 12 + 17 + 10 + 14, 'com. is shared')
})

t.test('four addresses of one owner', async (t) => {
  const writer = new MessageWriter()
  writer.question({ name: nameFrom('www.example.com.'), type: 1, class: 1 })
  for (let i = 1; i <= 4; i++) add(writer, 'answer', 'www.example.com.', TYPE.A, `192.0.2.${i}`)
  t.equal(writer.position, 97)
})

t.test('any class is kept', async (t) => {
  const writer = new MessageWriter()
  writer.record('answer', nameFrom('a.'), TYPE.A, 4096, 0, Uint8Array.of(1, 2))
  const [record] = parseMessage(writer.finish()).answer
  t.match(record, { class: 4096, rdata: Uint8Array.of(1, 2) })
})

t.test('counts, TTL offsets, OPT', async (t) => {
  const writer = new MessageWriter()
  writer.question({ name: nameFrom('a.'), type: 1, class: 1 })
  t.ok(add(writer, 'answer', 'a.', TYPE.A, '192.0.2.1'))
  const ttlOffset = writer.lastTtlOffset
  const edns = { version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] }
  t.ok(writer.opt(edns, 16))
  writer.header({ ...RESPONSE, rcode: 16 })
  const octets = writer.finish()
  t.same([...octets.subarray(ttlOffset, ttlOffset + 4)], [0, 0, 0, 60])
  const message = parseMessage(octets)
  t.match(message, { questionCount: 1, answerCount: 1, authorityCount: 0, additionalCount: 1, rcode: 16 })
  t.same(message.edns, edns)
  t.equal(parseHeader(octets)!.rcode, 0)
  t.throws(() => add(writer, 'answer', 'a.', TYPE.A, '192.0.2.1'), { name: 'AssertionFault' })
})

t.test('what does not fit leaves no trace', async (t) => {
  const writer = new MessageWriter(70)
  writer.header(RESPONSE)
  writer.question({ name: nameFrom('a.example.'), type: 1, class: 1 })
  t.ok(add(writer, 'answer', 'a.example.', TYPE.A, '192.0.2.1'))
  const before = formatHex(writer.finish())
  t.notOk(add(writer, 'answer', 'new.label.example.', TYPE.TXT, `"${'x'.repeat(50)}"`))
  t.notOk(add(writer, 'answer', 'a.example.', TYPE.MX, '10 another.long-long-long-name.example.'))
  t.equal(formatHex(writer.finish()), before)
  t.ok(add(writer, 'answer', 'new.label.example.', TYPE.NULL, '\\# 0'), 'a smaller record still fits')
  const { answer } = parseMessage(writer.finish())
  t.same(answer[1]!.owner, nameFrom('new.label.example.'))
  const options = [{ code: 12, octets: new Uint8Array(20) }]
  t.notOk(writer.opt({ version: 0, udpPayloadOctets: 512, do: false, flags: 0, options }, 0))
  t.equal(parseMessage(writer.finish()).edns, undefined)
})

t.test('frozen compression points back but makes no targets', async (t) => {
  const writer = new MessageWriter()
  writer.question({ name: nameFrom('example.'), type: 1, class: 1 })
  writer.freezeCompression()
  const start = writer.position
  add(writer, 'answer', 'b.a.example.', TYPE.NULL, '\\# 0')
  add(writer, 'answer', 'b.a.example.', TYPE.NULL, '\\# 0')
  const body = formatHex(writer.finish().subarray(start))
  t.equal(body, '01620161c00c 000a0001 0000003c 0000'.repeat(2).replaceAll(' ', ''))
})

t.test('malformed RDATA is written as it is', async (t) => {
  for (const hex of ['', '000a', '000a0361', '000a036162630000']) {
    const rdata = new Uint8Array(Buffer.from(hex, 'hex'))
    const writer = new MessageWriter()
    writer.record('answer', nameFrom('abc.'), TYPE.MX, 1, 0, rdata)
    t.ok(formatHex(writer.finish()).endsWith(hex))
    t.equal(parseHeader(writer.finish())!.answerCount, 1)
  }
})

const anyMessage = fc.record({
  questions: fc.array(
    fc.record({ name: tangledName, type: fc.constantFrom(1, 28, 65_000), class: fc.constant(1) }),
    {
      maxLength: 2,
    },
  ),
  answer: fc.array(anyRecord, { maxLength: 8 }),
  authority: fc.array(anyRecord, { maxLength: 8 }),
  additional: fc.array(anyRecord, { maxLength: 8 }),
  edns: fc.option(anyEdns, { nil: undefined }),
})

t.test('what is written is read again', async (t) => {
  fc.assert(
    fc.property(anyMessage, (parts) => {
      const rcode = parts.edns === undefined ? 3 : 0xabc
      const counts = { questionCount: 0, answerCount: 0, authorityCount: 0, additionalCount: 0 }
      const octets = rewrite({ ...RESPONSE, ...counts, ...parts, rcode, trailingOctets: 0 })
      const back = parseMessage(octets)
      t.same(comparable(back), comparable({ ...back, ...parts, rcode, trailingOctets: 0 }))
      t.same(rewrite(back), octets, 'and written again the same')
    }),
    FIXED,
  )
})

/** Octets as hexadecimal, so that a difference can be read. */
function comparable(message: Message): unknown {
  const records = (list: readonly ResourceRecord[]): unknown[] =>
    list.map((record) => ({ ...record, owner: formatHex(record.owner), rdata: formatHex(record.rdata) }))
  return {
    ...message,
    questions: message.questions.map((question) => ({ ...question, name: formatHex(question.name) })),
    answer: records(message.answer),
    authority: records(message.authority),
    additional: records(message.additional),
    edns: message.edns && {
      ...message.edns,
      options: message.edns.options.map(({ code, octets }) => ({ code, octets: formatHex(octets) })),
    },
  }
}

t.test('messages of real servers come back whole', { skip: sharedMissing }, async (t) => {
  let same = 0
  const messages = recordedMessages()
  for (const octets of messages) {
    const message = parseMessage(octets)
    const again = rewrite(message)
    const back = parseMessage(again)
    const plain = { ...comparable(message)!, trailingOctets: 0 }
    if (JSON.stringify(comparable(back)) !== JSON.stringify(plain)) t.same(comparable(back), plain)
    if (Buffer.compare(again, octets) === 0) same++
  }
  t.ok(messages.length > 5000, `${messages.length} messages`)
  t.comment(`${same} octet for octet as the server wrote them`)
})

t.test('a query', async (t) => {
  const question = { name: nameFrom('Example.'), type: 28, class: 1 }
  const plain = writeQuery({ id: 0xfffe, question, rd: true, cd: false })
  t.equal(formatHex(plain), `fffe 0100 0001000000000000 074578616d706c6500 001c 0001`.replaceAll(' ', ''))
  fc.assert(
    fc.property(anyName, anyEdns, (name, edns) => {
      const query = parseMessage(
        writeQuery({ id: 1, question: { name, type: 1, class: 1 }, rd: false, cd: true, edns }),
      )
      t.match(query, { id: 1, cd: true, rd: false, qr: false })
      t.same(comparable(query), comparable({ ...query, edns, questions: [{ name, type: 1, class: 1 }] }))
    }),
    FIXED,
  )
})

t.test('the greatest message', async (t) => {
  const writer = new MessageWriter()
  let count = 0
  while (writer.record('answer', nameFrom(`n${count}.example.`), TYPE.TXT, 1, 0, rdataFrom(TYPE.TXT, '"x"')))
    count++
  const message = parseMessage(writer.finish())
  t.equal(message.answer.length, count)
  t.ok(writer.position > 65_500 && writer.position <= 65_535)
  t.same(message.answer.at(-1)!.owner, nameFrom(`n${count - 1}.example.`))
  t.notOk(
    new MessageWriter(1_000_000).record('answer', nameFrom('a.'), TYPE.NULL, 1, 0, new Uint8Array(65_535)),
  )
})

t.test('names made to be hard to compress cost little (C07)', async (t) => {
  const names: Name[] = []
  for (let i = 0; i < 3000; i++) names.push(nameFrom(`${i.toString(36)}.${'x'.repeat(i % 50)}y.example.`))
  const deep = nameFromLabels(Array.from({ length: 126 }, () => Uint8Array.of(0x61)))!
  const least = leastProcessorMs(7, () => {
    const unrelated = new MessageWriter()
    for (const name of names) unrelated.record('answer', name, TYPE.NS, 1, 0, name)
    const shared = new MessageWriter()
    for (let i = 0; i < 3000; i++) shared.record('answer', deep, TYPE.NS, 1, 0, deep)
  })
  t.ok(least < 60, `3000 unrelated names and 3000 of 126 labels: ${least.toFixed(1)} ms`)
  figure(t, 'C07', `3000 unrelated names and 3000 of 126 labels: ${least.toFixed(1)} ms`)
})
