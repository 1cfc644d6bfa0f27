/**
 * Proves a zone beside the question that is put to it, so that the answer finds the zone's keys there; without, every
 * signed zone that is new costs a round trip more. A referral brings the zone's DS set, or the proof that there is none.
 * Either is judged while the zone's servers are asked, and where there is a DS set, they are asked for their DNSKEY set
 * in the same moment.
 *
 * Nothing is asked that the answer's own proof would not ask: only a DS set that verified under keys which are there, or
 * on their way by these same steps, leads to a question.
 */
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, isSubdomainOf, type Name, namesEqual, parentOf } from '../wire/name.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import type { Context, Job } from './context.ts'
import { Flight } from './in-flight.ts'
import { Speculation } from './speculation.ts'
import { apexTrust, cutTrust, statusOf } from './trust.ts'

/** A zone whose servers are about to be asked. */
export interface ZoneAhead {
  readonly zone: Name
  /** The zone whose referral just brought the DS set or the proof that there is none; undefined when nothing came. */
  readonly parent: Name | undefined
  /** The question that has led there. */
  readonly name: Name
  readonly type: number
}

/**
 * Begins to prove a zone, and returns at once. Who needs the outcome finds it where it would look for it anyhow, or joins
 * the work.
 *
 * @param job that of the judge of what the servers will say, on whose allowance this is
 */
export function proveAhead(context: Context, job: Job, { zone, parent, name, type }: ZoneAhead): void {
  const { policy, settings } = context
  // A zone that is asked for its NS set first is proven by that.
  if (policy.mode === 'off' || settings.verifyReferrals) return
  if (statusOf(context, zone) !== undefined || (type === TYPE.DNSKEY && namesEqual(name, zone))) return
  const holder = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name
  if (policy.negativeTrustAnchor(name) || policy.negativeTrustAnchor(holder)) return
  // Below an anchor of its own a name needs nothing from above.
  const anchor = policy.anchors.closest(holder)
  if (anchor === undefined || !isSubdomainOf(zone, anchor)) return
  // Nobody waits for this: it is no part of any circle.
  const own = { ...job, flight: new Flight(job.flight.deadlineMs) }
  context.beside(() => prove(context, own, zone, parent))
}

async function prove(context: Context, job: Job, zone: Name, parent: Name | undefined): Promise<void> {
  const forKeys = (): Job => speculative(context, job)
  if (context.policy.anchors.of(zone).length > 0) {
    if (mayAskFor(context, job, zone)) await apexTrust(context, forKeys(), zone)
    return
  }
  const above = parent ?? signerOfDs(context, zone)
  if (above === undefined) return
  if (statusOf(context, above) === undefined) await prove(context, job, above, undefined)
  if (statusOf(context, above) !== 'secure' || !mayAskFor(context, job, zone)) return
  await cutTrust(context, job, zone, forKeys)
}

/** Not for a zone that gave no keys a moment ago, nor at the cost of what the question itself may still need. */
function mayAskFor({ failures }: Context, { budget }: Job, zone: Name): boolean {
  return failures.get(zone, TYPE.DNSKEY) === undefined && budget.maySpare(budget.question(zone, TYPE.DNSKEY))
}

function speculative({ counters }: Context, job: Job): Job {
  const speculation = new Speculation((stage) => counters.keysAhead(stage))
  return { ...job, flight: new Flight(job.flight.deadlineMs, speculation) }
}

/** The zone that signed the DS set of another one, as far as the cache has that. */
function signerOfDs({ rrsets }: Context, zone: Name): Name | undefined {
  const signature = rrsets.get(zone, TYPE.DS)?.rrset.signatures[0]
  const signer = signature && rrsigSigner(signature)
  return signer !== undefined && isStrictSubdomainOf(zone, signer) ? signer : undefined
}
