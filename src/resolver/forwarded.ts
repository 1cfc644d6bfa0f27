/**
 * Reads the reply of a forwarder. It has recursed for us, so it need not be authoritative, it may answer for many zones
 * at once, and what it does not have is not there.
 *
 * It is believed for what lies at or below the zone that is forwarded to it. Where an alias leads out of that, the rest
 * of its chain is dropped and the target is asked for in its own way. Denials and proofs come from whatever zone holds
 * the name, which may begin above the forwarded one; they count for the question alone, and signed ones are verified.
 */
import { FORWARDER_TEXT_CHARACTERS_MAX } from '../base/limits.ts'
import { parseEde } from '../wire/edns.ts'
import { CLASS } from '../wire/iana/class.ts'
import { formatRcode, RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message, Question } from '../wire/message.ts'
import { isSubdomainOf, type Name } from '../wire/name.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { type Classified, classifyAnswer, negative, rrsetsOf } from './classify.ts'

/**
 * @param zone the zone that is forwarded
 * @param question as sent
 */
export function classifyForwarded(message: Message, question: Question, zone: Name): Classified {
  const { rcode } = message
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN && rcode !== RCODE.YXDOMAIN) {
    return { kind: 'lame', reason: complaint(message), lasting: false }
  }
  const answers = rrsetsOf(message.answer.filter((record) => isBelieved(record, question.name, zone)))
  const authorities = rrsetsOf(message.authority.filter((record) => record.class === CLASS.IN))
  const positive = classifyAnswer(question, answers, authorities)
  if (positive !== undefined) return positive
  if (rcode === RCODE.YXDOMAIN) return { kind: 'lame', reason: 'YXDOMAIN without a DNAME', lasting: false }
  const soa = authorities.find((set) => set.type === TYPE.SOA && isSubdomainOf(question.name, set.owner))
  const denial = negative(message, authorities, soa)
  // It may be no resolver at all and refer us elsewhere: then another forwarder knows better.
  return soa === undefined && rcode === RCODE.NOERROR ? { ...denial, doubt: 'empty' } : denial
}

/** A DNAME above the zone makes the alias that was asked for; it is kept only where it is proven. */
function isBelieved(record: ResourceRecord, name: Name, zone: Name): boolean {
  if (record.class !== CLASS.IN) return false
  if (isSubdomainOf(record.owner, zone)) return true
  return (record.type === TYPE.DNAME || record.type === TYPE.RRSIG) && isSubdomainOf(name, record.owner)
}

/** Why it does not answer, in its own words if it gives any (RFC 8914), made harmless. */
function complaint({ rcode, edns }: Message): string {
  const ede = edns?.options.map(parseEde).find((error) => error !== undefined)
  if (ede === undefined) return formatRcode(rcode)
  const text = ede.text.slice(0, FORWARDER_TEXT_CHARACTERS_MAX).replace(/[^ -~]/g, '?')
  return `${formatRcode(rcode)}, EDE ${ede.code}${text === '' ? '' : ` "${text}"`}`
}
