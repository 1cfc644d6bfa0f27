/** What the operator decides: anchors, negative anchors, modes. A change acts at once and costs no question where the data is at hand. */
import t from 'tap'
import { BOGUS_RETRIES_MAX, BOGUS_TTL_SECONDS } from '../../src/base/limits.ts'
import { anchorsFromRecords, type TrustAnchor, TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { deriveCollidingKeys, deriveKey, KSK_FLAGS, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import type { KeyUse } from '../../src/lab/signer.ts'
import { keySigningKey, wrongSignatures, zoneSigningKey } from '../../src/lab/zone.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, SIGNED, type World, WWW, zone } from '../support/world.ts'

const EXPIRED = { ...SIGNED, days: [-60, -30] } as const

function ntaFor(world: World, name: string, seconds = 3600): void {
  world.policy.addNegativeTrustAnchor({
    name: nameFrom(name),
    reason: 'test',
    author: 'test',
    expiresSeconds: world.clock.unixSeconds() + seconds,
  })
}

/** The key-signing keys of a zone as anchors. */
function keysOf(world: World, name: string): TrustAnchor[] {
  const records = world.internet.zones.get(name)!
  return anchorsFromRecords(records.filter(({ type }) => type === TYPE.DNSKEY))
}

t.test('a negative trust anchor acts at once, asks nobody, and ends by itself (V45)', async (t) => {
  const world = makeWorld([zone('z.test.', { signing: EXPIRED })])
  for (const [name, rcode] of [
    ['www.z.test', RCODE.NOERROR],
    ['none.z.test', RCODE.NXDOMAIN],
  ] as const) {
    t.equal((await world.askCached(name)).ede?.code, EDE.SIGNATURE_EXPIRED)
    world.forget()
    ntaFor(world, 'z.test', 600)
    const during = await world.askCached(name)
    t.equal(during.status, 'insecure')
    t.equal(during.rcode, rcode)
    t.equal(during.authenticated, false)
    t.equal(during.ede?.code, EDE.NEGATIVE_TRUST_ANCHOR)
    t.same(world.asked(), [], 'judged again from what is at hand')
    t.equal((await world.askCached('test', TYPE.SOA)).status, 'secure', 'the rest stays judged')
    world.pass(601)
    t.equal((await world.askCached(name)).status, 'bogus', 'and bogus again')
    world.pass(BOGUS_TTL_SECONDS + 1)
  }
})

t.test('secure data under a negative trust anchor, and after it', async (t) => {
  const world = makeWorld([zone('z.test.')])
  t.equal((await world.askCached('www.z.test')).status, 'secure')
  world.forget()
  ntaFor(world, 'test')
  for (const [name, type] of [
    ['www.z.test', TYPE.A],
    ['z.test', TYPE.DS],
    ['z.test', TYPE.DNSKEY],
  ] as const) {
    t.equal((await world.askCached(name, type)).reason, 'negative-trust-anchor', `${name} ${type}`)
  }
  t.same(world.asked(), [])
  world.policy.removeNegativeTrustAnchor(nameFrom('test'))
  t.equal((await world.askCached('www.z.test')).status, 'secure')
  t.same(world.asked(), [])
})

t.test('an anchor below a negative one is stronger (V45, RFC 7646 1.1)', async (t) => {
  const zones = [zone('up.test.', { content: WWW, signing: EXPIRED }), zone('low.up.test.')]
  const world = makeWorld(zones)
  world.policy.setAnchors(new TrustAnchors([...world.anchors, ...keysOf(world, 'low.up.test.')]))
  ntaFor(world, 'up.test')
  t.equal((await world.ask('www.up.test', TYPE.A)).status, 'insecure')
  t.equal((await world.ask('www.low.up.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('none.low.up.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('low.up.test', TYPE.DNSKEY)).status, 'secure')
  t.equal((await world.ask('low.up.test', TYPE.DS)).status, 'insecure', 'the DS set is the parent side')
})

t.test('an island with an anchor of its own (V45)', async (t) => {
  const island = zone('island.test.', { ds: () => [] })
  const world = makeWorld([island, zone('on.island.test.'), plainZone('bare.island.test.')])
  t.equal((await world.ask('www.island.test', TYPE.A)).status, 'insecure')
  t.equal((await world.ask('www.on.island.test', TYPE.A)).status, 'insecure')
  world.policy.setAnchors(new TrustAnchors([...world.anchors, ...keysOf(world, 'island.test.')]))
  world.forget()
  t.equal((await world.ask('www.island.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('www.on.island.test', TYPE.A)).status, 'secure')
  t.same(
    world.asked().filter((question) => !question.endsWith('DNSKEY')),
    [],
    'only keys were missing',
  )
  t.equal((await world.ask('www.bare.island.test', TYPE.A)).status, 'insecure')
  t.equal((await world.ask('on.island.test', TYPE.DS)).status, 'secure')
  t.equal((await world.ask('island.test', TYPE.DNSKEY)).status, 'secure')
  t.equal((await world.ask('island.test', TYPE.DS)).status, 'secure', 'the parent proves that there is none')
})

t.test('an anchor that matches no key', async (t) => {
  const world = makeWorld([zone('z.test.')])
  const wrong = {
    zone: nameFrom('z.test'),
    dnskey: deriveKey('nobody', ALGORITHM.ECDSAP256SHA256, KSK_FLAGS).dnskey,
  }
  world.policy.setAnchors(new TrustAnchors([...world.anchors, wrong]))
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.status, 'bogus')
  t.equal(reply.ede?.code, EDE.DNSKEY_MISSING)
  world.policy.setAnchors(new TrustAnchors(world.anchors))
  world.forget()
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.same(world.asked(), ['. DNSKEY', 'test. DNSKEY'], 'the keys above were not needed before')
})

t.test('without any anchor nothing is judged', async (t) => {
  const world = makeWorld([zone('z.test.'), zone('old.test.', { signing: EXPIRED })], { anchors: [] })
  for (const name of ['www.z.test', 'www.old.test', 'none.z.test']) {
    const reply = await world.ask(name, TYPE.A)
    t.equal(reply.status, 'indeterminate', name)
    t.equal(reply.reason, 'no-trust-anchor')
    t.equal(reply.authenticated, false)
  }
  t.notOk(world.asked().some((question) => question.endsWith('DNSKEY')))
})

t.test(
  'mode off judges nothing and fetches no keys; what it kept is judged when validation is switched on',
  async (t) => {
    const world = makeWorld([zone('z.test.'), zone('old.test.', { signing: EXPIRED })], {
      policy: { mode: 'off' },
    })
    for (const name of ['www.z.test', 'www.old.test', 'none.z.test']) {
      const reply = await world.askCached(name)
      t.equal(reply.status, 'indeterminate')
      t.equal(reply.reason, 'not-judged')
    }
    t.notOk(world.asked().some((question) => /DNSKEY|DS$/.test(question)))
    world.forget()
    world.policy.setMode('enforce')
    t.equal((await world.askCached('www.z.test')).status, 'secure')
    t.equal((await world.askCached('none.z.test')).status, 'secure')
    t.equal((await world.askCached('www.old.test')).ede?.code, EDE.SIGNATURE_EXPIRED)
    t.ok(
      world.asked().every((question) => question.endsWith('DNSKEY')),
      'only keys are fetched',
    )
  },
)

t.test('observing reaches the verdicts of enforcing, and the data is kept', async (t) => {
  const world = makeWorld([zone('old.test.', { signing: EXPIRED })], { policy: { mode: 'observe' } })
  const reply = await world.askCached('www.old.test')
  t.equal(reply.status, 'bogus')
  t.equal(reply.message.answer[0]?.type, TYPE.A)
  world.forget()
  world.policy.setMode('enforce')
  t.equal((await world.askCached('www.old.test')).status, 'bogus')
  t.same(world.asked(), [])
})

t.test('an algorithm or digest that is disabled makes the zones that have only it unsigned', async (t) => {
  const world = makeWorld([zone('z.test.', { signing: { algorithm: ALGORITHM.ED25519 } }), zone('y.z.test.')])
  t.equal((await world.askCached('www.z.test')).status, 'secure')
  world.forget()
  world.policy.setDisabled(new Set([ALGORITHM.ED25519]), new Set())
  for (const name of ['www.z.test', 'www.y.z.test']) {
    const reply = await world.askCached(name)
    t.equal(reply.status, 'insecure', name)
    t.equal(reply.ede?.code, EDE.UNSUPPORTED_DNSKEY_ALGORITHM)
  }
  t.notOk(world.asked().includes('z.test. DNSKEY'))
  world.policy.setDisabled(new Set(), new Set([2]))
  t.equal((await world.askCached('www.z.test')).ede?.code, EDE.UNSUPPORTED_DS_DIGEST_TYPE)
})

t.test('the clock jumps: what was valid is judged by the new time', async (t) => {
  const world = makeWorld([zone('z.test.')])
  t.equal((await world.askCached('www.z.test')).status, 'secure')
  world.clock.setUnixSeconds(world.clock.unixSeconds() + 40 * 86_400)
  world.policy.raise()
  t.equal((await world.askCached('www.z.test')).ede?.code, EDE.SIGNATURE_EXPIRED)
})

// --- an outage of a registry --------------------------------------------------------------------------------------

/** Signed with another private key of the published tag, as .ru in 2024 and .de in 2026. */
function impostorKeys(name: string, algorithm: number): KeyUse[] {
  const [published, used] = deriveCollidingKeys(`${name} ZSK`, algorithm, ZSK_FLAGS)
  return [
    keySigningKey(deriveKey(`${name} KSK`, algorithm, KSK_FLAGS)),
    { ...zoneSigningKey(published), signsZone: false },
    { ...zoneSigningKey(used), published: false },
  ]
}

t.test('B10: a registry signs with the wrong key, and everybody asks', async (t) => {
  const names = 400
  const below: LabZone[] = Array.from({ length: 20 }, (_, i) => zone(`z${i}.outage.`))
  const servers = [1, 2, 3].map((n) => ({ name: `ns${n}` }))
  const world = makeWorld([
    zone('outage.', { content: '', signing: { ...SIGNED, keys: impostorKeys }, servers }),
    ...below,
  ])
  const asked = (): number => [1, 2, 3].reduce((sum, n) => sum + world.asked(`ns${n}.outage.`).length, 0)
  for (let i = 0; i < names; i++) {
    const reply = await world.askCached(i % 2 === 0 ? `n${i}.outage` : `n${i}.z${i % 20}.outage`)
    const code = reply.ede?.code
    if (reply.status !== 'bogus' || (code !== EDE.DNSSEC_BOGUS && code !== EDE.DNSKEY_MISSING)) {
      t.fail(`${i}: ${reply.status} ${code} ${reply.ede?.text}`)
    }
  }
  t.ok(asked() <= 2 * names, `${asked()} questions to the registry for ${names} names`)
  t.ok(asked() <= names, 'it is hardly asked twice for a name')
  world.forget()
  ntaFor(world, 'outage')
  for (let i = 0; i < 40; i++) {
    const reply = await world.askCached(i % 2 === 0 ? `n${i}.outage` : `www.z${i % 20}.outage`)
    t.equal(reply.status, 'insecure')
    t.equal(reply.ede?.code, EDE.NEGATIVE_TRUST_ANCHOR)
    t.equal(reply.rcode, i % 2 === 0 ? RCODE.NXDOMAIN : RCODE.NOERROR)
  }
  t.same(
    world.asked().filter((question) => question.endsWith('.outage. DNSKEY')),
    [],
    'no keys are fetched where nothing is validated',
  )
})

t.test('other servers are asked before bogus is said, and again once the zone is in order', async (t) => {
  const servers = [{ name: 'ns1' }, { name: 'ns2' }, { name: 'ns3' }]
  const broken = [zone('z.test.', { signing: EXPIRED, servers, content: manyHosts() })]
  const world = makeWorld(broken)
  const counts: number[] = []
  for (let i = 0; i < 8; i++) {
    world.forget()
    t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).status, 'bogus')
    counts.push(world.asked().filter((question) => question === `h${i}.z.test. A`).length)
  }
  t.same(counts.slice(1), [1, 1, 1, 1, 1, 1, 1], 'the keys are bogus: the data is not to blame')
  const spoilt = makeWorld([
    zone('z.test.', { servers, content: manyHosts(), defects: [(records) => records.map(withoutLastBit)] }),
  ])
  counts.length = 0
  for (let i = 0; i < 8; i++) {
    spoilt.forget()
    t.equal((await spoilt.ask(`h${i}.z.test`, TYPE.A)).status, 'bogus')
    counts.push(spoilt.asked().filter((question) => question === `h${i}.z.test. A`).length)
  }
  t.same(counts, [3, 3, 3, 3, 3, 1, 1, 1], 'five times in vain is enough')
})

t.test('keys are not asked of other servers when the fault is in the DS set above', async (t) => {
  const servers = [{ name: 'ns1' }, { name: 'ns2' }, { name: 'ns3' }]
  const world = makeWorld([
    zone('test.', { content: '', servers, defects: [wrongSignatures({ type: TYPE.DS })] }),
    zone('z.test.', { servers }),
  ])
  const reply = await world.ask('z.test', TYPE.DNSKEY)
  t.equal(reply.ede?.code, EDE.DNSSEC_BOGUS)
  const atChild = servers.flatMap(({ name }) => world.asked(`${name}.z.test.`))
  t.same(atChild, ['z.test. DNSKEY'])
  t.equal(
    world.asked().filter((asked) => asked === 'z.test. DS').length,
    BOGUS_RETRIES_MAX,
    'the first came with the referral',
  )
})

function manyHosts(): string {
  return Array.from({ length: 8 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')
}

/** Spoils the signatures over addresses. */
function withoutLastBit(record: import('../../src/wire/record.ts').ResourceRecord): typeof record {
  if (record.type !== TYPE.RRSIG || record.rdata[1] !== TYPE.A) return record
  const rdata = record.rdata.slice()
  rdata[rdata.length - 1]! ^= 1
  return { ...record, rdata }
}
