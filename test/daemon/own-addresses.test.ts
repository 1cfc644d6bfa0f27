/** Which addresses are our own. */
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { formatAddress, formatEndpoint, parseAddress } from '../../src/base/address.ts'
import { ownAddresses } from '../../src/daemon/own-addresses.ts'
import { interfaceAddresses, kernelAddresses } from '../../src/native/interface-addresses.ts'

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

t.test(
  'a sandbox without netlink learns the same',
  { skip: process.platform !== 'linux' && 'needs Linux' },
  async (t) => {
    const listed = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const wanted = new Set(listed.map(({ address }) => formatAddress(parseAddress(address.split('%')[0]!)!)))
    const found = new Set(kernelAddresses().map(({ address }) => formatAddress(address)))
    t.ok(wanted.has('127.0.0.1'))
    t.same([...found].sort(), [...wanted].sort())
    const texts = kernelAddresses().map(({ text }) => text)
    t.same(
      texts.sort(),
      interfaceAddresses()
        .map(({ text }) => text)
        .sort(),
      'each once',
    )
  },
)
