/** Why an address cannot be listened on. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'

/** Thrown when a listener does not come up: for the operator, who gave the address. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly endpoint: Endpoint
  readonly transport: 'udp' | 'tcp'
  /** The system's name of the fault: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … */
  readonly code: string

  constructor(endpoint: Endpoint, transport: 'udp' | 'tcp', cause: Error) {
    const code = (cause as NodeJS.ErrnoException).code ?? cause.message
    super(`cannot listen on ${formatEndpoint(endpoint)} by ${transport.toUpperCase()}: ${code}`, { cause })
    this.endpoint = endpoint
    this.transport = transport
    this.code = code
  }
}
