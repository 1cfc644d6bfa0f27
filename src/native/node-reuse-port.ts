/** Sharing an address and port by what Node itself has for it. */
import type { ListenOptions } from 'node:net'
import { type Endpoint, formatAddress } from '../base/address.ts'

/** Node has `reusePort` since 22.12 and 23.1; older versions pass over it in silence. */
export const NODE_REUSES_PORTS: boolean = knowsReusePort()

function knowsReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}

/** How a TCP server listens beside others. */
export function shareTcpByNode({ address, port }: Endpoint): ListenOptions {
  return { host: formatAddress(address), port, ipv6Only: address.length === 16, reusePort: true }
}
