/** Every fault that a check knows, each shown by a zone that has just that fault. */
import t from 'tap'
import { FAULTS, type FaultCode } from '../../src/check/faults.ts'
import { judge } from '../../src/check/judge.ts'
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
  // What the bounds of a check left out is shown below.
  shown.add('check-incomplete')
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
