/** The number by which the resolver knows a client: half of it is its network's. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import type { Client } from '../../src/front/client.ts'
import { whoAsks } from '../../src/front/who-asks.ts'

function numberOf(address: string): number {
  const addressAlone = parseAddress(address)!
  return whoAsks({ hashKey: [1, 2] }, { addressAlone } as unknown as Client).client!
}

for (const [of, network, client, elsewhere] of [
  ['IPv4', '192.0.2.1', '192.0.2.2', '192.0.3.1'],
  ['IPv6', '2001:db8:1:100::1', '2001:db8:1:200::1', '2001:db8:2:100::1'],
] as const) {
  t.test(`clients of a network share half of their number: ${of}`, async (t) => {
    const [one, neighbour, other] = [network, client, elsewhere].map(numberOf)
    t.equal(one! >>> 16, neighbour! >>> 16)
    t.not(one! & 0xffff, neighbour! & 0xffff)
    t.not(one! >>> 16, other! >>> 16)
    t.ok([one, neighbour, other].every((number) => number === (number! | 0)))
  })
}

t.test('a customer has one number in all his network of IPv6', async (t) => {
  t.equal(numberOf('2001:db8:1:100::1'), numberOf('2001:db8:1:1ff::2'))
})
