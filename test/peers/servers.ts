/** The name servers of the test: NSD for the zones. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServerProcess } from '../support/peers-processes.ts'
import { findProgram } from '../support/peers-programs.ts'
import { untilAnswers } from '../support/resolvers.ts'
import type { World } from './world.ts'
import { SERVER_HOSTS, type ServerKey } from './zone-plan.ts'

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
