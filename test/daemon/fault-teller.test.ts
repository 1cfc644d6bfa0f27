/** Faults in the log: some with their stacks, all in the counter. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { FAULTS_TOLD_PER_MINUTE_MAX } from '../../src/base/limits.ts'
import { faultTeller } from '../../src/daemon/fault-teller.ts'
import { createLog } from '../../src/telemetry/log.ts'

t.test('a thousand faults a minute are a few lines, and all are counted', async (t) => {
  const clock = new VirtualClock(1_700_000_000, 0)
  const lines: Record<string, unknown>[] = []
  const log = createLog(
    { level: 'info', format: 'json' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  let counted = 0
  const tell = faultTeller({ log, clock, counters: { internalFault: () => counted++ } })
  for (let i = 0; i < 1_000; i++) tell(new Error(`number ${i}`), 'the question got SERVFAIL')
  t.equal(counted, 1_000)
  t.equal(lines.length, FAULTS_TOLD_PER_MINUTE_MAX + 1)
  t.match(lines[0], {
    level: 'error',
    msg: 'internal fault; the question got SERVFAIL',
    err: { message: 'number 0', stack: /fault-teller\.test/ },
  })
  t.match(lines.at(-1), { msg: /only counted, in sigill_internal_faults_total/ })
  clock.advance(60_000)
  tell('not even an error', 'the question got SERVFAIL')
  t.equal(lines.length, FAULTS_TOLD_PER_MINUTE_MAX + 2, 'and told again a minute later')
})
