/** Every fault that a check knows, each shown by a zone that has just that fault. */
import t from 'tap'
import { FAULTS, type FaultCode } from '../../src/check/faults.ts'
import { judge } from '../../src/check/judge.ts'
import type { Reply, Trial } from '../../src/check/observations.ts'
import { ROOT } from '../../src/wire/name.ts'
import { CLOCK } from '../support/world.ts'
import { makeCheckWorld, VERIFIABLE } from './check-world.ts'
import { FAULT_ROWS, twoServers } from './fault-zones.ts'

/** The acceptance of the check: so many distinct faults at least. */
const FAULTS_MIN = 35

const zones = FAULT_ROWS.flatMap(({ zone, others = [] }) => [
  ...others,
  ...(zone === undefined ? [] : [zone]),
])
const world = makeCheckWorld([...zones, twoServers('sound.test.')])

t.test('each zone has its fault and no other', async (t) => {
  for (const { code, zone, domain = zone!.name } of FAULT_ROWS) {
    const found = await world.check(domain)
    t.same(
      found.map((one) => one.code),
      [code],
      `${domain} ${found.map(({ problem, evidence }) => `${problem} ${evidence.join('; ')}`).join(' | ')}`,
    )
  }
})

t.test('every fault of the table is shown', async (t) => {
  const shown = new Set<FaultCode>(FAULT_ROWS.map(({ code }) => code))
  // Shown below: they are no zone's.
  shown.add('check-incomplete')
  shown.add('resolver-fails')
  t.same(
    Object.keys(FAULTS).filter((code) => !shown.has(code as FaultCode)),
    [],
  )
  t.ok(shown.size >= FAULTS_MIN, `${shown.size} faults`)
})

t.test('what was left out is told', async (t) => {
  const seen = await world.observe('sound.test.')
  t.same(judge(seen, VERIFIABLE), [])
  t.match(judge({ ...seen, unasked: 3 }, VERIFIABLE), [
    { code: 'check-incomplete', evidence: [/^3 questions/] },
  ])
})

t.test('a resolver with a wrong trust anchor, or a wrong clock, blames itself', async (t) => {
  const anchors = [{ zone: ROOT, ds: Uint8Array.of(1, 2, 13, 2, ...new Uint8Array(32)) }]
  const misled = makeCheckWorld([twoServers('sound.test.')], { anchors })
  const found = await misled.check('sound.test.')
  t.match(found, [{ code: 'resolver-fails', party: 'resolver', problem: /cannot validate even the root/ }])
  const late = makeCheckWorld([twoServers('sound.test.')])
  late.world.clock.setUnixSeconds(CLOCK + 40 * 86_400)
  const [own] = await late.check('sound.test.')
  t.match(own, {
    code: 'resolver-fails',
    evidence: [/^signature-expired/, /^the clock here says 2026-12-31T/],
  })
})

t.test('a machine without IPv6 does not blame the servers', async (t) => {
  const seen = await world.observe('sound.test.')
  const withIpv6 = (reason: 'unreachable' | 'timeout'): typeof seen => {
    const reply: Reply = { kind: 'none', reason }
    const trials = new Map<Trial, Reply>([
      ['udp', reply],
      ['tcp', reply],
      ['plain', reply],
    ])
    const endpoint = { address: new Uint8Array(16).fill(0x20), port: 53 }
    return {
      ...seen,
      servers: [...seen.servers, { ...seen.servers[0]!, endpoint, trials, data: [], sizes: [] }],
    }
  }
  t.match(judge(withIpv6('unreachable'), VERIFIABLE), [
    { code: 'check-incomplete', evidence: [/^IPv6 addresses were not asked \(1\)/] },
  ])
  t.match(judge(withIpv6('timeout'), VERIFIABLE), [{ code: 'server-silent' }])
})
