/** One alert for each incident, with what all that fails has in common and whose fault it is. */
import t from 'tap'
import { GUARD_QUIET_SECONDS } from '../../../src/base/limits.ts'
import type { Reason } from '../../../src/dnssec/reasons.ts'
import { DistinctClients } from '../../../src/telemetry/report/distinct-clients.ts'
import { type Alert, Guard } from '../../../src/telemetry/report/guard.ts'
import type { ReportData } from '../../../src/telemetry/report/report-data.ts'

const START = 1_700_000_000
const STEP_SECONDS = 5

type Failing = readonly [zone: string, reason: Reason, queries: number]

function counts(failing: readonly Failing[], secure: number, clients: number): ReportData {
  const some = new DistinctClients()
  for (let n = 1; n <= clients; n++) some.add(n * 7919)
  const all = some.encode()
  return {
    since: START,
    verdicts: {
      secure,
      insecure: 0,
      bogus: failing.reduce((sum, [, , queries]) => sum + queries, 0),
      indeterminate: 0,
    },
    unchecked: 0,
    others: 0,
    clients: all,
    noticing: [],
    tlds: [],
    domains: failing.map(([zone, reason, queries]) => ({
      domain: zone,
      queries,
      refused: 0,
      clients: all,
      faults: [{ zone, type: 'A', reason, ede: 6, text: '', queries }],
      names: [],
      firstSeen: START,
      lastSeen: START,
    })),
  }
}

const USUAL = counts([['old.com.', 'signature-expired', 1]], 1_000, 1)

/** The alerts of a day with an incident in it: `steps` of five seconds. */
function alertsOf(incident: ReportData, steps = 100, guard = new Guard(), from = START): Alert[] {
  const alerts: (Alert | undefined)[] = []
  let now = from
  const pass = (data: ReportData, times: number): void => {
    for (let i = 0; i < times; i++) {
      alerts.push(guard.note(data, (now - START) * 1_000, now))
      now += STEP_SECONDS
    }
  }
  pass(USUAL, 300)
  pass(incident, steps)
  pass(USUAL, GUARD_QUIET_SECONDS / STEP_SECONDS + 20)
  return alerts.filter((alert) => alert !== undefined)
}

function summary({ cause, ancestor, reason, command }: Alert): readonly string[] {
  return [cause, ancestor, reason, command]
}

t.test('a top-level domain signs with a key that nobody has: one alert that names it', (t) => {
  const alerts = alertsOf(
    counts(
      [
        ['de.', 'signature-wrong', 400],
        ['old.com.', 'signature-expired', 1],
      ],
      600,
      300,
    ),
  )
  t.same(alerts.map(summary), [
    [
      'top-level',
      'de.',
      'signature-wrong',
      'sigill control nta add de. --for 1h --reason "outage of de." --force',
    ],
  ])
  t.match(alerts[0]!.text, /^10\.1 % of answers to 300 clients are bogus: .* below de\.: its registry/)
  t.equal(alerts[0]!.clients, 300)
  t.end()
})

t.test('many zones by their times: the clock of this machine, also where all lie below one name', (t) => {
  for (const tld of [['de', 'com', 'org', 'net', 'se'], ['de']]) {
    const zones = Array.from({ length: 10 }, (_, n) => `zone${n}.${tld[n % tld.length]}.`)
    for (const [reason, way] of [
      ['signature-expired', 'ahead'],
      ['signature-not-yet-valid', 'behind'],
    ] as const) {
      const alerts = alertsOf(
        counts(
          zones.map((zone) => [zone, reason, 20]),
          500,
          40,
        ),
      )
      t.same(alerts.map(summary), [['clock', '.', reason, 'sigill control rollout observe']])
      t.match(alerts[0]!.text, new RegExp(`probably ${way}`))
    }
  }
  t.end()
})

t.test('the root, zones with nothing in common, zones of one operator, one zone', (t) => {
  const one = (failing: readonly Failing[]): unknown =>
    alertsOf(counts(failing, 500, 40)).map(({ cause, ancestor }) => [cause, ancestor])
  t.same(one([['.', 'dnskey-missing', 300]]), [['anchor', '.']])
  t.same(one([['.', 'signature-expired', 300]]), [['clock', '.']])
  t.same(
    one(
      ['a.de.', 'b.com.', 'c.org.', 'd.net.', 'e.se.', 'f.nl.'].map((zone) => [
        zone,
        'signature-missing',
        50,
      ]),
    ),
    [['path', '.']],
  )
  t.same(
    one(
      ['a.de.', 'b.de.', 'c.de.', 'd.de.', 'e.de.', 'f.de.'].map((zone) => [zone, 'signature-missing', 50]),
    ),
    [['zones', 'de.']],
  )
  t.same(
    one([
      ['bank.de.', 'signature-expired', 300],
      ['x.com.', 'signature-expired', 3],
    ]),
    [['zone', 'bank.de.']],
  )
  t.end()
})

t.test("nobody is woken by what is usual, small, short, one client's, or meant", (t) => {
  t.same(alertsOf(USUAL), [])
  t.same(alertsOf(counts([['bank.de.', 'signature-expired', 2]], 10, 12), 12), [], 'few')
  t.same(alertsOf(counts([['bank.de.', 'signature-expired', 400]], 600, 3)), [], 'of three clients')
  t.same(alertsOf(counts([['bank.de.', 'signature-expired', 15]], 1_000, 40)), [], 'a small share')
  t.same(alertsOf(counts([['dnssec-failed.org.', 'dnskey-missing', 400]], 600, 40)), [], 'broken on purpose')
  t.end()
})

t.test('another incident is another alert', (t) => {
  const guard = new Guard()
  const first = alertsOf(counts([['de.', 'signature-wrong', 400]], 600, 40), 100, guard)
  const second = alertsOf(counts([['ru.', 'signature-wrong', 400]], 600, 40), 100, guard, START + 10_000)
  t.same(
    [...first, ...second].map(({ ancestor }) => ancestor),
    ['de.', 'ru.'],
  )
  t.end()
})

t.test(
  'an alert that was raised by a clock that is ahead ends when it was set, and the next incident is told',
  (t) => {
    const guard = new Guard()
    const failing = counts(
      [
        ['de.', 'signature-expired', 400],
        ['fr.', 'signature-expired', 400],
        ['com.', 'signature-expired', 400],
      ],
      600,
      300,
    )
    const other = counts([['se.', 'signature-wrong', 800]], 600, 300)
    const AHEAD_SECONDS = 40 * 86_400
    let ms = 0
    let wall = START + AHEAD_SECONDS
    const pass = (data: ReportData, seconds: number): Alert[] => {
      const alerts: (Alert | undefined)[] = []
      for (let i = 0; i < seconds; i += STEP_SECONDS) {
        alerts.push(guard.note(data, ms, wall))
        ms += STEP_SECONDS * 1_000
        wall += STEP_SECONDS
      }
      return alerts.filter((alert) => alert !== undefined)
    }
    pass(USUAL, 1_500)
    t.match(pass(failing, 120), [{ since: START + AHEAD_SECONDS + 1_500 }])
    wall -= AHEAD_SECONDS
    pass(USUAL, GUARD_QUIET_SECONDS + 120)
    t.equal(guard.standing, undefined)
    t.match(pass(other, 120), [{ ancestor: 'se.' }])
    t.end()
  },
)
