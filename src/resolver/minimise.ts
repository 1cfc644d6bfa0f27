/** QNAME minimisation (RFC 9156): how much of a name a zone's servers get to see. */
import { MINIMISED_LABELS_MAX } from '../base/limits.ts'
import { labelCount, lastLabels, type Name } from '../wire/name.ts'

/** RFC 9156 2.3, MINIMISE_ONE_LAB: the first questions add one label each. */
const ONE_LABEL_STEPS = 4
/** RFC 9156 2.3, MAX_MINIMISE_COUNT: the last question shows the whole name. */
const STEPS_MAX = MINIMISED_LABELS_MAX - 1

/**
 * The name to ask next.
 *
 * @param known labels that the zone's servers have answered for already (at least the zone's own)
 * @param step questions asked so far for this name, those that were answered with a referral included
 * @returns `name` itself when nothing is to be gained
 */
export function minimisedName(name: Name, known: number, step: number): Name {
  const missing = labelCount(name) - known
  if (missing <= 1 || step >= STEPS_MAX) return name
  const added = step < ONE_LABEL_STEPS ? 1 : Math.ceil(missing / (MINIMISED_LABELS_MAX - step))
  return lastLabels(name, Math.min(known + added, labelCount(name)))
}
