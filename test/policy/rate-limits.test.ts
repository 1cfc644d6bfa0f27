import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { type Moment, VirtualClock } from '../../src/base/clock.ts'
import { LIMITED_PREFIXES_MAX } from '../../src/base/limits.ts'
import { formatPrefix, parsePrefix } from '../../src/base/prefix.ts'
import { LimitedPrefixes } from '../../src/policy/limited-prefixes.ts'
import { PREFIX_BUCKETS_OCTETS } from '../../src/policy/prefix-buckets.ts'
import {
  LIMITS_OF_NETWORKS,
  RATE,
  type RatedClient,
  type RateLimitName,
  type RateLimitSettings,
  RateLimits,
  type RateSettings,
  type RateVerdict,
} from '../../src/policy/rate-limits.ts'
import { SeededRandom } from '../support/seeded-random.ts'

const OFF: RateSettings = { perSecond: 0, burst: 1, dryRun: false }
const ON: RateSettings = { perSecond: 10, burst: 20, dryRun: false }

const UNPROVEN = { addressProven: false }

function rated(address: Uint8Array): RatedClient {
  return { address, addressOctets: address.length }
}

/** A front with limits, at a time that moves when told. */
class Limited {
  readonly clock: VirtualClock
  readonly buckets: ArrayBuffer
  readonly limits: RateLimits
  readonly prefixes = new LimitedPrefixes()
  readonly hits = new Map<RateLimitName, number>()
  readonly tried = new Map<RateLimitName, number>()

  /** @param beside another front of the process */
  constructor(settings: Partial<RateLimitSettings>, beside?: Limited) {
    this.clock = beside?.clock ?? new VirtualClock(1_795_000_000)
    this.buckets = beside?.buckets ?? new ArrayBuffer(PREFIX_BUCKETS_OCTETS)
    this.limits = new RateLimits({
      buckets: this.buckets,
      hashKey: [3, 4],
      limited: this.prefixes,
      counters: {
        limitHit: (limit) => this.hits.set(limit, (this.hits.get(limit) ?? 0) + 1),
        limitTried: (limit) => this.tried.set(limit, (this.tried.get(limit) ?? 0) + 1),
      },
      settings: { answers: OFF, recursion: OFF, slip: 0, exempt: [], ...settings },
    })
  }

