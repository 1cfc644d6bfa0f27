/** A wall clock that is wrong for a while, and the report: nothing of it is lost, and nothing lies in the future afterwards. */
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { REPORT_AGE_PAUSE_MS, REPORT_SECONDS_MAX, SECOND_LOOK_AGAIN_SECONDS } from '../../src/base/limits.ts'
import { ReportKeeper } from '../../src/daemon/report/report-keeper.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { FailingDomains } from '../../src/telemetry/report/failing-domains.ts'
import type { ReportData } from '../../src/telemetry/report/report-data.ts'
import { RolloutReport } from '../../src/telemetry/report/rollout-report.ts'
import { testFolder } from '../support/folder.ts'

const START = 1_800_000_000
const DAY = 86_400
const FAULT = { zone: 'a.test.', type: 'A', reason: 'signature-expired', ede: 7, text: '', queries: 1 }

/** What a thread has counted: one failing domain, met now. */
function counted(domain: string, nowSeconds: number): ReportData {
  const domains = new FailingDomains()
  const name = { name: domain, type: 'A', queries: 1 }
  domains.of(domain).add({ client: 1, refused: true, fault: FAULT, name, nowSeconds })
  return { ...new RolloutReport(nowSeconds).data(), domains: domains.data() }
}

async function open(t: Test, clock: VirtualClock) {
  const waiting: ReportData[] = []
  const quiet = { info: () => {}, warn: () => {}, error: () => {} } as never
  let report: RolloutReport | undefined
  const keeper = new ReportKeeper({
    collect: async () => waiting.splice(0),
    folder: await StateFolder.open({ path: testFolder(t), isWanted: true, log: quiet }),
    clock,
    unixSeconds: () => clock.unixSeconds(),
    looks: {
      consider: (given) => {
        report = given as RolloutReport
      },
      close: () => {},
    },
    expiry: { expiring: [], look: async () => {}, close: () => {} },
    key: '00000000',
    onAlert: () => {},
    onFault: (fault) => t.fail(String(fault)),
  })
  t.teardown(() => keeper.stop())
  return {
    keeper,
    count: async (domain: string) => {
      waiting.push(counted(domain, clock.unixSeconds()))
      await keeper.collect()
      return report!
    },
    domains: async () => (await keeper.view()).domains.map(({ domain }) => domain),
  }
}

t.test('a clock that was ahead for a while leaves nothing in the future', async (t) => {
  const clock = new VirtualClock(START + 40 * DAY)
  const { keeper, count } = await open(t, clock)
  const report = await count('a.test.')
  report.noteCheck('a.test.', {
    at: clock.unixSeconds(),
    verdict: 'bogus',
    party: 'them',
    confidence: 'high',
    because: [],
    trials: [],
  })
  clock.setUnixSeconds(START)
  await keeper.collect()
  const [domain] = report.data().domains
  t.match(domain, { firstSeen: START, lastSeen: START, check: { at: START } })
  t.equal(report.data().since, START)
  clock.advance((SECOND_LOOK_AGAIN_SECONDS - 1) * 1_000)
  await count('a.test.')
  t.equal(report.nextToLookAt(clock.unixSeconds()), undefined)
  clock.advance(1_000)
  t.match(report.nextToLookAt(clock.unixSeconds()), { domain: 'a.test.' }, 'it is looked at again as ever')
})

t.test('a clock that is a month ahead wipes nothing away at once', async (t) => {
  const clock = new VirtualClock(START)
  const { keeper, count, domains } = await open(t, clock)
  await count('a.test.')
  clock.setUnixSeconds(START + REPORT_SECONDS_MAX + DAY)
  await keeper.save()
  t.same(await domains(), ['a.test.'])
  clock.advance(REPORT_AGE_PAUSE_MS - 1)
  await keeper.save()
  t.same(await domains(), ['a.test.'])
  clock.advance(1)
  await keeper.save()
  t.same(await domains(), [], 'a clock that stays there is right')
})

t.test('what failed a month ago goes', async (t) => {
  const clock = new VirtualClock(START)
  const { keeper, count, domains } = await open(t, clock)
  await count('a.test.')
  clock.advance(REPORT_SECONDS_MAX * 1_000)
  await keeper.save()
  t.same(await domains(), ['a.test.'])
  clock.advance(1_000)
  await keeper.save()
  t.same(await domains(), [])
})
