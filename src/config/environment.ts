/** What the environment of the process says. */

/** The person behind sudo; undefined where there is none. */
export function sudoUser(): string | undefined {
  const { SUDO_USER: name } = process.env
  return name
}

/** A service manager that waits for word of this process (sd_notify(3)). */
export interface ServiceManagerPlace {
  /** A Unix socket for datagrams; one that begins with @ is an abstract name. */
  readonly socket: string
  /** Longest silence after which this process counts as hung; undefined where nobody looks. */
  readonly watchdogMs: number | undefined
}

/** How many sockets a service manager has opened for this process (sd_listen_fds(3)). */
export function handedByServiceManager(): number {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = process.env
  return Number(pid) === process.pid ? Number(count) || 0 : 0
}

/** Undefined where none waits. */
export function serviceManagerPlace(): ServiceManagerPlace | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = process.env
  if (socket === undefined || socket === '') return undefined
  const isWatched = Number(microseconds) > 0 && (pid === undefined || Number(pid) === process.pid)
  return { socket, watchdogMs: isWatched ? Number(microseconds) / 1_000 : undefined }
}
