/** Answers that are made where the engine was not asked: SERVFAIL with a reason, never kept. */
import { writeAnswerEntry } from '../cache/answer-entry.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import type { AskedQuestion } from './ports.ts'

/** An answer entry that says why there is no answer. */
export function failureEntry({ name, type }: AskedQuestion, reason: Reason, nowMs: number): Uint8Array {
  const { number, ede, text } = REASONS[reason]
  const parts = {
    question: { name, type, class: CLASS.IN },
    rcode: RCODE.SERVFAIL,
    answer: [],
    authority: [],
    status: 'indeterminate',
    reason: number,
    ede: ede === undefined ? [] : [{ code: ede, text }],
    policySequence: 0,
    ttlSeconds: 0,
    authenticated: false,
  } as const
  return writeAnswerEntry(parts, nowMs)
}