  answer(address: string, isProven = false): RateVerdict {
    const octets = parseAddress(address)!
    return this.limits.judge(rated(octets), { addressProven: isProven }, this.#now())
  }

  recursion(address: string, isProven = false): RateVerdict {
    const octets = parseAddress(address)!
    return this.limits.judgeRecursion(rated(octets), { addressProven: isProven }, this.#now())
  }

  /** How many of so many questions pass. */
  passing(count: number, ask: (i: number) => RateVerdict): number {
    return Array.from({ length: count }, (_, i) => ask(i)).filter((verdict) => verdict === RATE.PASS).length
  }

  #now(): Moment {
    return Float64Array.of(this.clock.nowMs())
  }

  limited(): string[] {
    return this.prefixes
      .list()
      .map(({ limit: number, prefix, questions }) => {
        const { limit, dryRun } = LIMITS_OF_NETWORKS[number]!
        return `${dryRun ? 'dry run ' : ''}${limit} ${formatPrefix(prefix)} ${questions}`
      })
      .sort()
  }
}

t.test('a burst at once, then the rate, then the burst again', async (t) => {
  const it = new Limited({ answers: ON })
  const passing = (count: number): number => it.passing(count, () => it.answer('192.0.2.1'))
  t.equal(passing(100), 20, 'the burst')
  it.clock.advance(50)
  t.equal(passing(1), 0, 'half a token is none')
  it.clock.advance(50)
  t.equal(passing(100), 1)
  it.clock.advance(1_000)
  t.equal(passing(100), 10, 'as many as a second brings')
  it.clock.advance(1_950)
  t.equal(passing(100), 19, 'and the burst after burst / rate seconds')
  it.clock.advance(3_600_000)
  t.equal(passing(100), 20, 'never more')
  let passed = 0
  for (let i = 0; i < 1_000; i++) {
    it.clock.advance(10)
    passed += passing(1)
  }
  t.equal(passed, 100, 'a flood at ten times the rate gets the rate')
  t.equal(it.answer('192.0.2.2'), RATE.PASS, 'others are not concerned')
  t.equal(it.hits.get('answers-per-prefix'), 1_501 - 20 - 1 - 10 - 19 - 20 - 100, 'all others are counted')
})

t.test('who stays below the rate is never limited, however long', async (t) => {
  const it = new Limited({ answers: { perSecond: 3, burst: 1, dryRun: false } })
  for (let i = 0; i < 3_000; i++) {
    if (it.answer('192.0.2.1') !== RATE.PASS) t.fail(`question ${i}`)
    it.clock.advance(1000 / 3)
  }
})

t.test('networks of all lengths have their own bound', async (t) => {
  for (const [address, others, network, times] of [
    ['10.20.64.', 256, '10.20.64.0/24', 32],
    ['2001:db8:7:1:', 256, '2001:db8:7:1::/64', 1],
  ] as const) {
    const it = new Limited({ answers: ON })
    const passed = it.passing(5 * others, (i) =>
      it.answer(
        `${address}${address.includes(':') ? ':' : ''}${(i % others).toString(address.includes(':') ? 16 : 10)}`,
      ),
    )
    t.equal(passed, 20 * times, `${network}: ${times} times the burst of one client`)
    t.same(it.limited(), [`answers-per-prefix ${network} ${5 * others - passed}`])
  }
  const within = (bits: string, address: (i: number) => string, times: number): void => {
    const it = new Limited({ answers: ON })
    t.equal(
      it.passing(40 * times, (i) => it.answer(address(i))),
      20 * times,
      bits,
    )
    t.ok(
      it.limited().every((line) => line.includes(` ${bits} `)),
      bits,
    )
  }
  within('172.16.16.0/20', (i) => `172.16.${16 + (i % 16)}.${(i >> 4) % 256}`, 256)
  within('172.16.0.0/18', (i) => `172.16.${i % 64}.${(i >> 6) % 256}`, 768)
  within('2001:db8:7:100::/56', (i) => `2001:db8:7:1${(i % 256).toString(16).padStart(2, '0')}::1`, 2)
  within('2001:db8:7::/48', (i) => `2001:db8:7:${(i % 256).toString(16)}00::1`, 32)
  within(
    '2001:db8::/40',
    (i) => `2001:db8:${(i % 256).toString(16)}:${((i >> 8) % 256).toString(16)}00::1`,
    768,
  )
})

t.test('a question refused takes nothing, from no network', async (t) => {
  const it = new Limited({ answers: ON })
  it.passing(20 * 40, () => it.answer('192.0.2.1'))
  const passed = it.passing(31 * 20 + 20, (i) => it.answer(`192.0.2.${2 + (i % 100)}`))
  t.equal(passed, 31 * 20, 'the /24 has the tokens that the one address did not get')
})

t.test('IPv4-mapped addresses are IPv4 addresses', async (t) => {
  const it = new Limited({ answers: ON, exempt: [parsePrefix('198.51.100.0/24')!] })
  t.equal(
    it.passing(15, () => it.answer('::ffff:192.0.2.1')),
    15,
  )
  t.equal(
    it.passing(15, () => it.answer('192.0.2.1')),
    5,
  )
  t.same(it.limited(), ['answers-per-prefix 192.0.2.1/32 10'])
  t.equal(
    it.passing(50, () => it.answer('::ffff:198.51.100.1')),
    50,
  )
})

t.test('slip: every nth of a network that is too much comes as TC, from the nth on', async (t) => {
  for (const [slip, wanted] of [
    [0, '........'],
    [1, 'TTTTTTTT'],
    [2, '.T.T.T.T'],
    [3, '..T..T..'],
  ] as const) {
    const it = new Limited({ answers: ON, slip })
    it.passing(20, () => it.answer('192.0.2.1'))
    it.passing(20, () => it.answer('203.0.113.1'))
    const got: string[] = []
    for (let i = 0; i < 8; i++) {
      got.push(it.answer('192.0.2.1') === RATE.TRUNCATE ? 'T' : '.')
      if (i % 3 === 0) it.answer('203.0.113.1')
    }
    t.equal(got.join(''), wanted, `${slip}: whatever becomes of others meanwhile`)
  }
})

t.test('a dry run limits nothing, and counts and tells what it would', async (t) => {
  const it = new Limited({ answers: { ...ON, dryRun: true }, recursion: { ...ON, dryRun: true }, slip: 2 })
  t.equal(
    it.passing(100, () => it.answer('192.0.2.1')),
    100,
  )
  t.equal(
    it.passing(30, () => it.recursion('192.0.2.1', true)),
    30,
  )
  t.same(
    [...it.tried],
    [
      ['answers-per-prefix', 80],
      ['recursion-per-prefix', 10],
    ],
  )
  t.equal(it.hits.size, 0)
  t.same(it.limited(), [
    'dry run answers-per-prefix 192.0.2.1/32 80',
    'dry run recursion-per-prefix 192.0.2.1/32 10',
  ])
})

t.test('who is exempt, and who has proven the address, is not limited in answers', async (t) => {
  const it = new Limited({
    answers: ON,
    recursion: ON,
    exempt: ['192.0.2.0/24', '2001:db8::/32'].map((text) => parsePrefix(text)!),
  })
  for (const address of ['192.0.2.1', '2001:db8::1']) {
    t.equal(
      it.passing(100, () => it.answer(address)),
      100,
    )
    t.equal(
      it.passing(100, () => it.recursion(address)),
      100,
    )
  }
  t.equal(
    it.passing(100, () => it.answer('203.0.113.1', true)),
    100,
  )
  t.equal(
    it.passing(100, () => it.answer('203.0.113.1')),
    20,
    'and has taken nothing from who has not',
  )
  t.equal(it.hits.get('answers-per-prefix'), 80)
})

t.test('recursion: a limit of its own, twice', async (t) => {
  const it = new Limited({ answers: ON, recursion: { perSecond: 5, burst: 5, dryRun: false }, slip: 1 })
  t.equal(
    it.passing(20, () => it.answer('192.0.2.1')),
    20,
  )
  t.equal(
    it.passing(20, () => it.recursion('192.0.2.1')),
    5,
  )
  t.equal(it.recursion('192.0.2.1'), RATE.TRUNCATE)
  t.equal(
    it.passing(20, () => it.recursion('192.0.2.1', true)),
    5,
    'forged questions do not use it up',
  )
  t.equal(it.recursion('192.0.2.1', true), RATE.DROP, 'there is no better way to come')
  t.equal(it.answer('192.0.2.1'), RATE.TRUNCATE)
  it.clock.advance(200)
  t.equal(
    it.passing(20, () => it.recursion('192.0.2.1')),
    1,
  )
  t.same(it.limited(), [
    'answers-per-prefix 192.0.2.1/32 1',
    'recursion-per-prefix 192.0.2.1/32 16',
    'recursion-per-prefix 192.0.2.1/32 35',
  ])
})

t.test('without a limit nobody is looked at', async (t) => {
  const it = new Limited({})
  t.equal(
    it.passing(100_000, () => it.answer('192.0.2.1')),
    100_000,
  )
  t.equal(
    it.passing(10, () => it.recursion('192.0.2.1')),
    10,
  )
  t.ok(new Uint8Array(it.buckets).every((octet) => octet === 0))
})

t.test('fronts share what a client has left', async (t) => {
  const one = new Limited({ answers: ON, slip: 3 })
  const other = new Limited({ answers: ON, slip: 3 }, one)
  t.equal(
    one.passing(60, (i) => (i % 2 === 0 ? one : other).answer('192.0.2.1')),
    20,
  )
  const verdicts = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? one : other).answer('192.0.2.1'))
  t.equal(verdicts.filter((verdict) => verdict === RATE.TRUNCATE).length, 2, 'and the turns of slip')
  t.same(
    [one.limited(), other.limited()],
    [['answers-per-prefix 192.0.2.1/32 23'], ['answers-per-prefix 192.0.2.1/32 23']],
  )
})

