/** `sigill control`: commands to a running daemon, and what it says, for people or as JSON. */
import { counted } from '../base/counted.ts'
import { EXCEPTION_SECONDS_MAX } from '../base/limits.ts'
import { sudoUser } from '../config/environment.ts'
import { type ControlPlace, type ControlReply, command, defaultAuthor } from './control-client.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { printable, printableJson } from './printable.ts'

/** What every such command was told. */
export interface ControlOptions extends ControlPlace {
  readonly json?: boolean
  /** Who gives the command; the user who runs it when left out. */
  readonly author?: string
  readonly reason?: string
}

/** Writes text out. */
export type Print = (text: string) => void

/** Asks, and shows what comes back. NO when the daemon refuses. */
export async function ask(
  path: string,
  options: ControlOptions,
  print: Print,
  show: (result: never) => string = showPlain,
): Promise<ExitCode> {
  return present(await command(options, 'GET', path), options, print, show)
}

/** Has something changed, and shows what comes back. NO when the daemon refuses, or when it would not last. */
export async function tell(
  path: string,
  body: Readonly<Record<string, unknown>>,
  options: ControlOptions,
  print: Print,
  show: (result: never) => string = showPlain,
): Promise<ExitCode> {
  const who = options.author ?? defaultAuthor(sudoUser())
  const { reason: why = '' } = options
  const reply = await command(options, 'POST', path, { ...body, who, why })
  const code = present(reply, options, print, show)
  return code === EXIT.DONE && storedOf(reply) === false ? EXIT.NO : code
}

/** What a daemon says of whether a change outlasts it; undefined where it says nothing. */
function storedOf(reply: ControlReply): unknown {
  return reply.ok ? (reply.result as { readonly stored?: unknown } | null)?.stored : undefined
}

/** To standard error, so that nobody who reads the output as JSON is disturbed. */
function warnIfPassing(reply: ControlReply): void {
  const stored = storedOf(reply)
  if (stored === null) process.stderr.write('sigill: there is no state.directory: a restart undoes this\n')
  if (stored !== false) return
  process.stderr.write(
    'sigill: in force, but NOT STORED: a restart undoes it. It is tried again every minute; ' +
      '`sigill control status` says why it cannot be stored\n',
  )
}

function present(
  reply: ControlReply,
  options: ControlOptions,
  print: Print,
  show: (result: never) => string,
): ExitCode {
  if (!reply.ok) {
    if (reply.unusable) throw new UnusableInput(asTyped(reply.error))
    print(
      options.json === true ? printableJson({ error: reply.error }) : `not done: ${printable(reply.error)}\n`,
    )
    return EXIT.NO
  }
  print(options.json === true ? printableJson(reply.result) : show(reply.result as never))
  warnIfPassing(reply)
  return EXIT.DONE
}

const TYPED: Readonly<Record<string, string>> = {
  who: '--author',
  why: '--reason',
  percent: '--percent',
  always: '--always',
  never: '--never',
  seconds: '--seconds',
}

/** The daemon names what it was sent; who typed it knows it by the option. */
function asTyped(error: string): string {
  return error.replace(/(^|; )([a-z]+)(?:\.\d+)?: /g, (whole, before, field) =>
    Object.hasOwn(TYPED, field) ? `${before}${TYPED[field]}: ` : whole,
  )
}

/** An object as lines `key: value`, what is in it indented. */
export function showPlain(result: unknown): string {
  return `${plainLines(result, '').join('\n')}\n`
}

function plainLines(value: unknown, indent: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${indent}${printable(String(value))}`]
  const entries = Array.isArray(value) ? value.map((item) => ['-', item] as const) : Object.entries(value)
  if (entries.length === 0) return [`${indent}none`]
  return entries.flatMap(([key, item]) => {
    const label = key === '-' ? '-' : `${key}:`
    if (typeof item !== 'object' || item === null) return [`${indent}${label} ${printable(String(item))}`]
    if (Object.keys(item).length === 0) return [`${indent}${label} none`]
    return [`${indent}${label}`, ...plainLines(item, `${indent}  `)]
  })
}

/** The journal, a line a change. */
export function showJournal(
  entries: readonly { time: string; who: string; why: string; what: string; detail: unknown }[],
): string {
  return entries
    .map(
      ({ time, who, why, what, detail }) =>
        `${printable(`${time} ${who} ${what} ${JSON.stringify(detail)}${why && ` (${why})`}`)}\n`,
    )
    .join('')
}

/** The metrics, a line a sample. */
export function showStats(
  metrics: Readonly<
    Record<string, readonly { metricName?: string; labels: Record<string, unknown>; value: number }[]>
  >,
): string {
  return Object.entries(metrics)
    .flatMap(([name, samples]) =>
      samples.map(({ metricName = name, labels, value }) => {
        const told = Object.entries(labels).map(([label, text]) => `${label}="${String(text)}"`)
        return `${metricName}${told.length === 0 ? '' : `{${told.join(',')}}`} ${value}\n`
      }),
    )
    .join('')
}

/** Of a rollout: what happens to whom. */
export function showRollout({
  mode,
  percent,
  always,
  never,
}: {
  mode: string
  percent: number
  always: string[]
  never: string[]
}): string {
  const list = (networks: string[]): string => (networks.length === 0 ? 'none' : networks.join(', '))
  const share = mode === 'enforce' ? `${percent} % of the clients` : `nobody (${percent} % in mode enforce)`
  return `mode: ${mode}\nenforced for: ${share}\nalways: ${list(always)}\nnever: ${list(never)}\n`
}

/** A number out of the command line. @throws UnusableInput */
export function wholeNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new UnusableInput(`"${text}" is not a whole number`)
}

/** Networks out of the command line; an option without any stands for none. */
export function networks(given: readonly string[] | true): readonly string[] {
  return given === true ? [] : given
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** What `--for` says, such as 30m, in seconds. @throws UnusableInput */
export function seconds(text: string): number {
  const [, count, unit = 's'] = /^([0-9]{1,7})([smhd])?$/.exec(text) ?? []
  if (count === undefined)
    throw new UnusableInput(`--for: "${text}" is not a time such as 90s, 30m, 1h or 7d`)
  const found = Number(count) * UNITS[unit]!
  if (found >= 1 && found <= EXCEPTION_SECONDS_MAX) return found
  throw new UnusableInput(`--for: expected a second to a week (7d), found ${text}`)
}

interface ShownException {
  readonly name: string
  readonly reason: string
  readonly author: string
  readonly expires: string
  readonly hits: number
  readonly forced: boolean
}

/** A negative trust anchor in a line. */
export function showException({ name, reason, author, expires, hits, forced }: ShownException): string {
  const kept = forced ? ', kept when the zone validates' : ''
  return `${printable(`${name} until ${expires}, by ${author}: ${reason} (${counted(hits, 'answer')}${kept})`)}\n`
}

/** All of them. */
export function showExceptions(exceptions: readonly ShownException[]): string {
  return exceptions.length === 0 ? 'none\n' : exceptions.map(showException).join('')
}
