/** The log of a thread: lines go to the supervisor, which writes them with its own, one after the other. */
import type { Log } from '../../telemetry/log.ts'

/** Levels that threads use. */
export type LogLevel = 'info' | 'warn' | 'error'

/** A line on its way. */
export interface LogLine {
  readonly level: LogLevel
  /** An `err` keeps its name, message and stack. */
  readonly fields: object
  readonly text: string
}

/** What the parts of the resolver need of a log. */
export type ThreadLog = Pick<Log, LogLevel>

/** A log whose lines go to `post`. */
export function forwardingLog(post: (line: LogLine) => void): ThreadLog {
  const at =
    (level: LogLevel) =>
    (first: object | string, text = ''): void => {
      if (typeof first === 'string') post({ level, fields: {}, text: first })
      else post({ level, fields: crossing(first), text })
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** What is thrown may hold anything; what crosses threads may not. */
function crossing(fields: object): object {
  if (!('err' in fields)) return fields
  const { err } = fields
  if (!(err instanceof Error)) return { ...fields, err: String(err) }
  const plain = new Error(err.message)
  return { ...fields, err: Object.assign(plain, { name: err.name, stack: err.stack }) }
}

/** Writes the line of a thread. */
export function writeLine(log: ThreadLog, thread: string, { level, fields, text }: LogLine): void {
  log[level]({ ...fields, thread }, text)
}
