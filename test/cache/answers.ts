import { type AnswerParts, writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { addresses, name, rrsig } from './records.ts'

/** An entry with two signed addresses, secure, that lives for 300 s from `nowMs`. */
export function answerEntry(owner: string, overrides: Partial<AnswerParts> = {}, nowMs = 0): Uint8Array {
  const set = { ...addresses(owner, 300, 1, 2), signatures: [rrsig(TYPE.A, 300)] }
  const parts: AnswerParts = {
    question: { name: name(owner), type: TYPE.A, class: CLASS.IN },
    rcode: RCODE.NOERROR,
    answer: [set],
    authority: [],
    status: 'secure',
    reason: 1,
    ede: [],
    policySequence: 1,
    ttlSeconds: 300,
    authenticated: true,
    ...overrides,
  }
  return writeAnswerEntry(parts, nowMs)
}
