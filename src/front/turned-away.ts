/**
 * Ordinary questions that find no place to wait, told from the others before anything is made of them. Where most of what
 * comes has to be resolved, as after a flush of everything, most of it is more than can wait, and to read it strictly
 * would take the time of the processor from what is being resolved.
 */

import type { LocalZones } from '../policy/local-zones.ts'
import type { ClientQuestion } from '../resolver/ports.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import type { Name } from '../wire/name.ts'
import type { Client } from './client.ts'
import type { ClientLimits } from './client-limits.ts'
import type { FrontCounters } from './counters.ts'
import type { Enforcement } from './hooks.ts'
import type { Misses } from './misses.ts'
import type { Query } from './query.ts'

/** What it works with. */
export interface TurnedAwayOptions {
  readonly limits: ClientLimits
  readonly misses: Misses
  readonly enforcement: Enforcement
  readonly counters: FrontCounters
}

/** See the head of this file. */
export class TurnedAway {
  readonly #options: TurnedAwayOptions
  #localZones: LocalZones

  constructor(options: TurnedAwayOptions, localZones: LocalZones) {
    this.#options = options
    this.#localZones = localZones
  }

  configure(localZones: LocalZones): void {
    this.#localZones = localZones
  }

  /**
   * True for a question that is to get no reply: it is counted then as it would be on the slow path. Whoever may have
   * proven its address is told of a failure, which is not done here. Limits on rates are asked for what gets an answer.
   *
   * @param query an ordinary one that the cache has no answer for
   */
  has(query: Query, request: Uint8Array, client: Client, nowMs: number): boolean {
    const { limits, misses, enforcement, counters } = this.#options
    if (!limits.mayBeFull || client.transport === 'tcp' || query.cookieOctets > 0) return false
    const { type, checkingDisabled } = query
    const name = request.subarray(HEADER_OCTETS, HEADER_OCTETS + query.nameOctets) as Name
    const question: ClientQuestion = {
      name,
      type,
      checkingDisabled,
      verdict: enforcement.enforces(client) ? 'enforced' : 'unneeded',
    }
    const { key } = client
    const full = misses.fullFor(key, question)
    if (full === undefined || this.#localZones.answer(name, type) !== undefined) return false
    limits.asked(key, nowMs)
    counters.clientQuery('udp')
    counters.cacheMiss()
    counters.limitHit(full, client.addressAlone)
    counters.dropped('waiting')
    return true
  }
}
