/** The authorities of a bench: an NSD each for root, top-level domain and zones, on loopback addresses of their own. */
import { join } from 'node:path'
import { questionsOf, startNsd } from '../nsd.ts'
import { probe } from '../probe.ts'
import type { ServerProcess } from '../processes.ts'
import type { ZoneFiles } from './zone-files.ts'
import { AUTHORITY_HOSTS, type AuthorityKey, NETWORK } from './zone-group.ts'

/** Loading a million names takes NSD a while. */
const START_TIMEOUT_MS = 180_000
export const DNS_PORT = 53

export interface AuthorityOptions {
  readonly folder: string
  /** Port of all; 53 unless somebody stands in front of them. */
  readonly port?: number
  readonly cores: readonly number[]
}

/** Authorities that run. */
export class Authorities {
  readonly #processes: readonly ServerProcess[]
  readonly #folders: ReadonlyMap<AuthorityKey, string>

  private constructor(processes: readonly ServerProcess[], folders: ReadonlyMap<AuthorityKey, string>) {
    this.#processes = processes
    this.#folders = folders
  }

  /** Starts them and waits until each answers. */
  static async start(files: ZoneFiles, options: AuthorityOptions): Promise<Authorities> {
    const processes: ServerProcess[] = []
    const folders = new Map<AuthorityKey, string>()
    const { port = DNS_PORT, cores } = options
    try {
      for (const [key, hosts] of Object.entries(AUTHORITY_HOSTS) as [AuthorityKey, readonly number[]][]) {
        const zones = files.zones.filter(({ authority }) => authority === key)
        if (zones.length === 0) continue
        const folder = join(options.folder, `nsd-${key}`)
        const addresses = hosts.map((host) => `${NETWORK}.${host}`)
        const nsd = startNsd({ name: `nsd-${key}`, folder, addresses, port, zones, control: true, cores })
        processes.push(nsd)
        folders.set(key, folder)
        const question = { address: addresses[0]!, port, name: zones.at(-1)!.name, type: 'SOA' }
        await nsd.untilReady(async () => (await probe(question))?.rcode === 0, START_TIMEOUT_MS)
      }
    } catch (error) {
      await Promise.all(processes.map((one) => one.stop()))
      throw error
    }
    return new Authorities(processes, folders)
  }

  /** Questions that they have had so far, or some of them. */
  async questions(keys: readonly AuthorityKey[] = [...this.#folders.keys()]): Promise<number> {
    const counts = await Promise.all(keys.map((key) => questionsOf(this.#folders.get(key)!)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.stop()))
  }
}
