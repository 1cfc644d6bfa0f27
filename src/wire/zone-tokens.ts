/** The words of a master file (RFC 1035 5.1): comments, parentheses and quotes resolved, escapes kept. */
import type { Token } from './text-token.ts'
import { ZoneTextError } from './zone-text-error.ts'

/** The words of one entry, which is a line, or several where parentheses join them. */
export interface Entry {
  readonly tokens: readonly Token[]
  /** True when white space stands before the first word: the owner is left out. */
  readonly indented: boolean
  /** Where the entry ends. */
  readonly line: number
  readonly column: number
}

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const OPEN = 0x28
const CLOSE = 0x29
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const BACKSLASH = 0x5c

/** Reads entries one by one, in time linear in the text. */
export class ZoneTokenizer {
  readonly #text: string
  readonly #path: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(text: string, path: string) {
    this.#text = text
    this.#path = path
  }

  /** The next entry that has words; undefined at the end. Throws ZoneTextError. */
  next(): Entry | undefined {
    const tokens: Token[] = []
    let indented = false
    let opened: Token | undefined
    for (; this.#at < this.#text.length; ) {
      const character = this.#text.charCodeAt(this.#at)
      if (character === NEWLINE) {
        if (opened === undefined && tokens.length > 0) break
        if (tokens.length === 0) indented = false
        this.#at++
        this.#line++
        this.#lineStart = this.#at
      } else if (character === SPACE || character === TAB || character === RETURN) {
        indented ||= tokens.length === 0 && opened === undefined && this.#at === this.#lineStart
        this.#at++
      } else if (character === SEMICOLON) this.#skipComment()
      else if (character === OPEN) {
        if (opened !== undefined) throw this.#fault('expected no parenthesis within parentheses')
        opened = this.#token('(', false, this.#at++)
      } else if (character === CLOSE) {
        if (opened === undefined) throw this.#fault('expected an opening parenthesis before this one')
        opened = undefined
        this.#at++
      } else tokens.push(character === QUOTE ? this.#quoted() : this.#word())
    }
    if (opened !== undefined) throw this.#fault('expected a closing parenthesis', opened)
    if (tokens.length === 0) return undefined
    return { tokens, indented, line: this.#line, column: this.#column(this.#at) }
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #quoted(): Token {
    const start = this.#at
    this.#skipQuoted()
    return this.#token(this.#text.slice(start + 1, this.#at - 1), true, start + 1)
  }

  /** A word without quotes, but for a value as in `alpn="h2,h3"` (RFC 9460 2.1), whose quotes are dropped. */
  #word(): Token {
    const start = this.#at
    let from = start
    let text = ''
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at)
      if (endsWord(character)) break
      if (character === BACKSLASH) this.#skipBackslash()
      else if (character === QUOTE && this.#text.charCodeAt(this.#at - 1) === EQUALS) {
        text += this.#text.slice(from, this.#at)
        const valueAt = this.#at + 1
        this.#skipQuoted()
        text += this.#text.slice(valueAt, this.#at - 1)
        from = this.#at
        break
      }
    }
    return this.#token(text + this.#text.slice(from, this.#at), false, start)
  }

  /** From the opening quote to after the closing one. */
  #skipQuoted(): void {
    const start = this.#at++
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at)
      if (character === QUOTE) {
        this.#at++
        return
      }
      if (character === NEWLINE) break
      if (character === BACKSLASH) this.#skipBackslash()
    }
    throw this.#fault('expected a closing quote on the same line', this.#token('"', true, start))
  }

  /** Steps onto the character after a backslash. */
  #skipBackslash(): void {
    const following = this.#text.charCodeAt(this.#at + 1)
    if (Number.isNaN(following) || following === NEWLINE || following === RETURN) {
      throw this.#fault('expected a character after the backslash')
    }
    this.#at++
  }

  #token(text: string, quoted: boolean, at: number): Token {
    return { text, quoted, line: this.#line, column: this.#column(at) }
  }

  #column(at: number): number {
    return at - this.#lineStart + 1
  }

  #fault(expected: string, token: Token = this.#token('', false, this.#at)): ZoneTextError {
    return new ZoneTextError(this.#path, token.line, token.column, expected)
  }
}

function endsWord(character: number): boolean {
  return (
    character === SPACE ||
    character === TAB ||
    character === NEWLINE ||
    character === RETURN ||
    character === SEMICOLON ||
    character === OPEN ||
    character === CLOSE
  )
}
