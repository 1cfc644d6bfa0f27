/** QNAME minimisation (RFC 9156): how much of a name a zone's servers get to see. */
import { labelCount, lastLabels, type Name } from '../wire/name.ts'

/** RFC 9156 2.3, MINIMISE_ONE_LAB: the first questions add one label each. */
const ONE_LABEL_STEPS = 4

/**
 * The name to ask next.
 *
 * @param known labels that the zone's servers have answered for already (at least the zone's own)
 * @param step questions asked so far for this name, those that were answered with a referral included
 * @param most questions that the name may cost; the last of them shows the whole name (RFC 9156 2.3, MAX_MINIMISE_COUNT)
 * @returns `name` itself when nothing is to be gained
 */
export function minimisedName(name: Name, known: number, step: number, most: number): Name {
  const missing = labelCount(name) - known
  if (missing <= 1 || step >= most - 1) return name
  const added = step < ONE_LABEL_STEPS ? 1 : Math.ceil(missing / (most - step))
  return lastLabels(name, Math.min(known + added, labelCount(name)))
}
