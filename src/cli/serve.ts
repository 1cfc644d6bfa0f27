/** `sigill serve`: the daemon in the foreground, from its start to its last answer. */
import { formatEndpoint } from '../base/address.ts'
import { LOG_FLUSH_MS_MAX } from '../base/limits.ts'
import { type Config, defaultConfig, loadConfig } from '../config/load.ts'
import { compileForService } from '../daemon/code-settings.ts'
import { type Daemon, startDaemon } from '../daemon/daemon.ts'
import { putHelpersLast } from '../daemon/short-waits.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { noteEarlyReloads, type TakeEarlyReload } from './early-reloads.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { becomeOwnUser } from './own-user.ts'
import { findServiceManager, type ServiceManager } from './service-manager.ts'
import { meetPredecessor } from './take-over.ts'

/** What the command was told. */
export interface ServeOptions {
  /** Configuration file; the defaults when left out. */
  readonly config?: string
  /** Take over from the daemon that runs. */
  readonly takeOver?: boolean
}

/**
 * Serves until SIGTERM or SIGINT.
 *
 * @param printError takes the ready line, for standard error
 * @param early takes note of SIGHUP already, from before this was loaded
 */
export async function serve(
  options: ServeOptions,
  printError: (text: string) => void,
  early: TakeEarlyReload = noteEarlyReloads(),
): Promise<ExitCode> {
  compileForService()
  const config = options.config === undefined ? defaultConfig() : loadConfig(options.config)
  const log = createLog({ level: config.settings['log.level'], format: config.settings['log.format'] })
  dieOfOwnFaults(log)
  keepDebuggersOut()
  becomeOwnUser(config, log)
  putHelpersLast()
  const manager = findServiceManager(log)
  const asked = stopRequest(log)
  try {
    const daemon = await start(config, log, options.takeOver === true, asked)
    printError(`${readyLine(daemon)}\n`)
    const { endpoints, metrics } = daemon
    const listen = endpoints.map(formatEndpoint)
    const status = `serves ${listen.length === 1 ? listen[0] : `${listen.length} addresses`}`
    manager?.ready(status)
    log.info({ listen, metrics: metrics && formatEndpoint(metrics) }, 'serving')
    const reload = reloadOnSignal(daemon, log, manager, status)
    if (early()) reload()
    const signal = await Promise.race([asked, daemon.stopAsked.then(() => 'drain')])
    manager?.stopping()
    log.info({ signal }, 'stopping: questions in work are answered, new ones are not taken')
    const unanswered = await daemon.stop()
    log.info({ unanswered }, 'stopped')
    return EXIT.DONE
  } finally {
    // Lines that nobody reads keep the process alive, but not for ever.
    setTimeout(() => process.exit(), LOG_FLUSH_MS_MAX).unref()
  }
}

/** Starts, beside the daemon that runs if this one is to take over; that one ends when this one serves. */
async function start(
  config: Config,
  log: Log,
  takesOver: boolean,
  asked: Promise<NodeJS.Signals>,
): Promise<Daemon> {
  const predecessor = takesOver ? await meetPredecessor(config, log) : undefined
  if (predecessor === undefined) return startDaemon(config, log)
  // Who is told to end before he serves must not have the other one end as well.
  const givenUp = new AbortController()
  void asked.then(() => givenUp.abort())
  let daemon: Daemon
  try {
    daemon = await startDaemon(config, log, { inherited: predecessor.sockets, givenUp: givenUp.signal })
  } catch (error) {
    await predecessor.cancel().catch(() => {})
    throw error
  }
  await predecessor.end().catch((error: Error) => {
    log.error({ err: error }, 'the daemon that ran before is not told to end: both serve; stop it by its pid')
  })
  return daemon
}

function readyLine({ endpoints, metrics }: Daemon): string {
  const where = endpoints.map(formatEndpoint).join(', ')
  const http = metrics === undefined ? 'no metrics' : `metrics on ${formatEndpoint(metrics)}`
  return `sigill ready: listening on ${where} (udp, tcp), ${http}`
}

/** SIGHUP has the configuration read again; a bad one changes nothing. Returns what it does. */
function reloadOnSignal(
  { operator }: Daemon,
  log: Log,
  manager: ServiceManager | undefined,
  status: string,
): () => void {
  const reload = (): void => {
    manager?.reloading()
    operator
      .reload({ who: 'SIGHUP', why: '' })
      .then(
        (reloaded) => log.info({ ...reloaded }, 'the configuration is read again'),
        (error: Error) => log.error(`nothing is reloaded: ${error.message}`),
      )
      .finally(() => manager?.ready(status))
  }
  process.on('SIGHUP', reload)
  return reload
}

/** The first signal asks the daemon to drain, a second one cuts it short. */
function stopRequest(log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (!asked) {
        asked = true
        resolve(signal)
        return
      }
      log.warn({ signal }, 'stopped before every question was answered')
      process.exit(EXIT.NO)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

/** An error that nobody caught leaves us in no known state: better a restart than wrong answers. */
function dieOfOwnFaults(log: Log): void {
  const die = (fault: unknown): void => {
    log.fatal({ err: fault }, 'internal fault; stopping')
    process.exit(EXIT.FAULT)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

/** Node would open a port for debuggers at this signal, to everybody on this machine. */
function keepDebuggersOut(): void {
  process.on('SIGUSR1', () => {})
}
