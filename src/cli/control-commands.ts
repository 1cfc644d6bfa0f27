/** The words of `sigill control`. What they do is in `control.ts`, loaded when one is called. */
import type { Command } from 'commander'
import type { ControlOptions } from './control.ts'
import { UnusableInput } from './exit-code.ts'

type Control = typeof import('./control.ts')
type Print = (text: string) => void

/** Adds the commands to the program. */
export function addControl(program: Command, print: Print): void {
  const control = program.command('control').description('commands to a running daemon')
  addReading(reading(control), print)
  addReport(reading(addRollout(changing(control), print)), print)
  const nta = control
    .command('nta')
    .description('negative trust anchors: zones that are not judged for a time')
  addExceptions(reading(nta), changing(nta), print)
  addUpkeep(changing(control), print)
}

/** Adds commands that change nothing below another one. */
function reading(parent: Command): Add {
  return (words, description) =>
    parent
      .command(words)
      .description(description)
      .option('-c, --config <file>', 'configuration of the daemon; the defaults when left out')
      .option('--socket <path>', 'socket of the daemon, in place of that of the configuration')
      .option('--server <address@port>', 'the daemon by TCP')
      .option('--token-file <file>', 'token for --server')
      .option('--json', 'print JSON')
}

/** … and those that do. */
function changing(parent: Command): Add {
  return (words, description) =>
    reading(parent)(words, description)
      .option('--author <name>', 'who, for the journal; the user when left out')
      .option('--reason <text>', 'why, for the journal')
}

type Add = (words: string, description: string) => Command

function addReport(add: Add, print: Print): void {
  add('report', 'what validation does to answers, or would do: whom it hits, and what is to be done')
    .option('--html', 'print a page for a browser or a printer')
    .option('--export', 'print what it is made of, for `sigill report merge`')
    .action(async (_options: unknown, command: Command) => {
      // The command above it knows the same options, and takes those that it knows wherever they stand.
      const { html = false, export: exports = false, ...options } = command.optsWithGlobals<ReportOptions>()
      if ([options.json === true, html, exports].filter(Boolean).length > 1)
        throw new UnusableInput('--json, --html and --export exclude each other')
      const { ask } = await load()
      const { reportHtml } = await import('./rollout-report-html.ts')
      const { reportText } = await import('./rollout-report-text.ts')
      process.exitCode = exports
        ? await ask('/v1/rollout/report/export', { ...options, json: true }, print)
        : await ask('/v1/rollout/report', options, print, html ? reportHtml : reportText)
    })
}

interface ReportOptions extends ControlOptions {
  readonly html?: boolean
  readonly export?: boolean
}

function load(): Promise<Control> {
  return import('./control.ts')
}

function addReading(add: Add, print: Print): void {
  add('status', 'what the daemon is doing').action(async (options: ControlOptions) => {
    const { ask } = await load()
    process.exitCode = await ask('/v1/status', options, print)
  })
  add('stats', 'all metrics').action(async (options: ControlOptions) => {
    const { ask, showStats } = await load()
    process.exitCode = await ask('/v1/stats', options, print, showStats)
  })
  add('expiring', 'zones in use whose signatures end soon and are not being renewed').action(
    async (options: ControlOptions) => {
      const { ask } = await load()
      const { expiringText } = await import('./rollout-report-text.ts')
      process.exitCode = await ask('/v1/expiring', options, print, expiringText)
    },
  )
  add('journal', 'the last changes, the newest first').action(async (options: ControlOptions) => {
    const { ask, showJournal } = await load()
    process.exitCode = await ask('/v1/journal', options, print, showJournal)
  })
}

interface RolloutOptions extends ControlOptions {
  readonly percent?: string
  readonly always?: readonly string[] | true
  readonly never?: readonly string[] | true
}

