/** The name servers of the test: NSD for the zones. */
import { join } from 'node:path'
import { startNsd } from '../../bench/nsd.ts'
import type { ServerProcess } from '../../bench/processes.ts'
import { untilAnswers } from '../support/resolvers.ts'
import type { World } from './world.ts'
import { SERVER_HOSTS, type ServerKey } from './zone-plan.ts'

/** Starts one NSD for each key of `SERVER_HOSTS`, and waits until all answer. */
export async function startNameServers(world: World): Promise<ServerProcess[]> {
  const keys = Object.keys(SERVER_HOSTS) as ServerKey[]
  const started = await Promise.allSettled(keys.map((key) => startOne(world, key)))
  const processes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed === undefined) return processes
  await Promise.all(processes.map((one) => one.stop()))
  throw failed.reason
}

async function startOne(world: World, key: ServerKey): Promise<ServerProcess> {
  const addresses = SERVER_HOSTS[key].map((host) => `${world.network}.${host}`)
  const zones = world.zones.filter(({ plan }) => plan.server === key)
  const nsd = startNsd({
    name: `nsd-${key}`,
    folder: join(world.folder, `nsd-${key}`),
    addresses,
    port: 53,
    zones: zones.map(({ plan, file }) => ({ name: plan.name, file })),
  })
  const apex = { name: zones.at(-1)!.plan.name, type: 'SOA' }
  await untilAnswers(nsd, { address: addresses[0]!, port: 53 }, apex)
  return nsd
}
