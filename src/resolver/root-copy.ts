/** Questions to the root that a copy of its zone answers here (RFC 8806), as its servers would. */
import { answerFrom, type ZoneAnswer } from '../authority/answer.ts'
import { CLASS } from '../wire/iana/class.ts'
import { OPCODE } from '../wire/iana/opcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message, Question } from '../wire/message.ts'
import type { ResourceRecord, Rrset } from '../wire/record.ts'
import { type Context, fetchedKey } from './context.ts'
import { withinLimits } from './ttl-limits.ts'

/** Who said what the copy says (`Useful.server`): no server, so that all may be asked for better. */
export const ROOT_COPY = 'root copy'

/**
 * What the copy says.
 *
 * @returns undefined where there is none, or none that holds any more: the root servers are asked then
 */
export function askRootCopy(context: Context, question: Question): Message | undefined {
  const { clock, counters, refetches, rootCopy, settings } = context
  const { copy } = rootCopy
  if (copy === undefined || clock.nowMs() >= copy.endsMs || clock.unixSeconds() >= copy.endsSeconds)
    return undefined
  const { name, type } = question
  // The zone's keys did not match the DS set: the copy may be older than a roll of these keys.
  if (type === TYPE.DS && refetches.get(fetchedKey(name, type)) === true) return undefined
  counters.rootCopyAnswer()
  const answer = answerFrom([copy.zone], { name, type, dnssec: true })
  return withinLimits(asMessage(question, answer), settings.ttlSeconds)
}

/** The answer as if it had come from a server. */
function asMessage(question: Question, { rcode, authoritative, ...sections }: ZoneAnswer): Message {
  const answer = recordsOf(sections.answer)
  const authority = recordsOf(sections.authority)
  const additional = recordsOf(sections.additional)
  return {
    id: 0,
    opcode: OPCODE.QUERY,
    rcode,
    qr: true,
    aa: authoritative,
    tc: false,
    rd: false,
    ra: false,
    ad: false,
    cd: false,
    questionCount: 1,
    answerCount: answer.length,
    authorityCount: authority.length,
    additionalCount: additional.length,
    questions: [question],
    answer,
    authority,
    additional,
    edns: undefined,
    trailingOctets: 0,
  }
}

function recordsOf(rrsets: readonly Rrset[]): ResourceRecord[] {
  return rrsets.flatMap(({ owner, type, ttlSeconds, rdatas, signatures }) => [
    ...rdatas.map((rdata) => ({ owner, type, class: CLASS.IN, ttlSeconds, rdata })),
    ...signatures.map((rdata) => ({ owner, type: TYPE.RRSIG, class: CLASS.IN, ttlSeconds, rdata })),
  ])
}
