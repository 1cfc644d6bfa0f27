/**
 * Letters of names in questions to servers, in random case: whoever forges a reply has to guess them as well, since servers
 * repeat the question as it came (draft-vixie-dnsext-dns0x20). The few that do not are found out by TCP, which nobody can
 * forge from afar.
 */
import type { Random } from '../base/random.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { FOLD, type Name } from '../wire/name.ts'

/** What makes an upper-case letter a lower-case one. */
const CASE_BIT = 0x20
const LOWER_A = 0x61
const LOWER_Z = 0x7a
/** Letters to a number drawn. */
const LETTERS_A_DRAW = 16

/** @param name in lower case */
export function inRandomCase(name: Name, random: Random): Name {
  const spelt = new Uint8Array(name)
  let bits = 0
  let left = 0
  for (let i = 0; i < spelt.length; i++) {
    // The octets of lengths are below all letters.
    if (spelt[i]! < LOWER_A || spelt[i]! > LOWER_Z) continue
    if (left === 0) {
      bits = random.below(2 ** LETTERS_A_DRAW)
      left = LETTERS_A_DRAW
    }
    if ((bits & 1) === 1) spelt[i]! ^= CASE_BIT
    bits >>= 1
    left--
  }
  return spelt as Name
}

/**
 * Whether a reply has the question's name in the letters in which it was asked. Those that it has are made those of `name`
 * then, so that nobody sees them again, neither there nor in the records whose owners point there.
 *
 * @param reply to a question for `asked`, its name perhaps in other letters; an error reply may lack the question
 * @param asked `name` as it was sent
 */
export function takeSpelling(reply: Uint8Array, asked: Name, name: Name): boolean {
  if (reply[4] === 0 && reply[5] === 0) return true
  let isRight = true
  for (let i = 0; i < name.length; i++) {
    const at = HEADER_OCTETS + i
    if (reply[at] !== asked[i]) isRight = false
    if (FOLD[reply[at]!] === name[i]) reply[at] = name[i]!
  }
  return isRight
}
