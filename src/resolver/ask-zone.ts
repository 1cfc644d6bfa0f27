/** Asks the servers of a zone, another one beside each that is late, until one says something of use. */

import { formatEndpoint } from '../base/address.ts'
import {
  DOUBTFUL_REPLIES_MAX,
  RACERS_MAX,
  SILENCES_BEFORE_FALLBACK,
  UPSTREAM_LATE_OF_PART_MAX,
  UPSTREAM_SILENCES_MAX,
  ZONE_LEFT_ALONE_MS,
} from '../base/limits.ts'
import { questionKind, type TrackedServer } from '../cache/tracked-server.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import type { Message, Question } from '../wire/message.ts'
import { isRoot, type Name, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Doubt, Lame } from './classify.ts'
import { type Context, failure, type Job, type ResolutionFailure, type Useful } from './context.ts'
import type { Cut } from './cut.ts'
import { reportingAgent } from './error-reports.ts'
import { type Exchanged, exchange } from './exchange.ts'
import { type Arrival, Race, type Racer } from './race.ts'
import { ServerPool, type Turn } from './server-pool.ts'
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
  /** Something waits that can be asked without what this would tell: late servers are not waited for. */
  readonly mayBeLeftOut?: boolean | undefined
  /** What a reply means; `lame` sends the question to the next server. */
  readonly read: (message: Message) => T | Lame
  /** Called in the moment in which a server is first asked. */
  readonly beside?: (() => void) | undefined
}

/** Asks until somebody knows, everybody was asked, or a limit is met. */
export async function askZone<T extends Doubtable>(
  context: Context,
  job: Job,
  asking: Asking<T>,
): Promise<Useful<T> | ResolutionFailure> {
  const { zone, route } = asking.cut
  // Servers that the operator gave may be all there are, for all names.
  if (route !== undefined) return new ZoneQuestion(context, job, asking).answer()
  const leave = context.outstanding.enterZone(zone, job.asked?.client)
  if (leave === undefined) return crowded(job, 'limit-outstanding-per-zone', zone)
  try {
    return await new ZoneQuestion(context, job, asking).answer()
  } finally {
    leave()
  }
}

/** No place is left. What nobody needed yet is asked when it is needed. */
function crowded({ flight }: Job, reason: Reason, zone: Name): ResolutionFailure {
  const failed = failure(reason, `${formatName(zone)}: ${REASONS[reason].text}`)
  return flight.isSpeculative ? { ...failed, unneeded: true } : failed
}

/** The key of `Context.leftAlone`. A name says where it ends, so no two pairs share one. */
export function leftAloneKey(zone: Name, kind: string): string {
  return nameKey(zone) + kind
}

class ZoneQuestion<T extends Doubtable> {
  readonly #context: Context
  readonly #job: Job
  readonly #asking: Asking<T>
  readonly #pool: ServerPool
  readonly #race: Race<Exchanged>
  readonly #doubtful = new DoubtfulReplies<T>()
  readonly #silencesMax: number
  #silences = 0
  /** Racers by TCP after silence: nobody can guess an answer to these. */
  #connecting = 0
  /** Those that were late. */
  #late = 0
  #reason: Reason = 'no-reachable-authority'
  #last = ''
  /** Nothing more may be asked; undefined while it may. */
  #limit: Reason | undefined
  /** Another server was asked because the first was late. */
  #isRaced = false

  constructor(context: Context, job: Job, asking: Asking<T>) {
    this.#context = context
    this.#job = job
    this.#asking = asking
    const kind = questionKind(asking.question.type)
    this.#pool = new ServerPool(context, asking.cut, job.asked?.client, asking.avoid, kind)
    this.#race = new Race(context)
    this.#silencesMax = asking.cut.route?.fallback === true ? SILENCES_BEFORE_FALLBACK : UPSTREAM_SILENCES_MAX
  }

  async answer(): Promise<Useful<T> | ResolutionFailure> {
    this.#pool.lookUpAside()
    try {
      return await this.#firstGood()
    } finally {
      this.#race.end()
    }
  }

