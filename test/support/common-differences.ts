/** Differences between this resolver and Unbound that show wherever the two are compared. */
import type { Difference, DifferenceClass } from './comparison.ts'
import type { ReplyRecord } from './dns-client.ts'

/** Who sets CD asks us not to judge, and is told nothing of what we found. */
export const AD_BESIDE_CD: DifferenceClass = {
  name: 'AD beside CD',
  seldom: true,
  applies: ({ question, judge }, differences) => only(differences, 'AD') && question.cd === true && judge.ad,
}

/** The CNAME is checked by synthesis, not by a signature that it does not have. */
export const CNAME_BELOW_DNAME: DifferenceClass = {
  name: 'CNAME asked for below a DNAME',
  applies: ({ question, ours, judge }) => {
    const types = withoutSignatures(ours.answer).map(({ type }) => type)
    const isSynthesised = types.length === 2 && types[0] === 'DNAME' && types[1] === 'CNAME'
    return question.type === 'CNAME' && isSynthesised && ours.rcode === 'NOERROR' && !judge.ad
  },
}

/** Unbound follows the alias, or not, as its cache happens to stand. */
export const NSEC_BESIDE_CNAME: DifferenceClass = {
  name: 'NSEC asked for beside a CNAME',
  seldom: true,
  applies: ({ question, ours, judge }) => {
    const last = withoutSignatures(ours.answer).at(-1)
    if (question.type !== 'NSEC' || last?.type !== 'NSEC' || !tellsOfCname(last.rdata)) return false
    const isFollowed = judge.answer.some(({ owner, type }) => type === 'CNAME' && owner === last.owner)
    return isFollowed || judge.rcode === 'SERVFAIL'
  },
}

/** True when the type bit map of an NSEC record has the bit of CNAME (RFC 4034 4.1.2). */
function tellsOfCname(rdata: string): boolean {
  const octets = Buffer.from(rdata, 'hex')
  let at = 0
  while (octets[at] !== 0) at += octets[at]! + 1
  const [window, , firstOctet] = octets.subarray(at + 1)
  return window === 0 && (firstOctet! & 0x04) !== 0
}

function withoutSignatures(records: readonly ReplyRecord[]): ReplyRecord[] {
  return records.filter(({ type }) => type !== 'RRSIG')
}

/** True when they differ in nothing else. */
export function only(differences: readonly Difference[], ...allowed: Difference[]): boolean {
  return differences.every((difference) => allowed.includes(difference))
}
