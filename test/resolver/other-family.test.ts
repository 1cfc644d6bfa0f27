/** Servers whose names lie outside the zone, on machines that reach one address family only. */
import t from 'tap'
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const ZONES = 6

/** The address of IPv6 that stands beside one of IPv4 here. */
function sixth(address: string): string {
  const [, , third, fourth] = address.split('.').map(Number)
  return `2001:db8::${(third! * 256 + fourth!).toString(16)}`
}

/** Glue has both families. */
const withSixth: Rewrite = (answer) => ({
  ...answer,
  additional: answer.additional.flatMap((set) => {
    if (set.type !== TYPE.A) return [set]
    const address = sixth(set.rdatas[0]!.join('.'))
    return [set, ...rrsetsFrom(`${formatName(set.owner)} 3600 IN AAAA ${address}`)]
  }),
})

/** `z0.test.` and so on, each with a server in `o.test.` that has addresses of both families. */
function zones(): LabZone[] {
  const servers = Array.from(
    { length: ZONES },
    (_, i) => `n${i} A 203.0.113.${i}\nn${i} AAAA ${sixth(`203.0.113.${i}`)}\n`,
  )
  return [
    zone('.', { content: '', servers: [{ name: 'a.root-servers.test.' }], rewrites: () => [withSixth] }),
    zone('test.', { content: '', rewrites: () => [withSixth] }),
    plainZone('o.test.', { content: servers.join('') }),
    ...Array.from({ length: ZONES }, (_, i) =>
      plainZone(`z${i}.test.`, { servers: [{ name: `n${i}.o.test.` }] }),
    ),
  ]
}

/** All servers can be had by IPv6; those by IPv4 that are not `dead`. */
function makeDual(isDead: (address: string) => boolean, unattached: 'timeout' | 'refused'): World {
  const settings = { ipv6: true }
  const probe = makeWorld(zones(), { settings })
  const rootHints = hintsOf(probe.internet.rootHints).map(({ name, addresses }) => ({
    name,
    addresses: addresses.flatMap((address) => [address, parseAddress(sixth(formatAddress(address)))!]),
  }))
  const world = makeWorld(zones(), { settings, rootHints, network: { unattached } })
  const keys = [...world.internet.authorities.keys()]
  for (const [i, key] of keys.entries()) {
    const own = i - (keys.length - ZONES)
    const authority = world.internet.authorities.get(key)!
    world.network.detach(key)
    for (const address of own < 0 ? [key] : [`203.0.113.${own}`]) {
      if (!isDead(address)) world.network.attach(address, authority)
      world.network.attach(sixth(address), authority)
    }
  }
  return world
}

t.test('a server that answers by IPv4 is not looked up by IPv6', async (t) => {
  const world = makeDual(() => false, 'timeout')
  for (let i = 0; i < ZONES; i++) await world.ask(`www.z${i}.test`, TYPE.A)
  t.same(
    world.asked().filter((question) => question.endsWith(' AAAA')),
    [],
  )
})

for (const how of ['timeout', 'refused'] as const) {
  t.test(`the servers of a zone are dead by IPv4 (${how})`, async (t) => {
    const world = makeDual((address) => address.startsWith('203.'), how)
    for (let i = 0; i < ZONES; i++) {
      const beganMs = world.clock.nowMs()
      t.equal((await world.ask(`www.z${i}.test`, TYPE.A)).rcode, RCODE.NOERROR, `zone ${i}`)
      const tookMs = world.clock.nowMs() - beganMs
      t.ok(tookMs < 5_000, `${tookMs} ms`)
    }
  })

  t.test(`a machine without a way out by IPv4 (${how})`, async (t) => {
    const world = makeDual(() => true, how)
    for (let i = 0; i < ZONES; i++) {
      world.forget()
      t.equal((await world.ask(`www.z${i}.test`, TYPE.A)).rcode, RCODE.NOERROR, `zone ${i}`)
      if (i > 1) t.notOk(world.asked().includes(`n${i}.o.test. A`), 'what leads nowhere is not asked for')
    }
  })
}
