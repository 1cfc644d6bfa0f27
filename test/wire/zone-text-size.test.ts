/** Long master files: the time that they take grows with their length and no faster. */
import t from 'tap'
import { readZone, ZoneTextError } from '../../src/wire/zone-text.ts'
import { leastProcessorMs } from '../support/processor-time.ts'

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
