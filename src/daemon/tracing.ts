/** Spans of resolutions, where the operator wants them: nothing of it is even loaded elsewhere. */
import { pathToFileURL } from 'node:url'
import type { Clock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { type Config, pathFrom } from '../config/load.ts'
import type { Watch } from '../resolver/ports.ts'

/** What it takes. */
export interface TracingParts {
  readonly config: Pick<Config, 'path' | 'settings'>
  readonly clock: Clock
  /** Told when the operator's module cannot be loaded: all else goes on. */
  readonly onFault: (fault: unknown) => void
}

/**
 * Loads the operator's module, which registers an SDK with the OpenTelemetry API, in the thread that calls this.
 *
 * @returns what chooses resolutions, none before the module is there; undefined where none are wanted
 */
export function startTracing(parts: TracingParts): Watch | undefined {
  if (parts.config.settings['tracing.percent'] === 0) return undefined
  let watch: Watch = () => undefined
  load(parts).then((loaded) => {
    watch = loaded
  }, parts.onFault)
  return (question) => watch(question)
}

async function load({ config, clock }: TracingParts): Promise<Watch> {
  const { settings } = config
  const module = settings['tracing.module']
  if (module !== '') await import(pathToFileURL(pathFrom(config, module)).href)
  const { resolutionSpans } = await import('../telemetry/resolution-spans.ts')
  const percent = settings['tracing.percent']
  return resolutionSpans({ percent, clock, random: systemRandom(), unixMs: Date.now })
}
