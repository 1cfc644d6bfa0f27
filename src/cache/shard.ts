/** Which part of the cache, and so which resolver thread, a question belongs to. */
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { NAME_OCTETS_MAX } from '../base/limits.ts'
import { FOLD } from '../wire/name.ts'

const ARPA = Uint8Array.of(4, 0x61, 0x72, 0x70, 0x61)

const LABELS = new Uint8Array(NAME_OCTETS_MAX)

/**
 * The shard of a name: a keyed hash of its last two labels, four below `arpa`, scaled to the number of shards. So what a
 * zone says is mostly in one place, and reverse zones are spread all the same. Allocates nothing.
 *
 * @param octets that hold the name at `from`, uncompressed, in any case
 * @param nameOctets its length, root label included
 * @returns a number below `shards`
 */
export function shardOf(
  hashKey: HashKey,
  octets: Uint8Array,
  from: number,
  nameOctets: number,
  shards: number,
): number {
  if (shards === 1) return 0
  // Where the last four labels begin, the last one in `first`; the name's start where it has fewer.
  let first = from
  let second = from
  let third = from
  let fourth = from
  const root = from + nameOctets - 1
  for (let at = from; at < root; at += octets[at]! + 1) {
    fourth = third
    third = second
    second = first
    first = at
  }
  const start = isArpa(octets, first) ? fourth : second
  for (let i = start; i < root; i++) LABELS[i - start] = FOLD[octets[i]!]!
  return Math.floor((keyedHash(hashKey, LABELS, 0, root - start) / 0x1_0000_0000) * shards)
}

function isArpa(octets: Uint8Array, label: number): boolean {
  for (let i = 0; i < ARPA.length; i++) if (FOLD[octets[label + i]!] !== ARPA[i]) return false
  return true
}
