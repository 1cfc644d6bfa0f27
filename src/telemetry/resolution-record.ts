/** What is told of a share of resolutions: each as a whole, when it is over, so that another thread can make spans of it. */
import { formatAddress } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Exchange, Watch } from '../resolver/ports.ts'
import { formatType } from '../wire/iana/rrtype.ts'
import { formatName } from '../wire/name-text.ts'

/** A resolution that is over. Times are milliseconds since 1970. Text and numbers alone, so that it can cross threads. */
export interface ResolutionRecord {
  readonly startMs: number
  readonly endMs: number
  readonly name: string
  readonly type: string
  readonly status: string
  readonly reason: string
  /** In the order in which they ended. */
  readonly exchanges: readonly ExchangeRecord[]
}

/** A question to a server. */
export interface ExchangeRecord {
  readonly startMs: number
  readonly endMs: number
  readonly outcome: string
  readonly isAnswered: boolean
  /** What a span says of it, by the names that spans use. */
  readonly attributes: Readonly<Record<string, string | number>>
}

/** How resolutions are chosen, and who takes them. */
export interface ShareParts {
  /** Of a hundred resolutions so many are watched, fractions included. */
  readonly percent: number
  readonly clock: Clock
  readonly random: Random
  /** The wall clock: milliseconds since 1970. */
  readonly unixMs: () => number
  readonly take: (record: ResolutionRecord) => void
}

/** A share of resolutions is told in parts of so many. */
const PARTS = 1_000_000

/** Chooses resolutions at random, and tells of them. */
export function recordShare({ percent, clock, random, unixMs, take }: ShareParts): Watch {
  const chosen = (percent / 100) * PARTS
  return (question) => {
    if (random.below(PARTS) >= chosen) return undefined
    const startMs = unixMs()
    const originMs = startMs - clock.nowMs()
    const exchanges: ExchangeRecord[] = []
    return {
      trace: (event) => {
        if (event.kind === 'exchange') exchanges.push(recordOf(event, originMs))
      },
      ended: ({ status, reason }) => {
        const name = formatName(question.name)
        const endMs = originMs + clock.nowMs()
        take({ startMs, endMs, name, type: formatType(question.type), status, reason, exchanges })
      },
    }
  }
}

function recordOf(exchange: Exchange, originMs: number): ExchangeRecord {
  const { server, transport, name, type, zone, outcome, octets, startMs, rttMs, timeoutMs } = exchange
  return {
    startMs: originMs + startMs,
    endMs: originMs + startMs + rttMs,
    outcome,
    isAnswered: octets > 0,
    attributes: {
      'server.address': formatAddress(server.address),
      'server.port': server.port,
      'network.transport': transport,
      'dns.question.name': formatName(name),
      'dns.question.type': formatType(type),
      'sigill.zone': formatName(zone),
      'sigill.outcome': outcome,
      'sigill.octets': octets,
      'sigill.timeout_ms': timeoutMs,
    },
  }
}
