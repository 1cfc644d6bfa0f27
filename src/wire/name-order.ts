/** Names as keys that sort like the names themselves, for ordered tables. */
import { mapKey } from '../base/octets.ts'
import { FOLD, type Name } from './name.ts'

/** Each octet of a label may take two, and each label ends with one. */
const SCRATCH = new Uint8Array(2 * 256)
/** Labels of a name: each takes two octets at least. */
const STARTS = new Uint8Array(128)

/**
 * A key whose order as a string is the canonical order of names (RFC 4034 6.1): labels from the right, folded, each
 * ended by octet 0. Octets 0 and 1 within a label become 1 1 and 1 2, so that the end of a label sorts before all.
 */
export function orderKey(name: Name): string {
  let labels = 0
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) STARTS[labels++] = at
  let end = 0
  while (labels > 0) {
    const start = STARTS[--labels]!
    for (let at = start + 1; at <= start + name[start]!; at++) {
      const octet = FOLD[name[at]!]!
      if (octet <= 1) {
        SCRATCH[end++] = 1
        SCRATCH[end++] = octet + 1
      } else SCRATCH[end++] = octet
    }
    SCRATCH[end++] = 0
  }
  return mapKey(SCRATCH.subarray(0, end))
}
