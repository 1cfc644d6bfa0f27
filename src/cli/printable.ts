/** Text from strangers. */
import { jsonText } from '../base/json-text.ts'

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** What would move the cursor of a terminal, or turn the direction of writing, is shown as a question mark. */
export function printable(text: string): string {
  return text.replace(INVISIBLE, '?')
}

/** `jsonText` with such characters escaped: a terminal may be where it goes. */
export function printableJson(value: unknown): string {
  const lines = jsonText(value).split('\n')
  return `${lines.map((line) => line.replace(INVISIBLE, escapedUnits)).join('\n')}\n`
}

function escapedUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
