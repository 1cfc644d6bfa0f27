import t from 'tap'
import { formatEndpoint } from '../../src/base/address.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { MacroFault, Macros } from './macros.ts'
import { packetText } from './packet.ts'
import { parseQuestionLine, parseRecordLine } from './record-line.ts'
import type { Scenario } from './scenario.ts'
import { parseScenario } from './scenario-text.ts'

const CONTEXT = { origin: nameFrom('.'), ttlSeconds: 3600 }

function parse(text: string): Scenario {
  return parseScenario('x.rpl', text)
}

/** The least that a file can be, with lines of the configuration and of the scenario. */
function file(config: string, body = ''): string {
  return `${config}\nCONFIG_END\nSCENARIO_BEGIN title of it\n${body}\nSCENARIO_END\n`
}

t.test('clauses and options of the testbound dialect', async (t) => {
  const { config, dialect, title } = parse(
    file(`
; a comment
server:
\ttarget-fetch-policy: "0 0 0 0 0" # after a value
\ttrust-anchor: "example. DS 1 3 1 00 ;{id = 1}"
forward-zone: name: "." forward-addr: 216.0.0.1
auth-zone:
\tname: 'a.'
\tzonefile:
TEMPFILE_NAME one
TEMPFILE_CONTENTS one
a. SOA
  indented
TEMPFILE_END
AUTOTRUST_FILE keys
x
AUTOTRUST_END`),
  )
  t.equal(dialect, 'testbound')
  t.equal(title, 'title of it')
  t.same(
    config.clauses.map(({ name, options }) => [name, options.map((option) => [option.name, option.values])]),
    [
      [
        'server',
        [
          ['target-fetch-policy', ['0 0 0 0 0']],
          ['trust-anchor', ['example. DS 1 3 1 00 ;{id = 1}']],
        ],
      ],
      [
        'forward-zone',
        [
          ['name', ['.']],
          ['forward-addr', ['216.0.0.1']],
        ],
      ],
      [
        'auth-zone',
        [
          ['name', ['a.']],
          ['zonefile', ['tempfile:one']],
        ],
      ],
    ],
  )
  t.equal(config.files.get('one'), 'a. SOA\n  indented')
  t.same([...config.stateFiles.keys()], ['keys'])
})

t.test('options of the deckard dialect', async (t) => {
  const { config, dialect } = parse(
    file(
      'do-ip6: no\nstub-addr: 2001:db8::1 # root\ntrust-anchor: . IN DS 1 8 2 00\nquery-minimization: off ; why',
    ),
  )
  t.equal(dialect, 'deckard')
  t.same(
    config.clauses[0]!.options.map(({ name, values }) => [name, values.join(' ')]),
    [
      ['do-ip6', 'no'],
      ['stub-addr', '2001:db8::1'],
      ['trust-anchor', '. IN DS 1 8 2 00'],
      ['query-minimization', 'off'],
    ],
  )
})

t.test('ranges, entries and steps', async (t) => {
  const { ranges, steps } = parse(
    file(
      'server:',
      `
$ORIGIN example.
RANGE_BEGIN 0 100 192.0.2.1 ; a comment
  ADDRESS 192.0.2.2@5353
  ENTRY_BEGIN
  MATCH opcode qname ; nothing else
  MATCH qtype
  ADJUST copy_id copy_query
  REPLY QR AA
  REPLY NXDOMAIN DO
  SECTION QUESTION
  www IN A
  SECTION AUTHORITY
    @ 60 SOA ns host 1 2 3 4 5
  HEX_EDNSDATA_BEGIN
   00 03 00 01 ff ; NSID
  HEX_EDNSDATA_END
  EXTRA_PACKET
  REPLY QR TC
  ENTRY_END
RANGE_END
STEP 1 QUERY ADDRESS 127.0.0.9
ENTRY_BEGIN
HEX_ANSWER_BEGIN
12 34 5
HEX_ANSWER_END
ENTRY_END
STEP 5 TIME_PASSES EVAL \${1 + 2}
STEP 6 ASSIGN t0 = \${time} ; now
STEP 7 CHECK_TEMPFILE one
FILE_BEGIN
 line
FILE_END
STEP 8 TRAFFIC
STEP 9 INFRA_RTT 192.0.2.1 example. 10`,
    ),
  )
  const [range] = ranges
  t.same([range!.first, range!.last], [0, 100])
  t.same(range!.servers.map(formatEndpoint), ['192.0.2.1@53', '192.0.2.2@5353'])
  const [entry] = range!.entries
  t.same(
    entry!.match.map(({ word }) => word),
    ['opcode', 'qname', 'qtype'],
  )
  t.same([...entry!.adjust], ['copy_id', 'copy_query'])
  t.equal(entry!.packets.length, 2)
  t.equal(
    packetText(entry!.packets[0]),
    [
      'REPLY QR AA NXDOMAIN DO',
      'SECTION QUESTION',
      'www.example.\tIN\tA',
      'SECTION AUTHORITY',
      'example.\t60\tIN\tSOA\tns.example. host.example. 1 2 3 4 5',
      '; option 3: ff',
    ].join('\n'),
  )
  t.equal(packetText(entry!.packets[1]!), 'REPLY QR TC NOERROR\nSECTION QUESTION')
  t.same(
    steps.map(({ number, type }) => [number, type]),
    [
      [1, 'QUERY'],
      [5, 'TIME_PASSES'],
      [6, 'ASSIGN'],
      [7, 'CHECK_TEMPFILE'],
      [8, 'TRAFFIC'],
      [9, 'INFRA_RTT'],
    ],
  )
  t.same([...(steps[0] as { entry: { octets: Uint8Array } }).entry.octets], [0x12, 0x34, 0x50])
  t.match(steps[1], { evaluated: true, seconds: '${1 + 2}' })
  t.match(steps[2], { variable: 't0', expression: '${time}' })
  t.match(steps[3], { id: 'one', lines: [' line'] })
  t.match(steps[5], { words: ['192.0.2.1', 'example.', '10'] })
})

