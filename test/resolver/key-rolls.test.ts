/** Keys and DS sets that changed since they were cached (V42). */
import t from 'tap'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { splitKeys } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, withTtl, zone } from '../support/world.ts'

const MANY = Array.from({ length: 20 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')

/** The zone with one generation of keys or another; its DNSKEY set lives shorter than the DS set. */
function generation(label: string, change: Partial<LabZone> = {}): LabZone {
  return zone('z.test.', {
    content: MANY,
    signing: {
      algorithm: ALGORITHM.ECDSAP256SHA256,
      keys: (_zone, algorithm) => splitKeys(label, algorithm),
    },
    defects: [withTtl({ owner: nameFrom('z.test'), type: TYPE.DNSKEY }, 60)],
    ...change,
  })
}

t.test('all keys are new, and the cached DS set is that of the old ones: it is fetched anew', async (t) => {
  const world = makeWorld([generation('first')])
  t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
  world.become([generation('second')])
  world.pass(61)
  world.forget()
  const reply = await world.ask('h2.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(world.asked('ns.test.').filter((question) => question === 'z.test. DS').length, 1)
})

t.test('keys that match no DS set at all: the parent is asked once in half a minute', async (t) => {
  const other = makeWorld([generation('second')])
  const world = makeWorld([generation('first')])
  world.network.attach(
    world.addressOf('ns.z.test.'),
    other.internet.authorities.get(other.addressOf('ns.z.test.'))!,
  )
  for (let i = 0; i < 10; i++) t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).status, 'bogus')
  t.ok(world.asked('ns.test.').filter((question) => question === 'z.test. DS').length <= 1)
})

for (const [now, afterwards] of [
  ['keys that no DS set vouches for', generation('second', { ds: () => [] })],
  ['no keys', plainZone('z.test.', { content: MANY })],
] as const) {
  t.test(
    `a zone that gave up signing has ${now}, while its old DS set is cached: it is insecure at once`,
    async (t) => {
      const world = makeWorld([generation('first')])
      t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
      world.become([afterwards])
      world.pass(61)
      world.forget()
      for (const name of ['h2', 'h3']) {
        const reply = await world.ask(`${name}.z.test`, TYPE.A)
        t.equal(reply.status, 'insecure', reply.ede?.text ?? '')
      }
      t.same(world.asked('ns.test.'), ['z.test. DS'])
    },
  )
}

t.test('a zone whose keys are held back is bogus while its parent has a DS set', async (t) => {
  const world = makeWorld([generation('first')])
  t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
  const bare = makeWorld([plainZone('z.test.', { content: MANY })])
  world.network.attach(
    world.addressOf('ns.z.test.'),
    bare.internet.authorities.get(bare.addressOf('ns.z.test.'))!,
  )
  world.pass(61)
  world.forget()
  for (let i = 2; i < 10; i++) t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).status, 'bogus')
  t.same(world.asked('ns.test.'), ['z.test. DS'])
})
