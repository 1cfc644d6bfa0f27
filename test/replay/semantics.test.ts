import { createHash } from 'node:crypto'
import t from 'tap'
import { differenceOf, readDifferences } from './differences.ts'
import { type FileResult, type RunOptions, runFile } from './run-file.ts'

const NOTHING_DIFFERS: RunOptions = { differences: [], strict: false }

function run(text: string, options: RunOptions = NOTHING_DIFFERS): Promise<FileResult> {
  return runFile('x.rpl', Buffer.from(text, 'latin1'), options)
}

/** A root server at 192.0.2.1 that knows itself and delegates nothing. */
const ROOT_ENTRY = `
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id
REPLY QR AA
SECTION QUESTION
. NS
SECTION ANSWER
. NS root.
SECTION ADDITIONAL
root. A 192.0.2.1
ENTRY_END`

function answer(question: string, ...records: readonly string[]): string {
  return `
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id
REPLY QR AA NOERROR
SECTION QUESTION
${question}
SECTION ANSWER
${records.join('\n')}
ENTRY_END`
}

function testbound(body: string, server = ''): string {
  return `server:
  qname-minimisation: no
${server}
stub-zone:
  name: "."
  stub-addr: 192.0.2.1
CONFIG_END
SCENARIO_BEGIN a test
${body}
SCENARIO_END
`
}

function range(first: number, last: number, ...entries: readonly string[]): string {
  return `RANGE_BEGIN ${first} ${last}\n ADDRESS 192.0.2.1\n${entries.join('')}\nRANGE_END\n`
}

function query(step: number, question: string, flags = 'RD', match = ''): string {
  return `STEP ${step} QUERY\nENTRY_BEGIN\n${match}\nREPLY ${flags}\nSECTION QUESTION\n${question}\nENTRY_END\n`
}

function check(step: number, match: string, flags: string, ...lines: readonly string[]): string {
  return `STEP ${step} CHECK_ANSWER\nENTRY_BEGIN\nMATCH ${match}\nREPLY ${flags}\nSECTION QUESTION\n${lines.join('\n')}\nENTRY_END\n`
}

const WWW = answer('www. A', 'www. 60 A 192.0.2.80')
const GOOD = check(10, 'all', 'QR RD RA NOERROR', 'www. A', 'SECTION ANSWER', 'www. A 192.0.2.80')

t.test('an answer as expected passes, any other fails', async (t) => {
  const steps = range(0, 100, ROOT_ENTRY, WWW) + query(1, 'www. A')
  t.match(await run(testbound(steps + GOOD)), {
    verdict: 'pass',
    reason: '',
    strict: 'pass',
    title: 'a test',
  })
  const others: [what: string, expected: string, reason: string][] = [
    ['address', GOOD.replace('192.0.2.80', '192.0.2.81'), 'answer section'],
    ['rcode', GOOD.replace('NOERROR', 'NXDOMAIN'), 'rcode'],
    ['flag', GOOD.replace('QR', 'QR AD'), 'flag AD'],
    ['question', GOOD.replace('QUESTION\nwww. A', 'QUESTION\nwww. AAAA'), 'question'],
    ['OPT', GOOD.replace('QR', 'QR DO'), 'no OPT'],
    ['TTL', GOOD.replace('all', 'all ttl'), 'answer section'],
    ['extended error', GOOD.replace('all', 'all ede=any'), 'ede=any'],
    ['number of records', `${GOOD.replace('ENTRY_END', '')}www. A 192.0.2.80\nENTRY_END`, 'answer section'],
  ]
  for (const [what, expected, reason] of others) {
    const result = await run(testbound(steps + expected))
    t.match(result, { verdict: 'fail', reason: `step 10: reply differs: ${reason}` }, what)
    t.match(result.fault, { expected: /REPLY/, received: /www\.\t60\tIN\tA\t192\.0\.2\.80/ })
  }
})

