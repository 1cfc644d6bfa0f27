/** The addresses that this machine answers on, so that the engine never asks itself. */
import type { Endpoint } from '../base/address.ts'
import { interfaceAddresses } from '../native/interface-addresses.ts'

/** Listening addresses; a wildcard stands for every address of the machine of its family. */
export function ownAddresses(listen: readonly Endpoint[]): Endpoint[] {
  return listen.flatMap((endpoint) => {
    const { address, port } = endpoint
    if (address.some((octet) => octet !== 0)) return [endpoint]
    const mine = interfaceAddresses().filter((one) => one.address.length === address.length)
    return [endpoint, ...mine.map((one) => ({ address: one.address, port }))]
  })
}
