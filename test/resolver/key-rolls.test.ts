/** Keys and DS sets that changed since they were cached (V42). */
import t from 'tap'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import type { KeyUse } from '../../src/lab/signer.ts'
import { splitKeys } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
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

t.test(
  'all keys are new, and the cached DS set is that of the old ones: it is fetched anew (V42)',
  async (t) => {
    const world = makeWorld([generation('first')])
    t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
    world.become([generation('second')])
    world.pass(61)
    world.forget()
    const reply = await world.ask('h2.z.test', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    t.equal(world.asked('ns.test.').filter((question) => question === 'z.test. DS').length, 1)
  },
)

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

t.test("who makes up key tags takes nobody's keys away", async (t) => {
  const world = makeWorld([zone('test.', { content: 'a A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n' })])
  const liar = makeWorld([
    zone('test.', {
      content: 'b A 192.0.2.2\n',
      signing: {
        algorithm: ALGORITHM.ECDSAP256SHA256,
        keys: (_zone, algorithm) => splitKeys('liar', algorithm),
      },
    }),
  ])
  t.equal((await world.ask('a.test', TYPE.A)).status, 'secure')
  world.pass(31)
  const address = world.addressOf('ns.test.')
  const honest = world.internet.authorities.get(address)!
  const lying = liar.internet.authorities.get(liar.addressOf('ns.test.'))!
  // Of the keys themselves nothing is heard.
  world.network.attach(address, (query, transport) =>
    parseMessage(query).questions[0]?.type === TYPE.DNSKEY ? [] : lying(query, transport),
  )
  t.equal((await world.ask('b.test', TYPE.A)).status, 'bogus')
  world.network.attach(address, (query, transport) =>
    parseMessage(query).questions[0]?.type === TYPE.DNSKEY ? [] : honest(query, transport),
  )
  const reply = await world.ask('c.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})

t.test('keys that are new: whoever asks at that moment is judged by them (V42)', async (t) => {
  const world = makeWorld([generation('first')])
  t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
  const [ksk] = splitKeys('first', ALGORITHM.ECDSAP256SHA256)
  const [, zsk] = splitKeys('second', ALGORITHM.ECDSAP256SHA256)
  const keys = (): KeyUse[] => [ksk!, zsk!]
  world.become([generation('first', { signing: { algorithm: ALGORITHM.ECDSAP256SHA256, keys } })])
  world.pass(31)
  world.forget()
  for (const { status } of await world.askAll([['h2.z.test'], ['h3.z.test'], ['h4.z.test']]))
    t.equal(status, 'secure')
  t.equal(world.asked().filter((question) => question === 'z.test. DNSKEY').length, 1)
})
