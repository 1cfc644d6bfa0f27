/** What two replies to one question differ in, and which differences are right, each with its reason. */
import { formatName, type Reply, type ReplyRecord } from './dns-client.ts'
import type { Question } from './questions.ts'
import { type ZonePlan, zoneOf } from './zone-plan.ts'

export interface Comparison {
  readonly question: Question
  readonly ours: Reply
  readonly judge: Reply
}

export type Difference = 'rcode' | 'AD' | 'answer'

/** In what the two differ: order, TTLs, the other sections and what comes with SERVFAIL aside. */
export function differencesOf({ ours, judge }: Comparison): Difference[] {
  const found: Difference[] = []
  if (ours.rcode !== judge.rcode) found.push('rcode')
  if (ours.ad !== judge.ad) found.push('AD')
  const bothFail = ours.rcode === 'SERVFAIL' && judge.rcode === 'SERVFAIL'
  if (!bothFail && !sameSet(ours.answer.map(recordText), judge.answer.map(recordText))) found.push('answer')
  return found
}

function recordText({ owner, type, rdata }: ReplyRecord): string {
  return `${owner} ${type} ${rdata}`
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return isSubset(a, b) && isSubset(b, a)
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  const set = new Set(all)
  return some.every((text) => set.has(text))
}

export interface DifferenceClass {
  /** The heading of its paragraph in README.md. */
  readonly name: string
  /** What the judge does depends on what its cache happens to hold, so a run may do without. */
  readonly seldom?: true
  readonly applies: (comparison: Comparison, differences: readonly Difference[]) => boolean
}

const NSEC3_ITERATIONS_OURS = 50
const NSEC3_ITERATIONS_JUDGE = 150

/** The classes of differences that are right. README.md says why, each under its name. */
export const ALLOWED: readonly DifferenceClass[] = [
  {
    name: 'NSEC3 iterations between 51 and 150',
    applies: ({ ours, judge }, differences) =>
      only(differences, 'AD') && !ours.ad && judge.ad && restsOnManyIterations(judge),
  },
  {
    name: 'YXDOMAIN is judged',
    applies: ({ ours, judge }, differences) => {
      if (judge.rcode !== 'YXDOMAIN' || judge.ad) return false
      if (ours.rcode === 'YXDOMAIN') return only(differences, 'AD') && ours.ad
      return ours.rcode === 'SERVFAIL' && zonesOf(judge).some(({ expected }) => expected === 'bogus')
    },
  },
  {
    name: 'CNAME asked for below a DNAME',
    applies: ({ question, ours, judge }) => {
      const types = withoutSignatures(ours.answer).map(({ type }) => type)
      const isSynthesised = types.length === 2 && types[0] === 'DNAME' && types[1] === 'CNAME'
      return question.type === 'CNAME' && isSynthesised && ours.rcode === 'NOERROR' && !judge.ad
    },
  },
  {
    name: 'NSEC asked for beside a CNAME',
    seldom: true,
    applies: ({ question, ours, judge }) => {
      const last = withoutSignatures(ours.answer).at(-1)
      if (question.type !== 'NSEC' || last?.type !== 'NSEC' || !tellsOfCname(last.rdata)) return false
      const isFollowed = judge.answer.some(({ owner, type }) => type === 'CNAME' && owner === last.owner)
      return isFollowed || judge.rcode === 'SERVFAIL'
    },
  },
  {
    name: 'CD in a zone signed by an unpublished key',
    seldom: true,
    applies: ({ question, ours, judge }) =>
      question.cd === true &&
      ours.rcode !== 'SERVFAIL' &&
      [zoneOf(question.name), ...zonesOf(ours)].some(({ fault }) => fault === 'foreign-zsk') &&
      isSubset(judge.answer.map(recordText), ours.answer.map(recordText)),
  },
]

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

function only(differences: readonly Difference[], ...allowed: Difference[]): boolean {
  return differences.every((difference) => allowed.includes(difference))
}

/** The zones that a reply's names lie in. */
function zonesOf(...replies: readonly Reply[]): ZonePlan[] {
  return replies.flatMap(({ answer, authority }) =>
    [...answer, ...authority].map(({ owner }) => zoneOf(owner)),
  )
}

