/** Which zones are told of before their signatures end, and which are merely on their way to the next signing. */
import t from 'tap'
import { EXPIRING_SETS_PER_ZONE_MAX, EXPIRING_ZONES_MAX } from '../../../src/base/limits.ts'
import { SignatureEnds } from '../../../src/telemetry/report/signature-ends.ts'

const HOUR = 3_600
const DAY = 86_400
const START = 1_800_000_000
const WARNING = 48 * HOUR

interface Signer {
  readonly lifetime: number
  /** What is left of a signature when the zone is signed again; undefined for a signer that stopped. */
  readonly renewsWithLeft: number | undefined
}

/** Asks a zone every so often, for so long, from a signing on. Returns the hours before its end at which it was told of. */
function follow({ lifetime, renewsWithLeft }: Signer, days: number, every: number = HOUR): number[] {
  const ends = new SignatureEnds()
  const told: number[] = []
  let inception = START
  for (let now = START; now < START + days * DAY; now += every) {
    const left = inception + lifetime - now
    if (renewsWithLeft !== undefined && left <= renewsWithLeft) inception = now
    const expiration = inception + lifetime
    if (now >= expiration) break
    ends.see({ zone: 'z.test.', set: 'z.test. SOA', inception, expiration, fetchedAt: now }, WARNING, now)
    ends.age(now)
    if (ends.expiring(WARNING).length > 0) told.push(Math.round((expiration - now) / HOUR))
  }
  return told
}

for (const [about, lifetime, renewsWithLeft] of [
  ['a month, signed again with a quarter left', 30 * DAY, 7.5 * DAY],
  ['two weeks, with three days left', 14 * DAY, 3 * DAY],
  ['a week, with a day left', 7 * DAY, DAY],
  ['two days, signed anew with half of it left', 2 * DAY, DAY],
  ['an hour, signed anew at every question', HOUR, HOUR - 1],
] as const) {
  t.test(`${about}: nothing is told`, async (t) => {
    t.same(follow({ lifetime, renewsWithLeft }, 90), [])
  })
}

t.test(
  'a signer that stopped is told of from two days before the end on, or an eighth of the lifetime',
  async (t) => {
    t.equal(follow({ lifetime: 30 * DAY, renewsWithLeft: undefined }, 40)[0], 46, 'at the second look')
    t.equal(follow({ lifetime: 14 * DAY, renewsWithLeft: undefined }, 20)[0], 41)
    t.equal(follow({ lifetime: 7 * DAY, renewsWithLeft: undefined }, 20)[0], 20)
    const told = follow({ lifetime: 14 * DAY, renewsWithLeft: undefined }, 20)
    t.equal(told.at(-1), 1, 'to the end')
  },
)

t.test('a zone that always renews late is told of once, and then its rhythm is known', async (t) => {
  const told = follow({ lifetime: 14 * DAY, renewsWithLeft: 20 * HOUR }, 90)
  t.equal(told[0], 41)
  t.equal(told.at(-1), 21)
  t.equal(told.length, 21, 'before its first renewal alone')
})

t.test('one fetch says enough only when little is left', async (t) => {
  const ends = new SignatureEnds()
  const see = (expiration: number, fetchedAt: number): number => {
    const set = { zone: 'z.test.', set: 'z.test. SOA', inception: START, expiration, fetchedAt }
    ends.see(set, WARNING, fetchedAt)
    return ends.expiring(WARNING).length
  }
  const end = START + 30 * DAY
  t.equal(see(end, end - 40 * HOUR), 0)
  t.equal(see(end, end - 40 * HOUR), 0, 'seen again in the cache: nobody was asked')
  t.equal(see(end, end - 39 * HOUR), 1, 'the zone was asked again')
  t.equal(see(end + DAY, end - 38 * HOUR), 0, 'and has renewed it')
  const alone = new SignatureEnds()
  const late = { zone: 'z.test.', set: 'a', inception: START, expiration: end, fetchedAt: end - 20 * HOUR }
  alone.see(late, WARNING, late.fetchedAt)
  t.equal(alone.expiring(WARNING).length, 1)
})

t.test('what another thread holds for longer takes nothing back', async (t) => {
  const ends = new SignatureEnds()
  const set = { zone: 'z.test.', set: 'a', inception: START, fetchedAt: START + 29 * DAY }
  ends.see({ ...set, expiration: START + 30 * DAY }, WARNING, START)
  ends.see({ ...set, expiration: START + 40 * DAY }, WARNING, START)
  ends.see({ ...set, expiration: START + 30 * DAY, fetchedAt: START + 28 * DAY }, WARNING, START)
  t.same(ends.expiring(WARNING), [])
})

t.test('ended, or in no cache any more: forgotten', async (t) => {
  const ends = new SignatureEnds()
  const now = START + 29 * DAY + 4 * HOUR
  ends.see(
    { zone: 'z.test.', set: 'a', inception: START, expiration: START + 30 * DAY, fetchedAt: now },
    WARNING,
    now,
  )
  ends.age(now + 7_200)
  t.equal(ends.expiring(WARNING).length, 1)
  ends.age(now + 7_201)
  t.equal(ends.expiring(WARNING).length, 0)
})

t.test('the set that ends first is told of; their number and that of zones is bounded', async (t) => {
  const ends = new SignatureEnds()
  const now = START + 29 * DAY
  const see = (zone: string, set: number): void => {
    const expiration = now + 10 * HOUR - set
    ends.see({ zone, set: `${set}`, inception: START, expiration, fetchedAt: now }, WARNING, now)
  }
  for (let set = 0; set < 2 * EXPIRING_SETS_PER_ZONE_MAX; set++) see('z.test.', set)
  t.match(ends.expiring(WARNING), [{ zone: 'z.test.', set: `${2 * EXPIRING_SETS_PER_ZONE_MAX - 1}` }])
  for (let zone = 0; zone < EXPIRING_ZONES_MAX + 10; zone++) see(`z${zone}.test.`, 0)
  t.equal(ends.expiring(WARNING).length, EXPIRING_ZONES_MAX)
})
