/** The relay that makes authorities far away, and loses what it is told to, as a process. */
import { join } from 'node:path'
import process from 'node:process'
import type { Setting } from '../bench.ts'
import { pinned } from '../cores.ts'
import { NOERROR } from '../load/query-file.ts'
import { probe } from '../probe.ts'
import { ServerProcess } from '../processes.ts'
import { DNS_PORT } from './authorities.ts'
import { AUTHORITY_HOSTS, NETWORK, TLD } from './zone-group.ts'

/** From every authority. A continent, roughly; long beside what a server does meanwhile. */
export const DELAY_MS = 20
/** Of the authorities, behind the relay. */
export const BEHIND_PORT = 5301
/** An authority that is asked to see whether all is well. */
export const TLD_ADDRESS: string = `${NETWORK}.${AUTHORITY_HOSTS.tld[0]}`

const RELAY = join(import.meta.dirname, 'relay.js')
const RELAY_START_MS = 10_000

/** Starts the relay in front of the authorities that run on `BEHIND_PORT`, and waits until it passes something on. */
export async function startFarAuthorities(setting: Setting, lossPercent = 0): Promise<ServerProcess> {
  const hosts = [...AUTHORITY_HOSTS.root, ...AUTHORITY_HOSTS.tld, ...AUTHORITY_HOSTS.zones]
  const addresses = hosts.map((host) => `${NETWORK}.${host}`)
  const numbers = [DELAY_MS, lossPercent, DNS_PORT, BEHIND_PORT].map(String)
  const [program, args] = pinned(setting.cores.load, process.execPath, [RELAY, ...numbers, ...addresses])
  const relay = new ServerProcess('relay', program, args, setting.folder)
  try {
    const question = { address: TLD_ADDRESS, port: DNS_PORT, name: TLD, type: 'SOA' }
    await relay.untilReady(async () => (await probe(question))?.rcode === NOERROR, RELAY_START_MS)
  } catch (error) {
    await relay.stop()
    throw error
  }
  return relay
}
