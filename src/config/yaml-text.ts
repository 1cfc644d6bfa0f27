/** YAML with the place of everything in it. */
import {
  Composer,
  type Document,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
} from 'yaml'
import { CONFIG_DEPTH_MAX } from '../base/limits.ts'
import type { Problem } from './problem.ts'

/** A place in a text, counting from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A text that is YAML. */
export class YamlText {
  /** What it holds, as plain values. */
  readonly contents: unknown
  readonly #document: Document
  readonly #lines: LineCounter

  constructor(document: Document, contents: unknown, lines: LineCounter) {
    this.#document = document
    this.contents = contents
    this.#lines = lines
  }

  /** Where the value at a path stands; where a part of the path is missing, the nearest thing above it. */
  placeOf(path: readonly (string | number)[]): Place {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return placeAt(this.#lines, node.range[0])
    }
    return { line: 1, column: 1 }
  }

  /** Where a key stands in the map at a path. */
  placeOfKey(path: readonly (string | number)[], key: string): Place {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true)
    const pair = isMap(map)
      ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined
    const node = pair?.key as Node | undefined
    return node?.range ? placeAt(this.#lines, node.range[0]) : this.placeOf(path)
  }

  /** True when the text itself has a value at the path. */
  has(path: readonly string[]): boolean {
    return this.#document.hasIn(path)
  }

  /** The plain value at a path, or undefined. */
  valueAt(path: readonly (string | number)[]): unknown {
    let value = this.contents
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
      value = (value as Record<string | number, unknown>)[part]
    }
    return value
  }
}

/** Reads a text; `path` is for the faults. */
export function readYaml(path: string, octets: Uint8Array): YamlText | readonly Problem[] {
  let source: string
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(octets)
  } catch {
    return [{ path, ...placeOfBadOctet(octets), message: 'expected text in UTF-8, found other octets' }]
  }
  const lines = new LineCounter()
  const at = (offset: number, message: string): Problem => ({ path, ...placeAt(lines, offset), message })
  const deep = offsetTooDeep(source, lines)
  if (deep !== undefined) return [at(deep, `expected at most ${CONFIG_DEPTH_MAX} levels of nesting`)]
  return compose(source, lines, at)
}

function compose(
  source: string,
  lines: LineCounter,
  at: (offset: number, message: string) => Problem,
): YamlText | readonly Problem[] {
  const composer = new Composer({ stringKeys: true, prettyErrors: false, logLevel: 'error' })
  const documents = [...composer.compose(new Parser().parse(source), true, source.length)]
  const document = documents[0]!
  if (documents.length > 1) return [at(documents[1]!.range[0], 'expected one YAML document, found a second')]
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) return faults.map((fault) => at(fault.pos[0], `not valid YAML: ${fault.message}`))
  try {
    return new YamlText(document, document.toJS({ maxAliasCount: ALIASES_MAX }), lines)
  } catch (error) {
    return [at(offsetOfAlias(document), `not valid YAML: ${(error as Error).message}`)]
  }
}

/** Where the first alias stands that leads nowhere, else the first one: only aliases fail so late. */
function offsetOfAlias(document: Document): number {
  let first: number | undefined
  let unresolved: number | undefined
  visit(document, {
    Alias(_key, node) {
      first ??= node.range?.[0]
      if (node.resolve(document) === undefined) unresolved ??= node.range?.[0]
    },
  })
  return unresolved ?? first ?? 0
}

/** Aliases may multiply what a small file says; a configuration needs few. */
const ALIASES_MAX = 100

/** Offset where the text first nests too deeply. Walks tokens without recursion, and fills the line counter. */
function offsetTooDeep(source: string, lines: LineCounter): number | undefined {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(source)) {
    // The loop runs the generator; what it yields is composed in a second pass.
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > CONFIG_DEPTH_MAX) return parser.offset - lexeme.length
  }
  return undefined
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

/** Feeds a decoder octet by octet, which throws at the first that fits no character. */
function placeOfBadOctet(octets: Uint8Array): Place {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  let column = 1
  for (let i = 0; i < octets.length; i++) {
    try {
      for (const character of decoder.decode(octets.subarray(i, i + 1), { stream: true })) {
        column = character === '\n' ? 1 : column + character.length
        if (character === '\n') line++
      }
    } catch {
      break
    }
  }
  return { line, column }
}
