/** Faults that validators had with keys, DS records and anchors: V23, V24, V27 to V30, V42, V50. */
import { KEYS_PER_TAG_MAX } from '../../src/base/limits.ts'
import type { TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { impostorKeys } from '../../src/lab/broken-zones.ts'
import { asRevoked, deriveKey, KSK_FLAGS, type LabKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import { dsBy, type LabZone, type Signing } from '../../src/lab/lab-zone.ts'
import { type KeyUse, makeDs } from '../../src/lab/signer.ts'
import { keySigningKey, splitKeys, zoneSigningKey } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, SIGNED, type World, type WorldOptions, WWW, zone } from '../support/world.ts'
import {
  DIGESTS,
  ECC_GOST,
  FLAGS_AND_PROTOCOLS,
  type OddZone,
  REVOKED,
  revoking,
  twins,
  UNKNOWN_NUMBERS,
} from './odd-keys.ts'
import { row, Tally } from './row.ts'

const { ECDSAP256SHA256, RSASHA1, RSASHA1_NSEC3_SHA1, RSASHA256 } = ALGORITHM

async function outcome(world: World, name = 'www.z.test'): Promise<unknown[]> {
  const { status, ede } = await world.ask(name, TYPE.A)
  return [status, ede?.code]
}

const SECURE = ['secure', undefined]

/** The verdict on `z.test.`, signed and delegated so. */
function judge(change: Partial<LabZone>, options: WorldOptions = {}): Promise<unknown[]> {
  return outcome(makeWorld([zone('z.test.', change)], options))
}

/** Holds that each of these zones is what it should be. */
async function judgeAll(tally: Tally, zones: readonly OddZone[]): Promise<void> {
  for (const [what, change, status, ede] of zones) tally.same(await judge(change), [status, ede], what)
}

row('V23', async (t) => {
  const tally = new Tally(t)
  tally.same(await judge({ signing: { ...SIGNED, keys: twins } }), SECURE, 'both published')
  const world = makeWorld([zone('z.test.', { signing: { ...SIGNED, keys: impostorKeys } })])
  tally.same(await outcome(world), ['bogus', EDE.DNSSEC_BOGUS], 'the one that signs is not published')
  const asked = world.asked().length
  world.forget()
  tally.same((await world.askCached('www.z.test')).ede?.code, EDE.DNSSEC_BOGUS, 'and again')
  tally.same(world.asked(), [], 'from the cache')
  const before = world.counts.get('signatures') ?? 0
  await world.ask('none.z.test', TYPE.A)
  const more = (world.counts.get('signatures') ?? 0) - before
  t.ok(more <= 4 * KEYS_PER_TAG_MAX, `${more} verifications for another name`)
  return `${tally}; ${asked} questions, the second time none`
})

row('V24', async (t) => {
  const tally = new Tally(t)
  await judgeAll(tally, REVOKED)
  // The zone with an anchor of its own: once the key says that it is revoked, the anchor is gone.
  const anchor = { zone: nameFrom('z.test'), dnskey: splitKeys('z.test.', SIGNED.algorithm)[0]!.key.dnskey }
  const keys = revoking((use) => use.signsKeys)
  for (const [what, signing, expected] of [
    ['the anchor in force', SIGNED, SECURE],
    ['the anchor revoked', { ...SIGNED, keys }, ['bogus', EDE.DNSSEC_BOGUS]],
  ] as const) {
    tally.same(await judge({ signing, ds: () => [] }, { anchors: [anchor] }), expected, what)
  }
  return `${tally}`
})

row('V27', async (t) => {
  const tally = new Tally(t)
  await judgeAll(tally, DIGESTS)
  return `${tally} DS sets`
})

row('V28', async (t) => {
  const tally = new Tally(t)
  await judgeAll(tally, UNKNOWN_NUMBERS)
  return `${tally}`
})

row('V29', async (t) => {
  const tally = new Tally(t)
  const unsupported = ['insecure', EDE.UNSUPPORTED_DNSKEY_ALGORITHM]
  for (const algorithm of [RSASHA1, RSASHA1_NSEC3_SHA1]) {
    const change = { signing: { algorithm } }
    tally.same(await judge(change), SECURE, `algorithm ${algorithm}`)
    const policy = { disabledAlgorithms: new Set([algorithm]) }
    tally.same(await judge(change, { policy }), unsupported, `algorithm ${algorithm} switched off`)
    const withoutSha1 = { algorithms: new Set([RSASHA256, ECDSAP256SHA256]), digests: new Set([2]) }
    tally.same(
      await judge(change, { platform: withoutSha1 }),
      unsupported,
      `${algorithm}, no SHA-1 on the platform`,
    )
  }
  const bySha1 = { signing: SIGNED, ds: dsBy(DIGEST.SHA1) }
  const noSha1 = { algorithms: new Set([ECDSAP256SHA256]), digests: new Set([2]) }
  tally.same(
    await judge(bySha1, { platform: noSha1 }),
    ['insecure', EDE.UNSUPPORTED_DS_DIGEST_TYPE],
    'DS by SHA-1',
  )
  tally.same(await judge({ signing: { algorithm: ECC_GOST } }), unsupported, 'GOST')
  return `${tally}`
})

row('V30', async (t) => {
  const tally = new Tally(t)
  await judgeAll(tally, FLAGS_AND_PROTOCOLS)
  return `${tally} zones`
})

// --- rolls --------------------------------------------------------------------------------------------------------

/** What a zone publishes at a step of its roll, and what its parent does. */
interface Step {
  readonly what: string
  /** Algorithms whose keys are published, … */
  readonly published: readonly number[]
  /** … that sign, … */
  readonly signing: readonly number[]
  /** … and of which there is a DS. */
  readonly ds: number
}

/** RFC 6781 4.1.4: signatures first, then keys, then the DS set, and away with the old in the other order. */
const ALGORITHM_ROLL: readonly Step[] = [
  { what: 'as it was', published: [8], signing: [8], ds: 8 },
  { what: 'new signatures', published: [8], signing: [8, 13], ds: 8 },
  { what: 'new keys', published: [8, 13], signing: [8, 13], ds: 8 },
  { what: 'new DS set', published: [8, 13], signing: [8, 13], ds: 13 },
  { what: 'old keys away', published: [13], signing: [8, 13], ds: 13 },
  { what: 'old signatures away', published: [13], signing: [13], ds: 13 },
]

function rolling({ published, signing, ds }: Step): LabZone {
  const keys: Signing['keys'] = (name) =>
    [8, 13].flatMap((algorithm) =>
      splitKeys(name, algorithm).map((use) => ({
        ...use,
        published: published.includes(algorithm),
        signsKeys: use.signsKeys && published.includes(algorithm),
        signsZone: use.signsZone && signing.includes(algorithm),
      })),
    )
  return zone('z.test.', {
    content: `${WWW}mail A 192.0.2.25\n`,
    signing: { ...SIGNED, keys },
    ds: (apex, uses) =>
      dsBy(DIGEST.SHA256)(
        apex,
        uses.filter(({ key }) => key.algorithm === ds),
      ),
  })
}

/** Names, keys and DS sets: what a client's question for keys brings is used for names as well. */
const ROLL_QUESTIONS = [
  ['www.z.test', TYPE.A],
  ['mail.z.test', TYPE.A],
  ['none.z.test', TYPE.A],
  ['z.test', TYPE.DNSKEY],
  ['z.test', TYPE.DS],
] as const

row('V42', async (t) => {
  const tally = new Tally(t)
  for (const questions of [ROLL_QUESTIONS, ROLL_QUESTIONS.slice(0, 3)]) {
    const world = makeWorld([rolling(ALGORITHM_ROLL[0]!), plainZone('y.test.')])
    let asked = 0
    for (const step of ALGORITHM_ROLL) {
      world.become([rolling(step), plainZone('y.test.')])
      // Every TTL is an hour: the next step comes after one, and seven minutes for good measure.
      for (let minute = 0; minute < 67; minute += 6) {
        const [name, type] = questions[asked % questions.length]!
        asked++
        const reply = await world.askCached(name, type)
        tally.same(
          reply.status,
          'secure',
          `${step.what}, minute ${minute}: ${name} ${type} ${reply.ede?.text ?? ''}`,
        )
        world.pass(360)
      }
    }
  }
  return `${tally} questions secure through the roll of algorithm 8 to 13`
})

const ROOT_SERVERS = [{ name: 'a.root-servers.test.' }]

/** A root with these keys beside its ZSK. */
function rootWith(uses: readonly KeyUse[]): LabZone {
  const zsk = zoneSigningKey(deriveKey('root ZSK', RSASHA256, ZSK_FLAGS))
  return zone('.', {
    content: '',
    servers: ROOT_SERVERS,
    signing: { algorithm: RSASHA256, keys: () => [...uses, zsk] },
  })
}

row('V50', async (t) => {
  const tally = new Tally(t)
  const [old, next] = ['old', 'new'].map((label) => deriveKey(`root KSK ${label}`, RSASHA256, KSK_FLAGS)) as [
    LabKey,
    LabKey,
  ]
  const anchorOf = (key: LabKey): TrustAnchor => ({ zone: ROOT, ds: makeDs(ROOT, key, DIGEST.SHA256) })
  const revoked = asRevoked(old)
  const steps: readonly (readonly [what: string, keys: readonly KeyUse[]])[] = [
    ['before', [keySigningKey(old), { ...keySigningKey(next), signsKeys: false }]],
    ['the new key signs', [{ ...keySigningKey(old), signsKeys: false }, keySigningKey(next)]],
    ['the old key is revoked', [keySigningKey(revoked), keySigningKey(next)]],
    ['the old key is gone', [keySigningKey(next)]],
  ]
  const told: string[] = []
  for (const [who, anchors] of [
    ['both anchors', [anchorOf(old), anchorOf(next)]],
    ['the old anchor alone', [anchorOf(old)]],
  ] as const) {
    const world = makeWorld([rootWith(steps[0]![1])], { anchors })
    for (const [what, keys] of steps) {
      world.become([rootWith(keys)])
      const reply = await world.askCached('test', TYPE.SOA)
      const holds = who === 'both anchors' || what === 'before'
      tally.same(reply.status, holds ? 'secure' : 'bogus', `${who}: ${what} ${reply.ede?.text ?? ''}`)
      if (!holds) told.push(reply.ede?.text ?? '')
      world.pass(2 * 86_400)
    }
  }
  for (const [i, wanted] of [
    `signed by tag ${next.keyTag}, not by the key of its trust anchor (tag ${old.keyTag})`,
    `the DNSKEY of its trust anchor (tag ${revoked.keyTag}) is revoked`,
    `no DNSKEY matches the trust anchor (tag ${old.keyTag})`,
  ].entries()) {
    tally.ok(told[i]?.includes(wanted) === true, `what the operator is told: ${told[i]}`)
  }
  return `${tally} in four steps with both anchors and with the old one alone`
})
