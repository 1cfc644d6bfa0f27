/** Master files: records or a ZoneTextError with its place, nothing else. */
import type { Random } from '../../src/base/random.ts'
import { readZone, ZoneTextError } from '../../src/wire/zone-text.ts'
import { RDATA_SAMPLES } from '../wire/rdata-samples.ts'
import { mutateText } from './mutate-text.ts'
import { guarded, type OnInput, type Target } from './target.ts'

const HEAD = '$TTL 1h\n$ORIGIN example.\n@ SOA ns host ( 1 ; serial\n 2 3 4 5 )\n\tNS ns\n$INCLUDE more sub\n'
const WHOLE: string = HEAD + RDATA_SAMPLES.map(([type, text], i) => `n${i} 300 IN ${type} ${text}\n`).join('')
const LINES = WHOLE.split('\n')
/** Lines of an input that is not the whole file. */
const LINES_TAKEN = 3

/** What means something in a master file, and what some take for it. */
const WORDS = [
  ...[
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
  ],
  ...[
    '\\# 4',
    '\\#',
    '$ORIGIN',
    '$TTL',
    '$INCLUDE',
    '$GENERATE 1-9',
    '99999999999',
    '4294967296',
    '-1',
    'TYPE1',
  ],
  ...[
    'CLASS1',
    'CH',
    '1w2d',
    '\u{1f600}',
    '\ud800',
    'é',
    '()',
    '((',
    'A',
    'TYPE65536',
    'a'.repeat(64),
    'a.'.repeat(128),
  ],
]

/** See the head of this file. */
export const zoneTarget: Target = {
  name: 'zone',
  batchInputs: 1_000,
  async run(random: Random, count: number, onInput: OnInput): Promise<void> {
    for (let i = 0; i < count; i++) {
      const first = random.below(LINES.length)
      const source = random.below(20) === 0 ? WHOLE : LINES.slice(first, first + LINES_TAKEN).join('\n')
      const mutant = mutateText(source, WORDS, random)
      const asOctets = random.below(4) === 0
      // As octets, characters above U+00FF are others, and one of them is a newline.
      const text = asOctets ? Buffer.from(mutant, 'latin1').toString('latin1') : mutant
      onInput()
      await guarded(
        () => text,
        () => tryZone(text, asOctets),
      )
    }
  },
}

/** A case of `cases/`: a master file. */
export function tryZoneCase(text: string): void {
  tryZone(text, false)
  tryZone(Buffer.from(text, 'latin1').toString('latin1'), true)
}

function tryZone(text: string, asOctets: boolean): void {
  const include = (path: string): string => (path === 'more' ? 'x A 192.0.2.1\n' : text)
  try {
    readZone(asOctets ? new Uint8Array(Buffer.from(text, 'latin1')) : text, { path: 'mutant', include })
  } catch (error) {
    if (!(error instanceof ZoneTextError)) throw error
    const { path, line, column, message } = error
    const lineCount = text.split('\n').length
    if (path === 'mutant' && (line < 1 || line > lineCount || column < 1)) {
      throw new Error(`${message} in a text of ${lineCount} lines`)
    }
  }
}
