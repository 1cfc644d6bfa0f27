/** The log: JSON for machines, lines for eyes. */
import t from 'tap'
import { createLog } from '../../src/telemetry/log.ts'

function collect(): { lines: string[]; write: (line: string) => void } {
  const lines: string[] = []
  return { lines, write: (line) => void lines.push(line) }
}

t.test('JSON: one object a line, level by name, time in ISO 8601', async (t) => {
  const sink = collect()
  const log = createLog({ level: 'info', format: 'json' }, sink)
  log.info({ zone: 'se.' }, 'a sentence')
  log.debug('unheard')
  log.warn('another')
  t.equal(sink.lines.length, 2)
  const first = JSON.parse(sink.lines[0]!)
  t.match(first, { level: 'info', msg: 'a sentence', zone: 'se.', pid: process.pid })
  t.match(first.time, /^\d{4}-\d\d-\d\dT/)
  t.equal(JSON.parse(sink.lines[1]!).level, 'warn')
})

t.test('pretty: the sentence and its fields on one line, in order, without another thread', async (t) => {
  const sink = collect()
  const log = createLog({ level: 'debug', format: 'pretty' }, sink)
  log.debug({ zone: 'se.' }, 'first')
  log.error('second')
  t.equal(sink.lines.length, 2)
  t.match(sink.lines[0], /DEBUG.*first.*se\./)
  t.match(sink.lines[1], /ERROR.*second\n$/)
})

t.test('fields that come from strangers cannot break a line', async (t) => {
  const sink = collect()
  createLog({ level: 'info', format: 'json' }, sink).info({ name: 'a\n{"level":"fatal"}' }, 'x')
  t.equal(sink.lines.length, 1)
  t.equal(sink.lines[0]!.trimEnd().split('\n').length, 1)
})
