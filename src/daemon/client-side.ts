/** The client side put together as a configuration wants it: in the main thread, or in a front thread. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { AnswerReader } from '../cache/answer-cache.ts'
import type { Settings } from '../config/settings.ts'
import { Front } from '../front/front.ts'
import type { ListenError } from '../front/listen-error.ts'
import { Service, type ServiceOptions } from '../front/service.ts'
import type { HandedSockets } from '../native/handed-sockets.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import type { CookieSecrets } from '../policy/cookie-secrets.ts'
import { type RateLimitParts, RateLimits } from '../policy/rate-limits.ts'
import type { Rollout } from '../policy/rollout.ts'
import type { ValidationPolicy } from '../policy/validation-policy.ts'
import type { ResolverPort } from '../resolver/ports.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { AnswerTally } from '../telemetry/report/answer-tally.ts'
import { CountedAnswers } from './answer-watch.ts'
import {
  clientLimits,
  clientOptions,
  connectionOptions,
  rateLimitSettings,
  rolloutLists,
  serviceSettings,
} from './parts.ts'
import type { ThreadLog } from './threads/thread-log.ts'

/** What the client side is made of. */
export interface FrontParts {
  readonly settings: Settings
  readonly resolver: ResolverPort
  readonly answers: AnswerReader
  readonly policy: ServiceOptions['policy'] & Pick<ValidationPolicy, 'countException'>
  readonly rollout: Rollout
  /** What rate limits are counted in. */
  readonly rates: Pick<RateLimitParts, 'buckets' | 'hashKey' | 'limited'>
  /** Counts answers for the report. */
  readonly tally: AnswerTally
  readonly counters: Counters
  readonly cookieSecrets: CookieSecrets
  /** By the clock of the machine. */
  readonly unixSeconds: () => number
  readonly clock: Clock
  readonly onFault: (fault: unknown) => void
  readonly udp: UdpBackend
  readonly log: ThreadLog
}

/** Where it listens, and beside whom. */
export interface Listening {
  readonly listen: readonly Endpoint[]
  /** An address of a family that the machine lacks is passed over. */
  readonly mayLackFamily: boolean
  /** Others of this process listen at the same addresses. */
  readonly sharesPorts: boolean
  readonly tcp: boolean
  /** Sockets of an earlier process. */
  readonly inherited: HandedSockets
}

/** The client side of a thread: it can be told of changes before its sockets are open. */
export class ClientSide {
  readonly #parts: FrontParts
  readonly #fronts: number
  readonly #service: Service
  readonly #rateLimits: RateLimits

  /** @param fronts client sides in all: they share the bounds on clients */
  constructor(parts: FrontParts, fronts: number) {
    const { settings, rollout, tally, rates, counters } = parts
    this.#parts = parts
    this.#fronts = fronts
    this.#rateLimits = new RateLimits({ ...rates, counters, settings: rateLimitSettings(settings) })
    this.#service = new Service({
      ...parts,
      enforcement: {
        enforces: ({ address, addressOctets, listener }) =>
          rollout.enforces(address, addressOctets, listener),
      },
      rateLimit: this.#rateLimits,
      hashKey: rates.hashKey,
      watch: new CountedAnswers(parts.policy, rollout, tally),
      settings: serviceSettings(settings),
      ...clientOptions(settings, fronts),
    })
  }

  /** Takes over settings that may change while it runs. */
  configure(settings: Settings): void {
    this.#service.configure(serviceSettings(settings), clientLimits(settings, this.#fronts))
    this.#parts.rollout.configure(rolloutLists(settings))
    this.#rateLimits.configure(rateLimitSettings(settings))
  }

  /** Opens its sockets. @throws ListenError */
  async open(listening: Listening): Promise<Front> {
    const { settings, counters, clock, udp, log } = this.#parts
    const { listen, mayLackFamily, sharesPorts, tcp, inherited } = listening
    const mayLack = (error: ListenError): boolean => {
      if (!mayLackFamily || !lacksFamily(error)) return false
      log.info(`not listening on ${formatEndpoint(error.endpoint)}: this machine has no IPv6`)
      return true
    }
    return await Front.open({
      service: this.#service,
      counters,
      clock,
      udp,
      sharesPorts,
      mayLack,
      inherited,
      listen,
      tcp: tcp ? connectionOptions(settings, this.#fronts) : 'none',
    })
  }
}

/** The defaults name ::1, which not every machine has. */
function lacksFamily({ endpoint, code }: ListenError): boolean {
  return endpoint.address.length === 16 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
}
