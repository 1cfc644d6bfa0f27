/** A second opinion: dns-packet, a codec that shares no code with this one, on messages that both must understand. */

import { decode, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import t from 'tap'
import { formatClass } from '../../src/wire/iana/class.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { formatRdata, rdataFrom } from '../../src/wire/rdata/rdata.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import { FIXED } from './arbitraries.ts'

/** Names of letters and hyphens only: dns-packet keeps names as text and loses dots and octets above 0x7f in labels. */
const hostName = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?$/), { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join('.'))
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0x7fff_ffff })
const address = fc
  .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 })))
  .map((parts) => parts.join('.'))
const octets = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((value) => Buffer.from(value))

/** Type, data as dns-packet takes it, and our text of the same. */
const anyData = fc.oneof(
  address.map((data) => ['A', data, data] as const),
  fc.constantFrom('2001:db8::1', '::', 'fe80::1:2').map((data) => ['AAAA', data, data] as const),
  ...['NS', 'CNAME', 'PTR', 'DNAME'].map((type) => hostName.map((data) => [type, data, `${data}.`] as const)),
  fc
    .tuple(u16, hostName)
    .map(([preference, exchange]) => ['MX', { preference, exchange }, `${preference} ${exchange}.`] as const),
  fc
    .tuple(u16, u16, u16, hostName)
    .map(
      ([priority, weight, port, target]) =>
        ['SRV', { priority, weight, port, target }, `${priority} ${weight} ${port} ${target}.`] as const,
    ),
  fc
    .tuple(hostName, hostName, u32)
    .map(
      ([mname, rname, serial]) =>
        [
          'SOA',
          { mname, rname, serial, refresh: 1, retry: 2, expire: 3, minimum: 4 },
          `${mname}. ${rname}. ${serial} 1 2 3 4`,
        ] as const,
    ),
  octets.map((data) => ['TXT', [data], undefined] as const),
  fc
    .tuple(u16, octets)
    .map(
      ([keyTag, digest]) =>
        [
          'DS',
          { keyTag, algorithm: 8, digestType: 2, digest },
          `${keyTag} 8 2 ${digest.toString('hex').toUpperCase()}`,
        ] as const,
    ),
  octets.map(
    (key) => ['DNSKEY', { flags: 257, algorithm: 13, key }, `257 3 13 ${key.toString('base64')}`] as const,
  ),
  fc.tuple(hostName, octets).map(
    ([signersName, signature]) =>
      [
        'RRSIG',
        {
          typeCovered: 'A',
          algorithm: 13,
          labels: 2,
          originalTTL: 300,
          expiration: 1_800_000_000,
          inception: 1_700_000_000,
          keyTag: 4711,
          signersName,
          signature,
        },
        `A 13 2 300 20270115080000 20231114221320 4711 ${signersName}. ${signature.toString('base64')}`,
      ] as const,
  ),
  hostName.map(
    (nextDomain) =>
      [
        'NSEC',
        { nextDomain, rrtypes: ['A', 'RRSIG', 'NSEC', 'CAA'] },
        `${nextDomain}. A RRSIG NSEC CAA`,
      ] as const,
  ),
)

const anyAnswer = fc
  .tuple(hostName, u32, anyData)
  .map(([name, ttl, [type, data, text]]) => ({ name, ttl, type, data, text }))

/** The records of a message in our text: owner, TTL, class, type, RDATA. */
function lines(message: Message): string[] {
  return message.answer.map(
    (record) =>
      `${formatName(record.owner)} ${record.ttlSeconds} ${formatClass(record.class)} ${formatType(record.type)} ${formatRdata(record.type, record.rdata)}`,
  )
}

t.test('what dns-packet writes is read', async (t) => {
  fc.assert(
    fc.property(u16, hostName, fc.array(anyAnswer, { maxLength: 6 }), (id, question, answers) => {
      const packet = {
        id,
        type: 'response',
        flags: 0x0480,
        questions: [{ name: question, type: 'A', class: 'IN' }],
        answers: answers.map(({ text, ...answer }) => ({ ...answer, class: 'IN' })),
      } as Packet
      const message = parseMessage(new Uint8Array(encode(packet)))
      t.match(message, { id, qr: true, aa: true, ra: true, trailingOctets: 0 })
      t.equal(formatName(message.questions[0]!.name), `${question}.`)
      const expected = answers.map(({ name, ttl, type, data, text }) => {
        const rdata = text ?? formatRdata(TYPE.TXT, txt(data))
        return `${name}. ${ttl} IN ${type} ${rdata}`
      })
      t.same(lines(message), expected)
    }),
    FIXED,
  )
})

/** RDATA of the TXT record whose data dns-packet has as a list of one Buffer. */
function txt(data: unknown): Uint8Array {
  const [octets] = data as [Buffer]
  return Uint8Array.from([octets.length, ...octets])
}

t.test('what we write, compressed, is read by dns-packet', async (t) => {
  fc.assert(
    fc.property(u16, hostName, fc.array(anyAnswer, { maxLength: 6 }), (id, question, answers) => {
      const writer = new MessageWriter()
      const flags = { qr: true, aa: true, tc: false, rd: false, ra: true, ad: false, cd: false }
      writer.header({ id, opcode: 0, rcode: 3, ...flags })
      writer.question({ name: nameFrom(`${question}.`), type: 1, class: 1 })
      for (const { name, ttl, type, data, text } of answers) {
        const number = TYPE[type as keyof typeof TYPE]
        const rdata = text === undefined ? txt(data) : rdataFrom(number, text)
        writer.record('answer', nameFrom(`${name}.`), number, 1, ttl, rdata)
      }
      const packet = decode(Buffer.from(writer.finish()))
      t.match(packet, { id, rcode: 'NXDOMAIN', flag_aa: true, flag_ra: true, flag_rd: false })
      t.equal(packet.questions![0]!.name, question)
      const read = packet.answers!.map((answer) => ({ ...answer }) as unknown as { readonly data: unknown })
      for (const [i, { name, ttl, type, data }] of answers.entries()) {
        t.match(read[i], { name, ttl, type, class: 'IN' })
        if (typeof data === 'string') t.equal(read[i]!.data, data)
        else t.match(read[i]!.data, data as object)
      }
    }),
    FIXED,
  )
})
