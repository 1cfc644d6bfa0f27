/** `sigill demo`: a signed Internet in this process, the resolver in front of it, and a table of what it answers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { type Daemon, startDaemon } from '../daemon/daemon.ts'
import { selfTest } from '../dnssec/algorithms.ts'
import { LAB_ZONES } from '../lab/catalogue.ts'
import { onPlatform } from '../lab/expectation.ts'
import { buildInternet } from '../lab/internet.ts'
import type { LabZone } from '../lab/lab-zone.ts'
import { EXCUSED_ZONE } from '../lab/policy-zones.ts'
import { serveAuthorities } from '../lab/server.ts'
import { createLog } from '../telemetry/log.ts'
import { askOverSocket, type ResolverPlace } from './demo-client.ts'
import { type DemoRow, formatHead, formatRow, formatZoneHead, isGood } from './demo-table.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { writeLabFolder } from './lab-folder.ts'

/** What the command was told. */
export interface DemoOptions {
  /** Ask everything once and end. */
  readonly once?: boolean
  /** Zones whose signatures are made wrong, to see that the table notices. */
  readonly break?: readonly string[]
}

/** Every zone of the demo. */
export const DEMO_ZONES: readonly LabZone[] = [...LAB_ZONES, EXCUSED_ZONE]

const RESOLVER: ResolverPlace = { address: '127.0.0.1', port: 5300 }
const METRICS: ResolverPlace = { address: '127.0.0.1', port: 9153 }
const NETWORK = [127, 53] as const
/** Questions asked at a time: some wait for servers that never answer. */
const QUESTIONS_AT_ONCE = 16

/**
 * Runs the demo.
 *
 * @returns DONE when every row is as it must be, NO otherwise; without `once` only after SIGINT or SIGTERM
 */
export async function demo(options: DemoOptions, print: (text: string) => void): Promise<ExitCode> {
  const broken = zonesToBreak(options.break ?? [], DEMO_ZONES)
  const stopped = stopSignal()
  const running = await startDemo({ resolver: RESOLVER, metrics: METRICS, network: NETWORK, broken })
  try {
    const rows = await Promise.race([askAll(running, print), stopped])
    if (rows === undefined) return EXIT.NO
    const wrong = rows.filter((row) => !isGood(row)).length
    print(summary(rows.length, wrong))
    if (options.once !== true) {
      print(invitation())
      await stopped
    }
    return wrong === 0 ? EXIT.DONE : EXIT.NO
  } finally {
    await running.stop()
  }
}

/** Where a demo listens; port 0 picks one. */
export interface DemoPlan {
  readonly resolver: ResolverPlace
  readonly metrics: ResolverPlace
  /** First two octets of the authorities' addresses. */
  readonly network: readonly [number, number]
  readonly broken: readonly string[]
}

/** A demo that serves. */
export interface RunningDemo {
  readonly resolver: ResolverPlace
  /** The port of the authorities. */
  readonly authorityPort: number
  /** Aborted when it is to stop: who still waits for an answer gets none. */
  readonly signal: AbortSignal
  stop(): Promise<void>
}

/**
 * Builds the lab Internet, serves it, and starts the resolver on it.
 *
 * @throws StartError when an address is taken
 */
export async function startDemo(plan: DemoPlan): Promise<RunningDemo> {
  const { resolver, metrics, network, broken } = plan
  const nowSeconds = Math.floor(Date.now() / 1000)
  const internet = buildInternet({ nowSeconds, zones: DEMO_ZONES, network, broken })
  const servers = await serveAuthorities(internet.authorities, 0).catch((error: Error) => {
    const where = `${network.join('.')}.0.0/16`
    throw new UnusableInput(
      `the demo needs the loopback addresses ${where}, as Linux has them: ${error.message}`,
    )
  })
  const folder = mkdtempSync(join(tmpdir(), 'sigill-demo-'))
  let daemon: Daemon | undefined
  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await daemon?.stop()
    await servers.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const path = writeLabFolder(folder, {
      ...internet,
      authorityPort: servers.port,
      listen: `${resolver.address}@${resolver.port}`,
      metrics: `${metrics.address}@${metrics.port}`,
      negativeTrustAnchors: [EXCUSED_ZONE.name],
    })
    // The table is for standard output; what goes wrong is told beside it.
    daemon = await startDaemon(
      loadConfig(path),
      createLog({ level: 'error', format: 'auto' }, process.stderr),
    )
    const { port } = daemon.endpoints[0]!
    return { resolver: { ...resolver, port }, authorityPort: servers.port, signal: stopping.signal, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Asks every question of every zone, printing rows in order as they are known. */
export async function askAll(running: RunningDemo, print: (text: string) => void): Promise<DemoRow[]> {
  const platform = selfTest()
  const pending = DEMO_ZONES.flatMap((zone) => {
    return zone.questions.map((question) => ({ zone, expected: onPlatform(question, platform) }))
  })
  const rows: (DemoRow | undefined)[] = pending.map(() => undefined)
  let next = 0
  let printed = 0
  print(formatHead())
  const work = async (): Promise<void> => {
    while (next < pending.length && !running.signal.aborted) {
      const i = next++
      const { zone, expected } = pending[i]!
      const observed = await askOverSocket(running.resolver, expected, i + 1, running.signal)
      if (running.signal.aborted) return
      rows[i] = { zone, expected, observed }
      for (let row = rows[printed]; row !== undefined; row = rows[++printed]) {
        if (row.zone !== rows[printed - 1]?.zone) print(formatZoneHead(row.zone))
        print(formatRow(row))
      }
    }
  }
  await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, work))
  return rows.filter((row) => row !== undefined)
}

/**
 * The zones that the words name.
 *
 * @throws UnusableInput for a word that names no signed zone
 */
export function zonesToBreak(words: readonly string[], zones: readonly LabZone[]): string[] {
  const signed = zones.filter((zone) => zone.signing !== undefined).map((zone) => zone.name)
  return words.map((word) => {
    const name = `${word.toLowerCase().replace(/\.$/, '')}.`
    if (signed.includes(name)) return name
    throw new UnusableInput(`"${word}" is not a signed zone of the lab; those are ${signed.join(' ')}`)
  })
}

function summary(count: number, wrong: number): string {
  const zones = `${count} rows, ${DEMO_ZONES.length} zones`
  return wrong === 0
    ? `\n${zones}: every row is as it must be.\n`
    : `\n${zones}: ${wrong} rows are NOT as they must be.\n`
}

function invitation(): string {
  const dig = `dig @${RESOLVER.address} -p ${RESOLVER.port}`
  return [
    '',
    `The resolver stays up on ${RESOLVER.address}:${RESOLVER.port}, by UDP and TCP. Try:`,
    '',
    `  ${dig} www.nsec.se                    the ad flag: proven`,
    `  ${dig} www.nsec.se +dnssec            with the signatures`,
    `  ${dig} www.expired.se                 SERVFAIL, EDE 7 (Signature Expired)`,
    `  ${dig} www.expired.se +cd             the data all the same`,
    `  ${dig} none.nsec3.org                 NXDOMAIN, proven by NSEC3`,
    `  ${dig} www.unsigned.com               no ad flag: proven to be unsigned`,
    `  ${dig} www.large.se TXT               too large for UDP`,
    `  curl http://${METRICS.address}:${METRICS.port}/metrics`,
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n')
}

/** Settles at the first SIGINT or SIGTERM. */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(undefined))
    process.once('SIGTERM', () => resolve(undefined))
  })
}