t.test('what nobody knows is told with its place', async (t) => {
  const entry = (line: string): string => file('server:', `STEP 1 QUERY\nENTRY_BEGIN\n  ${line}\nENTRY_END`)
  const faults: [text: string, message: RegExp][] = [
    [entry('MATCH qname qnaem'), /^x\.rpl:6:15: MATCH does not know qnaem/],
    [entry('MATCH ede=x'), /^x\.rpl:6:9: MATCH does not know ede=x/],
    [entry('ADJUST copy_all'), /^x\.rpl:6:10: ADJUST does not know copy_all/],
    [entry('REPLY QR XX'), /^x\.rpl:6:12: REPLY does not know XX/],
    [entry('SECTION PREREQUISITE'), /^x\.rpl:6:11: expected one of QUESTION/],
    [entry('www.example. IN BOGUS'), /^x\.rpl:6:\d+: expected a TTL, a class or a record type/],
    [entry('SECTION ANSWER\nwww. A 1.2.3'), /^x\.rpl:7:\d+: expected/],
    [file('server:', 'STEP 1 JUMP'), /^x\.rpl:4:8: there is no step JUMP/],
    [file('server:', 'STEP 2 TRAFFIC\nSTEP 2 TRAFFIC'), /^x\.rpl:5:1: step numbers must increase/],
    [file('server:', 'STEP 1 TIME_PASSES 10'), /^x\.rpl:4:20: expected ELAPSE or EVAL/],
    [file('server:', 'NONSENSE'), /^x\.rpl:4:1: expected RANGE_BEGIN or STEP/],
    [file('server:', 'RANGE_BEGIN 0 1\nADDRESS 1.2.3\nRANGE_END'), /^x\.rpl:5:9: expected an address/],
    ['server:\n', /expected CONFIG_END, found the end/],
    ['CONFIG_END\nSCENARIO_BEGIN\nSCENARIO_END', /expected a title/],
    ['server:\n  name: "x\nCONFIG_END', /^x\.rpl:2:9: a quote is not closed/],
  ]
  for (const [text, message] of faults) t.throws(() => parse(text), { message }, String(message))
})

t.test('records and questions in one line', async (t) => {
  const record = parseRecordLine('example. IN 60 TXT "a;b(" \\"c ;{id = 1}', CONTEXT)
  t.same([formatName(record.owner), record.ttlSeconds, record.type], ['example.', 60, TYPE.TXT])
  t.equal(Buffer.from(record.rdata).toString('latin1'), '\x04a;b(\x02"c')
  t.same(parseRecordLine('example A ( 1.2.3.4 )', CONTEXT).rdata, new Uint8Array([1, 2, 3, 4]))
  t.same(
    parseRecordLine('a. A \\# 3 01 0203', CONTEXT).rdata,
    new Uint8Array([1, 2, 3]),
    'RDATA may have any length',
  )
  t.same(parseRecordLine('a. TXT \u00e9', CONTEXT).rdata, new Uint8Array([1, 0xe9]), 'Latin-1')
  const rrsig = parseRecordLine('a. RRSIG A DSA 1 3600 20070926135752 20070829135752 2854 a.', CONTEXT)
  t.equal(rrsig.rdata.length, 18 + 3, 'a signature may be missing')
  t.equal(rrsig.rdata[2], 3, 'an algorithm may be a word')
  t.equal(parseQuestionLine('example. ANY', CONTEXT).type, TYPE.ANY)
  t.match(parseQuestionLine('example. 3600 ANY A', CONTEXT), { type: TYPE.A, class: 255 })
})

t.test('macros', async (t) => {
  const macros = new Macros({ timeSeconds: () => 1251100000, timerSeconds: () => 5000.5 })
  macros.assign('t0', '${time}')
  const expansions: [text: string, expanded: string][] = [
    ['${time}', '1251100000'],
    ['${1 + 2*3}', '9'],
    ['${1 + ${2*3}}', '7'],
    ['a ${$t0 + 60} b', 'a 1251100060 b'],
    ['${ctime ${$t0}}', 'Mon Aug 24 07:46:40 2009'],
    ['${ctime 0}', 'Thu Jan  1 00:00:00 1970'],
    ['${range 4800 ${timeout} 5400}', '5000.5'],
    ['${10 / 4}', '2.5'],
    ['${370*24*3600}', '31968000'],
  ]
  for (const [text, expanded] of expansions) t.equal(macros.expand(text), expanded, text)
  for (const text of ['${$t1}', '${range 1 2 1}', '${1 +}', '${time', '${1 % 2}']) {
    t.throws(() => macros.expand(text), MacroFault, text)
  }
})
