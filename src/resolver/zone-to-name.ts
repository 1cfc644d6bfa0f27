/** Which zone is told of when a limit is met. */
import { type Name, ROOT } from '../wire/name.ts'
import type { Context, Job } from './context.ts'

/**
 * The zone to be named where a whole query met a limit: that of the name a client asked for, not the one that happened
 * to be asked last, which may well be the victim.
 */
export function zoneToName({ rrsets }: Context, { asked }: Job, atHand: Name): Name {
  return asked === undefined ? atHand : (rrsets.closestDelegation(asked.name)?.rrset.owner ?? ROOT)
}
