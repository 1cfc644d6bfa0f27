/** Authorities with IPv4 addresses, asked through a translator. */
import t from 'tap'
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import { embedIPv4 } from '../../src/base/ipv4-embedded.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { addressUsable } from '../../src/resolver/address-rules.ts'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import { makeWorld, type World, zone } from '../support/world.ts'

const PREFIX = parsePrefix('2001:db8:64::/96')!
const NAT64 = { ipv4: false, ipv6: true, nat64Prefix: PREFIX }

/** A world whose servers stand behind a translator too. */
function translated(settings: Partial<ResolverSettings>): World {
  const world = makeWorld([zone('z.test.')], { settings })
  for (const [address, authority] of world.internet.authorities)
    world.network.attach(formatAddress(embedIPv4(PREFIX, parseAddress(address)!)), authority)
  return world
}

const isBehind = ({ address }: { readonly address: string }): boolean => address.startsWith('2001:db8:64::')

t.test('all servers are asked through the prefix, and nobody otherwise', async (t) => {
  for (const ipv6 of [true, false]) {
    const world = translated({ ...NAT64, ipv6 })
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    t.ok(world.network.sent.length > 0 && world.network.sent.every(isBehind))
  }
})

t.test('IPv4 goes before it, and without a prefix there is no way', async (t) => {
  const direct = translated({ ...NAT64, ipv4: true })
  t.equal((await direct.ask('www.z.test', TYPE.A)).status, 'secure')
  t.notOk(direct.network.sent.some(isBehind))
  const reply = await translated({ ...NAT64, nat64Prefix: undefined }).ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.reason, 'no-server-address')
})

t.test('a forwarder is asked through it too', async (t) => {
  const forwarder = { address: Uint8Array.of(192, 0, 2, 53), port: 5353 }
  const route = { kind: 'forward', name: nameFrom('.'), addresses: [forwarder], servers: [] } as const
  const world = translated({ ...NAT64, routes: [{ ...route, fallback: false, cache: true }] })
  await world.ask('www.z.test', TYPE.A)
  t.same(
    [...new Set(world.network.sent.map(({ address, port }) => `${address}@${port}`))],
    ['2001:db8:64::c000:235@5353'],
  )
})

t.test('what must not be asked must not be asked by its translation', async (t) => {
  const own = { address: Uint8Array.of(192, 0, 2, 1), port: 53 }
  const settings = {
    ...ENGINE_SETTINGS,
    ...NAT64,
    rootHints: [],
    allowLoopbackAuthorities: false,
    ownAddresses: [own],
  }
  const usable = (ipv4: string): boolean =>
    addressUsable({ address: embedIPv4(PREFIX, parseAddress(ipv4)!), port: 53 }, settings)
  for (const ipv4 of ['127.0.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1'])
    t.notOk(usable(ipv4), ipv4)
  t.ok(usable('192.0.2.2'))
})
