/** The user that the daemon is: whoever started it, or the one that the configuration names (`server.user`). */
import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import type { Config } from '../config/load.ts'
import { StartError } from '../daemon/start-error.ts'
import { processAddon } from '../native/process.ts'
import type { Log } from '../telemetry/log.ts'

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
  const addon = processAddon()
  if (addon === undefined) {
    throw new StartError(
      'server.user takes the addon process.node, which is not built: build it, or have setpriv or systemd change the user',
    )
  }
  try {
    addon.becomeUser(wanted)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new StartError(`server.user ${wanted}: ${code === 'ENOENT' ? 'there is no such user' : message}`)
  }
  log.info({ user: wanted, uid: process.getuid?.() }, 'this is root no more')
  if (path !== undefined && !mayRead(path)) {
    log.warn(
      { config: path, user: wanted },
      'this user may not read the configuration: it cannot be reloaded',
    )
  }
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
