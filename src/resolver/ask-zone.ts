/** Asks the servers of a zone, one after the other, until one says something of use. */

import { endpointKey, formatEndpoint } from '../base/address.ts'
import { DOUBTFUL_REPLIES_MAX, SILENCES_BEFORE_FALLBACK, UPSTREAM_SILENCES_MAX } from '../base/limits.ts'
import type { Reason } from '../dnssec/reasons.ts'
import type { Message, Question } from '../wire/message.ts'
import { formatName } from '../wire/name-text.ts'
import type { Doubt, Lame } from './classify.ts'
import { type Context, failure, type Job, type ResolutionFailure, type Useful } from './context.ts'
import type { Cut } from './cut.ts'
import { reportingAgent } from './error-reports.ts'
import { exchange } from './exchange.ts'
import { ServerPool } from './server-pool.ts'
import type { QuestionBudget } from './work-budget.ts'

/** A reading of a reply. */
interface Doubtable {
  readonly kind: string
  readonly doubt?: Doubt | undefined
}

/** A question to the servers of a zone. */
export interface Asking<T> {
  readonly cut: Cut
  readonly question: Question
  readonly budget: QuestionBudget
  /** Servers (`endpointKey`) that are not asked. */
  readonly avoid: ReadonlySet<string>
  /** The question is a minimised one: a server that refuses it may well serve the zone. */
  readonly probing: boolean
  /** What a reply means; `lame` sends the question to the next server. */
  readonly read: (message: Message) => T | Lame
  /** Called in the moment in which a server is first asked. */
  readonly beside?: () => void
}

/** Asks until somebody knows, everybody was asked, or a limit is met. */
export async function askZone<T extends Doubtable>(
  context: Context,
  job: Job,
  asking: Asking<T>,
): Promise<Useful<T> | ResolutionFailure> {
  const { cut, question, budget } = asking
  const pool = new ServerPool(context, cut, asking.avoid)
  const doubtful = new DoubtfulReplies<T>()
  let reason: Reason = 'no-reachable-authority'
  let last = ''
  let silences = 0
  let asked = false
  const silencesMax = cut.route?.fallback === true ? SILENCES_BEFORE_FALLBACK : UPSTREAM_SILENCES_MAX
  pool.lookUpAside()
  for (;;) {
    const turn = silences < silencesMax ? pool.next() : undefined
    const { best } = doubtful
    // Nobody waits for this: it is asked once, of a server that is known.
    if (job.flight.isSpeculative && (turn === undefined || asked)) return unneeded(cut, last)
    if (best !== undefined && turn?.isFirst !== true) {
      if (silences < silencesMax && (await pool.findMore(job, true))) continue
      return best
    }
    if (turn === undefined) {
      if (silences < silencesMax && (await pool.findMore(job, false))) continue
      const failed = exhausted(cut, pool, reason, last)
      return pool.addresses.lacksGlue ? { ...failed, lacksGlue: true } : failed
    }
    const { server } = turn
    job.flight.speculation?.asked()
    const exchanged = exchange(context, job, turn, cut.zone, question, budget)
    if (!asked) asking.beside?.()
    asked = true
    const outcome = await exchanged
    if (outcome.kind === 'limit') {
      if (best !== undefined) return best
      // Out of sockets: the fault is ours, and no zone is named for it.
      if (outcome.reason === 'overload') return failure(outcome.reason, 'this resolver is out of sockets')
      return failure(outcome.reason, `${formatName(cut.zone)}: ${last || 'gave no answer'}`)
    }
    if (outcome.kind === 'failed') {
      last = `${formatEndpoint(server)}: ${outcome.reason}`
      if (outcome.malformed === true) reason = 'invalid-data'
      if (outcome.reason === 'timeout') silences++
      else pool.drop(server)
      continue
    }
    const value = asking.read(outcome.message)
    if (!isLame(value)) {
      const agent = reportingAgent(outcome.message.edns)
      const from = { server: endpointKey(server), endpoint: server, ...(agent && { agent }) }
      const useful: Useful<T> = { kind: 'useful', value, ...from }
      job.flight.speculation?.answered()
      if (value.doubt === undefined || asking.probing || turn.isLame) return useful
      if (value.doubt === 'second-hand') context.servers.setLame(server, cut.zone)
      if (doubtful.add(useful)) return doubtful.best ?? useful
      pool.drop(server)
      continue
    }
    reason = value.failed === true ? 'server-failure' : 'lame-servers'
    last = `${formatEndpoint(server)}: ${value.reason}`
    context.counters.upstreamFailure('lame')
    if (value.lasting && !asking.probing) context.servers.setLame(server, cut.zone)
    pool.drop(server)
  }
}

/**
 * Replies that may be all that can be had, but that another server may know better: the zone's servers are asked once
 * each before such a reply is believed.
 */
class DoubtfulReplies<T extends Doubtable> {
  best: Useful<T> | undefined
  #count = 0

  /** True when these are enough. */
  add(reply: Useful<T>): boolean {
    // What somebody has from elsewhere is more than nothing.
    const hasData = reply.value.kind !== 'negative'
    if (this.best === undefined || (hasData && this.best.value.kind === 'negative')) this.best = reply
    return ++this.#count >= DOUBTFUL_REPLIES_MAX
  }
}

function isLame<T extends Doubtable>(value: T | Lame): value is Lame {
  return value.kind === 'lame'
}

function unneeded({ zone }: Cut, last: string): ResolutionFailure {
  return { ...failure('no-reachable-authority', `${formatName(zone)}: ${last}`), unneeded: true }
}

/** Why nobody is left to ask, as exactly as can be. */
function exhausted(cut: Cut, pool: ServerPool, reason: Reason, last: string): ResolutionFailure {
  const zone = formatName(cut.zone)
  if (pool.addresses.limit !== undefined)
    return failure(pool.addresses.limit, `${zone}: too many name servers without address`)
  if (pool.hasAddresses && last !== '') return failure(reason, `${zone}: ${last}`)
  if (pool.hasAddresses) return { ...failure(reason, `${zone}: its servers failed lately`), untried: true }
  if (pool.addresses.isCircular)
    return failure('address-loop', `${zone}: the addresses of its name servers depend on each other`)
  return failure('no-server-address', `${zone}: no name server has an address`)
}
