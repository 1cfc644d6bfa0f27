/** The watch over the root: when it tries again, and what it says. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import type { HashKey } from '../../src/base/keyed-hash.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import { explainRoot, type RootWatchEngine, watchRoot } from '../../src/daemon/root-watch.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import type { Judgement } from '../../src/resolver/context.ts'
import { createLog } from '../../src/telemetry/log.ts'

const KEY: HashKey = [1, 2]
const UNREACHABLE: Judgement = { status: 'indeterminate', reason: 'no-reachable-authority', detail: '' }
const SECURE: Judgement = { status: 'secure', reason: 'secure', detail: '' }

interface Bench {
  readonly clock: VirtualClock
  readonly engine: RootWatchEngine
  readonly attemptsMs: number[]
  readonly lines: Record<string, unknown>[]
  readonly log: ReturnType<typeof createLog>
}

function bench(judge: (attempt: number) => Judgement): Bench {
  const clock = new VirtualClock(1_700_000_000, 0)
  const attemptsMs: number[] = []
  const lines: Record<string, unknown>[] = []
  const checkRoot = async (): Promise<Judgement> => {
    attemptsMs.push(clock.nowMs())
    return judge(attemptsMs.length)
  }
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors: new TrustAnchors([]) })
  const rrsets = new RrsetCache({ bytesMax: 65_536, hashKey: KEY, nowMs: () => clock.nowMs() })
  const engine: RootWatchEngine = { clock, policy, rrsets, resolver: { checkRoot } }
  const sink = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { clock, engine, attemptsMs, lines, log: createLog({ level: 'info', format: 'json' }, sink) }
}

t.test('it backs off to a minute, tells trouble once, and ends when it worked', async (t) => {
  const { clock, engine, attemptsMs, lines, log } = bench((attempt) => (attempt < 10 ? UNREACHABLE : SECURE))
  let proven = 0
  watchRoot(engine, log, () => proven++)
  await clock.runUntil(() => proven > 0, 3_600_000)
  const waits = attemptsMs.slice(1).map((atMs, i) => (atMs - attemptsMs[i]!) / 1000)
  t.same(waits, [2, 4, 8, 16, 32, 60, 60, 60, 60])
  t.equal(lines.length, 2)
  t.match(lines[0], { level: 'error', msg: /^no root server gives an answer: check the network/ })
  t.match(lines[1], { level: 'info', msg: 'the root DNSKEY set is validated' })
  t.equal(clock.nextTimerMs(), undefined, 'no timer is left')
})

t.test(
  'while validation is off it is not given up on: it is proven soon after it was switched on',
  async (t) => {
    const { clock, engine, attemptsMs, lines, log } = bench(() =>
      engine.policy.mode === 'off' ? UNREACHABLE : SECURE,
    )
    const policy = engine.policy as ValidationPolicy
    policy.setMode('off')
    let proven = 0
    watchRoot(engine, log, () => proven++)
    await clock.runUntil(() => attemptsMs.length > 100, 3_600_000)
    policy.setMode('observe')
    const switchedMs = clock.nowMs()
    await clock.runUntil(() => proven > 0, 3_600_000)
    t.ok(clock.nowMs() - switchedMs <= 2_000, `${clock.nowMs() - switchedMs} ms`)
    t.match(lines, [{ level: 'info' }])
  },
)

t.test('trouble of another kind is told again', async (t) => {
  const insecure: Judgement = { status: 'insecure', reason: 'unsupported-algorithm', detail: '' }
  const { clock, engine, lines, log } = bench(
    (attempt) => [UNREACHABLE, insecure, insecure, UNREACHABLE, SECURE][attempt - 1]!,
  )
  let proven = 0
  watchRoot(engine, log, () => proven++)
  await clock.runUntil(() => proven > 0, 3_600_000)
  t.match(
    lines.map((line) => String(line.msg).slice(0, 20)),
    ['no root server gives', 'the root DNSKEY set ', 'no root server gives', 'the root DNSKEY set '],
  )
})

t.test('stopped, it says and does nothing more', async (t) => {
  const { clock, engine, attemptsMs, lines, log } = bench(() => UNREACHABLE)
  const stop = watchRoot(engine, log, () => t.fail('nothing was proven'))
  await clock.runUntil(() => attemptsMs.length >= 2, 60_000)
  stop()
  const told = lines.length
  await clock.runUntil(() => false, 600_000)
  t.equal(attemptsMs.length, 2)
  t.equal(lines.length, told)
})

t.test('each kind of trouble has its advice', async (t) => {
  const { engine } = bench(() => SECURE)
  const explain = (judgement: Partial<Judgement>): string =>
    explainRoot(engine, { ...UNREACHABLE, ...judgement })
  t.match(
    explain({ status: 'indeterminate', reason: 'no-trust-anchor' }),
    /no trust anchor for the root.*dnssec\.trust-anchor-files/,
  )
  t.match(explain({ status: 'insecure', reason: 'unsupported-digest' }), /dnssec\.disabled-digests/)
  t.match(explain({ status: 'bogus', reason: 'signature-wrong' }), /does not validate \(signature-wrong\)/)
})
