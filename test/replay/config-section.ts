/** The configuration section: clauses and options in the testbound dialect, options alone in the deckard dialect. */
import type { Line, Lines } from './lines.ts'
import type { Clause, ConfigSection, Dialect, Option } from './scenario.ts'

const CLAUSES: ReadonlySet<string> = new Set([
  'server',
  'stub-zone',
  'forward-zone',
  'auth-zone',
  'rpz',
  'view',
  'remote-control',
  'python',
  'dynlib',
  'dnscrypt',
  'cachedb',
  'ipset',
  'dnstap',
])

interface GrowingClause extends Clause {
  readonly options: GrowingOption[]
}

interface GrowingOption extends Option {
  readonly values: string[]
}

/** Reads up to CONFIG_END. Options before any clause make it a deckard file. */
export function readConfigSection(lines: Lines): { dialect: Dialect; config: ConfigSection } {
  const clauses: GrowingClause[] = []
  const files = new Map<string, string>()
  const stateFiles = new Map<string, string>()
  for (;;) {
    const line = lines.next()
    if (line === undefined) throw lines.endFault('CONFIG_END')
    if (line.keyword === 'CONFIG_END') break
    if (line.text.startsWith('#')) continue
    switch (line.keyword) {
      case 'COMMANDLINE':
        break
      case 'AUTOTRUST_FILE':
        stateFiles.set(idOf(line), lines.until('AUTOTRUST_END').join('\n'))
        break
      case 'TEMPFILE_CONTENTS':
        files.set(idOf(line), lines.until('TEMPFILE_END').join('\n'))
        break
      case 'TEMPFILE_NAME': {
        const option = clauses.at(-1)?.options.at(-1)
        if (option === undefined) throw line.fault('expected an option before TEMPFILE_NAME')
        option.values.push(`tempfile:${idOf(line)}`)
        break
      }
      default:
        readLine(line, clauses)
    }
  }
  const dialect = clauses.some(({ name }) => name === '') ? 'deckard' : 'testbound'
  return { dialect, config: { clauses, files, stateFiles } }
}

function idOf(line: Line): string {
  const id = line.words[0]
  if (id === undefined) throw line.fault(`expected an id after ${line.keyword}`)
  return id.text
}

/** One or more clauses and options. */
function readLine(line: Line, clauses: GrowingClause[]): void {
  const deckard = clauses.length === 0 ? !CLAUSES.has(/^[^:]*/.exec(line.text)![0]) : clauses[0]!.name === ''
  let option: GrowingOption | undefined
  for (const word of wordsOf(line, deckard ? /[#;]/ : /#/)) {
    const place = { line: line.number, column: word.column }
    const name = word.quoted ? undefined : /^([a-z][a-z0-9-]*):$/.exec(word.text)?.[1]
    // In deckard a line is one option, so whatever follows its name is the value.
    if (name === undefined || (deckard && option !== undefined)) {
      if (option === undefined) throw line.fault(`expected an option, found ${word.text}`, word.column)
      option.values.push(word.text)
    } else if (!deckard && CLAUSES.has(name)) {
      clauses.push({ name, place, options: [] })
      option = undefined
    } else {
      if (deckard && clauses.length === 0) clauses.push({ name: '', place, options: [] })
      const clause = clauses.at(-1)
      if (clause === undefined) throw line.fault('expected a clause before the option', word.column)
      option = { name, values: [], place }
      clause.options.push(option)
    }
  }
}

interface ConfigWord {
  readonly text: string
  readonly quoted: boolean
  readonly column: number
}

/** Words, quotes removed, up to a comment. `option:value` at the start of a line is two words. */
function wordsOf(line: Line, comment: RegExp): ConfigWord[] {
  const { text, column } = line
  const words: ConfigWord[] = []
  for (let at = 0; at < text.length; ) {
    const character = text[at]!
    if (/\s/.test(character)) at++
    else if (comment.test(character)) break
    else if (character === '"' || character === "'") {
      const end = text.indexOf(character, at + 1)
      if (end < 0) throw line.fault('a quote is not closed', column + at)
      words.push({ text: text.slice(at + 1, end), quoted: true, column: column + at })
      at = end + 1
    } else {
      const glued = words.length === 0 ? /^[a-z][a-z0-9-]*:/.exec(text) : null
      const word = glued?.[0] ?? /^[^\s"']+/.exec(text.slice(at))![0]
      words.push({ text: word, quoted: false, column: column + at })
      at += word.length
    }
  }
  return words
}
