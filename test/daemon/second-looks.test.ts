/** Which failing domain is looked at when: by a clock that the test moves, and looks whose outcome it decides. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import {
  SECOND_LOOK_AGAIN_SECONDS,
  SECOND_LOOK_PAUSE_MS,
  SECOND_LOOK_QUIET_SECONDS,
} from '../../src/base/limits.ts'
import type { Suspect } from '../../src/check/second-look.ts'
import { SecondLooks } from '../../src/daemon/report/second-looks.ts'
import { DistinctClients } from '../../src/telemetry/report/distinct-clients.ts'
import { type DomainCheck, type FailingDomain, STAGES } from '../../src/telemetry/report/report-data.ts'
import { RolloutReport } from '../../src/telemetry/report/rollout-report.ts'
import { formatName } from '../../src/wire/name-text.ts'

const START = 1_800_000_000

function failing(domain: string, clients: number, lastSeen: number): FailingDomain {
  const counted = new DistinctClients()
  for (let client = 0; client < clients; client++) counted.add(client)
  return {
    domain,
    queries: clients,
    refused: 0,
    clients: counted.encode(),
    faults: [
      { zone: domain, type: 'DNSKEY', reason: 'signature-expired', ede: 7, text: '', queries: clients },
    ],
    names: [{ name: `www.${domain}`, type: 'A', queries: clients }],
    firstSeen: lastSeen,
    lastSeen,
  }
}

function bench() {
  const clock = new VirtualClock(START)
  const report = new RolloutReport(START)
  const looked: string[] = []
  const wellKnown: string[][] = []
  const faults: unknown[] = []
  const settings = { isWanted: true, verdict: 'bogus' as DomainCheck['verdict'], takesMs: 0, throws: false }
  let underWay = 0
  const looks = new SecondLooks({
    clock,
    unixSeconds: () => clock.unixSeconds(),
    isWanted: () => settings.isWanted,
    onFault: (fault) => faults.push(fault),
    look: async (suspect: Suspect, terms): Promise<DomainCheck> => {
      t.equal(++underWay, 1, 'one at a time')
      looked.push(formatName(suspect.zone))
      wellKnown.push(terms.wellKnown.map(formatName))
      if (settings.takesMs > 0) await new Promise<void>((resolve) => clock.after(settings.takesMs, resolve))
      underWay--
      if (settings.throws) throw new Error('of ours')
      const { verdict } = settings
      return { at: terms.atSeconds, verdict, party: 'them', confidence: 'high', because: [], trials: [] }
    },
  })
  const add = (...domains: FailingDomain[]): void => {
    const none = new DistinctClients().encode()
    const verdicts = { secure: 0, insecure: 0, bogus: 0, indeterminate: 0 }
    const tlds = [
      { tld: 'small.', signed: 1, unsigned: 0 },
      { tld: 'unsigned.', signed: 0, unsigned: 99 },
      { tld: 'large.', signed: 50, unsigned: 1 },
    ]
    const noticing = STAGES.map(() => none)
    const since = clock.unixSeconds()
    report.merge({ since, verdicts, unchecked: 0, others: 0, clients: none, noticing, tlds, domains })
  }
  /** As the daemon does, every five seconds. */
  const pass = async (seconds: number): Promise<void> => {
    for (let past = 0; past < seconds; past += 5) {
      looks.consider(report)
      for (let i = 0; i < 10; i++) await Promise.resolve()
      clock.advance(5_000)
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
  }
  return { clock, report, looks, looked, wellKnown, faults, settings, add, pass }
}

const PAUSE_SECONDS = SECOND_LOOK_PAUSE_MS / 1000

t.test('at once, what most clients met first, one at a time with a pause between', async (t) => {
  const { looked, wellKnown, settings, add, pass } = bench()
  settings.takesMs = 30_000
  add(failing('few.test.', 1, START), failing('many.test.', 9, START), failing('some.test.', 4, START))
  await pass(5)
  t.same(looked, ['many.test.'])
  await pass(30)
  t.same(looked, ['many.test.'], 'the first look is under way, then there is a pause')
  await pass(PAUSE_SECONDS + 5)
  t.same(looked, ['many.test.', 'some.test.'])
  await pass(30 + PAUSE_SECONDS + 5)
  t.same(looked, ['many.test.', 'some.test.', 'few.test.'])
  t.same(wellKnown[0], ['large.', 'small.'], 'held against top-level domains with signed answers')
})

t.test('one that fails is looked at again, until it heals; and then when it fails again', async (t) => {
  const { clock, report, looked, settings, add, pass } = bench()
  add(failing('z.test.', 3, START))
  await pass(SECOND_LOOK_AGAIN_SECONDS - 10)
  t.equal(looked.length, 1)
  settings.verdict = 'secure'
  await pass(20)
  t.equal(looked.length, 2)
  t.equal(report.data().domains[0]?.check?.verdict, 'secure')
  await pass(2 * SECOND_LOOK_AGAIN_SECONDS)
  t.equal(looked.length, 2, 'healed')
  add(failing('z.test.', 3, clock.unixSeconds()))
  await pass(20)
  t.equal(looked.length, 3, 'it fails again')
})

t.test('one that nobody asks for any more is left alone', async (t) => {
  const { looked, add, pass } = bench()
  add(failing('z.test.', 3, START - SECOND_LOOK_QUIET_SECONDS - 1))
  await pass(60)
  t.same(looked, [])
})

t.test('zones that are broken on purpose are left alone', async (t) => {
  const { looked, add, pass } = bench()
  add(failing('dnssec-failed.org.', 3, START))
  await pass(60)
  t.same(looked, [])
})

t.test('not where the operator wants none, and not after the end', async (t) => {
  const { looks, looked, settings, add, pass } = bench()
  add(failing('z.test.', 3, START))
  settings.isWanted = false
  await pass(60)
  t.same(looked, [])
  settings.isWanted = true
  looks.close()
  await pass(60)
  t.same(looked, [])
})

t.test('a fault of ours is told, and the next one is looked at', async (t) => {
  const { looked, faults, settings, add, pass } = bench()
  settings.throws = true
  add(failing('z.test.', 3, START))
  await pass(5)
  t.equal(faults.length, 1)
  settings.throws = false
  await pass(60)
  t.equal(looked.length, 2)
})

t.test('whom to tell stays known', async (t) => {
  const { report, add } = bench()
  add(failing('z.test.', 3, START))
  const check: DomainCheck = {
    at: START,
    verdict: 'bogus',
    party: 'them',
    confidence: 'high',
    because: [],
    trials: [],
  }
  report.noteCheck('z.test.', { ...check, contact: 'hostmaster@z.test' })
  report.noteCheck('z.test.', { ...check, at: START + 60 })
  t.match(report.data().domains[0]?.check, { at: START + 60, contact: 'hostmaster@z.test' })
})

t.test('one that is about to begin when all ends does not', async (t) => {
  const { clock, report, looks, looked, add } = bench()
  add(failing('a.se.', 3, clock.unixSeconds()))
  looks.consider(report)
  looks.close()
  for (let i = 0; i < 10; i++) await Promise.resolve()
  t.same(looked, [])
})