t.test('settings change while it runs', async (t) => {
  const it = new Limited({})
  const configure = (settings: Partial<RateLimitSettings>): void =>
    it.limits.configure({ answers: OFF, recursion: OFF, slip: 0, exempt: [], ...settings })
  const passing = (): number => it.passing(100, () => it.answer('192.0.2.1'))
  configure({ answers: ON })
  t.equal(passing(), 20)
  configure({ answers: { ...ON, burst: 50 } })
  t.equal(passing(), 30, 'what was taken stays taken')
  configure({ answers: { ...ON, dryRun: true } })
  t.equal(passing(), 100)
  configure({ answers: ON, slip: 1 })
  t.equal(it.answer('192.0.2.1'), RATE.TRUNCATE)
  configure({ answers: ON, exempt: [parsePrefix('192.0.2.1')!] })
  t.equal(passing(), 100)
  configure({})
  t.equal(passing(), 100)
})

t.test(
  'a rate that is raised lets clients ask more at once, whatever they took by the old one',
  async (t) => {
    const it = new Limited({ answers: { perSecond: 1, burst: 500, dryRun: false } })
    t.equal(
      it.passing(600, () => it.answer('192.0.2.1')),
      500,
    )
    it.limits.configure({ answers: ON, recursion: OFF, slip: 0, exempt: [] })
    let passed = 0
    for (let ms = 0; ms < 2_000; ms += 10) {
      it.clock.advance(10)
      passed += it.passing(1, () => it.answer('192.0.2.1'))
    }
    t.ok(passed >= 19 && passed <= 20, `${passed} in two seconds, at ten a second`)
  },
)

