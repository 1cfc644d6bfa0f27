/** Master files: what is read, where faults are, and the way back (RFC 1035 5, RFC 2308 4, RFC 3597 5). */
import fc from 'fast-check'
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import {
  formatRecord,
  formatZone,
  readZone,
  ZoneTextError,
  type ZoneTextOptions,
  zoneRecords,
} from '../../src/wire/zone-text.ts'
import { leastProcessorMs } from '../support/processor-time.ts'
import { anyRecord, FIXED } from './arbitraries.ts'
import { readShared, sharedMissing } from './shared-data.ts'

const ORIGIN = nameFrom('example.')

/** The records of a text, each in one line with single spaces. */
function linesOf(text: string, options: Partial<ZoneTextOptions> = {}): string[] {
  return readZone(text, { path: 'test.zone', origin: ORIGIN, ...options }).map((record) =>
    formatRecord(record).replaceAll('\t', ' '),
  )
}

t.test('a zone with everything in it', async (t) => {
  const text = `
; a comment ( with " marks
$TTL 1h
@       IN SOA ns1 host\\.master (
            2026112101 ; serial
            2h 15m     ; refresh and retry
            1w 300 )
        NS  ns1
        NS  ns2.other.
ns1   300 IN A 192.0.2.1
      IN 300 A 192.0.2.2
      A 192.0.2.3      ; the TTL of $TTL again
$ORIGIN sub.example.
www   CNAME @
*     TXT "two words" plain "semi;colon" "" \\"quoted\\"
a\\.b  TXT ( "over
`.replace('( "over\n', '( "several"\n  "lines" )\n')
  t.same(linesOf(text), [
    'example. 3600 IN SOA ns1.example. host\\.master.example. 2026112101 7200 900 604800 300',
    'example. 3600 IN NS ns1.example.',
    'example. 3600 IN NS ns2.other.',
    'ns1.example. 300 IN A 192.0.2.1',
    'ns1.example. 300 IN A 192.0.2.2',
    'ns1.example. 3600 IN A 192.0.2.3',
    'www.sub.example. 3600 IN CNAME sub.example.',
    '*.sub.example. 3600 IN TXT "two words" "plain" "semi;colon" "" "\\"quoted\\""',
    'a\\.b.sub.example. 3600 IN TXT "several" "lines"',
  ])
})

t.test('TTL and class', async (t) => {
  t.same(linesOf('a A 192.0.2.1'), ['a.example. 3600 IN A 192.0.2.1'], 'nothing says a TTL')
  t.same(linesOf('a A 192.0.2.1', { defaultTtlSeconds: 60 }), ['a.example. 60 IN A 192.0.2.1'])
  t.same(linesOf('a 5 A 192.0.2.1\nb A 192.0.2.1'), [
    'a.example. 5 IN A 192.0.2.1',
    'b.example. 5 IN A 192.0.2.1',
  ])
  t.same(linesOf('$TTL 9\na 5 A 192.0.2.1\nb A 192.0.2.1')[1], 'b.example. 9 IN A 192.0.2.1')
  t.same(linesOf('a CH 5 TXT x\n TXT y'), ['a.example. 5 CH TXT "x"', 'a.example. 5 CH TXT "y"'])
  t.same(linesOf('a 1d1H1m1S CLASS32 TYPE731 \\# 2 ab cd'), ['a.example. 90061 CLASS32 TYPE731 \\# 2 abcd'])
  t.same(linesOf('a 0 in a 192.0.2.1'), ['a.example. 0 IN A 192.0.2.1'])
  t.same(linesOf('IN IN A 192.0.2.1'), ['IN.example. 3600 IN A 192.0.2.1'], 'an owner may look like a class')
  t.same(linesOf('a A \\# 4 C0000201'), ['a.example. 3600 IN A 192.0.2.1'])
})

t.test('lines', async (t) => {
  const expected = ['a.example. 5 IN A 192.0.2.1', 'b.example. 5 IN A 192.0.2.2']
  t.same(linesOf('a 5 A 192.0.2.1\r\nb 5 A 192.0.2.2\r\n'), expected, 'CR LF')
  t.same(linesOf('a 5 A 192.0.2.1\nb 5 A 192.0.2.2'), expected, 'no newline at the end')
  t.same(
    linesOf('\ufeffa 5 A 192.0.2.1\n\n \n\t\n  ;\nb 5 A 192.0.2.2'),
    expected,
    'a byte order mark, empty lines',
  )
  t.same(linesOf('( a\n5 ) A ( 192.0.2.1 ) ; x\nb 5 A 192.0.2.2'), expected, 'parentheses anywhere')
  t.same(
    linesOf('( \n a 5 A 192.0.2.1 \n )\nb 5 A 192.0.2.2'),
    expected,
    'white space in them is no missing owner',
  )
  t.same(linesOf(''), [])
  t.same(linesOf('a 5 TXT "x""y"z'), ['a.example. 5 IN TXT "x" "y" "z"'])
  t.same(linesOf('a 5 HTTPS 1 . alpn="h2,h3" port="53"'), ['a.example. 5 IN HTTPS 1 . alpn="h2,h3" port=53'])
  t.same(linesOf('a\\ b 5 TXT a\\;b \\065'), ['a\\032b.example. 5 IN TXT "a;b" "A"'])
  t.same(linesOf('a 5 TXT é'), ['a.example. 5 IN TXT "\\195\\169"'])
  const octets = Buffer.from('a 5 TXT é "z\u{1f600}"')
  t.same(linesOf(octets as unknown as string), ['a.example. 5 IN TXT "\\195\\169" "z\\240\\159\\152\\128"'])
})

