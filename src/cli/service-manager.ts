/** What a service manager such as systemd is told of this process: that it serves, reloads, ends, and lives (sd_notify(3)). */
import { handedByServiceManager, serviceManagerPlace } from '../config/environment.ts'
import { StartError } from '../daemon/start-error.ts'
import { processAddon } from '../native/process.ts'
import type { Log } from '../telemetry/log.ts'

/** Words within the longest silence that is allowed. */
const WORDS_PER_SILENCE = 3

/** See the head of this file. */
export class ServiceManager {
  readonly #send: (text: string) => void
  readonly #watchdogMs: number | undefined
  #watchdog: NodeJS.Timeout | undefined

  constructor(send: (text: string) => void, watchdogMs: number | undefined) {
    this.#send = send
    this.#watchdogMs = watchdogMs
  }

  /** Clients are served, by the configuration as it is now. */
  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`)
    if (this.#watchdogMs === undefined || this.#watchdog !== undefined) return
    // The main thread, which watches over all others, has to come around.
    this.#watchdog = setInterval(() => this.#send('WATCHDOG=1'), this.#watchdogMs / WORDS_PER_SILENCE).unref()
  }

  /** The configuration is being read; `ready` says when that is over. */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`)
  }

  /** No more questions are taken. */
  stopping(): void {
    this.#send('STOPPING=1\nSTATUS=answers what is in work, then ends')
  }
}

/**
 * The one that waits for word of this process.
 *
 * @returns undefined where none does
 * @throws StartError where it would wait in vain
 */
export function findServiceManager(log: Pick<Log, 'warn'>): ServiceManager | undefined {
  const sockets = handedByServiceManager()
  if (sockets > 0) {
    log.warn(
      { sockets },
      'the service manager has opened sockets (LISTEN_FDS), which nobody serves: disable its socket unit; server.listen counts',
    )
  }
  const place = serviceManagerPlace()
  if (place === undefined) return undefined
  const addon = processAddon()
  if (addon === undefined) {
    throw new StartError(
      'the service manager waits for word of this process (NOTIFY_SOCKET), which takes the addon process.node: ' +
        'build it, or have Type=exec and no WatchdogSec= in the unit',
    )
  }
  let isTold = false
  const send = (text: string): void => {
    try {
      addon.sendNotice(place.socket, text)
    } catch (error) {
      if (!isTold) {
        const fault = (error as Error).message
        log.warn({ socket: place.socket, fault }, 'the service manager cannot be told how this process is')
      }
      isTold = true
    }
  }
  return new ServiceManager(send, place.watchdogMs)
}
