/** `${...}` in ASSIGN, EVAL and FILE lines. */

/** What macros can ask for. */
export interface MacroWorld {
  /** The clock, seconds. */
  timeSeconds(): number
  /** Seconds until the earliest timer, 0 when there is none. */
  timerSeconds(): number
}

/** An expression that has no value, or one outside its range. */
export class MacroFault extends Error {
  override readonly name = 'MacroFault'
}

/** The variables of a scenario. */
export class Macros {
  readonly #world: MacroWorld
  readonly #variables = new Map<string, string>()

  constructor(world: MacroWorld) {
    this.#world = world
  }

  /** Sets a variable to the value of a text with macros. */
  assign(variable: string, text: string): void {
    this.#variables.set(variable, this.expand(text))
  }

  /** The text with every `${...}` replaced by its value, innermost first. Throws MacroFault. */
  expand(text: string): string {
    let expanded = text
    // The last one that opens has no other inside.
    for (let start = expanded.lastIndexOf('${'); start >= 0; start = expanded.lastIndexOf('${')) {
      const end = expanded.indexOf('}', start)
      if (end < 0) throw new MacroFault(`\${ without } in ${JSON.stringify(text)}`)
      expanded =
        expanded.slice(0, start) + this.#value(expanded.slice(start + 2, end)) + expanded.slice(end + 1)
    }
    return expanded
  }

  /** The value of a text as a number. Throws MacroFault. */
  number(text: string): number {
    return numberOf(this.expand(text).trim())
  }

  #value(inner: string): string {
    const words = this.#words(inner)
    const [first, ...rest] = words
    if (first === 'time' && rest.length === 0) return formatNumber(this.#world.timeSeconds())
    if (first === 'timeout' && rest.length === 0) return formatNumber(this.#world.timerSeconds())
    if (first === 'ctime') return ctime(calculate(rest))
    if (first === 'range') return formatNumber(inRange(rest))
    return formatNumber(calculate(words))
  }

  /** Numbers, operators and names, variables replaced. */
  #words(inner: string): string[] {
    const words = inner.match(
      /\$[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_]+|[0-9]+(?:\.[0-9]+)?|\.[0-9]+|[-+*/]|[^\s]/g,
    )
    return (words ?? []).map((word) => {
      if (!word.startsWith('$')) return word
      const value = this.#variables.get(word.slice(1))
      if (value === undefined) throw new MacroFault(`the variable ${word.slice(1)} is not set`)
      return value
    })
  }
}

/** Left to right, no precedence; a sign may stand before a number. */
function calculate(words: readonly string[]): number {
  let at = 0
  const operand = (): number => {
    const word = words[at++]
    if (word === '-') return -operand()
    return numberOf(word ?? '')
  }
  let value = operand()
  while (at < words.length) {
    const operator = words[at++]
    const right = operand()
    if (operator === '+') value += right
    else if (operator === '-') value -= right
    else if (operator === '*') value *= right
    else if (operator === '/') value /= right
    else throw new MacroFault(`expected + - * or /, found ${JSON.stringify(operator)}`)
  }
  return value
}

/** `low value high`; each one number, since an expression in them stands in `${}` of its own. */
function inRange(words: readonly string[]): number {
  const [low, value, high] = words.map(numberOf)
  if (words.length !== 3 || low === undefined || value === undefined || high === undefined) {
    throw new MacroFault('range takes three numbers')
  }
  if (value < low || value > high) throw new MacroFault(`${value} is not between ${low} and ${high}`)
  return value
}

function numberOf(text: string): number {
  const value = /^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?$/i.test(text)
    ? Number(text)
    : Number.NaN
  if (Number.isNaN(value)) throw new MacroFault(`expected a number, found ${JSON.stringify(text)}`)
  return value
}

/** Up to twelve significant digits. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) throw new MacroFault('the value is no number')
  return String(Number(value.toPrecision(12)))
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As the C library writes a time, in UTC. */
function ctime(seconds: number): string {
  const date = new Date(Math.trunc(seconds) * 1000)
  const day = String(date.getUTCDate()).padStart(2)
  const clock = date.toISOString().slice(11, 19)
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${date.getUTCFullYear()}`
}
