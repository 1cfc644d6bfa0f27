/** The root key sentinel towards clients (RFC 8509 3). */
import { rootKeySentinel } from '../dnssec/sentinel.ts'
import { anchorKeyTag, type TrustAnchors } from '../dnssec/trust-anchors.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Name, ROOT } from '../wire/name.ts'

/**
 * True when the answer to the question must become SERVFAIL. Holds only for a secure answer to a question without CD
 * under enforced validation, which the caller sees to.
 */
export function sentinelForbids(name: Name, type: number, anchors: TrustAnchors): boolean {
  if (type !== TYPE.A && type !== TYPE.AAAA) return false
  const sentinel = rootKeySentinel(name.subarray(1, 1 + name[0]!))
  if (sentinel === undefined) return false
  const trusted = anchors.of(ROOT).some((anchor) => anchorKeyTag(anchor) === sentinel.keyTag)
  return trusted !== (sentinel.kind === 'is-ta')
}
