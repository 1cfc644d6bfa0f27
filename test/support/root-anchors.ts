/** The root's trust anchors as the product ships them. */
import { readFileSync } from 'node:fs'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { readZone } from '../../src/wire/zone-text.ts'

export function rootAnchors(): TrustAnchor[] {
  const path = 'trust-anchors/root.ds'
  return anchorsFromRecords(readZone(readFileSync(path), { path }))
}
