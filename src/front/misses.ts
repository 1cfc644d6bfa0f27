/**
 * Questions on their way to the resolver. Those of one client for the same name are one question: its answer is for all of
 * them. What one name costs is the same then however often it is asked for, and a popular one that nobody answers for
 * does not take the places of all others, where thousands of customers are one client: behind a load balancer or a
 * translator of addresses. Clients do not join each other: the resolver's time is shared among them by what each asks for.
 */

import type { ClientQuestion, ClientReply, ResolverPort } from '../resolver/ports.ts'
import { nameKey } from '../wire/name.ts'
import type { ClientLimits } from './client-limits.ts'
import type { FrontLimit } from './counters.ts'
import type { Spot } from './waiting-room.ts'

/** See the head of this file. */
export class Misses {
  readonly #resolver: ResolverPort
  readonly #limits: ClientLimits
  readonly #underWay = new Map<string, Promise<ClientReply>>()

  constructor(resolver: ResolverPort, limits: ClientLimits) {
    this.#resolver = resolver
    this.#limits = limits
  }

  /** The bound that would keep the client out with this question, or undefined when it may wait. */
  fullFor(client: string, question: ClientQuestion): FrontLimit | undefined {
    return this.#limits.room.fullFor(client, this.#spotFor(joinKey(client, question)))
  }

  /**
   * Has a question resolved.
   *
   * @param client its key (`Client.key`)
   * @returns the reply, or the bound that keeps the client out
   */
  resolve(client: string, question: ClientQuestion): Promise<ClientReply> | FrontLimit {
    const key = joinKey(client, question)
    const spot = this.#spotFor(key)
    const full = this.#limits.fullFor(client, spot)
    if (full !== undefined) return full
    const reply = (key !== undefined && this.#underWay.get(key)) || this.#lead(key, question)
    const leave = this.#limits.enter(client, spot)
    reply.then(leave, leave)
    return reply
  }

  #spotFor(key: string | undefined): Spot {
    return key !== undefined && this.#underWay.has(key) ? 'seat' : 'place'
  }

  #lead(key: string | undefined, question: ClientQuestion): Promise<ClientReply> {
    const reply = this.#resolver.resolve(question)
    if (key === undefined) return reply
    this.#underWay.set(key, reply)
    const end = (): void => void this.#underWay.delete(key)
    reply.then(end, end)
    return reply
  }
}

/**
 * What questions have in common that join; undefined for one that joins none. Where a verdict may come after the answer,
 * it is counted by question.
 */
function joinKey(
  client: string,
  { name, type, checkingDisabled, cachedOnly, verdict }: ClientQuestion,
): string | undefined {
  if (cachedOnly === true || (verdict ?? 'enforced') !== 'enforced') return undefined
  return `${checkingDisabled ? 'C' : ''}${type} ${client} ${nameKey(name)}`
}
