/** Which differences between this resolver and Unbound are right. README.md says why, each under its name. */

import { ALIASES_MAX } from '../../src/base/limits.ts'
import { AD_BESIDE_CD, CNAME_BELOW_DNAME, NSEC_BESIDE_CNAME, only } from '../support/common-differences.ts'
import {
  type Comparison,
  type Difference,
  type DifferenceClass,
  isSubset,
  recordText,
} from '../support/comparison.ts'

/** We find the zone bogus, and say so to all but those who set CD; the judge does not. */
function bogusToUs(name: string, ...zones: readonly string[]): DifferenceClass {
  return {
    name,
    applies: (comparison, differences) => {
      const { question, ours } = comparison
      if (!zones.some((zone) => isIn(question.name, zone))) return false
      return question.cd === true ? !ours.ad : ours.rcode === 'SERVFAIL' && isMilder(comparison, differences)
    },
  }
}

function isMilder({ judge }: Comparison, differences: readonly Difference[]): boolean {
  return differences.includes('rcode') && (judge.rcode === 'NOERROR' || judge.rcode === 'NXDOMAIN')
}

function isIn(name: string, zone: string): boolean {
  return `.${name.toLowerCase()}`.endsWith(`.${zone}`)
}

/** The classes of differences that are right. */
export const ALLOWED: readonly DifferenceClass[] = [
  bogusToUs('Key that was revoked', 'revoked.se.'),
  bogusToUs('SHA-1 beside SHA-256', 'ds-wrong-sha256.se.'),
  bogusToUs('Malformed type bitmap', 'bad-bitmap.se.'),
  bogusToUs('Cut that its parent denies', 'cut.ancestor-nsec.se.'),
  {
    name: 'Referral to itself',
    applies: ({ question, ours, judge }) =>
      isIn(question.name, 'sideways.se.') && ours.rcode === 'SERVFAIL' && judge.rcode === 'NOERROR',
  },
  {
    name: 'Silence instead of SERVFAIL',
    applies: ({ ours, judge }) => ours.rcode === 'SERVFAIL' && judge.rcode === 'silence',
  },
  {
    name: 'NSEC3 iterations between 51 and 150',
    applies: ({ question, ours, judge }, differences) =>
      isIn(question.name, 'iterations51.se.') && only(differences, 'AD') && !ours.ad && judge.ad,
  },
  {
    name: 'Aliases beyond the eleventh',
    seldom: true,
    applies: ({ question, ours, judge }) =>
      isIn(question.name, 'alias-trouble.se.') &&
      ours.rcode === 'SERVFAIL' &&
      judge.answer.filter(({ type }) => type === 'CNAME').length > ALIASES_MAX,
  },
  {
    name: 'Denial out of cached proofs',
    seldom: true,
    applies: ({ question, ours, judge }) =>
      isIn(question.name, 'host.wild.expanded-nsec.se.') &&
      ours.rcode === 'NOERROR' &&
      ours.answer.length === 0 &&
      judge.rcode === 'SERVFAIL',
  },
  AD_BESIDE_CD,
  { ...CNAME_BELOW_DNAME, seldom: true },
  NSEC_BESIDE_CNAME,
  {
    name: 'Wrong ids on a stream',
    seldom: true,
    applies: ({ question, ours, judge }) =>
      isIn(question.name, 'forged.se.') && ours.rcode !== 'SERVFAIL' && judge.rcode === 'SERVFAIL',
  },
  {
    name: 'CD for what was found bogus before',
    seldom: true,
    applies: ({ question, ours, judge }) =>
      question.cd === true &&
      ours.rcode === 'NOERROR' &&
      !ours.ad &&
      isSubset(judge.answer.map(recordText), ours.answer.map(recordText)),
  },
]
