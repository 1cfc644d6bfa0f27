/** The addresses that this machine answers on, so that the engine never asks itself. */
import { networkInterfaces } from 'node:os'
import { type Endpoint, parseAddress } from '../base/address.ts'

/** Listening addresses; a wildcard stands for every address of the machine of its family. */
export function ownAddresses(listen: readonly Endpoint[]): Endpoint[] {
  return listen.flatMap((endpoint) => {
    const { address, port } = endpoint
    if (address.some((octet) => octet !== 0)) return [endpoint]
    const mine = interfaceAddresses().filter((one) => one.length === address.length)
    return [endpoint, ...mine.map((one) => ({ address: one, port }))]
  })
}

function interfaceAddresses(): Uint8Array[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map((one) => parseAddress(one.address.split('%')[0]!))
    .filter((address) => address !== undefined)
}
