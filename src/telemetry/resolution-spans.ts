/**
 * Spans of resolutions for OpenTelemetry: one for the resolution, one for each question to a server in it. The API alone
 * is used; where nobody has registered an SDK, nothing is made.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { ResolutionRecord } from './resolution-record.ts'

/** @param tracer that of the registered SDK when left out; looked up each time, because one may be registered at any time */
export function makeSpans(record: ResolutionRecord, tracer: Tracer = trace.getTracer('sigill')): void {
  const { startMs, endMs, name, type, status, reason, exchanges } = record
  const whole = tracer.startSpan('resolve', {
    kind: SpanKind.INTERNAL,
    startTime: startMs,
    attributes: { 'dns.question.name': name, 'dns.question.type': type },
  })
  if (!whole.isRecording()) return
  const context = trace.setSpan(ROOT_CONTEXT, whole)
  for (const { startMs, endMs, outcome, isAnswered, attributes } of exchanges) {
    const options = { kind: SpanKind.CLIENT, startTime: startMs, attributes: { ...attributes } }
    const span = tracer.startSpan('exchange', options, context)
    if (!isAnswered) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
    span.end(endMs)
  }
  whole.setAttribute('sigill.verdict', status)
  whole.setAttribute('sigill.reason', reason)
  if (status === 'bogus') whole.setStatus({ code: SpanStatusCode.ERROR, message: reason })
  whole.end(endMs)
}
