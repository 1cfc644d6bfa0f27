/** Limits that were met, as the log tells of them. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { LIMITS_TOLD_MS } from '../../src/base/limits.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import type { LimitCause } from '../../src/telemetry/limit-causes.ts'
import { LimitLog } from '../../src/telemetry/limit-log.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

interface Bench {
  readonly clock: VirtualClock
  readonly threads: readonly Counters[]
  readonly lines: { fields: Record<string, unknown>; text: string }[]
  readonly faults: unknown[]
  readonly log: LimitLog
  /** What asking the threads for causes does. */
  ask: () => Promise<readonly LimitCause[]>
  /** Lets minutes pass. */
  pass(minutes?: number): Promise<void>
}

function bench(): Bench {
  const clock = new VirtualClock(0)
  const names = ['main', 'front-0', 'resolver-0']
  const threads = names.map((name) => new Counters(name, names))
  const lines: Bench['lines'] = []
  const faults: unknown[] = []
  const it: Bench = {
    clock,
    threads,
    lines,
    faults,
    ask: async () => threads.flatMap((thread) => thread.limitCauses.take()),
    log: new LimitLog({
      counters: threads.map(({ set }) => set),
      causes: () => it.ask(),
      clock,
      log: {
        warn: (fields: Record<string, unknown>, text: string) => void lines.push({ fields, text }),
      } as unknown as ConstructorParameters<typeof LimitLog>[0]['log'],
      onFault: (fault) => faults.push(fault),
    }),
    pass: async (minutes = 1) => {
      for (let i = 0; i < minutes; i++) {
        clock.advance(LIMITS_TOLD_MS)
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  return it
}

const name = nameFrom

t.test('one line a minute for each limit that was met, with the zone that met it most', async (t) => {
  const { threads, lines, pass } = bench()
  const [, front, resolver] = threads
  for (let i = 0; i < 300; i++) resolver!.limitHit('signatures', name('X.test'))
  for (let i = 0; i < 12; i++) resolver!.limitHit('signatures', name(`y${i}.test`))
  resolver!.limitHit('limit-time', name('slow.test'))
  front!.limitHit('waiting-per-client', Uint8Array.of(192, 0, 2, 7))
  t.same(lines, [], 'nothing while the minute lasts')
  await pass()
  t.same(
    lines.map(({ text }) => text),
    [
      'limit signatures (signature verifications for a client query) met 312 times in the last minute, most by zone x.test. (300)',
      'limit time (time for a client query) met 1 times in the last minute, most by zone slow.test. (1)',
      'limit waiting-per-client (questions of one client that wait) met 1 times in the last minute, most by client 192.0.2.7 (1)',
    ],
  )
  t.same(lines[0]!.fields, { limit: 'signatures', hits: 312, cause: 'zone x.test.', causeHits: 300 })
  await pass(5)
  t.equal(lines.length, 3, 'nothing more was met, nothing more is told')
  resolver!.limitHit('signatures', name('z.test'))
  await pass()
  t.match(lines[3]!.text, /met 1 times .* zone z\.test\. \(1\)$/, 'an hour ago does not count')
})

t.test('what several threads saw of one client is one client', async (t) => {
  const { threads, lines, pass } = bench()
  const customer = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 1, 2, 0x77, 0, 0, 0, 0, 0, 0, 0, 9])
  for (const thread of threads) for (let i = 0; i < 5; i++) thread.limitHit('waiting', customer)
  for (let i = 0; i < 9; i++) threads[1]!.limitHit('waiting', Uint8Array.of(198, 51, 100, 1))
  await pass()
  t.match(lines[0]!.text, /met 24 times .*, most by client 2001:db8:1:200::\/56 \(15\)$/)
})

t.test('where no zone stands out none is named', async (t) => {
  const { threads, lines, pass } = bench()
  for (let i = 0; i < 100_000; i++) threads[2]!.limitHit('upstream-queries', name(`z${i}.test`))
  threads[2]!.limitHit('refreshes')
  await pass()
  t.match(lines[0]!.text, /^limit upstream-queries .* met 100000 times in the last minute$/)
  t.match(lines[1]!.text, /^limit refreshes .* met 1 times in the last minute$/)
})

t.test('names are printed so that they can do nothing to a terminal or a line', async (t) => {
  const { threads, lines, pass } = bench()
  threads[2]!.limitHit('time', name('\\027[2J\\010evil.test'))
  await pass()
  t.match(lines[0]!.text, /zone \\027\[2j\\010evil\.test\. \(1\)$/)
})

t.test('threads that cannot say who it was do not keep the limits from being told', async (t) => {
  const it = bench()
  it.threads[2]!.limitHit('time', name('a.test'))
  it.ask = async () => {
    throw new Error('on purpose')
  }
  await it.pass()
  t.equal(it.faults.length, 1)
  it.ask = async () => []
  it.threads[2]!.limitHit('depth', name('a.test'))
  await it.pass()
  t.match(it.lines[0]!.text, /^limit depth .* met 1 times in the last minute$/)
  it.log.close()
  it.threads[2]!.limitHit('depth', name('a.test'))
  await it.pass()
  t.equal(it.lines.length, 1, 'nothing after the end')
})
