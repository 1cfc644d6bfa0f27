/** Two replies to one question, side by side: what they differ in, which differences are allowed, and what is wrong with one alone. */
import { type Ask, formatName, type Reply, type ReplyRecord } from './dns-client.ts'

/** How a question is asked; the first is the way of every question, the others of a share of them. */
export const MANNERS: Readonly<Record<string, Partial<Ask>>> = {
  DO: { do: true },
  plain: {},
  AD: { ad: true },
  'DO and CD': { do: true, cd: true },
  CD: { cd: true },
  'TCP and DO': { tcp: true, do: true },
  'bufsize 512 and DO': { udpPayloadOctets: 512, do: true },
  'no EDNS': { udpPayloadOctets: 0 },
  'no EDNS and AD': { udpPayloadOctets: 0, ad: true },
}

export interface Question extends Ask {
  /** Key of `MANNERS`. */
  readonly manner: string
}

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

export function recordText({ owner, type, rdata }: ReplyRecord): string {
  return `${owner} ${type} ${rdata}`
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return isSubset(a, b) && isSubset(b, a)
}

export function isSubset(some: readonly string[], all: readonly string[]): boolean {
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
