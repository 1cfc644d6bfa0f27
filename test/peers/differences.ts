/** Which differences are right, each with its reason, and what is wrong with a reply whatever the judge says. */

import { AD_BESIDE_CD, CNAME_BELOW_DNAME, NSEC_BESIDE_CNAME, only } from '../support/common-differences.ts'
import {
  type DifferenceClass,
  faultsOf as generalFaultsOf,
  isSubset,
  type Question,
  recordText,
} from '../support/comparison.ts'
import type { Reply } from '../support/dns-client.ts'
import { type ZonePlan, zoneOf } from './zone-plan.ts'

const NSEC3_ITERATIONS_OURS = 50
const NSEC3_ITERATIONS_JUDGE = 150

/** The classes of differences that are right. README.md says why, each under its name. */
export const ALLOWED: readonly DifferenceClass[] = [
  {
    name: 'NSEC3 iterations between 51 and 150',
    applies: ({ ours, judge }, differences) =>
      only(differences, 'AD') && !ours.ad && judge.ad && restsOnManyIterations(judge),
  },
  AD_BESIDE_CD,
  {
    name: 'YXDOMAIN is judged',
    applies: ({ ours, judge }) =>
      judge.rcode === 'YXDOMAIN' &&
      ours.rcode === 'SERVFAIL' &&
      zonesOf(judge).some(({ expected }) => expected === 'bogus'),
  },
  CNAME_BELOW_DNAME,
  NSEC_BESIDE_CNAME,
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

/** What is wrong with a reply of ours whatever the judge says; in a broken zone there is one EDE that says what is broken. */
export function faultsOf(question: Question, reply: Reply): string[] {
  const faults = generalFaultsOf(question, reply)
  const zone = zoneOf(question.name)
  const isFailure = reply.rcode === 'SERVFAIL' && reply.hasOpt && zone.expected === 'bogus'
  if (isFailure && reply.ede[0]?.code !== zone.ede) {
    faults.push(`EDE ${reply.ede[0]?.code}: ${reply.ede[0]?.text}`)
  }
  return faults
}
