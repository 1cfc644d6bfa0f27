/** The servers of the test: NSD for the zones, and the two resolvers that are compared. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { OUT_DIR } from '../house/project.ts'
import { ServerProcess } from '../support/peers-processes.ts'
import { findProgram } from '../support/peers-programs.ts'
import { ask, type Server } from './dns-client.ts'
import type { World } from './world.ts'
import { SERVER_HOSTS, type ServerKey } from './zone-plan.ts'

const START_TIMEOUT_MS = 20_000
/** Last octets of the resolvers' addresses, above those of the name servers. */
const DAEMON_HOST = 200
const UNBOUND_HOST = 201
const RESOLVER_PORT = 5300
const METRICS_PORT = 9153

export interface RunningServer {
  readonly server: Server
  readonly process: ServerProcess
}

/** Starts one NSD for each key of `SERVER_HOSTS`, and waits until all answer. */
export async function startNameServers(world: World): Promise<ServerProcess[]> {
  const keys = Object.keys(SERVER_HOSTS) as ServerKey[]
  const started = await Promise.allSettled(keys.map((key) => startNsd(world, key)))
  const processes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed === undefined) return processes
  await Promise.all(processes.map((one) => one.stop()))
  throw failed.reason
}

async function startNsd(world: World, key: ServerKey): Promise<ServerProcess> {
  const folder = join(world.folder, `nsd-${key}`)
  await mkdir(folder)
  const addresses = SERVER_HOSTS[key].map((host) => `${world.network}.${host}`)
  const zones = world.zones.filter(({ plan }) => plan.server === key)
  const file = join(folder, 'nsd.conf')
  await writeFile(file, nsdConfiguration(folder, addresses, zones))
  const nsd = new ServerProcess(`nsd-${key}`, findProgram('nsd')!, ['-d', '-c', file], folder)
  const apex = { name: zones.at(-1)!.plan.name, type: 'SOA' }
  await untilAnswers(nsd, { address: addresses[0]!, port: 53 }, apex)
  return nsd
}

function nsdConfiguration(folder: string, addresses: readonly string[], zones: World['zones']): string {
  return `server:
  server-count: 1
${addresses.map((address) => `  ip-address: ${address}\n`).join('')}  port: 53
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  database: ""
  zonelistfile: "${folder}/zone.list"
  pidfile: ""
  xfrdfile: ""
  xfrdir: "${folder}"
  tcp-count: 200
  rrl-ratelimit: 0
remote-control:
  control-enable: no
${zones.map(({ plan, file }) => `zone:\n  name: "${plan.name}"\n  zonefile: "${file}"\n`).join('')}`
}

/** Debian's Unbound, validating from the world's anchor. */
export async function startUnbound(world: World): Promise<RunningServer> {
  const folder = join(world.folder, 'unbound')
  await mkdir(folder)
  const server = { address: `${world.network}.${UNBOUND_HOST}`, port: RESOLVER_PORT }
  const file = join(folder, 'unbound.conf')
  await writeFile(file, unboundConfiguration(world, folder, server))
  const unbound = new ServerProcess('unbound', findProgram('unbound')!, ['-d', '-p', '-c', file], folder)
  await untilAnswers(unbound, server, { name: '.', type: 'SOA' })
  return { server, process: unbound }
}

function unboundConfiguration(world: World, folder: string, server: Server): string {
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
  trust-anchor-signaling: no
  root-key-sentinel: no
  target-fetch-policy: "0 0 0 0 0"
  qname-minimisation: no
  aggressive-nsec: no
  minimal-responses: yes
  edns-buffer-size: 1232
  max-udp-size: 1232
  ede: yes
remote-control:
  control-enable: no
`
}

/** The product: `sigill serve` with the configuration that an operator of this Internet would write. */
export async function startDaemon(world: World): Promise<RunningServer> {
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

function daemonConfiguration(world: World, folder: string, server: Server): string {
  return `server:
  listen: ["${server.address}@${server.port}"]
resolution:
  root-hints: ${world.hintsFile}
  allow-loopback-authorities: true
dnssec:
  trust-anchor-files: [${world.anchorFile}]
metrics:
  listen: "${server.address}@${METRICS_PORT}"
control:
  socket: ${folder}/control.sock
state:
  directory: ${folder}/state
`
}

/** Waits until a server answers this question with NOERROR. */
async function untilAnswers(
  process: ServerProcess,
  server: Server,
  question: { name: string; type: string },
): Promise<void> {
  const probe = async (): Promise<boolean> => {
    const reply = await ask(server, { ...question, timeoutMs: 500, attempts: 1 }).catch(() => undefined)
    return reply?.rcode === 'NOERROR'
  }
  try {
    await process.untilReady(probe, START_TIMEOUT_MS)
  } catch (error) {
    await process.stop()
    throw error
  }
}
