/** Negative trust anchors of the operator, by a clock that the test moves. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { EXCEPTION_EXPIRY_WARNING_SECONDS, EXCEPTIONS_MAX } from '../../src/base/limits.ts'
import { Exceptions } from '../../src/daemon/operator/exceptions.ts'
import type { Operator } from '../../src/daemon/operator/operator.ts'
import { NO_CHANGES, type OperatorChanges } from '../../src/daemon/operator/operator-changes.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import { foldName, type Name } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'

const BY = { who: 'noc', why: 'signatures expired' }
const RECHECK_SECONDS = 300

function bench() {
  const clock = new VirtualClock(1_800_000_000)
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  const warnings: string[] = []
  const journal: string[] = []
  const mended = new Set<string>()
  let changes: OperatorChanges = NO_CHANGES
  const operator = {
    fileSettings: { 'dnssec.negative-trust-anchors': [] },
    dropEnded: async () => {},
    change: async (
      what: string,
      { who }: { who: string },
      _detail: object,
      make: (now: OperatorChanges) => OperatorChanges,
    ) => {
      const before = changes
      changes = make(before)
      for (const one of before.added) {
        const stays = changes.added.some(({ name }) => name === one.name)
        if (!stays) policy.removeNegativeTrustAnchor(nameFrom(one.name))
      }
      for (const one of changes.added) {
        if (!before.added.includes(one)) policy.addNegativeTrustAnchor({ ...one, name: nameFrom(one.name) })
      }
      journal.push(`${what} ${who}`)
    },
  } as unknown as Operator
  const exceptions = new Exceptions({
    operator,
    policy,
    clock,
    log: {
      info: () => {},
      warn: (fields: object | string, text = '') => void warnings.push(String(text || fields)),
    },
    recheckMs: RECHECK_SECONDS * 1000,
    forget: async (zone: Name) => void journal.push(`forget ${formatName(zone)}`),
    validates: async (zone: Name) => mended.has(formatName(zone)),
  })
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  return { clock, policy, warnings, journal, mended, exceptions, settle }
}

t.test('an hour, a warning before its end, and then it is over', async (t) => {
  const { clock, exceptions, warnings, settle } = bench()
  await exceptions.add(nameFrom('z.test'), 3_600, false, BY)
  const [one] = exceptions.list()
  t.match(one, { name: 'z.test.', secondsLeft: 3_600, reason: BY.why, author: BY.who, hits: 0 })
  const quietMs = (3_600 - EXCEPTION_EXPIRY_WARNING_SECONDS) * 1000
  clock.advance(quietMs - 60_000)
  t.same(warnings, [])
  clock.advance(120_000)
  await settle()
  t.match(warnings, [/ends soon.*sigill control nta extend z\.test\./])
  clock.advance(300_000)
  t.equal(warnings.length, 1, 'told once')
  await exceptions.extend(nameFrom('z.test'), 3_600, BY)
  clock.advance(1_800_000)
  t.equal(exceptions.list().length, 1)
  clock.advance(1_800_000)
  t.same(exceptions.list(), [])
  t.equal(warnings.length, 2, 'the new end was told of as well')
  exceptions.close()
  t.equal(clock.nextTimerMs(), undefined)
})

t.test('gone as soon as the zone validates, unless it was forced', async (t) => {
  const { clock, exceptions, mended, journal, settle } = bench()
  await exceptions.add(nameFrom('z.test'), 86_400, false, BY)
  await exceptions.add(nameFrom('kept.test'), 86_400, true, BY)
  clock.advance(RECHECK_SECONDS * 1000)
  await settle()
  t.equal(exceptions.list().length, 2)
  mended.add('z.test.').add('kept.test.')
  clock.advance(RECHECK_SECONDS * 1000)
  await settle()
  t.same(
    exceptions.list().map(({ name }) => name),
    ['kept.test.'],
  )
  t.same(journal.slice(-2), ['forget z.test.', 'nta-remove sigill'])
  exceptions.close()
})

t.test('answers are counted for the anchor that covers them, and for no other', async (t) => {
  const { policy, exceptions } = bench()
  for (const name of ['z.test', 'y.z.test', 'other.test']) await exceptions.add(nameFrom(name), 60, false, BY)
  const count = (text: string): void => {
    const name = foldName(nameFrom(text))
    const octets = Uint8Array.of(9, 9, 9, ...name)
    policy.countException(octets, name.length, 3)
  }
  for (const name of ['www.z.test', 'z.test', 'www.y.z.test', 'test', 'nowhere.example']) count(name)
  const hits = Object.fromEntries(exceptions.list().map(({ name, hits }) => [name, hits]))
  t.same(hits, { 'z.test.': 2, 'y.z.test.': 1, 'other.test.': 0 })
  await exceptions.remove(nameFrom('z.test'), BY)
  await exceptions.add(nameFrom('z.test'), 60, false, BY)
  t.equal(exceptions.list().find(({ name }) => name === 'z.test.')?.hits, 0, 'a new one begins anew')
  exceptions.close()
})

t.test('a name is one name however it is spelled', async (t) => {
  const { exceptions, policy } = bench()
  await exceptions.add(nameFrom('Zone.Test'), 60, false, BY)
  await t.rejects(
    exceptions.add(nameFrom('zone.test'), 30, false, BY),
    /^there is one for Zone\.Test\. already, until 2027-01-15T08:01:00Z, by noc: sigill control nta extend Zone\.Test\. gives it more time; nta add --replace puts another in its place$/,
  )
  await t.rejects(exceptions.addForGuard(nameFrom('zone.test'), 30, 'seen'), /already/, 'nor does the guard')
  t.match(exceptions.list(), [{ secondsLeft: 60 }])
  const both = await Promise.allSettled(
    [1, 2].map(() => exceptions.add(nameFrom('once.test'), 60, false, BY)),
  )
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await exceptions.remove(nameFrom('once.test'), BY)
  await exceptions.add(nameFrom('zone.test'), 120, false, BY, true)
  t.match(exceptions.list(), [{ secondsLeft: 120 }])
  await exceptions.remove(nameFrom('ZONE.test'), BY)
  t.same(policy.negativeTrustAnchors, [])
  exceptions.close()
})

t.test('there are not endlessly many', async (t) => {
  const { exceptions } = bench()
  for (let i = 0; i < EXCEPTIONS_MAX; i++) await exceptions.add(nameFrom(`z${i}.test`), 60, false, BY)
  await t.rejects(exceptions.add(nameFrom('more.test'), 60, false, BY), /already/)
  await exceptions.add(nameFrom('z0.test'), 120, false, BY, true)
  exceptions.close()
})
