/** JSON as text: for people as long as they may read it, beyond that for programs. */
import { JSON_INDENTED_OCTETS_MAX } from './limits.ts'

/**
 * Indented, unless that would be long: it makes the text up to several times as long, and what is read again has a bound.
 * No newline ends it.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > JSON_INDENTED_OCTETS_MAX ? text : JSON.stringify(value, undefined, 2)
}