  async #firstGood(): Promise<Useful<T> | ResolutionFailure> {
    const race = this.#race
    const asking = this.#asking
    let askMore = true
    for (;;) {
      if (askMore && !this.#askOneMore() && race.size === 0) {
        const ended = await this.#nobodyLeft()
        if (ended !== undefined) return ended
        continue
      }
      const arrival = await race.next(this.#mayRace())
      if (arrival === undefined) {
        // Whoever comes to wait for it finds it late.
        const { flight } = this.#job
        if (flight.isSpeculative) flight.speculation?.whenUsed(() => race.wake())
        else if (asking.mayBeLeftOut && ++this.#late >= UPSTREAM_LATE_OF_PART_MAX) return this.#leftOut()
        askMore = true
        continue
      }
      const good = this.#judge(arrival)
      if (good !== undefined) {
        this.#count(arrival.racer)
        return good
      }
      // Silence was made up for when it began, and nobody waited for a server that was looked at.
      askMore = race.size === 0 || !(isSilence(arrival.exchanged) || arrival.racer.turn.isLook)
    }
  }

  /** Asks the server whose turn it is; false when there is none. */
  #askOneMore(): boolean {
    const race = this.#race
    // Where nobody waits it is asked once, of a server that is known.
    if (this.#job.flight.isSpeculative && race.begun > 0) return false
    if (this.#limit !== undefined || (race.size > 0 && !this.#mayRace())) return false
    if (this.#silences + race.size >= this.#silencesMax) return false
    const turn = this.#pool.next(this.#doubtful.best !== undefined)
    if (turn === undefined) return false
    if (race.size > 0) this.#isRaced = true
    const isFirst = race.begun === 0
    this.#begin(turn)
    if (!isFirst) return true
    this.#asking.beside?.()
    const mayLook = this.#mayRace() && !this.#job.flight.isSpeculative
    const look = mayLook ? this.#pool.look() : undefined
    if (look !== undefined) this.#begin(look)
    return true
  }

  #begin(turn: Turn): void {
    const { cut, question, budget } = this.#asking
    this.#job.flight.speculation?.asked()
    if (turn.isAfterSilence) this.#connecting++
    this.#race.begin(turn, (racer) => exchange(this.#context, this.#job, racer, cut.zone, question, budget))
  }

  /** Whether another server may be asked beside one that is out. */
  #mayRace(): boolean {
    return this.#race.size - this.#connecting < RACERS_MAX && this.#job.budget.maySpare(this.#asking.budget)
  }

  #leftOut(): Useful<T> | ResolutionFailure {
    const { best } = this.#doubtful
    const { zone } = this.#asking.cut
    return best ?? { ...failure(this.#reason, `${formatName(zone)}: ${this.#last || 'late'}`), leftOut: true }
  }

  /** Finds more servers (undefined), or ends. */
  async #nobodyLeft(): Promise<Useful<T> | ResolutionFailure | undefined> {
    const { cut } = this.#asking
    const { best } = this.#doubtful
    const pool = this.#pool
    if (this.#job.flight.isSpeculative) return unneeded(cut, this.#last)
    if (this.#limit !== undefined) return best ?? this.#limited(this.#limit)
    if (pool.isCrowded && this.#last === '') {
      return best ?? crowded(this.#job, 'limit-outstanding-per-server', cut.zone)
    }
    const mayAsk = this.#silences < this.#silencesMax
    if (mayAsk && (await pool.findMore(this.#job, best !== undefined))) return undefined
    if (best !== undefined) return best
    const failed = exhausted(cut, pool, this.#reason, this.#last)
    if (pool.addresses.lacksGlue) return { ...failed, lacksGlue: true }
    if (failed.untried === true) this.#noteLeftAlone(failed)
    return failed
  }

  /** Whoever asks next for something in the zone need not find out again. */
  #noteLeftAlone(failed: ResolutionFailure): void {
    const { cut, avoid, question } = this.#asking
    if (cut.route !== undefined || isRoot(cut.zone) || avoid.size > 0) return
    const lifetimeMs = Math.min(this.#pool.leftAloneMs, ZONE_LEFT_ALONE_MS)
    this.#context.leftAlone.set(leftAloneKey(cut.zone, questionKind(question.type)), failed, lifetimeMs)
  }

  #limited(limit: Reason): ResolutionFailure {
    // Out of sockets: the fault is ours, and no zone is named for it.
    if (limit === 'overload') return failure(limit, 'this resolver is out of sockets')
    return failure(limit, `${formatName(this.#asking.cut.zone)}: ${this.#last || 'gave no answer'}`)
  }

  /** What a server's turn came to: something to go by, or undefined. */
  #judge({ racer, exchanged }: Arrival<Exchanged>): Useful<T> | undefined {
    const { turn } = racer
    const { server } = turn
    if (turn.isAfterSilence) this.#connecting--
    if (exchanged.kind === 'limit') {
      this.#limit = exchanged.reason
      return undefined
    }
    if (exchanged.kind === 'failed') {
      this.#last = `${formatEndpoint(server)}: ${exchanged.reason}`
      if (exchanged.malformed === true) this.#reason = 'invalid-data'
      if (exchanged.reason === 'timeout' || turn.isAfterSilence) this.#silences++
      else this.#pool.drop(server)
      return undefined
    }
    const { cut, probing, read } = this.#asking
    const value = read(exchanged.message)
    if (isLame(value)) {
      this.#noteLame(server, value)
      return undefined
    }
    const agent = reportingAgent(exchanged.message.edns)
    const useful: Useful<T> = { kind: 'useful', value, server: server.key, endpoint: server, agent }
    this.#job.flight.speculation?.answered()
    if (value.doubt === undefined || turn.isLame) return useful
    if (probing) return { ...useful, isDoubted: true }
    if (value.doubt === 'second-hand') this.#context.servers.setLame(server.key, cut.zone)
    if (this.#doubtful.add(useful)) return this.#doubtful.best ?? useful
    this.#pool.drop(server)
    return undefined
  }

  #noteLame(server: TrackedServer, value: Lame): void {
    const { servers, counters } = this.#context
    this.#reason = value.failed === true ? 'server-failure' : 'lame-servers'
    this.#last = `${formatEndpoint(server)}: ${value.reason}`
    counters.upstreamFailure('lame')
    if (value.lasting && !this.#asking.probing) servers.setLame(server.key, this.#asking.cut.zone)
    this.#pool.drop(server)
  }

  #count(winner: Racer): void {
    if (this.#isRaced) this.#context.counters.upstreamRace(winner.isFirst ? 'first' : 'other')
  }
}

function isSilence(exchanged: Exchanged): boolean {
  return exchanged.kind === 'failed' && exchanged.reason === 'timeout'
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
