/** How the trust anchors stand, for people and for metrics. */

import { rollReadiness } from '../../dnssec/roll-readiness.ts'
import { anchorKeyTag, type TrustAnchors } from '../../dnssec/trust-anchors.ts'
import { followedTag } from '../../dnssec/trust-point.ts'
import type { AnchorState, FollowedZoneState } from '../../telemetry/metrics.ts'
import { nameKey } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { AnchorKeeper } from './keeper.ts'

/** What the metrics show. Anchors of zones that nobody follows are valid. */
export function anchorStates(inForce: TrustAnchors, keeper: AnchorKeeper | undefined): AnchorState[] {
  const zones = keeper?.zones ?? []
  const followed = new Set(zones.map(({ point }) => nameKey(point.zone)))
  const fixed = inForce.list.filter(({ zone }) => !followed.has(nameKey(zone)))
  return [
    ...fixed.map((anchor) => ({ tag: anchorKeyTag(anchor), state: 'valid' })),
    ...zones.flatMap(({ point }) =>
      point.keys.map((key) => ({
        tag: followedTag(key),
        state: key.state,
        ...(key.state === 'add-pending' && { holdDownEndSeconds: key.sinceSeconds + key.holdDownSeconds }),
      })),
    ),
  ]
}

/** The same of zones. */
export function followedZoneStates(
  keeper: AnchorKeeper | undefined,
  nowSeconds: number,
): FollowedZoneState[] {
  return (keeper?.zones ?? []).map(({ point }) => ({
    zone: formatName(point.zone),
    lastProbeSeconds: point.lastProbeSeconds,
    lastSuccessSeconds: point.lastSuccessSeconds,
    isRollReady: rollReadiness(point, { nowSeconds, isSaved: keeper?.isSaved }).isReady,
  }))
}
