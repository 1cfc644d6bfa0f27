/** This resolver, started as an operator would. */
import { join, resolve } from 'node:path'
import type { Peer, ResolverSetup } from './peer.ts'

/** Of a checkout that was built. */
const MAIN = 'dist/src/main.js'
/** Metrics are at the same address, so far above the port of questions. */
export const METRICS_PORT_OFFSET = 1_000

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