t.test('$INCLUDE', async (t) => {
  const files: Record<string, string> = {
    one: 'b 2 A 192.0.2.2\n$ORIGIN deep\nc A 192.0.2.3\n$INCLUDE two\n',
    two: 'd A 192.0.2.4\n',
    itself: '$INCLUDE itself\n',
    fan: '$INCLUDE leaf\n'.repeat(1001),
    leaf: '',
    bad: 'x A 192.0.2.1\ny A nonsense\n',
  }
  const asked: [path: string, from: string][] = []
  const include = (path: string, from: string): string => {
    asked.push([path, from])
    if (files[path] === undefined) throw new Error('no such file')
    return files[path]
  }
  t.same(linesOf('a 1 A 192.0.2.1\n$INCLUDE one sub\n A 192.0.2.5\ne A 192.0.2.6', { include }), [
    'a.example. 1 IN A 192.0.2.1',
    'b.sub.example. 2 IN A 192.0.2.2',
    'c.deep.sub.example. 2 IN A 192.0.2.3',
    'd.deep.sub.example. 2 IN A 192.0.2.4',
    'a.example. 2 IN A 192.0.2.5',
    'e.example. 2 IN A 192.0.2.6',
  ])
  t.same(asked, [
    ['one', 'test.zone'],
    ['two', 'one'],
  ])
  t.match(faultOf('$INCLUDE itself', { include }), /^itself:1:1: \$INCLUDE is nested deeper than 8/)
  t.match(faultOf('$INCLUDE fan', { include }), /^fan:1000:1: more than 1000 files are included/)
  t.match(faultOf('\n$INCLUDE bad', { include }), /^bad:2:5: expected an IPv4 address, found "nonsense"/)
  t.match(faultOf('$INCLUDE none', { include }), /^test.zone:1:10: cannot read none: no such file/)
  t.match(faultOf('$INCLUDE one', {}), /^test.zone:1:10: \$INCLUDE is not allowed here/)
})

/** The message of the error that reading throws. */
function faultOf(text: string | Uint8Array, options: Partial<ZoneTextOptions> = {}): string {
  try {
    readZone(text, { path: 'test.zone', origin: ORIGIN, ...options })
  } catch (error) {
    if (error instanceof ZoneTextError) return error.message
    throw error
  }
  return 'no error'
}

t.test('faults and where they are', async (t) => {
  const label = 'x'.repeat(64)
  const cases: [text: string | Uint8Array, message: RegExp][] = [
    ['a A 192.0.2', /^test.zone:1:5: expected an IPv4 address, found "192.0.2"$/],
    ['\n\n  a A', /^test.zone:3:3: expected an owner name: none stands before$/],
    ['a 5 A', /^test.zone:1:6: expected an IPv4 address, found the end of the record$/],
    ['a 5 A 192.0.2.1 x', /^test.zone:1:17: expected the end of the record, found "x"$/],
    ['a 5 IN 6 A 192.0.2.1', /^test.zone:1:8: expected a TTL, a class or a record type, found "6"$/],
    ['a 2147483648 A 192.0.2.1', /^test.zone:1:3: expected a TTL up to 2147483647, found "2147483648"$/],
    ['a NOSUCH x', /^test.zone:1:3: expected a TTL, a class or a record type, found "NOSUCH"$/],
    ['a "A" x', /^test.zone:1:4: expected a TTL, a class or a record type, found "A"$/],
    ['a ANY x', /^test.zone:1:3: expected a record type that a zone can hold, found "ANY"$/],
    ['a TYPE0 \\# 0', /^test.zone:1:3: expected a record type that a zone can hold/],
    ['a', /^test.zone:1:2: expected a TTL, a class or a record type, found the end of the record$/],
    ['a 5 MX 10 b\nc 5 MX 10 d..e', /^test.zone:2:13: expected a domain name: a label is empty$/],
    [`a 5 NS b.${label}`, /^test.zone:1:74: expected a domain name: a label is longer than 63 octets$/],
    ['a\\999 5 A 192.0.2.1', /^test.zone:1:2: expected an owner name: \\999 is not an octet$/],
    ['a TXT "x', /^test.zone:1:7: expected a closing quote on the same line$/],
    ['a TXT "x\ny"', /^test.zone:1:7: expected a closing quote on the same line$/],
    ['a TXT x=\\', /^test.zone:1:9: expected a character after the backslash$/],
    ['a SVCB 1 . alpn="x', /^test.zone:1:17: expected a closing quote on the same line$/],
    ['a TXT (\nx\n', /^test.zone:1:7: expected a closing parenthesis$/],
    ['a TXT ( x ( y ) )', /^test.zone:1:11: expected no parenthesis within parentheses$/],
    ['a TXT x )', /^test.zone:1:9: expected an opening parenthesis before this one$/],
    ['a TXT ab\\1x', /^test.zone:1:9: an escape needs three decimal digits$/],
    ['$ORIGIN', /^test.zone:1:8: expected an origin, found the end of the record$/],
    ['$ORIGIN a b', /^test.zone:1:11: expected the end of the line, found "b"$/],
    ['$TTL x', /^test.zone:1:6: expected a TTL up to 2147483647, found "x"$/],
    [
      '$GENERATE 1-2 a A 192.0.2.$',
      /^test.zone:1:1: expected \$ORIGIN, \$TTL or \$INCLUDE, found "\$GENERATE"$/,
    ],
    ['a SOA a. b. (1\n2\n3 x\n5)', /^test.zone:3:3: expected a time in seconds, found "x"$/],
    [Uint8Array.from([0x61, 0x0a, 0x62, 0xff]), /^test.zone:2:2: expected UTF-8; other octets as \\DDD$/],
  ]
  for (const [text, message] of cases) t.match(faultOf(text), message, String(text))
  try {
    readZone('\n a', { path: 'p' })
  } catch (error) {
    t.match(error, { name: 'ZoneTextError', path: 'p', line: 2, column: 2, expected: /owner/ })
  }
})

