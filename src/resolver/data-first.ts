/**
 * Resolution where validation is not enforced for everybody: the data is got first, then judged. So a proof that fails,
 * is slow or costs too much takes nothing from the data: resolution goes on below a bogus cut, each of the two has an
 * allowance of work of its own, and a client that is spared need not wait for the verdict.
 */
import { LIMIT_FAILURE_TTL_SECONDS, OBSERVED_VERDICT_MS_MAX } from '../base/limits.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import type { Name } from '../wire/name.ts'
import { type Context, type Data, type Found, fetchedKey, type Job, type Judgement } from './context.ts'
import { Dns64 } from './dns64.ts'
import { type Flight, InFlight } from './in-flight.ts'
import { notJudged } from './judge.ts'
import type { ClientQuestion, Clock } from './ports.ts'
import { type Resolution, resolve } from './resolve.ts'
import type { WorkBudget } from './work-budget.ts'

/**
 * Resolves a question: alias by alias, or with what DNS64 makes of it.
 *
 * @param name the question's, folded
 */
export type ResolveStep = (
  job: Job,
  question: ClientQuestion,
  name: Name,
  anew: boolean,
) => Promise<Resolution>

/** How questions are resolved with these parts. */
export function resolveStep(context: Context): ResolveStep {
  const dns64 = context.settings.dns64 && new Dns64(context, context.settings.dns64)
  return (job, { type, checkingDisabled }, name, anew) =>
    dns64 === undefined || checkingDisabled
      ? resolve(context, job, name, type, anew)
      : dns64.resolve(job, name, type, anew)
}

/** What a question is known by, and what is made for it. */
export interface DataFirstParts {
  readonly context: Context
  /** Resolves and judges. */
  readonly judged: ResolveStep
  /** A job with an allowance of its own for a client's question. */
  readonly job: (flight: Flight, question: ClientQuestion) => Job
  readonly flight: () => Flight
}

/** The data of an answer: nobody has judged it. */
interface UnjudgedAnswer {
  readonly resolution: Resolution
  /** What it was made of, and on which allowance. */
  readonly fetched: Map<string, Data>
  readonly budget: WorkBudget
  /** The job to judge that, which has begun to prove the zones it came from. */
  readonly judge: Job
}

/** See the head of this file. */
export class DataFirst {
  readonly #parts: DataFirstParts
  readonly #unjudged: ResolveStep
  readonly #underWay: InFlight<UnjudgedAnswer>

  constructor(parts: DataFirstParts) {
    this.#parts = parts
    const { context } = parts
    this.#underWay = new InFlight(context.clock)
    this.#unjudged = resolveStep({
      ...context,
      lookup: (job, name, type, anew) => lookupUnjudged(context, job, name, type, anew),
    })
  }

  /**
   * The data of an answer, which equal questions get together; undefined where there is none, or not in time.
   *
   * @param key names the question
   */
  async data(
    key: string,
    question: ClientQuestion,
    name: Name,
    anew: boolean,
  ): Promise<Resolution | undefined> {
    const { resolution } = (await this.#get(key, question, name, anew)) ?? {}
    return resolution?.rcode === RCODE.SERVFAIL ? undefined : resolution
  }

  /** The whole: where the proof comes to no end, the data is there, and bogus for whom validation is enforced. */
  async answer(
    key: string,
    question: ClientQuestion,
    job: Job,
    name: Name,
    anew: boolean,
  ): Promise<Resolution> {
    const { context, judged } = this.#parts
    const got = await this.#get(key, question, name, anew)
    if (got === undefined) return judged(job, question, name, anew)
    if (got.resolution.rcode === RCODE.SERVFAIL) return got.resolution
    context.noteWork(question)
    const { flight, policySequence } = job
    const proof = { ...got.judge, flight, policySequence, fetched: got.fetched }
    const proven = await judged(proof, question, name, false)
    got.budget.end()
    got.judge.budget.end()
    return proven.rcode === RCODE.SERVFAIL ? unproven(got.resolution, proven.judged) : proven
  }

  async #get(
    key: string,
    question: ClientQuestion,
    name: Name,
    anew: boolean,
  ): Promise<UnjudgedAnswer | undefined> {
    const { context, flight, job } = this.#parts
    const joined = await this.#underWay.join(key, flight(), async (own) => {
      context.noteWork(question)
      const fetched = new Map<string, Data>()
      const judge = job(own, question)
      const getter = { ...job(own, question), fetched, judge }
      const resolution = await this.#unjudged(getter, question, name, anew)
      return { resolution, fetched, budget: getter.budget, judge }
    })
    return 'value' in joined ? joined.value : undefined
  }
}

/** As `lookup.ts`, without a verdict. What is fetched is noted in the job. */
async function lookupUnjudged(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew?: boolean,
): Promise<Found> {
  const data = await context.fetchData(job, name, type, anew)
  if (data.kind === 'failure') return data
  job.fetched?.set(fetchedKey(name, type), data)
  return data.judged === undefined ? notJudged(context, data) : notJudged(context, data, data.judged)
}

/** Data whose proof met a limit: not proven, but nothing is known against the zone either. */
function unproven(data: Resolution, { reason, detail, status }: Judgement): Resolution {
  const judged: Judgement = {
    status: 'bogus',
    reason,
    detail,
    ...(status === 'bogus' ? {} : { transient: true }),
  }
  return { ...data, judged, ttlSeconds: Math.min(data.ttlSeconds, LIMIT_FAILURE_TTL_SECONDS) }
}

/** What comes of the work in the time that a client waits who would like a verdict; undefined when it is not enough. */
export async function inTimeForClient<T>(
  clock: Clock,
  verdict: ClientQuestion['verdict'],
  work: Promise<T>,
): Promise<T | undefined> {
  // What needs nobody else is done by the next turn of the event loop.
  if (verdict !== 'wanted') return Promise.race([work, clock.yieldTurn().then(() => undefined)])
  return new Promise((done, fail) => {
    const cancel = clock.after(OBSERVED_VERDICT_MS_MAX, () => done(undefined))
    work.then(done, fail).finally(cancel)
  })
}