function addRollout(add: Add, print: Print): Command {
  return add('rollout [mode]', 'how far validation is enforced; off, observe or enforce changes it at once')
    .option('--percent <n>', 'for how many of a hundred clients it is enforced')
    .option('--always [network...]', 'networks for whom it always is, in place of those before')
    .option('--never [network...]', 'networks for whom it never is, in place of those before')
    .action(async (mode: string | undefined, { percent, always, never, ...options }: RolloutOptions) => {
      const { ask, networks, showRollout, tell, wholeNumber } = await load()
      const wanted = {
        ...(mode !== undefined && { mode }),
        ...(percent !== undefined && { percent: wholeNumber(percent) }),
        ...(always !== undefined && { always: networks(always) }),
        ...(never !== undefined && { never: networks(never) }),
      }
      process.exitCode =
        Object.keys(wanted).length === 0
          ? await ask('/v1/rollout', options, print, showRollout)
          : await tell('/v1/rollout', wanted, options, print, showRollout)
    })
}

const EXCEPTIONS = '/v1/negative-trust-anchors'

interface AddOptions extends ControlOptions {
  readonly for: string
  readonly force?: boolean
  readonly replace?: boolean
}

function addExceptions(add: Add, addChange: Add, print: Print): void {
  add('list', 'those in force').action(async (options: ControlOptions) => {
    const { ask, showExceptions } = await load()
    process.exitCode = await ask(EXCEPTIONS, options, print, showExceptions)
  })
  addChange('add <name>', 'do not judge a zone for a time')
    .option('--for <time>', 'how long: 90s, 30m, 1h, 7d', '1h')
    .option('--force', 'the root or a top-level domain too; and keep it when the zone validates again')
    .option('--replace', 'in place of the one that there is for that name')
    .action(async (name: string, { for: time, force = false, replace = false, ...options }: AddOptions) => {
      const { seconds, showException, tell } = await load()
      const body = { name, seconds: seconds(time), force, replace }
      process.exitCode = await tell(EXCEPTIONS, body, options, print, showException)
    })
  addChange('extend <name>', 'let one last so long from now on')
    .option('--for <time>', 'how long: 90s, 30m, 1h, 7d', '1h')
    .action(async (name: string, { for: time, ...options }: ControlOptions & { for: string }) => {
      const { seconds, showException, tell } = await load()
      process.exitCode = await tell(
        `${EXCEPTIONS}/extend`,
        { name, seconds: seconds(time) },
        options,
        print,
        showException,
      )
    })
  addChange('remove <name>', 'judge the zone again').action(async (name: string, options: ControlOptions) => {
    const { tell } = await load()
    process.exitCode = await tell(`${EXCEPTIONS}/remove`, { name }, options, print)
  })
  addChange('recheck', 'remove those whose zones validate again').action(async (options: ControlOptions) => {
    const { showExceptions, tell } = await load()
    process.exitCode = await tell(`${EXCEPTIONS}/recheck`, {}, options, print, showExceptions)
  })
}

function addUpkeep(add: Add, print: Print): void {
  add('reload', 'read the configuration again').action(async (options: ControlOptions) => {
    const { tell } = await load()
    process.exitCode = await tell('/v1/reload', {}, options, print)
  })
  add('flush [name]', 'forget what is cached of a name; everything without a name')
    .option('--subtree', 'all below the name as well')
    .action(
      async (
        name: string | undefined,
        { subtree = false, ...options }: ControlOptions & { subtree?: boolean },
      ) => {
        const { tell } = await load()
        process.exitCode = await tell(
          '/v1/flush',
          { ...(name !== undefined && { name }), subtree },
          options,
          print,
        )
      },
    )
  add('roll-cookies', 'draw another secret for server cookies').action(async (options: ControlOptions) => {
    const { tell } = await load()
    process.exitCode = await tell('/v1/cookie-secrets/roll', {}, options, print)
  })
  add('snapshot', 'write the snapshot of the caches now').action(async (options: ControlOptions) => {
    const { tell } = await load()
    process.exitCode = await tell('/v1/snapshot', {}, options, print)
  })
  add('drain', 'be not ready, serve on for a while, then end')
    .option('--seconds <n>', 'how long to serve on', '30')
    .action(async ({ seconds, ...options }: ControlOptions & { seconds: string }) => {
      const { tell, wholeNumber } = await load()
      process.exitCode = await tell('/v1/drain', { seconds: wholeNumber(seconds) }, options, print)
    })
}
