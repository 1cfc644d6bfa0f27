/** All zones, signed, in a temporary folder, with the root hints and the trust anchor that resolvers need. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inParallel } from '../../bench/processes.ts'
import { findFreeNetwork } from '../../bench/programs.ts'
import { type SignedZone, signZone } from './signers.ts'
import { masterFile, nameServers, type ZoneRecord, zoneRecords } from './zone-content.ts'
import { parentZone, ZONES, type ZonePlan } from './zone-plan.ts'

export interface World {
  readonly folder: string
  /** The first three octets of every address, as text. */
  readonly network: string
  /** Parents before children. */
  readonly zones: readonly SignedZone[]
  /** What was signed, by the zone's name. */
  readonly contents: ReadonlyMap<string, readonly ZoneRecord[]>
  /** Master files. */
  readonly hintsFile: string
  readonly anchorFile: string
}

/** Signers run side by side: one per core of a small machine. */
const SIGNERS_MAX = 2

/** Writes and signs all zones, children first, so that their DS records are there for the parents. */
export async function buildWorld(): Promise<World> {
  const network = await findFreeNetwork(53)
  if (network === undefined) throw new Error('port 53 cannot be bound')
  const folder = await mkdtemp(join(tmpdir(), 'sigill-peers-'))
  try {
    return await fillWorld(folder, network)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function fillWorld(folder: string, network: string): Promise<World> {
  const contents = new Map<string, readonly ZoneRecord[]>()
  const signed = new Map<ZonePlan, SignedZone>()
  for (const plans of byDepth()) {
    await inParallel(plans, SIGNERS_MAX, async (plan) => {
      const ds = ZONES.filter((child) => parentZone(child) === plan).flatMap((child) => signed.get(child)!.ds)
      const records = zoneRecords(plan, network, ds)
      contents.set(plan.name, records)
      signed.set(plan, await signZone(plan, records, join(folder, 'zones', folderName(plan))))
    })
  }
  const zones = ZONES.map((plan) => signed.get(plan)!)
  const hintsFile = join(folder, 'hints.zone')
  const anchorFile = join(folder, 'root.ds')
  await writeFile(hintsFile, masterFile(hints(network)))
  await writeFile(anchorFile, masterFile(zones[0]!.ds))
  return { folder, network, zones, contents, hintsFile, anchorFile }
}

export async function removeWorld(world: World): Promise<void> {
  await rm(world.folder, { recursive: true, force: true })
}

/** Zones grouped by their number of labels, most labels first. */
function byDepth(): ZonePlan[][] {
  const groups = new Map<number, ZonePlan[]>()
  for (const plan of ZONES) {
    const depth = plan.name.split('.').filter((label) => label !== '').length
    groups.set(depth, [...(groups.get(depth) ?? []), plan])
  }
  return [...groups].sort(([a], [b]) => b - a).map(([, plans]) => plans)
}

function folderName(plan: ZonePlan): string {
  return plan.name === '.' ? 'root' : plan.name.slice(0, -1)
}

function hints(network: string): ZoneRecord[] {
  return nameServers(ZONES[0]!, network).flatMap(({ name, address }) => [
    { owner: '.', ttlSeconds: 3_600_000, type: 'NS', rdata: name },
    { owner: name, ttlSeconds: 3_600_000, type: 'A', rdata: address },
  ])
}
