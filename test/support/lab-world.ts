/** A small signed Internet on loopback, and the files that make a resolver use it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { delayed } from '../../src/lab/behaviours.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { serveAuthorities } from '../../src/lab/server.ts'
import { DIGEST_PLACEHOLDER, digested } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatZone } from '../../src/wire/zone-text.ts'

/** How long the server of slow.se. takes. */
export const SLOW_MS = 300

const SIGNED = { algorithm: ALGORITHM.ECDSAP256SHA256 }

const ZONES: readonly LabZone[] = [
  {
    name: '.',
    about: 'the root',
    signing: SIGNED,
    content: DIGEST_PLACEHOLDER,
    defects: [digested()],
    questions: [],
  },
  { name: 'se.', about: 'a registry', signing: SIGNED, questions: [] },
  {
    name: 'good.se.',
    about: 'in order',
    signing: SIGNED,
    content: 'www A 192.0.2.80\nwww A 192.0.2.81\nalias CNAME www\n',
    questions: [],
  },
  {
    name: 'expired.se.',
    about: 'not signed lately',
    signing: { ...SIGNED, days: [-40, -10] },
    content: 'www A 192.0.2.80\n',
    questions: [],
  },
  { name: 'plain.se.', about: 'unsigned', content: 'www A 192.0.2.80\n', questions: [] },
  {
    name: 'slow.se.',
    about: 'takes its time',
    content: 'www A 192.0.2.80\n',
    servers: [{ name: 'ns', behaviour: delayed(SLOW_MS) }],
    questions: [],
  },
]

/** Zones `z0.se.`, `z1.se.` and so on, so many that their names belong to different threads: `www` is 192.0.2.NUMBER. */
export function manyZones(count: number): LabZone[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `z${i}.se.`,
    about: 'one of many',
    content: `www A 192.0.2.${i}\n`,
    questions: [],
  }))
}

/** A running world. */
export interface LabWorld {
  /** Port of the authorities. */
  readonly port: number
  /** Folder with `hints.zone` and `root.ds`. */
  readonly folder: string
  /** The records of the root. */
  readonly root: readonly ResourceRecord[]
  /** Writes a configuration that uses the world, plus `more`; returns its path. */
  writeConfig(name: string, more?: string): string
  /** May be called again. */
  close(): Promise<void>
}

/**
 * Starts the world.
 *
 * @param folder an empty folder
 * @param network the first two octets of the authorities' addresses
 * @param nowSeconds when it is signed
 * @param more zones below those that are always there
 */
export async function startLabWorld(
  folder: string,
  network: readonly [number, number],
  nowSeconds: number = Math.floor(Date.now() / 1000),
  more: readonly LabZone[] = [],
): Promise<LabWorld> {
  const internet = buildInternet({ nowSeconds, zones: [...ZONES, ...more], network })
  const server = await serveAuthorities(internet.authorities, 0)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'hints.zone'), formatZone(internet.rootHints))
  writeFileSync(join(folder, 'root.ds'), formatZone(internet.trustAnchors))
  const stateFolder = join(folder, 'own-state')
  mkdirSync(stateFolder)
  const writeConfig = (name: string, more = ''): string => {
    const path = join(folder, name)
    // Not that of a daemon that runs on this machine.
    const state = more.includes('state:') ? '' : `state: { directory: ${stateFolder} }`
    const text = `
resolution:
  root-hints: hints.zone
  authority-port: ${server.port}
  allow-loopback-authorities: true
  ipv6: false
cache: { answers-mib: 8, rrsets-mib: 8 }
server: { listen: ["127.0.0.1@0"] }
metrics: { listen: "127.0.0.1@0" }
log: { format: json, level: debug }
${state}
${more}`
    writeFileSync(
      path,
      more.includes('dnssec:') ? text : `${text}dnssec: { trust-anchor-files: [root.ds] }\n`,
    )
    return path
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= server.close()
    return closing
  }
  return { port: server.port, folder, root: internet.zones.get('.')!, writeConfig, close }
}
