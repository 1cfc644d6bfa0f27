/** The two resolvers that are compared: this one and Debian's Unbound, each a process over the same Internet. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { runProgram, ServerProcess } from '../../bench/processes.ts'
import { findProgram } from '../../bench/programs.ts'
import { OUT_DIR } from '../house/project.ts'
import { ask, type Server } from './dns-client.ts'

/** What a resolver must know of the Internet it works in. Its authorities listen on port 53. */
export interface ResolverWorld {
  /** A folder for files. */
  readonly folder: string
  /** The first three octets of addresses of its own, as text. */
  readonly network: string
  /** Master files. */
  readonly hintsFile: string
  readonly anchorFile: string
  /** Time at which signatures are judged, seconds since 1970; the machine's clock when absent. */
  readonly unixSeconds?: number
  /** The authorities change while it runs: Unbound can be told to forget, and any reply shows that it is up. */
  readonly changing?: true
}

const START_TIMEOUT_MS = 20_000
/** Last octets of the resolvers' addresses, above those of name servers. */
const DAEMON_HOST = 200
const UNBOUND_HOST = 201
const RESOLVER_PORT = 5300
const METRICS_PORT = 9153

export interface RunningServer {
  readonly server: Server
  readonly process: ServerProcess
}

/** Debian's Unbound, validating from the world's anchor. */
export async function startUnbound(world: ResolverWorld): Promise<RunningServer> {
  const folder = join(world.folder, 'unbound')
  await mkdir(folder)
  const server = { address: `${world.network}.${UNBOUND_HOST}`, port: RESOLVER_PORT }
  const file = join(folder, 'unbound.conf')
  await writeFile(file, unboundConfiguration(world, folder, server))
  const unbound = new ServerProcess('unbound', findProgram('unbound')!, ['-d', '-p', '-c', file], folder)
  await untilAnswers(unbound, server, { name: '.', type: 'SOA' }, world.changing === true)
  return { server, process: unbound }
}

function unboundConfiguration(world: ResolverWorld, folder: string, server: Server): string {
  return `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  val-bogus-ttl: 5
  num-threads: 1
  interface: ${server.address}
  port: ${server.port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  outgoing-range: 512
  num-queries-per-thread: 1024
  incoming-num-tcp: 100
  module-config: "validator iterator"
  root-hints: "${world.hintsFile}"
  trust-anchor-file: "${world.anchorFile}"
${world.unixSeconds === undefined ? '' : `  val-override-date: "${world.unixSeconds}"\n`}  trust-anchor-signaling: no
  root-key-sentinel: no
  target-fetch-policy: "0 0 0 0 0"
  qname-minimisation: no
  aggressive-nsec: no
  minimal-responses: yes
  edns-buffer-size: 1232
  max-udp-size: 1232
  ede: yes
remote-control:
  control-enable: ${world.changing === true ? 'yes' : 'no'}
  control-interface: "${folder}/control"
  control-use-cert: no
`
}

/** Makes an Unbound of a changing world forget all that it has learnt. */
export async function forgetAll(world: ResolverWorld): Promise<void> {
  const folder = join(world.folder, 'unbound')
  await runProgram('unbound-control', ['-c', join(folder, 'unbound.conf'), 'reload'], folder)
}

/** The product: `sigill serve` with the configuration that an operator of this Internet would write. */
export async function startDaemon(world: ResolverWorld): Promise<RunningServer> {
  const folder = join(world.folder, 'daemon')
  await mkdir(folder)
  const server = { address: `${world.network}.${DAEMON_HOST}`, port: RESOLVER_PORT }
  const file = join(folder, 'sigill.yaml')
  await writeFile(file, daemonConfiguration(world, folder, server))
  const args = [join(OUT_DIR, 'src/main.js'), 'serve', '--config', file]
  const daemon = new ServerProcess('sigill', process.execPath, args, folder)
  await untilAnswers(daemon, server, { name: '.', type: 'SOA' })
  return { server, process: daemon }
}

function daemonConfiguration(world: ResolverWorld, folder: string, server: Server): string {
  return `server:
  listen: ["${server.address}@${server.port}"]
resolution:
  root-hints: ${world.hintsFile}
  allow-loopback-authorities: true
dnssec:
  trust-anchor-files: [${world.anchorFile}]
${world.unixSeconds === undefined ? '' : `  clock: "${new Date(world.unixSeconds * 1000).toISOString()}"\n`}metrics:
  listen: "${server.address}@${METRICS_PORT}"
control:
  socket: ${folder}/control.sock
state:
  directory: ${folder}/state
`
}

/** Waits until a server answers this question with NOERROR, or at all. */
export async function untilAnswers(
  process: ServerProcess,
  server: Server,
  question: { name: string; type: string },
  withAnything = false,
): Promise<void> {
  const probe = async (): Promise<boolean> => {
    const reply = await ask(server, { ...question, timeoutMs: 500, attempts: 1 }).catch(() => undefined)
    return withAnything ? reply !== undefined : reply?.rcode === 'NOERROR'
  }
  try {
    await process.untilReady(probe, START_TIMEOUT_MS)
  } catch (error) {
    await process.stop()
    throw error
  }
}
