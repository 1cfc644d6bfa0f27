/** A light reading of TypeScript source: enough to find imports, and words outside comments and strings. */

/** One import or re-export. */
export interface Import {
  /** What stands in the quotes: `./name.ts`, `node:net`, `zod`. */
  readonly specifier: string
  /** The names in braces as the other file calls them, or undefined for the forms without braces. */
  readonly names: readonly string[] | undefined
}

/** Source text in two readings, both with every line and column where it was. */
export interface Scan {
  /** Comments blanked. */
  readonly code: string
  /** Comments and the contents of strings, templates and regular expressions blanked. */
  readonly bare: string
}

/** Reads one file. */
export function scanSource(source: string): Scan {
  return new Scanner(source).scan()
}

/** Imports, re-exports and `import()` calls of a file, in order. */
export function importsOf(scan: Scan): Import[] {
  const found: Import[] = []
  const pattern = /\b(?:import|export)\b([^'"`;]*?\bfrom\s*|\s*\(?\s*)(['"])([^'"\n]*)\2/g
  for (const match of scan.code.matchAll(pattern)) {
    // A keyword inside a string is blank in the bare reading.
    if (scan.bare[match.index] === ' ') continue
    found.push({ specifier: match[3]!, names: namesIn(match[1]!) })
  }
  return found
}

function namesIn(clause: string): string[] | undefined {
  const braces = /^\s*(?:type\s*)?\{([^}]*)\}/.exec(clause)
  if (braces === null) return undefined
  const items = braces[1]!.split(',').map((item) => item.trim().replace(/^type\s+/, ''))
  return items.filter((item) => item !== '').map((item) => item.split(/\s+as\s+/)[0]!)
}

/** After one of these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in|else|yield|await))$/

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'?|"(?:[^"\\\n]|\\[\s\S])*"?/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//y
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

class Scanner {
  readonly #source: string
  #at = 0
  #code = ''
  #bare = ''

  constructor(source: string) {
    this.#source = source
  }

  scan(): Scan {
    while (this.#at < this.#source.length) {
      this.#readCode()
      this.#takeCode(1)
    }
    return { code: this.#code, bare: this.#bare }
  }

  /** Reads up to a closing brace that was not opened here, or to the end. */
  #readCode(): void {
    let open = 0
    while (this.#at < this.#source.length) {
      const character = this.#source[this.#at]
      if (character === '}' && open === 0) return
      if (character === '{') open++
      if (character === '}') open--
      this.#readToken(character!)
    }
  }

  #readToken(character: string): void {
    const comment = this.#match(COMMENT)
    if (comment !== '') this.#take(blank(comment), blank(comment))
    else if (character === '`') this.#readTemplate()
    else if (character === "'" || character === '"') this.#takeText(this.#match(STRING))
    else if (character === '/' && this.#regexMayStart()) this.#takeText(this.#match(REGEX))
    else this.#takeCode(1)
  }

  #readTemplate(): void {
    this.#takeCode(1)
    while (this.#at < this.#source.length) {
      const text = this.#match(TEMPLATE_TEXT)
      this.#take(text, blank(text))
      if (this.#source[this.#at] !== '$') break
      this.#takeCode(2)
      this.#readCode()
      this.#takeCode(1)
    }
    this.#takeCode(1)
  }

  #regexMayStart(): boolean {
    return BEFORE_REGEX.test(this.#bare.slice(-200).trimEnd())
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#source)?.[0] ?? ''
  }

  /** A quoted piece: its first and last characters stay visible in the bare reading. */
  #takeText(text: string): void {
    if (text.length < 2) this.#takeCode(1)
    else this.#take(text, text[0] + blank(text.slice(1, -1)) + text.at(-1))
  }

  #takeCode(length: number): void {
    const text = this.#source.slice(this.#at, this.#at + length)
    this.#take(text, text)
  }

  #take(code: string, bare: string): void {
    this.#at += code.length
    this.#code += code
    this.#bare += bare
  }
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
