/** The way to UDP sockets that serves, told to the operator. */
import { chooseBackend, type UdpBackendWish } from '../native/backend.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import type { Log } from '../telemetry/log.ts'
import { StartError } from './start-error.ts'

/**
 * Chooses and says which.
 *
 * @throws StartError when the operator wants the addon and nothing else, and it cannot be had
 */
export function udpBackend(
  wish: UdpBackendWish,
  log: Log,
  choose: typeof chooseBackend = chooseBackend,
): UdpBackend {
  const { backend, why } = choose(wish)
  if (backend === undefined) {
    throw new StartError(
      `server.udp-backend is addon, which cannot be had: ${why}; npm run build makes it and says what it lacks, or set auto`,
    )
  }
  const { name } = backend
  if (why === undefined) log.info({ udp: name }, 'UDP of clients goes by the addon, in batches')
  else log.info({ udp: name }, `UDP of clients goes by node:dgram; the addon does not serve: ${why}`)
  return backend
}
