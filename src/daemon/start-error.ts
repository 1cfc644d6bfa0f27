/** Why the daemon does not start: one line that says what to do. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import type { SettingKey } from '../config/settings.ts'

/** Thrown at start for what the operator can mend. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

const ADVICE: Readonly<Record<string, (setting: SettingKey, endpoint: Endpoint) => string>> = {
  EADDRINUSE: (setting, { port }) =>
    `another program listens there already (ss -lnptu 'sport = :${port}' names it); stop it or change ${setting}`,
  EACCES: (setting, { port }) =>
    `no permission; ports below 1024 need the capability CAP_NET_BIND_SERVICE (port ${port}), or change ${setting}`,
  EADDRNOTAVAIL: (setting) => `this machine does not have that address; change ${setting}`,
  EINVAL: (setting) => `the system does not take that address (link-local?); change ${setting}`,
  EAFNOSUPPORT: (setting) => `this machine does not speak that family of addresses; change ${setting}`,
  EMFILE: () => 'too many files are open; raise the limit (ulimit -n, LimitNOFILE=)',
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
