/** What is wrong before the zone is reached. */
import { formatTime } from '../../dnssec/rrset-signature.ts'
import { RCODE } from '../../wire/iana/rcode.ts'
import { formatType, TYPE } from '../../wire/iana/rrtype.ts'
import { isRoot, parentOf } from '../../wire/name.ts'
import { type Finding, finding } from '../finding.ts'
import { nameText } from '../text.ts'
import type { ZoneView } from '../zone-view.ts'

/**
 * Is it they or we? The root of the tree validates and answers, or nothing can be said of anything below it.
 */
export function findOurselves({ seen }: ZoneView): Finding[] {
  const { status, rcode, reason, detail } = seen.verdicts.root
  if (status !== 'bogus' && rcode !== RCODE.SERVFAIL) return []
  const evidence = [
    detail === '' ? reason : `${reason}: ${detail}`,
    `the clock here says ${formatTime(seen.nowSeconds)}`,
  ]
  const told =
    status === 'bogus'
      ? {
          problem: 'This resolver cannot validate even the root zone.',
          fix: 'Compare the clock of this machine with another one, and the trust anchors ("sigill anchor status", "sigill anchor verify") with those that IANA publishes; see that nothing between here and the root servers rewrites DNS.',
        }
      : {
          problem: 'This resolver gets no answer even from the root servers.',
          fix: 'See that UDP and TCP to port 53 lead out from here, and that the root hints are right.',
        }
  return [finding('resolver-fails', { ...told, evidence })]
}

/** The delegation and the chain of trust down to the zone. */
export function findAbove(view: ZoneView): Finding[] {
  return [...missingDomain(view), ...brokenChain(view)]
}

function missingDomain({ seen }: ZoneView): Finding[] {
  if (seen.absent === undefined) return []
  const absent = nameText(seen.absent)
  const zone = nameText(seen.zone)
  const isDelegable = isRoot(parentOf(seen.absent)) || nameText(parentOf(seen.absent)) === zone
  return [
    finding('domain-missing', {
      problem: `The servers of ${zone} say that ${absent} does not exist.`,
      evidence: [`${absent} NS: NXDOMAIN from the servers of ${zone}`],
      fix: isDelegable
        ? `Check the spelling and whether ${absent} is registered and paid for. If it is, ask the registrar why ${zone} has no NS records for it.`
        : `Check the spelling; if the name should be there, add it to the zone ${zone}.`,
    }),
  ]
}

function brokenChain(view: ZoneView): Finding[] {
  const { parent, ds } = view.seen.verdicts
  const above = view.seen.parent
  if (parent === undefined || above === undefined) return []
  const zone = nameText(above.zone)
  const broken = parent.status === 'bogus' ? parent : ds?.status === 'bogus' ? ds : undefined
  if (broken !== undefined) {
    const what =
      broken === parent
        ? `The zone above, ${zone}, does not validate itself, so nothing below it can.`
        : `What ${zone} says of the ${formatType(TYPE.DS)} set of ${view.name} does not validate.`
    return [
      finding('chain-above-broken', {
        problem: what,
        evidence: [`${broken.reason}: ${broken.detail}`],
        fix: `Nothing can be done in ${view.name}. Tell the operator of ${zone}; until it is mended, a resolver can except ${zone} for a limited time with a negative trust anchor.`,
      }),
    ]
  }
  if (parent.status !== 'insecure' || view.keys.length === 0) return []
  return [
    finding('parent-unsigned', {
      problem: `${view.name} is signed, but no chain of trust leads to it: ${zone} is not signed, or is cut off further up.`,
      evidence: [`${zone} is insecure: ${parent.reason}${parent.detail === '' ? '' : ` (${parent.detail})`}`],
      fix: `Ask the operator of ${zone} to sign it and to publish a DS record with the zone above.`,
    }),
  ]
}
