/** Words of presentation form (RFC 1035 5.1), between the master-file reader and the RDATA fields. */
import { type Name, ROOT } from './name.ts'
import { type NameReading, parseNameText } from './name-text.ts'

/** One word, escapes still in it. */
export interface Token {
  readonly text: string
  /** True when it stood in double quotes, which are not part of `text`. */
  readonly quoted: boolean
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
}

/** A text that is not what it should be. Whoever knows the file turns it into a `ZoneTextError`. */
export class TextFault extends Error {
  override readonly name = 'TextFault'
  /** The word at fault; undefined when words ran out. */
  readonly token: Token | undefined
  /** Characters of the word before the fault. */
  readonly at: number

  constructor(what: string, token: Token | undefined, at = 0) {
    super(what)
    this.token = token
    this.at = at
  }
}

/** The words of one entry, taken one by one. */
export class TokenCursor {
  readonly #tokens: readonly Token[]
  /** Completes names without a final dot. */
  readonly origin: Name
  /** How names are read. */
  readonly readName: NameReading
  #next = 0

  constructor(tokens: readonly Token[], origin: Name = ROOT, readName: NameReading = parseNameText) {
    this.#tokens = tokens
    this.origin = origin
    this.readName = readName
  }

  /** True while words are left. */
  get more(): boolean {
    return this.#next < this.#tokens.length
  }

  /** The next word, left where it is. */
  peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  /** The next word; `expected` says what it should be, for the message when there is none. */
  take(expected: string): Token {
    const token = this.#tokens[this.#next]
    if (token === undefined)
      throw new TextFault(`expected ${expected}, found the end of the record`, undefined)
    this.#next++
    return token
  }

  /** The next word as a name. */
  takeName(expected: string): Name {
    const token = this.take(expected)
    if (token.quoted) throw new TextFault(`expected ${expected}, found a quoted string`, token)
    const name = this.readName(token.text, this.origin)
    if (!(name instanceof Uint8Array))
      throw new TextFault(`expected ${expected}: ${name.fault}`, token, name.at)
    return name
  }

  /** The next word as a whole number up to `max`. */
  takeNumber(max: number, expected: string): number {
    const token = this.take(expected)
    const value = /^[0-9]{1,10}$/.test(token.text) ? Number(token.text) : Number.NaN
    if (!(value <= max)) throw notAs(expected, token)
    return value
  }

  /** All words that are left. */
  rest(): readonly Token[] {
    return this.#tokens.slice(this.#next)
  }

  /** All words that are left, joined: hexadecimal and base 64 may be broken up. */
  takeRest(expected: string): Token {
    const first = this.take(expected)
    let text = first.text
    while (this.more) text += this.take(expected).text
    return { ...first, text }
  }
}

/** The fault of a word that is something else than expected. */
export function notAs(expected: string, token: Token): TextFault {
  const shown = token.text.length > 60 ? `${token.text.slice(0, 60)}…` : token.text
  return new TextFault(`expected ${expected}, found ${JSON.stringify(shown)}`, token)
}