t.test('a flood of forged addresses frees nobody who is limited and limits nobody who is not', async (t) => {
  const it = new Limited({ answers: ON })
  const random = new SeededRandom('prefixes')
  const forged = new Uint8Array(16)
  const stranger = rated(forged)
  const now = new Float64Array(1)
  let victim = 0
  let honest = 0
  // From all over IPv6: in ten seconds many times what the table holds.
  for (let i = 0; i < 300_000; i++) {
    if (i % 30 === 0) it.clock.advance(1)
    it.clock.read(now)
    for (let at = 0; at < 16; at++) forged[at] = random.below(256)
    it.limits.judge(stranger, UNPROVEN, now)
    if (i % 6 === 0 && it.answer('192.0.2.1') === RATE.PASS) victim++
    if (i % 3_750 === 0 && it.answer(`198.51.${(i / 3_750) % 4}.7`) === RATE.PASS) honest++
  }
  t.equal(honest, 80, 'two questions a second')
  t.ok(victim <= 120 * 1.05, `${victim} of 50,000: 20 and 10 a second`)
  t.equal(it.buckets.byteLength, PREFIX_BUCKETS_OCTETS)
})

t.test('a network that a dry run told of is told of anew by the limit', async (t) => {
  const it = new Limited({ answers: { ...ON, dryRun: true } })
  it.passing(100, () => it.answer('192.0.2.1'))
  it.limits.configure({ answers: ON, recursion: OFF, slip: 0, exempt: [] })
  it.passing(7, () => it.answer('192.0.2.1'))
  t.same(it.limited(), ['answers-per-prefix 192.0.2.1/32 7'])
})

t.test(
  'of many networks over their limits some are listed, until they are quiet and others are not',
  async (t) => {
    const it = new Limited({ answers: { perSecond: 1, burst: 1, dryRun: false } })
    for (let i = 0; i < 3_000; i++) it.answer(`2001:db8:${(i % 1_000).toString(16)}::1`)
    const many = it.limited()
    t.ok(many.length > LIMITED_PREFIXES_MAX / 2 && many.length <= LIMITED_PREFIXES_MAX, `${many.length}`)
    it.clock.advance(30_000)
    for (let i = 0; i < 3_000; i++) it.answer(`198.51.${(i % 1_000) >> 2}.${i % 4}`)
    t.ok(
      it.limited().filter((line) => line.includes('2001:')).length === many.length,
      'nobody displaces them at once',
    )
    it.clock.advance(31_000)
    for (let i = 0; i < 3_000; i++) it.answer(`198.51.${(i % 1_000) >> 2}.${i % 4}`)
    t.ok(it.limited().filter((line) => line.includes('198.51.')).length > LIMITED_PREFIXES_MAX / 2)
  },
)
