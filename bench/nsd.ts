/** NSD, the authority of labs that are made of programs. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinned } from './cores.ts'
import { runProgram, ServerProcess } from './processes.ts'
import { findProgram } from './programs.ts'

/** A zone to serve. */
export interface NsdZone {
  /** Presentation form. */
  readonly name: string
  /** Path of its master file. */
  readonly file: string
}

/** One NSD. */
export interface NsdSetup {
  readonly name: string
  /** For its files; made when it is not there. */
  readonly folder: string
  readonly addresses: readonly string[]
  readonly port: number
  readonly zones: readonly NsdZone[]
  /** `nsd-control` may ask it. */
  readonly control?: boolean
  readonly cores?: readonly number[]
}

const TCP_CONNECTIONS = 200

/** The configuration file. */
export function nsdConfiguration({ folder, addresses, port, zones, control }: NsdSetup): string {
  return `server:
  server-count: 1
${addresses.map((address) => `  ip-address: ${address}\n`).join('')}  port: ${port}
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  database: ""
  zonelistfile: "${folder}/zone.list"
  pidfile: ""
  xfrdfile: ""
  xfrdir: "${folder}"
  tcp-count: ${TCP_CONNECTIONS}
  rrl-ratelimit: 0
remote-control:
  control-enable: ${control === true ? 'yes' : 'no'}
  control-interface: "${controlSocket(folder)}"
${zones.map(({ name, file }) => `zone:\n  name: "${name}"\n  zonefile: "${file}"\n`).join('')}`
}

function controlSocket(folder: string): string {
  return `${folder}/control`
}

function configurationFile(folder: string): string {
  return join(folder, 'nsd.conf')
}

/** Writes the configuration and starts it. It may take a while until it answers. */
export function startNsd(setup: NsdSetup): ServerProcess {
  mkdirSync(setup.folder, { recursive: true })
  const file = configurationFile(setup.folder)
  writeFileSync(file, nsdConfiguration(setup))
  const [program, args] = pinned(setup.cores ?? [], findProgram('nsd') ?? 'nsd', ['-d', '-c', file])
  return new ServerProcess(setup.name, program, args, setup.folder)
}

/** Questions that an NSD with `control` has had so far, by UDP and TCP. */
export async function questionsOf(folder: string): Promise<number> {
  const text = await runProgram('nsd-control', ['-c', configurationFile(folder), 'stats_noreset'], folder)
  const count = /^num\.queries=(\d+)/m.exec(text)?.[1]
  if (count === undefined) throw new Error(`nsd-control tells no number of queries: ${text.slice(0, 500)}`)
  return Number(count)
}
