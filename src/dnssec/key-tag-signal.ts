/** Telling the servers of a zone which of its keys are believed here (RFC 8145 5). */
import { labelsOf, type Name, nameFromLabels } from '../wire/name.ts'
import { anchorKeyTag, type TrustAnchor } from './trust-anchors.ts'

/** Tags that fit one label: five octets each behind `_ta`. */
const TAGS_MAX = 12

/** The name whose question, of type NULL, says it: `_ta-4f66-9728.`; undefined where there is nothing to say. */
export function keyTagSignal(zone: Name, anchors: readonly TrustAnchor[]): Name | undefined {
  const tags = [...new Set(anchors.map(anchorKeyTag))].sort((a, b) => a - b).slice(0, TAGS_MAX)
  if (tags.length === 0) return undefined
  const label = `_ta-${tags.map((tag) => tag.toString(16).padStart(4, '0')).join('-')}`
  return nameFromLabels([Buffer.from(label, 'latin1'), ...labelsOf(zone)])
}
