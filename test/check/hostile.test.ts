/** Servers that lie, loop and send garbage: a check ends, in bounded time and work, and says something. */
import t from 'tap'
import { CHECK_QUERIES_MAX, CHECK_TIME_MS_MAX, QUERY_TIME_MS_MAX } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { judge } from '../../src/check/judge.ts'
import type { Authority } from '../../src/lab/authority.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { deriveCollidingKeys, deriveKey, KSK_FLAGS, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { NameServer } from '../../src/lab/lab-zone.ts'
import { referringTo } from '../../src/lab/rewrites.ts'
import { makeDs } from '../../src/lab/signer.ts'
import { addedRecords, keySigningKey, wrongSignatures, zoneSigningKey } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { SIGNED, WWW } from '../support/world.ts'
import { rsaKey, standby } from './changes.ts'
import { makeCheckWorld, VERIFIABLE } from './check-world.ts'
import { twoServers, unsignedOnTwoServers } from './fault-zones.ts'

const random = seededRandom(7)

/** Flips some octets of every reply, behind the header and the question. */
const damaging: Behaviour = (inner) => (query, transport) =>
  inner(query, transport).map((reply) => {
    const message = reply.message.slice()
    for (let i = 0; i < 4; i++) message[12 + random.below(message.length - 12)]! ^= 1 << random.below(8)
    return { ...reply, message }
  })

/** Random octets behind a matching header and question. */
const babbling: Behaviour = () => (query) => {
  const message = new Uint8Array(query.length + 400).map(() => random.below(256))
  message.set(query)
  message[2] = 0x84
  message[3] = 0
  for (let i = 6; i < 12; i++) message[i] = i % 2 === 0 ? 0 : random.below(8)
  return [{ message, delayMs: 0 }]
}

/** Says yes to everything: the question's own name and type, with RDATA of noise. */
const agreeing: Behaviour = () => (query) => {
  const record = Uint8Array.of(
    0xc0,
    12,
    query.at(-15) ?? 0,
    query.at(-14) ?? 1,
    0,
    1,
    0,
    0,
    14,
    16,
    0,
    4,
    1,
    2,
    3,
    4,
  )
  const message = new Uint8Array(query.length + record.length)
  message.set(query)
  message.set(record, query.length)
  message[2] = 0x84
  message[3] = 0
  message[7] = 1
  message[11] = 0
  return [{ message, delayMs: 0 }]
}

const both = (behaviour: Behaviour): NameServer[] => [
  { name: 'ns1', behaviour },
  { name: 'ns2', behaviour },
]

const MANY = Array.from({ length: 300 }, (_, i) => i)

const ZONES = [
  twoServers('damaged.test.', { servers: both(damaging) }),
  twoServers('babble.test.', { servers: both(babbling) }),
  twoServers('agreeing.test.', { servers: both(agreeing) }),
  twoServers('sideways.test.', {
    rewrites: ({ apex }) => [referringTo(apex, [nameFrom('ns1.sideways.test.')])],
  }),
  twoServers('downwards.test.', {
    rewrites: () => [
      (answer, question, zone) =>
        referringTo(question.name, [nameFrom('ns1.downwards.test.')])(answer, question, zone),
    ],
  }),
  twoServers('alias-loop.test.', { content: '@ CNAME www\nwww CNAME www2\nwww2 CNAME www\n' }),
  unsignedOnTwoServers('many-servers.test.', {
    content: MANY.map((i) => `@ NS ns${i}.nowhere.test.`).join('\n'),
  }),
  twoServers('many-keys.test.', {
    signing: {
      ...SIGNED,
      keys: (zone, algorithm) => [
        keySigningKey(deriveKey(`${zone} KSK`, algorithm, KSK_FLAGS)),
        zoneSigningKey(deriveKey(`${zone} ZSK`, algorithm, ZSK_FLAGS)),
        ...MANY.slice(0, 200).map((i) => standby(`${zone} ${i}`, algorithm)),
      ],
    },
  }),
  twoServers('many-ds.test.', {
    ds: (apex) => MANY.map((i) => makeDs(apex, { ...rsaKey(8), keyTag: i }, DIGEST.SHA256)),
  }),
  // KeyTrap: keys of one tag, and every signature wrong.
  twoServers('key-trap.test.', {
    content:
      WWW +
      MANY.slice(0, 20)
        .map((i) => `@ TXT "${i}"`)
        .join('\n'),
    signing: {
      ...SIGNED,
      keys: (zone, algorithm) => {
        const [first, other] = deriveCollidingKeys(`${zone} ZSK`, algorithm, ZSK_FLAGS)
        return [
          keySigningKey(deriveKey(`${zone} KSK`, algorithm, KSK_FLAGS)),
          zoneSigningKey(first),
          zoneSigningKey(other),
        ]
      },
    },
    defects: [
      wrongSignatures({}),
      addedRecords(({ records, apex }) =>
        MANY.slice(0, 40).map((i) => ({
          ...records[0]!,
          owner: apex,
          type: TYPE.RRSIG,
          rdata: Uint8Array.of(0, TYPE.SOA, 13, 2, 0, 0, 14, 16, i, 0, 0, 0, 0, 0, 0, 0, i, i, 0, 1),
        })),
      ),
    ],
  }),
]

const world = makeCheckWorld(ZONES)

t.test('every check ends and says something', { timeout: 120_000 }, async (t) => {
  for (const { name } of ZONES) {
    const startMs = world.world.clock.nowMs()
    const sent = world.world.network.sent.length
    const found = judge(await world.observe(name), VERIFIABLE)
    t.not(found.length, 0, `${name} ${found.map(({ code }) => code).join(' ')}`)
    const tookMs = world.world.clock.nowMs() - startMs
    t.ok(tookMs <= CHECK_TIME_MS_MAX + 2 * QUERY_TIME_MS_MAX, `${name} took ${tookMs} ms`)
    const questions = world.world.network.sent.length - sent
    t.ok(questions <= CHECK_QUERIES_MAX * 2, `${name} took ${questions} questions`)
  }
})

t.test('a name of many labels', async (t) => {
  const found = await world.check(`${'a.'.repeat(120)}damaged.test.`)
  t.not(found.length, 0)
  const reverse = await world.check(
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
  )
  t.match(reverse, [{ code: 'domain-missing' }])
})

t.test('nobody answers at all', async (t) => {
  const deaf = makeCheckWorld([twoServers('unreached.test.')])
  const silent: Authority = () => []
  for (const address of deaf.world.internet.authorities.keys()) deaf.world.network.attach(address, silent)
  t.match(await deaf.check('unreached.test.'), [{ code: 'resolver-fails', problem: /no answer even/ }])
})
