/** The domain that somebody has registered, by the Public Suffix List: whom a fault concerns and who can mend it. */
import { getPublicSuffix } from 'tldts'
import { foldName, labelCount, labelsOf, lastLabels, type Name } from '../../wire/name.ts'

/** A name is given as it is; suffixes that firms gave to their customers do not count: the firm is who mends. */
const AS_GIVEN = {
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
  allowPrivateDomains: false,
}

/** One label more than the public suffix; the name itself where it is such a suffix, or the root. In lower case. */
export function registeredDomain(name: Name): Name {
  const folded = foldName(name)
  const suffix = getPublicSuffix(hostText(folded), AS_GIVEN)
  const labels = suffix === null ? 0 : suffix.split('.').length
  return lastLabels(folded, Math.min(labelCount(folded), labels + 1))
}

/** Letters, digits, hyphens and underscores as they are; any other label is none of the list's. */
function hostText(name: Name): string {
  return labelsOf(name)
    .map((label) => (label.every(isOrdinary) ? Buffer.from(label).toString('latin1') : '_'))
    .join('.')
}

function isOrdinary(octet: number): boolean {
  return (
    (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x2d || octet === 0x5f
  )
}
