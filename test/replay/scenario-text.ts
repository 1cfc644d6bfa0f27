/** A whole scenario file: configuration section, ranges, steps. */
import { type Endpoint, parseAddress } from '../../src/base/address.ts'
import { readConfigSection } from './config-section.ts'
import { Directives, readEntry } from './entry.ts'
import { type Line, Lines, type Word } from './lines.ts'
import type { Entry, Range, Scenario, Step } from './scenario.ts'

/** Where servers listen unless the file says otherwise. */
export const DNS_PORT = 53

/** Reads a scenario. Throws ScenarioError. */
export function parseScenario(path: string, text: string): Scenario {
  const lines = new Lines(path, text)
  const { dialect, config } = readConfigSection(lines)
  const begin = lines.next()
  if (begin === undefined) throw lines.endFault('SCENARIO_BEGIN')
  if (begin.keyword !== 'SCENARIO_BEGIN') throw begin.fault('expected SCENARIO_BEGIN')
  const title = begin.text.slice('SCENARIO_BEGIN'.length).trim()
  if (title === '') throw begin.fault('expected a title after SCENARIO_BEGIN')
  const directives = new Directives()
  const ranges: Range[] = []
  const steps: Step[] = []
  for (;;) {
    const line = lines.next()
    if (line === undefined) throw lines.endFault('SCENARIO_END')
    if (line.keyword === 'SCENARIO_END') break
    if (line.keyword === 'RANGE_BEGIN') ranges.push(readRange(line, lines, directives))
    else if (line.keyword === 'STEP') {
      const step = readStep(line, lines, directives)
      if (step.number <= (steps.at(-1)?.number ?? -1)) throw line.fault('step numbers must increase')
      steps.push(step)
    } else if (line.keyword !== 'RANGE_END' && !directives.read(line)) {
      throw line.fault(`expected RANGE_BEGIN or STEP, found ${line.keyword}`)
    }
  }
  return { path, title, dialect, config, ranges, steps }
}

function readRange(begin: Line, lines: Lines, directives: Directives): Range {
  const [first, last, ...addresses] = begin.words
  const servers = addresses.map((word) => endpointOf(begin, word))
  const entries: Entry[] = []
  for (;;) {
    const line = lines.next()
    if (line === undefined) throw lines.endFault('RANGE_END')
    if (line.keyword === 'RANGE_END') break
    if (line.keyword === 'ADDRESS') servers.push(endpointOf(line, line.words[0]))
    else if (line.keyword === 'ENTRY_BEGIN') entries.push(readEntry(line, lines, directives))
    else if (!directives.read(line)) throw line.fault(`expected ENTRY_BEGIN, found ${line.keyword}`)
  }
  return { first: numberOf(begin, first), last: numberOf(begin, last), servers, entries }
}

function readStep(line: Line, lines: Lines, directives: Directives): Step {
  const [numberWord, typeWord, ...words] = line.words
  const number = numberOf(line, numberWord)
  const hasAddress = words[0]?.text === 'ADDRESS'
  const address = hasAddress ? endpointOf(line, words[1]) : undefined
  const rest = hasAddress ? words.slice(2) : words
  const base = { number, address, place: { line: line.number, column: line.column } }
  const type = typeWord?.text
  switch (type) {
    case 'QUERY':
    case 'CHECK_ANSWER':
    case 'CHECK_OUT_QUERY':
    case 'REPLY':
      return { ...base, type, entry: stepEntry(line, lines, directives) }
    case 'TIME_PASSES':
      return { ...base, type, ...elapse(line, rest) }
    case 'ASSIGN':
      return { ...base, type, ...assignment(line) }
    case 'CHECK_AUTOTRUST':
    case 'CHECK_TEMPFILE':
      return { ...base, type, ...fileLines(line, lines, rest[0]) }
    case 'INFRA_RTT':
    case 'FLUSH_MESSAGE':
    case 'EXPIRE_MESSAGE':
      return { ...base, type, words: rest.map((word) => word.text) }
    case 'TIMEOUT':
    case 'ERROR':
    case 'TRAFFIC':
    case 'NOTHING':
      return { ...base, type }
    default:
      throw line.fault(`there is no step ${type ?? 'without a type'}`, typeWord?.column)
  }
}

function stepEntry(step: Line, lines: Lines, directives: Directives): Entry {
  for (;;) {
    const line = lines.next()
    if (line === undefined) throw lines.endFault('ENTRY_BEGIN')
    if (line.keyword === 'ENTRY_BEGIN') return readEntry(line, lines, directives)
    if (!directives.read(line)) throw line.fault(`expected ENTRY_BEGIN for the step in line ${step.number}`)
  }
}

function elapse(line: Line, [how, ...words]: readonly Word[]): { seconds: string; evaluated: boolean } {
  const seconds = words.map((word) => word.text).join(' ')
  if ((how?.text !== 'ELAPSE' && how?.text !== 'EVAL') || seconds === '') {
    throw line.fault('expected ELAPSE or EVAL and seconds after TIME_PASSES', how?.column)
  }
  const evaluated = how.text === 'EVAL'
  if (!evaluated && !/^[0-9]*\.?[0-9]+$/.test(seconds)) throw line.fault('expected seconds', words[0]!.column)
  return { seconds, evaluated }
}

function assignment(line: Line): { variable: string; expression: string } {
  const match = /^STEP\s+\S+\s+ASSIGN\s+([A-Za-z_][A-Za-z0-9_]*)\s*=\s*([^;]*)/.exec(line.text)
  if (match === null) throw line.fault('expected NAME = EXPRESSION after ASSIGN')
  return { variable: match[1]!, expression: match[2]!.trim() }
}

function fileLines(step: Line, lines: Lines, id: Word | undefined): { id: string; lines: string[] } {
  const begin = lines.next()
  if (id === undefined) throw step.fault('expected the id of a file')
  if (begin?.keyword !== 'FILE_BEGIN') throw (begin ?? step).fault('expected FILE_BEGIN')
  return { id: id.text, lines: lines.until('FILE_END') }
}

function numberOf(line: Line, word: Word | undefined): number {
  if (word === undefined || !/^[0-9]+$/.test(word.text)) {
    throw line.fault(`expected a step number after ${line.keyword}`, word?.column)
  }
  return Number(word.text)
}

function endpointOf(line: Line, word: Word | undefined): Endpoint {
  const endpoint = word === undefined ? undefined : parseEndpointText(word.text)
  if (endpoint === undefined) throw line.fault('expected an address, or address@port', word?.column)
  return endpoint
}

/** `address` or `address@port`. */
export function parseEndpointText(text: string): Endpoint | undefined {
  const match = /^([^@]+)(?:@([0-9]{1,5}))?$/.exec(text)
  const address = match === null ? undefined : parseAddress(match[1]!)
  return address === undefined ? undefined : { address, port: Number(match![2] ?? DNS_PORT) }
}
