/**
 * Spans of resolutions for OpenTelemetry: one for the resolution, one for each question to a server in it. The API alone
 * is used; where nobody has registered an SDK, nothing is made.
 */
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { formatAddress } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Exchange, Watch } from '../resolver/ports.ts'
import { formatType } from '../wire/iana/rrtype.ts'
import { formatName } from '../wire/name-text.ts'

/** What spans are made with. */
export interface SpanParts {
  /** Of a hundred resolutions so many are watched, fractions included. */
  readonly percent: number
  readonly clock: Clock
  readonly random: Random
  /** The wall clock: milliseconds since 1970. */
  readonly unixMs: () => number
  /** That of the registered SDK when left out. */
  readonly tracer?: Tracer
}

/** A share of resolutions is told in parts of so many. */
const PARTS = 1_000_000

/** Chooses resolutions at random, and makes spans of them. */
export function resolutionSpans({ percent, clock, random, unixMs, tracer }: SpanParts): Watch {
  const chosen = (percent / 100) * PARTS
  return (question) => {
    if (random.below(PARTS) >= chosen) return undefined
    // Looked up here, because an SDK may be registered at any time.
    const span = (tracer ?? trace.getTracer('sigill')).startSpan('resolve', {
      kind: SpanKind.INTERNAL,
      startTime: unixMs(),
      attributes: {
        'dns.question.name': formatName(question.name),
        'dns.question.type': formatType(question.type),
      },
    })
    if (!span.isRecording()) return undefined
    const originMs = unixMs() - clock.nowMs()
    return {
      trace: (event) => {
        if (event.kind === 'exchange') spanOf(tracer ?? trace.getTracer('sigill'), span, event, originMs)
      },
      ended: ({ status, reason }) => {
        span.setAttribute('sigill.verdict', status)
        span.setAttribute('sigill.reason', reason)
        if (status === 'bogus') span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
        span.end(originMs + clock.nowMs())
      },
    }
  }
}

/** A question to a server, which is over when it is told of. */
function spanOf(tracer: Tracer, parent: Span, exchange: Exchange, originMs: number): void {
  const { server, transport, name, type, zone, outcome, octets, startMs, rttMs, timeoutMs } = exchange
  const context = trace.setSpan(ROOT_CONTEXT, parent)
  const attributes = {
    'server.address': formatAddress(server.address),
    'server.port': server.port,
    'network.transport': transport,
    'dns.question.name': formatName(name),
    'dns.question.type': formatType(type),
    'sigill.zone': formatName(zone),
    'sigill.outcome': outcome,
    'sigill.octets': octets,
    'sigill.timeout_ms': timeoutMs,
  }
  const options = { kind: SpanKind.CLIENT, startTime: originMs + startMs, attributes }
  const span = tracer.startSpan('exchange', options, context)
  if (octets === 0) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
  span.end(originMs + startMs + rttMs)
}
