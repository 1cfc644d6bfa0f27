/** The user that the daemon is: whoever started it, or the one that the configuration names (`server.user`). */
import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import type { Config } from '../config/load.ts'
import { StartError } from '../daemon/start-error.ts'
import { type ProcessAddon, processAddon } from '../native/process.ts'
import type { Log } from '../telemetry/log.ts'

const NO_USER = 'there is no such user'

/**
 * Becomes that user, before anything is opened. Of root's rights that to ports below 1024 stays, so that a thread which is
 * born anew can have its sockets.
 *
 * @throws StartError when it cannot be; the process has to end then
 */
export function becomeOwnUser({ settings, path }: Config, log: Pick<Log, 'info' | 'warn'>): void {
  const wanted = settings['server.user']
  const isRoot = process.getuid?.() === 0
  if (wanted === '') {
    if (isRoot) {
      log.warn(
        'this runs as root, with rights that it does not need: set server.user, or use conf/systemd/sigill.service',
      )
    }
    return
  }
  if (!isRoot) {
    if (ownName() === wanted) return
    throw new StartError(
      `server.user ${wanted}: only root can become somebody else, and this is ${ownName()}`,
    )
  }
  const addon = ownAddon()
  try {
    addon.becomeUser(wanted)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new StartError(`server.user ${wanted}: ${code === 'ENOENT' ? NO_USER : message}`)
  }
  log.info({ user: wanted, uid: process.getuid?.() }, 'this is root no more')
  if (path !== undefined && !mayRead(path)) {
    log.warn(
      { config: path, user: wanted },
      'this user may not read the configuration: it cannot be reloaded',
    )
  }
}

/**
 * Looks whether root could become the user of a configuration, and leaves this process who it is.
 *
 * @throws StartError as `becomeOwnUser`
 */
export function checkOwnUser({ settings }: Pick<Config, 'settings'>): void {
  const wanted = settings['server.user']
  const own = process.geteuid?.()
  if (wanted === '' || own === undefined || (own !== 0 && ownName() === wanted)) return
  ownAddon()
  try {
    // Node has no other way to ask for a user by name.
    process.seteuid?.(wanted)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_UNKNOWN_CREDENTIAL') throw new StartError(`server.user ${wanted}: ${NO_USER}`)
    // Who is not root learns that the user is there, and no more.
    return
  }
  const isRoot = process.geteuid?.() === 0
  process.seteuid?.(own)
  if (isRoot) throw new StartError(`server.user ${wanted}: that is root as well`)
}

function ownAddon(): ProcessAddon {
  const addon = processAddon()
  if (addon !== undefined) return addon
  throw new StartError(
    'server.user takes the addon process.node, which is not built: build it, or have setpriv or systemd change the user',
  )
}

/** The name, or the number where it has none. */
function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}

function mayRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
