/** Why the daemon does not start: one line that says what to do. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import type { SettingKey } from '../config/settings.ts'

/** Thrown at start for what the operator can mend. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

const TOO_MANY_FILES = 'too many files are open; raise the limit (ulimit -n, LimitNOFILE=)'
/** A process that may open fewer does not come to serve: modules are read many at a time. */
const OPEN_FILES_MIN = 256

const ADVICE: Readonly<Record<string, (setting: SettingKey, endpoint: Endpoint) => string>> = {
  EADDRINUSE: (setting, { port }) =>
    `another program listens there already (ss -lnptu 'sport = :${port}' names it); stop it or change ${setting}`,
  EACCES: (setting, { port }) =>
    `no permission; ports below 1024 need the capability CAP_NET_BIND_SERVICE (port ${port}), or change ${setting}`,
  EADDRNOTAVAIL: (setting) => `this machine does not have that address; change ${setting}`,
  EINVAL: (setting) => `the system does not take that address (link-local?); change ${setting}`,
  EAFNOSUPPORT: (setting) => `this machine does not speak that family of addresses; change ${setting}`,
  EMFILE: () => TOO_MANY_FILES,
}

/** An address that could not be listened on, with advice. */
export function listenFailure(
  setting: SettingKey,
  endpoint: Endpoint,
  transport: 'udp' | 'tcp',
  code: string,
): StartError {
  const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code]!(setting, endpoint) : `the system says ${code}`
  return new StartError(`cannot listen on ${formatEndpoint(endpoint)} (${transport}): ${advice}`)
}

/** What to do about an error that means nothing but that too few files may be open; undefined for others. */
export function openFilesAdvice(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  if (code !== 'EMFILE' && code !== 'ENFILE' && code !== 'ERR_MODULE_NOT_FOUND') return undefined
  const most = openFilesMax()
  // Of a package whose files it cannot open, Node says that there is none.
  if (code === 'ERR_MODULE_NOT_FOUND' && most >= OPEN_FILES_MIN) return undefined
  return `${TOO_MANY_FILES}, which is ${most}: ${message}`
}

function openFilesMax(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } }
  }
  return Number(userLimits?.open_files?.soft ?? Number.NaN) || Number.POSITIVE_INFINITY
}
