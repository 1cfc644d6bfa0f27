/** Log lines on their way out of a thread. */
import t from 'tap'
import { forwardingLog, type LogLine, writeLine } from '../../src/daemon/threads/thread-log.ts'
import { createLog } from '../../src/telemetry/log.ts'

t.test('they cross as they are, whatever was thrown, and name their thread', async (t) => {
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'json' }, { write: (line) => void lines.push(line) })
  const thread = forwardingLog((line) => writeLine(log, 'resolver-1', structuredClone(line) as LogLine))
  thread.info('a sentence')
  thread.warn({ zone: 'se.' }, 'another')
  const fault = Object.assign(new TypeError('broken'), { callback: () => {} })
  thread.error({ err: fault, zone: 'nu.' }, 'a fault')
  thread.error({ err: { odd: () => {} } }, 'an odd one')
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { level: 'info', thread: 'resolver-1', msg: 'a sentence' },
      { level: 'warn', thread: 'resolver-1', zone: 'se.', msg: 'another' },
      { level: 'error', zone: 'nu.', err: { message: 'broken', stack: /thread-log/ }, msg: 'a fault' },
      { level: 'error', err: '[object Object]', msg: 'an odd one' },
    ],
  )
})
