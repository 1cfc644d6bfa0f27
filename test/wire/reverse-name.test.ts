/** Names of addresses. */
import t from 'tap'
import { formatAddress } from '../../src/base/address.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { addressOfIp6Arpa, inAddrArpaOf } from '../../src/wire/reverse-name.ts'

t.test('IPv4', async (t) => {
  t.equal(formatName(inAddrArpaOf(Uint8Array.of(192, 0, 2, 33))), '33.2.0.192.in-addr.arpa.')
})

t.test('IPv6, in either case, and only whole addresses', async (t) => {
  // RFC 3596 2.5.
  const example = 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.'
  for (const text of [example, example.toUpperCase()])
    t.equal(formatAddress(addressOfIp6Arpa(nameFrom(text))!), '4321:0:1:2:3:4:567:89ab')
  for (const text of [
    example.slice(2),
    `0.${example}`,
    example.replace('b.a', 'g.a'),
    example.replace('b.a', 'bb.a'),
    example.replace('b.a', '\\000.a'),
    'ip6.arpa.',
    '1.2.0.192.in-addr.arpa.',
  ])
    t.equal(addressOfIp6Arpa(nameFrom(text)), undefined, text)
})
