/** Work that jobs share: who asks the same as somebody else waits for that answer instead of asking. */
import { ROOT } from '../wire/name.ts'
import {
  type Context,
  failure,
  type Job,
  type Judgement,
  type ResolutionFailure,
  underFlight,
} from './context.ts'
import type { Flight, InFlight, Joined } from './in-flight.ts'
import { zoneToName } from './zone-to-name.ts'

/** What shared work may come to: a failure, or something with or without a verdict. */
interface Outcome {
  readonly kind: string
  readonly reason?: string
  readonly judged?: Judgement | undefined
  readonly unneeded?: boolean
}

/**
 * Joins equal work under way on behalf of a job, or does it. A follower whose leader met a limit tries once more on
 * its own allowance: the limit was the leader's. So does one whose leader gave up because nobody waited, or was content
 * with less. A circle, and a wait beyond the job's time, are failures.
 *
 * @param subject what is looked for, for the failure's text
 * @param isEnough whether what served its leader serves this job too
 */
export function share<T extends Outcome>(
  context: Context,
  table: InFlight<T>,
  key: string,
  job: Job,
  subject: () => string,
  work: (job: Job) => Promise<T>,
  isEnough: (value: T) => boolean = anything,
): Promise<T | ResolutionFailure> {
  const own = (flight: Flight): Promise<T> => work(underFlight(job, flight))
  const join = (): Promise<Joined<T>> => table.join(key, job.flight, own)
  return table.lead(key, job.flight, own) ?? follow(context, job, subject, join, isEnough)
}

async function follow<T extends Outcome>(
  context: Context,
  job: Job,
  subject: () => string,
  join: () => Promise<Joined<T>>,
  isEnough: (value: T) => boolean,
): Promise<T | ResolutionFailure> {
  let joined = await join()
  if (joined.kind === 'followed' && !(isForAll(joined.value) && isEnough(joined.value))) {
    const again = await join()
    if (again.kind !== 'cycle') joined = again
  }
  if (joined.kind === 'cycle') return failure('address-loop', `${subject()} is needed to find itself`)
  if (joined.kind !== 'late') return joined.value
  context.counters.limitHit('limit-time', zoneToName(context, job, ROOT))
  return failure('limit-time', `${subject()}: another question was at it for too long`)
}

function anything(): boolean {
  return true
}

function isForAll(value: Outcome): boolean {
  return !metLimit(value) && value.unneeded !== true
}

function metLimit({ kind, reason, judged }: Outcome): boolean {
  return isLimit(kind === 'failure' ? reason : judged?.reason)
}

/** True for a reason that says something of the question's allowance (or of this machine), nothing of the zone. */
export function isLimit(reason: string | undefined): boolean {
  return reason?.startsWith('limit-') === true || reason === 'too-much-work' || reason === 'overload'
}

/** True for a limit that another client may not meet at this moment: who has no place left is refused for itself alone. */
export function isRefusal(reason: string): boolean {
  return reason.startsWith('limit-outstanding-')
}
