/** Which addresses are our own. */
import t from 'tap'
import { formatEndpoint, parseAddress } from '../../src/base/address.ts'
import { ownAddresses } from '../../src/daemon/own-addresses.ts'

t.test('an address stands for itself, a wildcard for all of its family', async (t) => {
  const at = (text: string): { address: Uint8Array; port: number } => ({
    address: parseAddress(text)!,
    port: 53,
  })
  t.same(ownAddresses([at('192.0.2.1')]).map(formatEndpoint), ['192.0.2.1@53'])
  const all = ownAddresses([at('0.0.0.0')])
  t.ok(all.map(formatEndpoint).includes('127.0.0.1@53'))
  t.ok(all.every(({ address }) => address.length === 4))
})
