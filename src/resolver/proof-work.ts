/** What every step that verifies something needs: its parameters, its manners towards the event loop, its report. */
import { policyParameters, type ValidationParameters } from '../dnssec/parameters.ts'
import type { Reason } from '../dnssec/reasons.ts'
import type { Steps } from '../dnssec/rrset-signature.ts'
import type { Name } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { Context, Job } from './context.ts'

/** Parameters of the pure checks, for this moment and this query. */
export function validationParameters(context: Context, job: Job): ValidationParameters {
  const { policy, platform, clock, keys } = context
  const of = policyParameters(policy, platform)
  // Spelt out: this is made for every check.
  return {
    nowSeconds: clock.unixSeconds(),
    skewSecondsMin: of.skewSecondsMin,
    skewSecondsMax: of.skewSecondsMax,
    algorithmSupported: of.algorithmSupported,
    digestSupported: of.digestSupported,
    nsec3IterationsMax: job.budget.limits.nsec3Iterations,
    keys,
    budget: job.budget.proof,
  }
}

/** Takes the steps of a check, with a breath before each. */
export async function inSlices<T>(
  context: Context,
  job: Job,
  check: (p: ValidationParameters) => Steps<T>,
): Promise<T> {
  let pause = breathe(context, job)
  if (pause !== undefined) await pause
  const { clock, proofTurns } = context
  const steps = check(validationParameters(context, job))
  for (;;) {
    const beganMs = clock.nowMs()
    const step = steps.next()
    proofTurns.worked(clock.nowMs() - beganMs)
    if (step.done === true) return step.value
    pause = breathe(context, job)
    if (pause !== undefined) await pause
  }
}

/** To be called before each verification: a turn of the event loop to wait for, when this one has had its share of proving. */
export function breathe(context: Context, job: Job): Promise<void> | undefined {
  context.betweenSteps()
  const pause = context.proofTurns.pause(job.asked?.client)
  return pause === undefined ? undefined : goOnAfter(pause, context, job)
}

async function goOnAfter(pause: Promise<void>, context: Context, job: Job): Promise<void> {
  await pause
  context.noteWork(job.asked)
}

interface LinkVerdict {
  readonly status: 'secure' | 'insecure' | 'bogus'
  readonly reason?: Reason
  readonly detail?: string
  readonly keyTag?: number | undefined
  readonly algorithm?: number | undefined
  readonly expiration?: number | undefined
}

/** Tells the listener of one verified (or refused) link. */
export function traceLink(job: Job, zone: Name, rrset: Rrset, verdict: LinkVerdict): void {
  if (job.trace === undefined) return
  const { keyTag, algorithm, expiration } = verdict
  job.trace({
    kind: 'link',
    zone,
    owner: rrset.owner,
    type: rrset.type,
    ...(keyTag === undefined ? {} : { keyTag }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(expiration === undefined ? {} : { expiration }),
    verdict: verdict.status,
    reason: verdict.reason ?? verdict.status,
    detail: verdict.detail ?? '',
  })
}
