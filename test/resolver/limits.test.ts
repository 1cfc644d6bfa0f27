/** Limits that an operator has set: each is gone by, is counted with the zone that met it, and may change at any time. */
import t from 'tap'
import { PROOF_LIMITS, type ProofLimits } from '../../src/dnssec/budget.ts'
import { silent } from '../../src/lab/behaviours.ts'
import type { Denial } from '../../src/lab/denial-chain.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RESOLVER_LIMITS, type ResolverLimits } from '../../src/resolver/resolver-limits.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, plainZone, SIGNED, type World, WWW, zone } from '../support/world.ts'

const NSEC3: Denial = { kind: 'nsec3', iterations: 10, salt: Uint8Array.of(), optOut: false }

interface Row {
  readonly limits: Partial<ResolverLimits>
  readonly zones: readonly LabZone[]
  readonly name: string
  /** As it is counted. */
  readonly limit: string
  readonly zone: string
}

function proof(limits: Partial<ProofLimits>): Partial<ResolverLimits> {
  return { proof: { ...PROOF_LIMITS, ...limits } }
}

const SIGNED_ZONE = [zone('z.test.', { signing: { ...SIGNED, denial: NSEC3 } })]
const CHAIN = [plainZone('z.test.', { content: `${WWW}a CNAME b\nb CNAME c\nc CNAME d\nd CNAME www\n` })]
/** A server in a domain that the parent has nothing to do with, so that its address has to be looked up. */
const OUTSIDE = [
  plainZone('z.test.', { servers: [{ name: 'ns.other.', address: { of: 'other.' } }] }),
  plainZone('other.', { servers: [{ name: 'ns.other.' }] }),
]

/** What goes well by the usual limits, and what it meets by stricter ones. */
const ROWS: readonly Row[] = [
  {
    limits: { upstreamQueries: 3 },
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'limit-upstream-queries',
    zone: 'z.test.',
  },
  {
    limits: { upstreamQueriesPerQuestion: 1 },
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'limit-upstream-queries',
    zone: 'test.',
  },
  {
    limits: { upstreamOctets: 300 },
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'limit-upstream-octets',
    zone: '.',
  },
  { limits: { aliases: 2 }, zones: CHAIN, name: 'a.z.test', limit: 'limit-aliases', zone: 'z.test.' },
  { limits: { referrals: 1 }, zones: CHAIN, name: 'www.z.test', limit: 'limit-referrals', zone: 'test.' },
  {
    limits: { nameServers: 0 },
    zones: OUTSIDE,
    name: 'www.z.test',
    limit: 'limit-name-servers',
    zone: 'z.test.',
  },
  {
    limits: { nameServersPerDelegation: 0 },
    zones: OUTSIDE,
    name: 'www.z.test',
    limit: 'limit-name-servers',
    zone: 'z.test.',
  },
  { limits: { depth: 0 }, zones: OUTSIDE, name: 'www.z.test', limit: 'limit-depth', zone: 'z.test.' },
  {
    limits: proof({ signatures: 1 }),
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'signatures',
    zone: '.',
  },
  {
    limits: proof({ failedSignatures: 0 }),
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'failed-signatures',
    zone: '.',
  },
  {
    limits: proof({ sha1Calls: 10 }),
    zones: SIGNED_ZONE,
    name: 'no.z.test',
    limit: 'nsec3-sha1-calls',
    zone: 'z.test.',
  },
  {
    limits: proof({ rrsigsPerRrset: 0 }),
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'rrsigs-per-rrset',
    zone: '.',
  },
  {
    limits: proof({ keysPerTag: 0 }),
    zones: SIGNED_ZONE,
    name: 'www.z.test',
    limit: 'keys-per-tag',
    zone: '.',
  },
  { limits: proof({ dsTried: 0 }), zones: SIGNED_ZONE, name: 'www.z.test', limit: 'ds-tried', zone: '.' },
  {
    limits: proof({ denialRrsets: 1 }),
    zones: SIGNED_ZONE,
    name: 'no.z.test',
    limit: 'denial-rrsets',
    zone: 'z.test.',
  },
]

function worldOf(zones: readonly LabZone[], limits: Partial<ResolverLimits>): World {
  return makeWorld(zones, { settings: { limits: { ...RESOLVER_LIMITS, ...limits } } })
}

for (const { limits, zones, name, limit, zone } of ROWS) {
  const what = JSON.stringify('proof' in limits ? differing(limits.proof!) : limits)
  t.test(what, async (t) => {
    const free = await worldOf(zones, {}).ask(name, TYPE.A)
    t.notOk(hasFailed(free), 'all is well by the usual limits')
    const strict = worldOf(zones, limits)
    const failed = await strict.ask(name, TYPE.A)
    t.ok(hasFailed(failed), `${failed.status}`)
    t.ok((strict.counts.get(`limit ${limit} by ${zone}`) ?? 0) > 0, [...strict.counts.keys()].join(', '))
    const changed = worldOf(zones, limits)
    changed.resolver.configure({ ...ENGINE_SETTINGS, limits: RESOLVER_LIMITS })
    t.notOk(hasFailed(await changed.ask(name, TYPE.A)), 'as changed while it runs')
  })
}

/** Clients that are enforced get SERVFAIL. */
function hasFailed({ message, status }: EntryReply): boolean {
  return message.rcode === RCODE.SERVFAIL || status === 'bogus'
}

function differing(limits: ProofLimits): Partial<ProofLimits> {
  return Object.fromEntries(
    Object.entries(limits).filter(([key, value]) => PROOF_LIMITS[key as keyof ProofLimits] !== value),
  )
}

t.test('time', async (t) => {
  const dead = [plainZone('z.test.', { servers: [{ name: 'ns', behaviour: silent }] })]
  for (const timeMs of [1_000, 3_000]) {
    const world = worldOf(dead, { timeMs })
    const beganMs = world.clock.nowMs()
    const reply = await world.ask('www.z.test', TYPE.A)
    const tookMs = world.clock.nowMs() - beganMs
    t.ok(hasFailed(reply))
    t.ok(tookMs <= timeMs + 500 && tookMs > timeMs / 2, `${tookMs} of ${timeMs} ms`)
  }
})

t.test('labels that are shown one at a time', async (t) => {
  const zones = [plainZone('z.test.', { content: '*.a A 192.0.2.1\n' })]
  const asked = async (minimisedLabels: number): Promise<number> => {
    const world = worldOf(zones, { minimisedLabels })
    await world.ask('8.7.6.5.4.3.2.1.a.z.test', TYPE.A)
    return new Set(world.asked().filter((question) => question.endsWith('.z.test. A'))).size
  }
  t.ok((await asked(3)) < (await asked(10)), 'fewer questions, which show more')
})

t.test('a query goes by the limits that it began with', async (t) => {
  const world = worldOf(CHAIN, {})
  let done = false
  const asking = world.resolver
    .resolve({ name: nameFrom('a.z.test'), type: TYPE.A, checkingDisabled: false })
    .then(() => {
      done = true
    })
  await world.clock.runUntil(() => world.asked().length > 0, 10_000)
  world.resolver.configure({ ...ENGINE_SETTINGS, limits: { ...RESOLVER_LIMITS, aliases: 1 } })
  await world.clock.runUntil(() => done, 10_000)
  await asking
  t.equal(world.counts.get('limit limit-aliases'), undefined)
})
