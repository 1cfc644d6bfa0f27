/** The way to UDP sockets that serves, told to the operator. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { WILDCARD_LOOK_MS } from '../base/limits.ts'
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

/** Warns of wildcard addresses that the way chosen can serve only in part: who asks elsewhere gets no answer by UDP. */
export function tellWildcards({ addressesOf }: UdpBackend, listen: readonly Endpoint[], log: Log): void {
  if (addressesOf === undefined) return
  for (const endpoint of listen) {
    if (endpoint.address.some((octet) => octet !== 0)) continue
    const served = addressesOf(endpoint.address)
    const loopback = endpoint.address.length === 4 ? ' nor others of 127.0.0.0/8' : ''
    const text =
      served.length > 0
        ? `by UDP it is those that interfaces have (${served.join(', ')}; later ones within ${WILDCARD_LOOK_MS / 1_000} seconds), not any that is only routed here${loopback}`
        : 'no address of an interface is known, so replies by UDP may leave from another than was asked until one is'
    log.warn(
      { listen: formatEndpoint(endpoint), served },
      `${formatEndpoint(endpoint)} does not stand for all addresses without the addon; ${text}; list all one by one in server.listen, or build the addon (npm run build)`,
    )
  }
}
