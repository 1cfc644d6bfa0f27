/**
 * Asks a zone itself who serves it before its delegation is used (`resolution.verify-referrals`). A referral is not
 * signed, but what the zone says of itself may be: then nobody can lead questions to servers of his own by forging a
 * referral, and see them, though what he answers would not validate.
 */
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isSubdomainOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { addressTypes } from './address-families.ts'
import { type Context, failure, type Job, type ResolutionFailure, type Soon } from './context.ts'
import { type Cut, serverNames } from './cut.ts'

/**
 * The cut as the zone has it, with the addresses of the servers inside it looked up, or as it was where the zone does not
 * tell. What the zone says must not be bogus, where that is enforced. The questions that this takes go to the servers of the referral: they come
 * back here, find that they are asked already, and go on with the cut as it is.
 */
export function verifiedCut(context: Context, job: Job, cut: Cut): Soon<Cut | ResolutionFailure> {
  return !context.settings.verifyReferrals || isRoot(cut.zone) ? cut : asZoneSays(context, job, cut)
}

async function asZoneSays(context: Context, job: Job, cut: Cut): Promise<Cut | ResolutionFailure> {
  const { zone } = cut
  const { settings } = context
  const found = await context.lookup(job, zone, TYPE.NS)
  if (found.kind !== 'records' || found.judged.transient === true) return cut
  const { status, reason, detail } = found.judged
  if (status === 'bogus' && context.policy.mode === 'enforce')
    return failure(reason, `name servers of ${formatName(zone)}: ${detail}`)
  const servers = found.answer.filter(({ type }) => type === TYPE.NS).flatMap(serverNames)
  const types = addressTypes(settings)
  const most = job.budget.limits.nameServersPerDelegation
  const inside = servers.filter((name) => isSubdomainOf(name, zone)).slice(0, most)
  for (const name of inside) for (const type of types) await context.lookup(job, name, type)
  return { ...cut, servers }
}
