/** The daemon in this process, with threads that a test can look at and end. */
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { type Daemon, type DaemonOptions, startDaemon } from '../../src/daemon/daemon.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { Server } from './dns-client.ts'
import type { LabWorld } from './lab-world.ts'
import { metricOf } from './metric.ts'
import { until } from './until.ts'

/** Threads of a daemon under test whose errors are on purpose. */
export const FAILING_ENTRIES: NonNullable<DaemonOptions['entries']> = {
  front: new URL('../daemon/thread-entries/front.js', import.meta.url),
  resolver: new URL('../daemon/thread-entries/resolver.js', import.meta.url),
}

export interface ThreadedDaemon {
  readonly daemon: Daemon
  readonly server: Server
  readonly log: readonly Record<string, unknown>[]
  /** The value of a metric, all its labels or those with this one, summed. */
  metric(name: string, label?: Readonly<Record<string, string>>): Promise<number>
}

/**
 * Starts it in a world, and waits until the root is proven.
 *
 * @param more of the configuration file
 */
export async function startThreadedDaemon(
  world: LabWorld,
  change: Partial<Settings>,
  options: DaemonOptions = {},
  more = '',
): Promise<ThreadedDaemon> {
  const config = loadConfig(world.writeConfig('threads.yaml', more))
  const log: Record<string, unknown>[] = []
  const write = (line: string): void => void log.push(JSON.parse(line))
  const daemon = await startDaemon(
    { ...config, settings: { ...config.settings, ...change } },
    createLog({ level: 'info', format: 'json' }, { write }),
    options,
  )
  await until('the root is proven', () => daemon.ready().ok).catch((error: Error) => {
    throw new Error(`${error.message}\n${JSON.stringify(log)}`)
  })
  const metric: ThreadedDaemon['metric'] = (...which) => metricOf(daemon.metrics!.port, ...which)
  const [{ port } = { port: 0 }] = daemon.endpoints
  return { daemon, server: { address: '127.0.0.1', port }, log, metric }
}
