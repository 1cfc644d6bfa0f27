/** What must hold of every reply, whatever the network does. Each function returns what is wrong, in words. */
import { type Expectation, isMet, type Observation } from '../../src/lab/expectation.ts'
import { parseEde } from '../../src/wire/edns.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { formatRcode, RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { isStrictSubdomainOf, type Name, namesEqual, parentOf, replaceSuffix } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { targetName } from '../../src/wire/rdata/target.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import type { Oracle } from './oracle.ts'
import type { ClientForm } from './questions.ts'

/** What was in force while a question waited. */
export interface Circumstances {
  /** Readings of the wall clock. */
  readonly clocks: readonly number[]
  /** The wall clock was somewhere else than when the lab was signed. */
  readonly clockAstray: boolean
  /** Bogus data was withheld all the time. */
  readonly enforced: boolean
  /** Validation was off all the time. */
  readonly off: boolean
  /** A negative trust anchor covered the name at some time. */
  excused(name: Name): boolean
  /** … or all the time. */
  covered(name: Name): boolean
  /** Old answers may be given (RFC 8767), and they have no AD. */
  readonly servesStale: boolean
  /** Names that this resolver answers for by itself. */
  local(name: Name, type: number): boolean
}

const ALIASES_FOLLOWED_MAX = 20
/** Types that are nobody's data, or everybody's. */
const NO_DATA_TYPES: ReadonlySet<number> = new Set([TYPE.ANY, TYPE.RRSIG])

/** Everything about one reply that carries an answer. */
export function faultsOfReply(
  form: ClientForm,
  reply: Message,
  oracle: Oracle,
  circumstances: Circumstances,
): string[] {
  const faults: string[] = []
  if (form.mangled || form.class !== CLASS.IN) {
    if (reply.ad && form.class !== CLASS.IN) faults.push('AD in another class')
    return faults
  }
  if (reply.ad && !form.ad && !form.do) faults.push('AD for a client that asked for neither AD nor DO')
  if (reply.ad && circumstances.off) faults.push('AD while validation was off')
  if (reply.tc) return faults
  const answer = groupRrsets(reply.answer)
  const final = endOfAliases(form, answer)
  if (reply.ad) faults.push(...falseSecurity(form, reply, answer, final, oracle, circumstances))
  faults.push(...falseData(form, reply, answer, final, oracle, circumstances))
  return faults.map((fault) => `${formatName(form.name)} ${formatType(form.type)}: ${fault}`)
}

/** `secure` for what the lab did not sign. */
function falseSecurity(
  form: ClientForm,
  reply: Message,
  answer: readonly Rrset[],
  final: Name,
  oracle: Oracle,
  { clocks, covered }: Circumstances,
): string[] {
  if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN && reply.rcode !== RCODE.YXDOMAIN)
    return [`AD beside ${formatRcode(reply.rcode)}`]
  const faults: string[] = []
  for (const set of [...answer, ...groupRrsets(reply.authority)]) {
    const zone = oracle.classFor(set.owner, set.type)
    const subject = `${formatName(set.owner)} ${formatType(set.type)}`
    // The NSEC at a cut may be the parent's, which an anchor at the cut does not cover.
    const above = set.type === TYPE.NSEC && oracle.isApex(set.owner) ? parentOf(set.owner) : set.owner
    if (covered(above)) faults.push(`AD over ${subject}, below a negative trust anchor`)
    else if (!oracle.mayBeProven(set.owner, set.type))
      faults.push(`AD over ${subject}, in a zone that cannot be proven`)
    else if (zone.compact && set.type === TYPE.NSEC) continue
    else if (!oracle.isSigned(set, clocks) && !isMadeByDname(set, answer))
      faults.push(`AD over ${subject}, which the lab did not sign so`)
  }
  if (!isDenial(form, reply, answer, final)) return faults
  const nxdomain = reply.rcode === RCODE.NXDOMAIN
  if (covered(final)) faults.push('AD over a denial below a negative trust anchor')
  else if (!oracle.mayBeProven(final, form.type)) faults.push('AD over a denial that cannot be proven')
  else if (!oracle.isAbsent(final, form.type, nxdomain, clocks))
    faults.push(`AD over the denial of ${formatName(final)}, which exists`)
  return faults
}

/** Data or a denial that is false, given out as if it were unsigned; and what is signed, called unsigned. */
function falseData(
  form: ClientForm,
  reply: Message,
  answer: readonly Rrset[],
  final: Name,
  oracle: Oracle,
  circumstances: Circumstances,
): string[] {
  const { enforced, excused, local, servesStale } = circumstances
  if (form.cd || !enforced || local(form.name, form.type) || NO_DATA_TYPES.has(form.type)) return []
  if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN) return []
  const names = [form.name, final, ...answer.map(({ owner }) => owner)]
  if (names.some(excused)) return []
  const faults: string[] = []
  let sure = true
  for (const set of answer) {
    const zone = oracle.classFor(set.owner, set.type)
    const mustBe =
      zone.sureness === 'all' || (zone.sureness === 'existing' && oracle.alwaysThere(set.owner, set.type))
    sure &&= zone.sureness === 'all'
    if (mustBe && !oracle.isSigned(set, []) && !isMadeByDname(set, answer))
      faults.push(`false ${formatName(set.owner)} ${formatType(set.type)} of a signed zone`)
  }
  const zone = oracle.classFor(final, form.type)
  if (isDenial(form, reply, answer, final)) {
    if (zone.sureness !== 'none' && oracle.alwaysThere(final, form.type))
      faults.push(`a denial of ${formatName(final)}, which exists`)
    sure &&= zone.sureness === 'all'
  }
  sure &&= oracle.classFor(form.name, form.type).sureness === 'all'
  // Without EDNS nobody is told that an answer is old.
  const old = servesStale && (isStale(reply) || reply.edns === undefined)
  if (sure && (form.ad || form.do) && !reply.ad && !old)
    faults.push(`no AD over ${formatRcode(reply.rcode)} of signed zones only`)
  return faults
}

