/** What this resolver tells of itself while it runs; peers are seen from outside alone. */
import type { Resolver } from './resolver.ts'
import { METRICS_PORT_OFFSET } from './sigill.ts'

/** A metric of a running one, summed over its labels. */
export async function metricSum(
  server: { readonly address: string; readonly port: number },
  family: string,
): Promise<number> {
  const reply = await fetch(`http://${server.address}:${server.port + METRICS_PORT_OFFSET}/metrics`)
  const values = (await reply.text()).matchAll(new RegExp(`^sigill_${family}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0)
}

/** What its two caches hold. */
export interface CacheFigures {
  /** Of both. */
  readonly octets: number
  readonly answerOctets: number
  readonly answers: number
  readonly rrsets: number
}

/** Its account of its caches; undefined for a peer. */
export async function ownFigures(resolver: Resolver): Promise<CacheFigures | undefined> {
  return resolver.contender.peer.isOurs ? await cacheFigures(resolver) : undefined
}

/** Asks a running one for its metrics. */
async function cacheFigures(server: {
  readonly address: string
  readonly port: number
}): Promise<CacheFigures> {
  const reply = await fetch(`http://${server.address}:${server.port + METRICS_PORT_OFFSET}/metrics`)
  const text = await reply.text()
  const gauge = (family: string, cache: string): number => {
    const value = new RegExp(`^sigill_${family}\\{cache="${cache}"\\} (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`no sigill_${family} of ${cache} among the metrics`)
    return Number(value)
  }
  const answerOctets = gauge('cache_bytes', 'answers')
  return {
    octets: answerOctets + gauge('cache_bytes', 'rrsets'),
    answerOctets,
    answers: gauge('cache_entries', 'answers'),
    rrsets: gauge('cache_entries', 'rrsets'),
  }
}