/** True when part of the reply needs an NSEC3 proof of such a zone: a denial, or an answer from a wildcard. */
function restsOnManyIterations({ answer, authority }: Reply): boolean {
  const denials = authority.filter(({ type }) => type === 'SOA' || type === 'NSEC3')
  const expanded = answer.filter(({ owner }) => /\.(?:wild|wild-[a-z]+)\./.test(owner))
  return [...denials, ...expanded].some(({ owner }) => hasManyIterations(zoneOf(owner)))
}

function hasManyIterations({ signing }: ZonePlan): boolean {
  if (signing === undefined || signing.denial === 'nsec') return false
  const { iterations } = signing.nsec3
  return iterations > NSEC3_ITERATIONS_OURS && iterations <= NSEC3_ITERATIONS_JUDGE
}

/** One line for the report of an unexplained difference. */
export function describe(comparison: Comparison, differences: readonly Difference[]): string {
  const { question, ours, judge } = comparison
  return (
    `${question.name} ${question.type} (${question.manner}): ${differences.join(', ')} differ: ` +
    `ours ${summary(ours)}; judge ${summary(judge)}`
  )
}

function summary(reply: Reply): string {
  const types = reply.answer.map(({ type }) => type).join(' ')
  const ede = reply.ede.map(({ code, text }) => ` EDE ${code} (${text})`).join('')
  return `${reply.rcode}${reply.ad ? ' ad' : ''}${ede} [${types}]`
}

const SIGNING_TYPES: readonly string[] = ['RRSIG', 'NSEC', 'NSEC3']

/** What is wrong with a reply of ours whatever the judge says: what every reply to such a query must keep. */
export function faultsOf(question: Question, reply: Reply): string[] {
  const faults: string[] = []
  const fault = (test: boolean, text: string): void => void (test && faults.push(text))
  const payload = question.udpPayloadOctets ?? 1232
  fault(reply.aa, 'AA set')
  fault(!reply.ra, 'RA clear')
  fault(reply.cd !== (question.cd === true), 'CD not copied')
  fault(reply.hasOpt !== payload > 0, 'OPT without OPT in the query, or none with')
  fault(reply.do !== (question.do === true), 'DO not copied')
  fault(reply.ad && question.do !== true && question.ad !== true, 'AD not asked for')
  fault(reply.ad && reply.rcode === 'SERVFAIL', 'AD in SERVFAIL')
  fault(reply.answer.length > 0 && reply.rcode === 'SERVFAIL', 'data in SERVFAIL')
  fault(reply.rcode === 'SERVFAIL' && reply.hasOpt && reply.ede.length === 0, 'SERVFAIL without EDE')
  const zone = zoneOf(question.name)
  const isFailure = reply.rcode === 'SERVFAIL' && reply.hasOpt && zone.expected === 'bogus'
  fault(isFailure && reply.ede[0]?.code !== zone.ede, `EDE ${reply.ede[0]?.code}: ${reply.ede[0]?.text}`)
  fault((reply.udpOctets ?? 0) > Math.max(512, payload), `${reply.udpOctets} octets over UDP`)
  const sections = [...reply.answer, ...reply.authority, ...reply.additional]
  const unasked = SIGNING_TYPES.filter((type) => type !== question.type)
  fault(
    question.do !== true && sections.some(({ type }) => unasked.includes(type)),
    'DNSSEC records without DO',
  )
  fault(new Set(reply.answer.map(recordText)).size !== reply.answer.length, 'a record twice in the answer')
  fault(!isChain(question, reply), 'the answer is not a chain from the question')
  return faults
}

/** Each CNAME comes before what it leads to (RFC 1034 3.6.2), and the answer starts at the question's name. */
function isChain(question: Question, reply: Reply): boolean {
  let name = question.name.toLowerCase()
  for (const { owner, type, rdata } of reply.answer) {
    if (type === 'RRSIG' || type === 'DNAME') continue
    if (owner !== name) return false
    if (type === 'CNAME' && question.type !== 'CNAME') name = nameText(rdata)
  }
  return true
}

/** A name in hexadecimal wire form as the client writes owners. */
function nameText(hex: string): string {
  return formatName(Buffer.from(hex, 'hex'))
}
