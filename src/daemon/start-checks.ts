/**
 * What a daemon needs of the machine beside a good file: looked at before it opens anything, and by who checks a
 * configuration, so that both say the same. Nothing is changed.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { readCookieSecrets } from '../config/cookie-secrets.ts'
import type { Config } from '../config/load.ts'
import { pathFrom } from '../config/path-from.ts'
import { reasonOf } from '../config/text-file.ts'
import { controlSocketFault } from './control/socket-path.ts'
import { readToken } from './control/token.ts'
import { StartError } from './start-error.ts'

/** Looks for what would keep it from starting. @throws StartError, ConfigError */
export function checkStart(config: Config): void {
  const { settings } = config
  const secrets = settings['server.cookies.secret-file']
  if (secrets !== '') readCookieSecrets(pathFrom(config, secrets))
  if (settings['control.listen'] !== undefined) readToken(config)
  checkSocket(config)
}

/** The default one is used where it can be. */
function checkSocket(config: Config): void {
  const socket = config.settings['control.socket']
  if (socket === '' || !config.changed.has('control.socket')) return
  const path = pathFrom(config, socket)
  const fault = controlSocketFault(path)
  if (fault !== undefined) throw new StartError(`cannot listen on ${path}: ${fault}; change control.socket`)
}

/** Settings that would do nothing, each with why. */
export function idleSettings(config: Config): string[] {
  const { settings } = config
  const idle: string[] = []
  const snapshot = settings['cache.snapshot']
  if (snapshot !== '') {
    const path = pathFrom(config, snapshot)
    const fault = snapshotFault(path)
    if (fault !== undefined)
      idle.push(`cache.snapshot ${path}: ${fault}: the caches would not outlast a restart`)
  }
  if (settings['tracing.percent'] > 0 && settings['tracing.module'] === '')
    idle.push('tracing.percent without tracing.module: nobody would take the spans')
  return idle
}

/** Why nothing would be kept in `state.directory`, as far as one can tell without making it; the daemon tells it by itself. */
export function stateFolderFault(config: Config): string | undefined {
  const directory = config.settings['state.directory']
  if (directory === '' || !config.given.has('state.directory')) return undefined
  const path = pathFrom(config, directory)
  const fault = folderFault(path)
  // One that is not there yet is made.
  if (fault === undefined || fault === MISSING) return undefined
  return `state.directory ${path}: ${fault}: what is learnt or changed while the daemon runs would end with it`
}

function snapshotFault(path: string): string | undefined {
  const fault = folderFault(dirname(path))
  if (fault !== undefined) return `its folder: ${fault}`
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? 'it is a folder' : undefined
  } catch (error) {
    return reasonOf(error)
  }
}

const MISSING = 'it is not there'

/** Why nobody here can write into a folder. */
function folderFault(path: string): string | undefined {
  try {
    const status = statSync(path, { throwIfNoEntry: false })
    if (status === undefined) return MISSING
    if (!status.isDirectory()) return 'it is not a folder'
    accessSync(path, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}
