/** What the server says of itself: TXT records of class CH (RFC 4892, and `version.bind` of old). */

import type { AnswerParts } from '../cache/answer-entry.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Question } from '../wire/message.ts'
import { nameKey } from '../wire/name.ts'
import { nameFrom } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import { ownAnswer } from './local-answer.ts'

/** Texts to give; where one is left out or empty the question is refused. At most 255 octets count. */
export interface ServerTexts {
  /** For `id.server` and `hostname.bind`. */
  readonly identity?: string
  /** For `version.server` and `version.bind`. */
  readonly version?: string
}

const TEXT_OCTETS_MAX = 255

const SUBJECTS: ReadonlyMap<string, keyof ServerTexts> = new Map([
  [nameKey(nameFrom('id.server.')), 'identity'],
  [nameKey(nameFrom('hostname.bind.')), 'identity'],
  [nameKey(nameFrom('version.server.')), 'version'],
  [nameKey(nameFrom('version.bind.')), 'version'],
])

/** The answer to a question of class CH, or undefined when it is to be refused. */
export function serverTextAnswer(question: Question, texts: ServerTexts): AnswerParts | undefined {
  const subject = SUBJECTS.get(nameKey(question.name))
  const text = subject === undefined ? undefined : texts[subject]
  if (text === undefined || text === '') return undefined
  if (question.type !== TYPE.TXT && question.type !== TYPE.ANY) return undefined
  const txt: Rrset = {
    owner: question.name,
    type: TYPE.TXT,
    class: CLASS.CH,
    ttlSeconds: 0,
    rdatas: [characterString(text)],
    signatures: [],
  }
  return ownAnswer(question, { rcode: RCODE.NOERROR, answer: [txt], authority: [], ede: [] })
}

function characterString(text: string): Uint8Array {
  const octets = Buffer.from(text, 'utf8').subarray(0, TEXT_OCTETS_MAX)
  return Uint8Array.of(octets.length, ...octets)
}