t.test('steps and replies must match up', async (t) => {
  const traffic = range(0, 100, ROOT_ENTRY, WWW)
  t.match(await run(testbound(traffic + GOOD)), { reason: 'step 10: no reply came' })
  t.match(await run(testbound(traffic + query(1, 'www. A', ''))), { reason: 'a reply was never checked' })
  const timeout = `${traffic}STEP 1 TIMEOUT\n`
  t.match(await run(testbound(timeout)), { reason: 'step 1: no question is waiting for an answer' })
})

t.test('two replies are checked in either order', async (t) => {
  const other = answer('other. A', 'other. A 192.0.2.81')
  const asked =
    `${range(0, 100, ROOT_ENTRY, WWW, other)}` +
    `${query(1, 'www. A')}${query(2, 'other. A')}STEP 3 TRAFFIC\n`
  const checks = GOOD + check(11, 'all', 'QR RD RA', 'other. A', 'SECTION ANSWER', 'other. A 192.0.2.81')
  const swapped = check(9, 'all', 'QR RD RA', 'other. A', 'SECTION ANSWER', 'other. A 192.0.2.81') + GOOD
  for (const steps of [checks, swapped]) t.match(await run(testbound(asked + steps)), { verdict: 'pass' })
})

t.test('later ranges come first, and one without an answer passes the question on', async (t) => {
  const changed = answer('www. A', 'www. A 192.0.2.99')
  const empty = answer('else. A', 'else. A 192.0.2.1')
  const ranges = range(0, 100, ROOT_ENTRY, changed) + range(0, 100, WWW) + range(0, 100, empty)
  t.match(await run(testbound(ranges + query(1, 'www. A') + GOOD)), { verdict: 'pass' })
  const window = range(0, 100, ROOT_ENTRY, WWW) + range(0, 9, changed)
  t.match(
    await run(testbound(window + query(1, 'www. A') + GOOD)),
    { verdict: 'pass' },
    'the next step counts',
  )
  const late = range(0, 100, ROOT_ENTRY, WWW) + range(10, 10, changed)
  t.match(await run(testbound(late + query(1, 'www. A') + GOOD)), { verdict: 'fail' })
})

t.test('time passes only in steps, and a TTL counts to its second', async (t) => {
  const first = range(0, 20, ROOT_ENTRY, WWW)
  const second = range(21, 100, ROOT_ENTRY, answer('www. A', 'www. 60 A 192.0.2.99'))
  const at = (step: number, ttl: number, address: string): string =>
    check(step, 'all ttl', 'QR RD RA', 'www. A', 'SECTION ANSWER', `www. ${ttl} A ${address}`)
  const lived = (seconds: string): string =>
    [first, second, query(1, 'www. A'), GOOD, `STEP 30 TIME_PASSES ${seconds}\n`, query(31, 'www. A')].join(
      '',
    )
  t.match(await run(testbound(lived('ELAPSE 59') + at(32, 1, '192.0.2.80'))), { verdict: 'pass' })
  t.match(await run(testbound(lived('EVAL ${30 + 30}') + at(32, 60, '192.0.2.99'))), { verdict: 'pass' })
  t.match(await run(testbound(lived('ELAPSE 59') + at(32, 2, '192.0.2.80'))), { verdict: 'fail' })
  const assigned =
    'STEP 1 ASSIGN t0 = ${range 0 ${time} 0}\nSTEP 2 TIME_PASSES ELAPSE 5\nSTEP 3 ASSIGN t1 = ${range 1 ${time} 4}\n'
  t.match(await run(testbound(assigned)), { verdict: 'fail', reason: 'step 3: 5 is not between 1 and 4' })
})