/** What the catalogue says, under any network: broken zones stay broken, unsigned ones unsigned. */
export function faultsByCatalogue(
  expected: Expectation,
  reply: Message,
  { enforced, excused, clockAstray }: Circumstances,
  name: Name,
  oracle: Oracle,
): string[] {
  const names = [name, ...reply.answer.map(({ owner }) => owner)]
  if (expected.manner !== 'usual' || !enforced || clockAstray || names.some(excused)) return []
  const what = `${expected.name} ${expected.type}`
  // What was proven in spite of the lies is right (`falseSecurity` sees to it).
  const proven = reply.ad && oracle.isLiedAbout(name)
  if (expected.verdict === 'bogus' && reply.rcode !== RCODE.SERVFAIL && !proven)
    return [`${what}: ${formatRcode(reply.rcode)} for what must be bogus`]
  if (expected.verdict === 'insecure' && reply.ad) return [`${what}: AD for what must be insecure`]
  return []
}

/** What the catalogue says when nothing is wrong with the network. */
export function faultsWhenCalm(expected: Expectation, reply: Message, name: Name, oracle: Oracle): string[] {
  if (expected.verdict === 'bogus' && reply.ad && oracle.isLiedAbout(name)) return []
  const observed: Observation = {
    rcode: reply.rcode,
    ad: reply.ad,
    edes: edesOf(reply),
    data: reply.answer.length > 0,
  }
  // Which error is told depends on what was tried before, so any of its kind will do.
  const ede = expected.verdict === 'bogus' || expected.verdict === 'failed' ? observed.edes[0] : expected.ede
  const isFailure = expected.verdict === 'failed' && observed.rcode === RCODE.SERVFAIL
  // An old answer may be given while a new one is fetched (RFC 8767); `falseData` has seen what is in it.
  if (isFailure || isStale(reply) || isMet({ ...expected, ede }, observed)) return []
  const { rcode, ad, data } = observed
  const got = `${formatRcode(rcode)} ad=${ad} data=${data} EDE=${observed.edes.join(',')}`
  return [
    `${expected.name} ${expected.type} ${expected.manner}: ${got}, not ${expected.verdict} in calm weather`,
  ]
}

/** INFO-CODEs of a reply. */
export function edesOf(reply: Message): number[] {
  const options = reply.edns?.options.filter(({ code }) => code === OPTION.EXTENDED_ERROR) ?? []
  return options.map((option) => parseEde(option)?.code ?? -1)
}

function isStale(reply: Message): boolean {
  return edesOf(reply).some((ede) => ede === EDE.STALE_ANSWER || ede === EDE.STALE_NXDOMAIN_ANSWER)
}

function isDenial(form: ClientForm, reply: Message, answer: readonly Rrset[], final: Name): boolean {
  if (reply.rcode === RCODE.NXDOMAIN) return true
  if (reply.rcode !== RCODE.NOERROR || form.type === TYPE.ANY) return false
  return !answer.some(({ owner, type }) => type === form.type && namesEqual(owner, final))
}

function endOfAliases({ name, type }: ClientForm, answer: readonly Rrset[]): Name {
  let at = name
  if (type === TYPE.CNAME || type === TYPE.ANY) return at
  for (let step = 0; step < ALIASES_FOLLOWED_MAX; step++) {
    const here = answer.filter(({ owner }) => namesEqual(owner, at))
    if (here.some((set) => set.type === type)) return at
    const alias = here.find((set) => set.type === TYPE.CNAME)
    const target = alias && targetName(alias.rdatas[0]!)
    if (target === undefined) return at
    at = target
  }
  return at
}

/** RFC 6672 3.1: the CNAME that a DNAME of the same answer stands for. */
function isMadeByDname(set: Rrset, answer: readonly Rrset[]): boolean {
  if (set.type !== TYPE.CNAME || set.rdatas.length !== 1) return false
  const target = targetName(set.rdatas[0]!)
  return answer.some((dname) => {
    if (dname.type !== TYPE.DNAME || !isStrictSubdomainOf(set.owner, dname.owner)) return false
    const replacement = targetName(dname.rdatas[0]!)
    const made = replacement && replaceSuffix(set.owner, dname.owner, replacement)
    return made !== undefined && target !== undefined && namesEqual(made, target)
  })
}
