/** What the log says of networks over their rate limits. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { LIMITED_PREFIXES_MAX, LIMITED_TOLD_PER_MINUTE_MAX } from '../../src/base/limits.ts'
import { type LimitedTellerParts, tellLimited } from '../../src/daemon/limited-teller.ts'
import { LimitedPrefixes } from '../../src/policy/limited-prefixes.ts'
import { PREFIX_BUCKETS_OCTETS, PrefixBuckets } from '../../src/policy/prefix-buckets.ts'
import { LIMITS_OF_NETWORKS, type RateLimitName } from '../../src/policy/rate-limits.ts'

const MINUTE_MS = 60_000

/** What a network is over, and which front sees it. */
interface Met {
  readonly limit?: RateLimitName
  readonly dryRun?: boolean
  readonly front?: number
}

/** Fronts that find networks over their limits when they are told to, and a log. */
class Told {
  readonly clock = new VirtualClock(1_795_000_000)
  readonly tables: readonly LimitedPrefixes[]
  readonly stop: () => void
  readonly #buckets = new PrefixBuckets(new ArrayBuffer(PREFIX_BUCKETS_OCTETS), [1, 2], 0)
  #lines: [fields: object, text: string][] = []

  constructor(fronts = 1) {
    this.tables = Array.from({ length: fronts }, () => new LimitedPrefixes())
    this.#buckets.configure(1, 1)
    const warn = (fields: object, text: string): void => void this.#lines.push([fields, text])
    const log = { warn } as unknown as LimitedTellerParts['log']
    this.stop = tellLimited({ tables: this.tables, log, clock: this.clock })
  }

  /** A client asks so many questions too many. */
  beyond(address: string, questions: number, met: Met = {}): void {
    const { limit = 'answers-per-prefix', dryRun = false, front = 0 } = met
    const number = LIMITS_OF_NETWORKS.findIndex((one) => one.limit === limit && one.dryRun === dryRun)
    const octets = parseAddress(address)!
    const now = Float64Array.of(this.clock.nowMs())
    while (this.#buckets.take(octets, octets.length, 0, now));
    const { network, networkHash } = this.#buckets
    for (let i = 0; i < questions; i++) {
      this.tables[front]!.note(number, network, networkHash, now)
    }
  }

  /** Lines since it was last asked. */
  take(): [fields: object, text: string][] {
    return this.#lines.splice(0)
  }
}

const line = (network: string, questions: number, met: Omit<Met, 'front'> = {}): object => ({
  network,
  limit: 'answers-per-prefix',
  dryRun: false,
  questions,
  ...met,
})

t.test('a network is told of within a second, and then once a minute as long as it lasts', async (t) => {
  const it = new Told()
  it.clock.advance(MINUTE_MS)
  t.same(it.take(), [], 'nothing to tell')
  it.beyond('192.0.2.1', 3)
  it.clock.advance(1_000)
  const [[fields, text] = [{}, '']] = it.take()
  t.same(fields, line('192.0.2.1/32', 3))
  t.match(text, /by UDP than rate-limiting.answers allows$/)
  for (let second = 0; second < 180; second++) {
    it.beyond('192.0.2.1', 2)
    it.clock.advance(1_000)
  }
  t.same(
    it.take().map(([fields]) => fields),
    [1, 2, 3].map(() => line('192.0.2.1/32', 120)),
  )
  it.clock.advance(10 * MINUTE_MS)
  t.same(it.take(), [], 'it is over')
  it.beyond('192.0.2.1', 1)
  it.clock.advance(1_000)
  t.equal(it.take().length, 1, 'and begins again')
  it.beyond('192.0.2.2', 1)
  it.stop()
  it.clock.advance(10 * MINUTE_MS)
  t.same(it.take(), [])
})

t.test('fronts are told of together, limits and dry runs apart', async (t) => {
  const it = new Told(2)
  it.beyond('2001:db8::1', 3, { front: 0 })
  it.beyond('2001:db8::2', 4, { front: 1 })
  it.beyond('192.0.2.1', 2, { limit: 'recursion-per-prefix' })
  it.beyond('192.0.2.9', 1, { dryRun: true })
  it.clock.advance(1_000)
  const lines = it.take()
  t.same(
    lines.map(([fields]) => fields),
    [
      line('2001:db8::/64', 7),
      line('192.0.2.1/32', 2, { limit: 'recursion-per-prefix' }),
      line('192.0.2.9/32', 1, { dryRun: true }),
    ],
    'those with most questions first',
  )
  t.match(lines[1]![1], /rate-limiting.recursion allows/)
  t.match(lines[2]![1], /dry run: nothing is limited/)
})

t.test('no more lines in a minute than anybody reads, of those that ask most', async (t) => {
  const it = new Told()
  const beyond = (from: number): void => {
    for (let i = 0; i < LIMITED_PREFIXES_MAX / 4; i++) it.beyond(`2001:db8:${i.toString(16)}::1`, from + i)
  }
  const questions = (): number[] => it.take().map(([fields]) => (fields as { questions: number }).questions)
  const heaviest = (from: number, skip: number): number[] =>
    Array.from(
      { length: LIMITED_TOLD_PER_MINUTE_MAX },
      (_, i) => from + LIMITED_PREFIXES_MAX / 4 - 1 - skip - i,
    )
  beyond(1)
  it.clock.advance(59_000)
  t.same(questions(), heaviest(1, 0))
  it.clock.advance(1_000)
  t.same(questions(), heaviest(1, LIMITED_TOLD_PER_MINUTE_MAX), 'the next of them when the minute is over')
  it.clock.advance(10 * MINUTE_MS)
  t.same(questions(), [], 'and the rest not at all')
  beyond(100)
  it.clock.advance(1_000)
  t.same(questions(), heaviest(100, 0))
})
