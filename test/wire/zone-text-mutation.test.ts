/** Master files that somebody damaged: records or a ZoneTextError, nothing else. */
import t from 'tap'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { readZone, ZoneTextError } from '../../src/wire/zone-text.ts'
import { leastProcessorMs } from '../support/processor-time.ts'
import { RDATA_SAMPLES } from './rdata-samples.ts'

const RUNS = 6_000
const HEAD = '$TTL 1h\n$ORIGIN example.\n@ SOA ns host ( 1 ; serial\n 2 3 4 5 )\n\tNS ns\n$INCLUDE more sub\n'
const WHOLE = HEAD + RDATA_SAMPLES.map(([type, text], i) => `n${i} 300 IN ${type} ${text}\n`).join('')
const PIECES = [
  '"',
  '\\',
  '(',
  ')',
  ';',
  '\n',
  ' ',
  '\t',
  '\r',
  '\0',
  '.',
  '..',
  '@',
  '$',
  '=',
  '-',
  '\\0',
  '\\999',
  '*',
]
const WORDS = [
  '\\# 4',
  '\\#',
  '$ORIGIN',
  '$TTL',
  '$INCLUDE',
  '99999999999',
  'TYPE1',
  'CLASS1',
  '\u{1f600}',
  '\ud800',
  'é',
]

/** The text with a few characters or words lost, doubled, swapped or put in. */
function mutate(text: string, random: Random): string {
  let mutant = text
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(mutant.length + 1)
    const to = Math.min(mutant.length, at + random.below(12))
    const from = random.below(mutant.length + 1)
    const choices = [
      '',
      PIECES[random.below(PIECES.length)]!,
      ` ${WORDS[random.below(WORDS.length)]!} `,
      mutant.slice(from, from + random.below(30)),
      String.fromCharCode(random.below(0x180)),
    ]
    mutant =
      mutant.slice(0, at) +
      choices[random.below(choices.length)]! +
      mutant.slice(random.below(2) === 0 ? at : to)
  }
  return mutant
}

t.test('only ZoneTextError is thrown', async (t) => {
  const lines = WHOLE.split('\n')
  const random = seededRandom(20_261_121)
  let read = 0
  let refused = 0
  for (let run = 0; run < RUNS; run++) {
    const first = random.below(lines.length)
    const source = run % 20 === 0 ? WHOLE : lines.slice(first, first + 3).join('\n')
    const mutant = mutate(source, random)
    const asOctets = random.below(4) === 0
    try {
      const text = asOctets ? new Uint8Array(Buffer.from(mutant, 'latin1')) : mutant
      readZone(text, { path: 'mutant', include: (path) => (path === 'more' ? 'x A 192.0.2.1\n' : mutant) })
      read++
    } catch (error) {
      if (!(error instanceof ZoneTextError)) {
        t.fail(`run ${run}: ${error instanceof Error ? error.stack : error}\n${JSON.stringify(mutant)}`)
        return
      }
      refused++
      const lineCount = mutant.split('\n').length
      if (error.path === 'mutant' && (error.line < 1 || error.line > lineCount || error.column < 1)) {
        t.fail(`run ${run}: ${error.message} in a text of ${lineCount} lines`)
      }
    }
  }
  t.ok(read > RUNS / 20, `${read} read`)
  t.ok(refused > RUNS / 3, `${refused} refused`)
})

t.test('long texts take time in proportion', async (t) => {
  const time = (text: string): number =>
    leastProcessorMs(1, () => {
      try {
        readZone(text, { path: 'long' })
      } catch (error) {
        if (!(error instanceof ZoneTextError)) throw error
      }
    })
  const million = 1_000_000
  const texts: [why: string, text: string][] = [
    ['a word', 'a'.repeat(million)],
    ['a quoted string', `a TXT "${'a'.repeat(million)}"`],
    ['backslashes', `a TXT ${'\\\\'.repeat(million / 2)}`],
    ['words', `a TXT ( ${'a\n'.repeat(million / 2)} )`],
    ['hexadecimal digits in pieces', `a TYPE731 \\# 9 ( ${'ab '.repeat(million / 3)} )`],
    ['comments', ';\n'.repeat(million / 2)],
    ['parentheses', '()\n'.repeat(million / 3)],
    ['parameters', `a SVCB 1 . ${Array.from({ length: 60_000 }, (_, i) => `key${i + 10}=x`).join(' ')}`],
    ['types', `a NSEC b. ${Array.from({ length: 65_536 }, (_, i) => `TYPE${i}`).join(' ')}`],
    ['prefixes', `a APL ${'1:192.0.2.1/32 '.repeat(60_000)}`],
  ]
  for (const [why, text] of texts) {
    const ms = time(text)
    // Half a second to a second and a half; what grows with the square takes minutes.
    t.ok(ms < 6000, `${why}: ${ms.toFixed(0)} ms`)
  }
})