t.test('scripted upstream traffic', async (t) => {
  const root = range(0, 100, ROOT_ENTRY)
  const asked = `STEP 2 CHECK_OUT_QUERY ADDRESS 192.0.2.1\nENTRY_BEGIN\nMATCH qname qtype\nSECTION QUESTION\nwww. A\nENTRY_END\n`
  const reply = `STEP 3 REPLY\n${WWW.trim()}\n`
  t.match(await run(testbound(root + query(1, 'www. A') + asked + reply + GOOD)), { verdict: 'pass' })
  const other = asked.replace('www. A', 'www. TXT')
  t.match(await run(testbound(root + query(1, 'www. A') + other + reply + GOOD)), {
    reason: 'step 2: no such question was sent',
  })
  const silent = 'STEP 3 TIMEOUT\nSTEP 4 ERROR\n'
  const tries = root + query(1, 'www. A') + asked + silent + range(10, 10, WWW) + GOOD
  t.match(await run(testbound(tries)), { verdict: 'fail' })
})

t.test('what the file does not answer is refused, which only the strict level minds', async (t) => {
  const failed = check(10, 'all', 'QR RD RA SERVFAIL', 'www. A')
  const text = testbound(range(0, 100, ROOT_ENTRY) + query(1, 'www. A') + failed)
  const relaxed = await run(text)
  t.match(relaxed, { verdict: 'pass', strict: 'fail' })
  t.match(relaxed.strictFaults[0], { reason: /the file has no answer to 192\.0\.2\.1@53 UDP www\. IN A/ })
  t.match(await run(text, { ...NOTHING_DIFFERS, strict: true }), { verdict: 'fail' })
})

t.test('clients by address and transport', async (t) => {
  const traffic = range(0, 100, ROOT_ENTRY, WWW)
  const stranger = query(1, 'www. A').replace('QUERY', 'QUERY ADDRESS 198.51.100.7')
  const refused = check(10, 'all', 'QR RD REFUSED', 'www. A')
  t.match(await run(testbound(traffic + stranger + refused)), { verdict: 'pass' })
  const allowed = '  access-control: 198.51.100.0/24 allow'
  t.match(await run(testbound(traffic + stranger + GOOD, allowed)), { verdict: 'pass' })
  const tcp = traffic + query(1, 'www. A', 'RD', 'MATCH TCP') + GOOD.replace('all', 'all TCP')
  t.match(await run(testbound(tcp)), { verdict: 'pass' })
  t.match(await run(testbound(tcp.replace('all TCP', 'all UDP'))), { verdict: 'fail' })
})

t.test('what this product lacks is a need, what nobody knows a failure', async (t) => {
  t.match(await run(testbound(GOOD, '  ignore-cd-flag: yes')), {
    verdict: 'skip',
    reason: 'needs ignore-cd-flag: yes',
    strict: undefined,
  })
  t.match(await run(testbound(`${GOOD}STEP 20 INFRA_RTT 192.0.2.1 . 10\n`)), { reason: 'needs infra-rtt' })
  t.match(await run(testbound(GOOD, 'rpz:\n  name: "rpz."')), { reason: 'needs rpz' })
  t.match(await run(testbound(GOOD, '  harden-gleu: no')), {
    verdict: 'fail',
    reason: /x\.rpl:3:3: the option harden-gleu is not known/,
  })
  t.match(await run('stub-addr: 192.0.2.1\nstub-adr: 1\nCONFIG_END\nSCENARIO_BEGIN t\nSCENARIO_END\n'), {
    verdict: 'fail',
    reason: /x\.rpl:2:1: the option stub-adr is not known/,
  })
})

function deckard(body: string, config = ''): string {
  return `stub-addr: 192.0.2.1\nquery-minimization: off\n${config}\nCONFIG_END\nSCENARIO_BEGIN a test\n${body}\nSCENARIO_END\n`
}

t.test(
  'the deckard dialect: the first range that fits is used alone, at the number of the query',
  async (t) => {
    const changed = answer('www. A', 'www. A 192.0.2.99')
    const first = range(0, 9, ROOT_ENTRY, WWW) + range(0, 100, changed)
    t.match(await run(deckard(first + query(1, 'www. A') + GOOD)), { verdict: 'pass' })
    const alone = range(0, 100, ROOT_ENTRY) + range(0, 100, WWW)
    t.match(await run(deckard(alone + query(1, 'www. A') + GOOD)), { verdict: 'fail' })
    const window = range(0, 100, ROOT_ENTRY, WWW).replace('0 100', '2 100')
    t.match(await run(deckard(window + query(1, 'www. A') + GOOD)), { verdict: 'fail' })
  },
)

