/** Asks the servers of a zone, one after the other, until one says something of use. */

import { formatEndpoint } from '../base/address.ts'
import { mapKey } from '../base/octets.ts'
import type { Message, Question } from '../wire/message.ts'
import { formatName } from '../wire/name-text.ts'
import type { Lame } from './classify.ts'
import { type Context, failure, type Job, type ResolutionFailure } from './context.ts'
import { exchange } from './exchange.ts'
import { type Cut, ServerPool } from './server-pool.ts'
import type { QuestionBudget } from './work-budget.ts'

/** A useful reply and who gave it (`mapKey` of the address). */
export interface Useful<T> {
  readonly kind: 'useful'
  readonly value: T
  readonly server: string
}

/**
 * @param avoid servers not to ask
 * @param read what a reply means; `lame` sends the question to the next server
 */
export async function askZone<T extends { readonly kind: string }>(
  context: Context,
  job: Job,
  cut: Cut,
  question: Question,
  budget: QuestionBudget,
  avoid: ReadonlySet<string>,
  read: (message: Message) => T | Lame,
): Promise<Useful<T> | ResolutionFailure> {
  const pool = new ServerPool(context, cut, avoid)
  let answered = false
  let last = ''
  for (;;) {
    const server = pool.next()
    if (server === undefined) {
      if (await pool.lookUpMore(job)) continue
      return exhausted(cut, pool, answered, last)
    }
    const outcome = await exchange(context, job, server, cut.zone, question, budget)
    if (outcome.kind === 'limit')
      return failure(outcome.reason, `${formatName(cut.zone)}: ${last || 'gave no answer'}`)
    if (outcome.kind === 'failed') {
      last = `${formatEndpoint(server)}: ${outcome.reason}`
      if (outcome.reason !== 'timeout') pool.drop(server)
      continue
    }
    const value = read(outcome.message)
    if (!isLame(value)) return { kind: 'useful', value, server: mapKey(server.address) }
    answered = true
    last = `${formatEndpoint(server)}: ${value.reason}`
    context.counters.upstreamFailure('lame')
    if (value.lasting) context.servers.setLame(server.address, cut.zone)
    pool.drop(server)
  }
}

function isLame<T extends { readonly kind: string }>(value: T | Lame): value is Lame {
  return value.kind === 'lame'
}

function exhausted(cut: Cut, pool: ServerPool, answered: boolean, last: string): ResolutionFailure {
  const zone = formatName(cut.zone)
  if (pool.limit !== undefined) return failure(pool.limit, `${zone}: too many name servers without address`)
  if (!pool.hasAddresses) return failure('no-server-address', `${zone}: no name server has an address`)
  return failure(
    answered ? 'lame-servers' : 'no-reachable-authority',
    `${zone}: ${last || 'its servers failed lately'}`,
  )
}