t.test('records one by one', async (t) => {
  const records = zoneRecords('a 5 A 192.0.2.1\nb 5 A x\n', { path: 'test.zone' })
  t.same(records.next().value.rdata, Uint8Array.from([192, 0, 2, 1]))
  t.throws(() => records.next(), { name: 'ZoneTextError', line: 2 })
})

/** Records in hexadecimal, so that a difference can be read. */
function shown(records: readonly ResourceRecord[]): string[] {
  return records.map(
    ({ owner, ttlSeconds, class: recordClass, type, rdata }) =>
      `${formatHex(owner)} ${ttlSeconds} ${recordClass} ${type} ${formatHex(rdata)}`,
  )
}

t.test('what is written is read again', async (t) => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 10 }), (records) => {
      t.same(shown(readZone(formatZone(records), { path: 'a' })), shown(records))
      const relative = formatZone(records, nameFrom('example.com.'))
      t.same(shown(readZone(relative, { path: 'b' })), shown(records))
    }),
    FIXED,
  )
  const records = readZone('@ 5 NS a\nA.b 5 NS @\nx 5 NS x.', { path: 'c', origin: nameFrom('Example.') })
  const other = readZone('y.eXample. 5 A 192.0.2.1', { path: 'c' })
  const text = formatZone([...records, ...other], nameFrom('Example.'))
  t.equal(
    text,
    [
      '$ORIGIN Example.',
      '@\t5\tIN\tNS\ta.Example.',
      'A.b\t5\tIN\tNS\tExample.',
      'x\t5\tIN\tNS\tx.',
      'y.eXample.\t5\tIN\tA\t192.0.2.1',
      '',
    ].join('\n'),
  )
})

t.test('the signed root zone of 2020-10-19', { skip: sharedMissing }, async (t) => {
  const octets = readShared('root/root-2020101902-signed.zone.gz')
  let records: ResourceRecord[] = []
  const ms = leastProcessorMs(3, () => {
    records = readZone(octets, { path: 'root.zone' })
  })
  t.equal(records.length, 21_591)
  t.ok(ms < 2000, `${ms.toFixed(0)} ms`)
  const counts = new Map<number, number>()
  for (const { type } of records) counts.set(type, (counts.get(type) ?? 0) + 1)
  t.same(
    counts,
    new Map([
      [6, 1],
      [46, 2884],
      [2, 7147],
      [47, 1509],
      [48, 2],
      [43, 2372],
      [1, 4139],
      [28, 3537],
    ]),
  )
  const again = readZone(formatZone(records), { path: 'again' })
  const [before, after] = [shown(records), shown(again)]
  t.equal(after.length, before.length)
  t.same(
    after.filter((line, i) => line !== before[i]),
    [],
  )
})

t.test('trust anchor files and root hints', { skip: sharedMissing }, async (t) => {
  for (const [path, type, count] of [
    ['root/anchors/root.ds', 43, 2],
    ['root/anchors/root.key', 48, 2],
  ] as const) {
    const records = readZone(readShared(path), { path })
    t.same(
      records.map((record) => record.type),
      new Array(count).fill(type),
      path,
    )
  }
  const hints = readZone(readShared('root/anchors/root.hints'), { path: 'root.hints' })
  t.equal(hints.filter((record) => record.type === 2).length, 13)
  t.equal(hints.filter((record) => record.type === 1).length, 13)
})
