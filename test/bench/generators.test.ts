/** Both generators: what they ask, what they find wrong, what they miss. */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { compile } from '../../bench/compile.ts'
import { generate } from '../../bench/load/dgram-generator.ts'
import { faultsOf, Generator, liesOf } from '../../bench/load/generator.ts'
import { Histogram } from '../../bench/load/histogram.ts'
import { nameAsked, parseQueryFile, queryFileOctets, writeQueryFile } from '../../bench/load/query-file.ts'
import { parseStreamWord, type Stream, type StreamReport, streamWord } from '../../bench/load/stream.ts'
import { testFolder } from '../support/folder.ts'

const ADDRESS = Uint8Array.of(192, 0, 2, 1)
const GOOD = { do: false, rcode: 0, ad: false, answers: 1, address: ADDRESS }
/** The reply depends on the first label; that of the expectation never does. */
const NAMES = ['good', 'rcode', 'ad', 'none', 'address', 'truncated', 'other', 'silent']

function reply(query: Buffer, from: RemoteInfo, send: (octets: Buffer, to: RemoteInfo) => void): void {
  const label = query.toString('latin1', 13, 13 + query[12]!)
  const questionEnd = query.indexOf(0, 12) + 5
  const header = Buffer.from(query.subarray(0, 12))
  header[2] = 0x81 | (label === 'truncated' ? 2 : 0)
  header[3] = 0x80 | (label === 'rcode' ? 2 : 0) | (label === 'ad' ? 0x20 : 0)
  header.writeUInt16BE(label === 'none' ? 0 : 1, 6)
  header.writeUInt16BE(0, 10)
  const question = Buffer.from(query.subarray(12, questionEnd))
  if (label === 'other') question[1] = 0x78
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ADDRESS])
  if (label === 'address') record[15] = 2
  if (label !== 'silent')
    send(Buffer.concat([header, question, label === 'none' ? Buffer.alloc(0) : record]), from)
}

/** A file of questions for names with these first labels, all of which ought to be good. */
function questionsIn(folder: string, labels: readonly string[]): string {
  const file = join(folder, 'queries')
  const expectations = labels.map((label) => ({ name: `${label}.example.`, ...GOOD }))
  writeQueryFile(file, expectations)
  return file
}

async function startServer(): Promise<{ port: number; close: () => void }> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) =>
    reply(query, from, (octets, to) => socket.send(octets, to.port, to.address)),
  )
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => socket.close() }
}

t.test('the file, and the words', async (t) => {
  const octets = queryFileOctets([{ name: 'a.example.', ...GOOD }])
  const [query] = parseQueryFile(Buffer.from(octets))
  t.equal(nameAsked(query!.octets), 'a.example.')
  t.match(query, { rcode: 0, ad: 0, answers: 1 })
  t.same([...query!.address], [...ADDRESS])
  const stream: Stream = { name: 'x', file: '/a=b', rate: 10, once: true, first: 3 }
  t.match(parseStreamWord(streamWord(stream)), { ...stream, outstanding: 1, timeout: 5 })
  t.throws(() => parseStreamWord('name=x,nonsense=1'), /unknown key nonsense/)
})

const native = compile('generator')
const runners = {
  native: (port: number, streams: readonly Stream[]) =>
    new Generator([], native).run({ address: '127.0.0.1', port }, streams),
  dgram: (port: number, streams: readonly Stream[]) => generate('127.0.0.1', port, streams.map(streamWord)),
}

for (const [name, run] of Object.entries(runners)) {
  const skip = name === 'native' && 'missing' in native && native.missing
  t.test(`${name}: every fault is found, and named`, { skip }, async (t) => {
    const server = await startServer()
    t.teardown(server.close)
    const file = questionsIn(testFolder(t), NAMES)
    for (const [i, label] of NAMES.entries()) {
      const stream = { name: 'one', file, first: i, count: 1, once: true, seconds: 5, timeout: 0.2 }
      const report = (await run(server.port, [stream])).streams[0]!
      t.equal(report.sent, 1)
      t.equal(report.wrong, label === 'good' || label === 'silent' ? 0 : 1, label)
      t.equal(report.lost, label === 'silent' ? 1 : 0, label)
      const [fault = ''] = faultsOf('server', stream, report)
      t.equal(fault === '', label === 'good')
      if (label !== 'good') t.match(fault, `${label}.example.`)
      t.equal(report.failed, label === 'rcode' ? 1 : 0, 'SERVFAIL is no lie')
      const isHonest = ['good', 'silent', 'rcode'].includes(label)
      t.same(liesOf('server', stream, report), isHonest ? [] : [fault], label)
    }
  })

  t.test(`${name}: a run that was to ask everything, and could not, says so`, { skip }, async (t) => {
    const server = await startServer()
    t.teardown(server.close)
    const file = questionsIn(testFolder(t), Array<string>(100).fill('good'))
    const stream = { name: 'short', file, once: true, rate: 50, seconds: 0.5 }
    const report = (await run(server.port, [stream])).streams[0]!
    t.match(report, { wrong: 0, lost: 0 })
    t.match(faultsOf('server', stream, report), [/ of 25 questions; its time was up before all were asked/])
  })

  t.test(`${name}: closed and open loops side by side`, { skip }, async (t) => {
    const server = await startServer()
    t.teardown(server.close)
    const file = questionsIn(testFolder(t), Array<string>(100).fill('good'))
    const streams = [
      { name: 'open', file, rate: 200, seconds: 1, sockets: 2 },
      { name: 'closed', file, outstanding: 4, sockets: 2, once: true, seconds: 10 },
    ]
    const [open, closed] = (await run(server.port, streams)).streams as [StreamReport, StreamReport]
    t.match(closed, { sent: 100, answered: 100, measured: 100, lost: 0, wrong: 0 })
    t.equal(open.sent + open.unsent, 200)
    t.match(open, { answered: open.sent, measured: open.sent, lost: 0, wrong: 0, late: 0 })
    t.equal(Histogram.of(open.latency).total, open.measured)
    t.ok(Histogram.of(open.latency).quantile(0.5) > 1000, 'nanoseconds')
  })
}
