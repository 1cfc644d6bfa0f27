/**
 * Spans of resolutions, where the operator wants them: nothing of it is even loaded elsewhere. They are made in a thread
 * of its own for each that resolves, because the operator's module is there: whatever it does, nobody waits for it, and
 * what it throws ends that thread alone.
 */
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../base/clock.ts'
import { TRACED_WAITING_MAX, TRACING_HEAP_MIB_MAX } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import type { Watch } from '../../resolver/ports.ts'
import type { Log } from '../../telemetry/log.ts'
import { type ResolutionRecord, recordShare } from '../../telemetry/resolution-record.ts'

/** What it takes. */
export interface TracingParts {
  readonly config: Pick<Config, 'path' | 'settings'>
  readonly clock: Clock
  /** Told when the operator's module fails: all else goes on. */
  readonly log: Pick<Log, 'error'>
}

/** Resolutions that are watched. */
export interface Tracing {
  readonly watch: Watch
  close(): void
}

/** What the thread begins with. */
export interface TracingData {
  /** URL of the operator's module; empty where there is none. */
  readonly module: string
  /** How many resolutions lie in its port. */
  readonly waiting: SharedArrayBuffer
}

/** What it is told: a resolution, or to end. */
export type ToTracing = ResolutionRecord | 'close'

const ENTRY = new URL('./tracing-thread.js', import.meta.url)

/** Starts it for the thread that calls this. Undefined where no spans are wanted. */
export function startTracing({ config, clock, log }: TracingParts): Tracing | undefined {
  const { settings } = config
  const percent = settings['tracing.percent']
  if (percent === 0) return undefined
  const path = settings['tracing.module'] && pathFrom(config, settings['tracing.module'])
  const waiting = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: TracingData = { module: path && pathToFileURL(path).href, waiting: waiting.buffer }
  const resourceLimits = { maxOldGenerationSizeMb: TRACING_HEAP_MIB_MAX }
  const worker = new Worker(ENTRY, { name: 'tracing', workerData, resourceLimits, execArgv: [] })
  worker.unref()
  let isOver = false
  const failed = (fault: string, where?: string): void => {
    if (isOver) return
    isOver = true
    log.error(
      { module: path, fault, where },
      'tracing.module failed: no spans until the daemon is started anew',
    )
  }
  worker.on('error', (error: unknown) => {
    const fault = error instanceof Error ? error.message : String(error)
    failed(fault.split('\n', 1)[0]!, placeOf(error))
  })
  worker.on('exit', () => failed('it ended the thread that it is in'))
  const take = (record: ResolutionRecord): void => {
    if (isOver || Atomics.load(waiting, 0) >= TRACED_WAITING_MAX) return
    Atomics.add(waiting, 0, 1)
    worker.postMessage(record satisfies ToTracing)
  }
  return {
    watch: recordShare({ percent, clock, random: systemRandom(), unixMs: Date.now, take }),
    close: () => {
      isOver = true
      worker.postMessage('close' satisfies ToTracing)
    },
  }
}

/** Where in the module it was thrown, as the first line of the stack that says so. */
function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return /(?:file:|\/)[^\s()]+:\d+/.exec(stack)?.[0]
}
