/** This resolver, started as an operator would. */
import { join, resolve } from 'node:path'
import type { Peer, ResolverSetup } from './peer.ts'
import type { Resolver } from './resolver.ts'

/** Of a checkout that was built. */
const MAIN = 'dist/src/main.js'
/** Metrics are at the same address, so far above the port of questions. */
const METRICS_PORT_OFFSET = 1_000

export const SIGILL: Peer = sigillOf('sigill', 'Sigill', resolve(import.meta.dirname, '../../..'))

/** Another checkout that was built, of a state to compare with. */
export function otherBuild(name: string, checkout: string): Peer {
  return sigillOf(`sigill-${name}`, `Sigill ${name}`, resolve(checkout))
}

/** The file that must be there for it to run. */
export function mainOf(checkout: string): string {
  return join(checkout, MAIN)
}

function sigillOf(key: string, title: string, checkout: string): Peer {
  const main = mainOf(checkout)
  return {
    ...{ key, title, program: process.execPath, isOurs: true },
    ...{ versionArgs: [main, '--version'], version: /(\S+)/ },
    configure: (setup) => ({
      files: { 'sigill.yaml': configText(setup) },
      args: [main, 'serve', '--config', `${setup.folder}/sigill.yaml`],
    }),
  }
}

// On one thread everything is in it; on more, one talks to clients and the others resolve.
function configText(setup: ResolverSetup): string {
  return `server:
  listen: ["${setup.address}@${setup.port}"]
  front-threads: 1
  resolver-threads: ${setup.threads - 1}
resolution:
  root-hints: ${setup.hintsFile}
  allow-loopback-authorities: true
  ipv6: false
dnssec:
  trust-anchor-files: [${setup.anchorFile}]
cache:
  answers-mib: ${setup.cacheMib}
  rrsets-mib: ${setup.cacheMib}
  memory-at-start: ${!setup.memoryAsUsed}
  snapshot: "${setup.snapshot ?? ''}"
metrics:
  listen: "${setup.address}@${setup.port + METRICS_PORT_OFFSET}"
control:
  socket: ${setup.folder}/control.sock
state:
  directory: ${setup.folder}/state
log:
  level: warn
`
}

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

/** Its own account of its caches; peers are seen from outside alone. */
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
