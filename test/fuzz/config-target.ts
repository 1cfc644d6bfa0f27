/** Configurations: settings or problems, each with its place in a file, nothing else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Random } from '../../src/base/random.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { readProjectFile } from '../house/project.ts'
import { pick } from './mutate.ts'
import { mutateText } from './mutate-text.ts'
import { guarded, type OnInput, type Target } from './target.ts'

/** Settings that name files and hold lists of things, which the defaults leave empty. */
const FULL = `server: { listen: ["127.0.0.1@5300", "::1@5300"], identity: x }
access:
  allow: ["127.0.0.0/8", "2001:db8::/32"]
resolution:
  root-hints: hints.zone
  authority-port: 5353
dnssec:
  trust-anchor-files: [root.ds]
  clock: "2026-10-04T14:15:00Z"
  negative-trust-anchors:
    - { name: "broken.example", reason: "their key roll", author: noc, expires: "2026-10-05T00:00:00Z" }
  insecure-zones: [corp.example]
cache: &small { answers-mib: 8, rrsets-mib: 8 }
log: { format: json, level: debug }
`
const HINTS = '. 3600 IN NS a.root.test.\na.root.test. 3600 IN A 127.0.0.1\n'
const ANCHOR = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n'

/** What means something in YAML or in a setting. */
const WORDS = [
  ...[
    ':',
    ': ',
    '- ',
    '#',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '&a ',
    '*a',
    '<<: *a',
    '? ',
    '|',
    '>',
    '%',
    '@',
    '`',
  ],
  ...[
    '---',
    '...',
    '!!binary ',
    '!!set ',
    '!!js/function ',
    '~',
    'null',
    'true',
    'NaN',
    '.inf',
    '-.inf',
    '1e400',
    '0x10',
    '0o7',
    '-1',
  ],
  ...[
    '18446744073709551616',
    '2026-10-04',
    '"\\uD800"',
    '\u{feff}',
    '\0',
    'é',
    '127.0.0.1@99999',
    '::/200',
    'a'.repeat(64),
  ],
  ...[
    '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
    '{a: {a: {a: {a: ',
    '*small',
    '&small',
    '__proto__: 1',
    'constructor: {}',
    '.',
    '/',
    '',
  ],
]

/** A line of the defaults that is no remark, with all above it that it stands below. */
const DEFAULTS = readProjectFile('conf/sigill.yaml')
  .split('\n')
  .filter((line) => !/^\s*#|^$/.test(line))
const SECTIONS = DEFAULTS.join('\n').split(/\n(?=\S)/)

/** See the head of this file. */
export const configTarget: Target = {
  name: 'config',
  batchInputs: 100,
  async run(random: Random, count: number, onInput: OnInput): Promise<void> {
    await withFolder(async (tryIn) => {
      for (let i = 0; i < count; i++) {
        const sections = Array.from({ length: 1 + random.below(3) }, () => pick(SECTIONS, random))
        const source = random.below(3) === 0 ? FULL : [...new Set(sections)].join('\n')
        const text = mutateText(source, WORDS, random)
        const hints = random.below(8) === 0 ? mutateText(HINTS, WORDS, random) : HINTS
        const anchor = random.below(8) === 0 ? mutateText(ANCHOR, WORDS, random) : ANCHOR
        onInput()
        await guarded(
          () => text,
          () => tryIn(text, hints, anchor),
        )
      }
    })
  },
}

/** A case of `cases/`: a configuration. */
export async function tryConfigCase(text: string): Promise<void> {
  await withFolder(async (tryIn) => tryIn(text, HINTS, ANCHOR))
}

type TryIn = (text: string, hints: string, anchor: string) => void

/** Files live in a folder of their own, for as long as they are tried. */
async function withFolder(use: (tryIn: TryIn) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `sigill-fuzz-${process.pid}-`))
  const path = join(folder, 'mutant.yaml')
  try {
    const written = new Map<string, string>()
    const write = (name: string, text: string): void => {
      if (written.get(name) === text) return
      writeFileSync(join(folder, name), text)
      written.set(name, text)
    }
    await use((text, hints, anchor) => {
      write('hints.zone', hints)
      write('root.ds', anchor)
      write('mutant.yaml', text)
      tryConfig(path)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function tryConfig(path: string): void {
  try {
    loadConfig(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (error.problems.length === 0) throw new Error('refused without a problem')
    for (const problem of error.problems) {
      const lines = problem.path === path ? linesOf(path) : Number.POSITIVE_INFINITY
      const { line, column, message } = problem
      const placed = line >= 1 && line <= lines && column >= 1
      if (!placed || message === '')
        throw new Error(`no place in ${lines} lines: ${line}:${column}: ${message}`)
    }
  }
}

function linesOf(path: string): number {
  return readFileSync(path, 'latin1').split(/\r\n|\r|\n/).length
}