t.test('the deckard dialect: sections as sets, flags by word, replies by step', async (t) => {
  const traffic = range(0, 100, ROOT_ENTRY, WWW) + query(1, 'www. A')
  const words = (match: string, flags = 'QR RD RA'): string =>
    check(10, match, flags, 'www. A', 'SECTION ANSWER', 'www. A 192.0.2.80')
  t.match(await run(deckard(traffic + words('flags rcode question answer'))), { verdict: 'pass' })
  t.match(await run(deckard(traffic + words('rcode answer', 'NOERROR'))), { verdict: 'pass' })
  t.match(await run(deckard(traffic + words('flags', 'QR RD'))), {
    reason: 'step 10: reply differs: flag RA',
  })
  const empty = check(10, 'answer', 'QR', 'www. A')
  t.match(await run(deckard(traffic + empty)), { reason: 'step 10: reply differs: answer' })
  // No range is in force at step 1, so the questions get the REPLY steps in order, each once.
  const steps = `${query(1, 'www. A')}STEP 2 REPLY\n${ROOT_ENTRY.trim()}\nSTEP 3 REPLY\n${WWW.trim()}\n${GOOD}`
  t.match(await run(deckard(steps)), { verdict: 'pass' })
})

t.test('the deckard dialect: MANDATORY, silence, RAW', async (t) => {
  const unused = answer('never. A', 'never. A 192.0.2.1').replace('MATCH', 'MANDATORY\nMATCH')
  const traffic = range(0, 100, ROOT_ENTRY, WWW, unused) + query(1, 'www. A') + GOOD
  t.match(await run(deckard(traffic)), { verdict: 'fail', reason: /nobody asked for the entry in line/ })
  const silent = WWW.replace('copy_id', 'copy_id do_not_answer')
  const failed = check(10, 'all', 'QR RD RA SERVFAIL', 'www. A')
  const hushed = await run(deckard(range(0, 100, ROOT_ENTRY, silent) + query(1, 'www. A') + failed))
  t.match(hushed, { verdict: 'pass' })
  t.ok(
    hushed.log.some((line) => line.endsWith('timeout')),
    'the resolver waited',
  )
  const raw = 'STEP 1 QUERY\nENTRY_BEGIN\nRAW\n0000\nENTRY_END\n'
  t.match(await run(deckard(range(0, 100, ROOT_ENTRY, WWW) + raw + query(2, 'www. A') + GOOD)), {
    verdict: 'pass',
  })
})

t.test('a known difference needs the content, and excuses only a failure', async (t) => {
  const good = testbound(range(0, 100, ROOT_ENTRY, WWW) + query(1, 'www. A') + GOOD)
  const bad = good.replace(
    'A 192.0.2.80\nENTRY_END\n\nSCENARIO_END',
    'A 192.0.2.81\nENTRY_END\n\nSCENARIO_END',
  )
  t.not(bad, good)
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
  const table = (text: string): string => `| \`x.rpl\` | \`${hashOf(text)}\` | RFC 1034 3.6.2 | why |`
  const options = { strict: false, differences: readDifferences(table(bad)) }
  t.match(await run(bad, options), { verdict: 'skip', reason: 'differs: RFC 1034 3.6.2' })
  t.match(await run(`${bad}\n`, options), { verdict: 'fail' }, 'another file of that name')
  t.match(await run(good, { strict: false, differences: readDifferences(table(good)) }), { verdict: 'pass' })
  t.equal(differenceOf(options.differences, 'y.rpl', Buffer.from(bad)), undefined)
  t.throws(() => readDifferences(`| \`x.rpl\` | \`${hashOf(bad)}\` |  | why |`), RangeError)
  t.throws(() => readDifferences('| `x.rpl` | `abc` | RFC 1 | why |'), RangeError)
})
