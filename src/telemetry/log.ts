/** The log of the daemon: events, never single queries. */
import { createRequire } from 'node:module'
import { isatty } from 'node:tty'
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { standardOutput } from './standard-output.ts'

/** Where lines go: `log.info({ field }, 'sentence')`. */
export type Log = Logger

/** How the log looks. */
export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly format: 'auto' | 'json' | 'pretty'
}

const STDOUT = 1

/** A log on standard output, or on a stream of the caller's. */
export function createLog(options: LogOptions, destination?: DestinationStream): Log {
  const stream = destination ?? standardOutput()
  const settings = { level: options.level, timestamp: stdTimeFunctions.isoTime }
  if (options.format === 'pretty' || (options.format === 'auto' && isatty(STDOUT))) {
    return pino({ ...settings, base: null }, prettyStream(stream))
  }
  const formatters = { level: (label: string) => ({ level: label }) }
  return pino({ ...settings, base: { pid: process.pid }, formatters }, stream)
}

/** Makes lines readable on their way, in this thread: pino's own transports would start another. */
function prettyStream(stream: DestinationStream): DestinationStream {
  // Loaded where it is wanted only: services have no use for it, and it takes longer than any of our own files.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty')
  const pretty = prettyFactory({ colorize: isatty(STDOUT), translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line) => stream.write(pretty(line)) }
}
