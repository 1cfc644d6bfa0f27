/** The queue between two threads: order, going round, being full, and two threads at once. */
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { RingReader, RingWriter, ringOctets } from '../../src/base/ring.ts'

function ring(octets: number): { writer: RingWriter; reader: RingReader; memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(ringOctets(octets))
  return { writer: new RingWriter(memory), reader: new RingReader(memory), memory }
}

function write(writer: RingWriter, record: Uint8Array): boolean {
  const at = writer.reserve(record.length)
  if (at < 0) return false
  writer.octets.set(record, at)
  writer.commit()
  return true
}

function read(reader: RingReader): Uint8Array | undefined {
  const at = reader.next()
  if (at < 0) return undefined
  const record = reader.octets.slice(at, at + reader.length)
  reader.release()
  return record
}

t.test('records come out as they went in', (t) => {
  const { writer, reader } = ring(64)
  t.equal(read(reader), undefined)
  t.ok(write(writer, Uint8Array.of(1, 2, 3)))
  t.ok(write(writer, new Uint8Array()))
  t.same(read(reader), Uint8Array.of(1, 2, 3))
  t.same(read(reader), new Uint8Array())
  t.equal(read(reader), undefined)
  t.end()
})

t.test('a record that is not published is not there, and its room is used again', (t) => {
  const { writer, reader } = ring(64)
  writer.octets[writer.reserve(1)] = 1
  t.equal(reader.next(), -1)
  t.ok(write(writer, Uint8Array.of(2)))
  t.same(read(reader), Uint8Array.of(2))
  t.throws(() => writer.commit(), /nothing is reserved/)
  t.end()
})

t.test('a full ring refuses, and takes again what was given back', (t) => {
  const { writer, reader } = ring(64)
  for (let i = 0; i < 8; i++) t.ok(write(writer, Uint8Array.of(i, i, i, i)), `record ${i}`)
  t.notOk(write(writer, new Uint8Array(0)))
  t.same(read(reader), Uint8Array.of(0, 0, 0, 0))
  t.notOk(write(writer, new Uint8Array(8)), 'longer than what was given back')
  t.ok(write(writer, Uint8Array.of(8, 8, 8, 8)))
  for (let i = 1; i <= 8; i++) t.same(read(reader), Uint8Array.of(i, i, i, i))
  t.equal(read(reader), undefined)
  t.end()
})

t.test('the longest record fits wherever an empty ring stands; a longer one never does', (t) => {
  const { writer, reader } = ring(128)
  for (let i = 0; i < 32; i++) {
    t.ok(write(writer, new Uint8Array(writer.recordOctetsMax)), `at step ${i}`)
    t.equal(read(reader)?.length, writer.recordOctetsMax)
    t.ok(write(writer, Uint8Array.of(i)))
    read(reader)
  }
  t.equal(writer.reserve(writer.recordOctetsMax + 1), -1)
  t.throws(() => ringOctets(100), /a ring of 100 octets/)
  t.end()
})

t.test('positions go round at 2^32', (t) => {
  const { writer, reader, memory } = ring(64)
  const words = new Int32Array(memory)
  words[0] = words[16] = -24
  for (let i = 0; i < 100; i++) {
    t.ok(write(writer, Uint8Array.of(i, i)))
    t.ok(write(writer, Uint8Array.of(i)))
    t.same(read(reader), Uint8Array.of(i, i))
    t.same(read(reader), Uint8Array.of(i))
  }
  t.end()
})

t.test('it is a queue', (t) => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant('read' as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { writer, reader } = ring(128)
      const model: Uint8Array[] = []
      for (const one of steps) {
        if (one === 'read') {
          const wanted = model.shift()
          const had = read(reader)
          if (had?.join() !== wanted?.join() || (had === undefined) !== (wanted === undefined)) return false
        } else if (write(writer, one)) model.push(one)
        else if (model.length === 0) return false
      }
      return true
    }),
  )
  t.end()
})

t.test('the bell is rung once for a reader that sleeps', (t) => {
  const { writer, reader } = ring(64)
  write(writer, Uint8Array.of(1))
  t.ok(writer.needsBell())
  write(writer, Uint8Array.of(2))
  t.notOk(writer.needsBell(), 'it is about to wake')
  t.notOk(reader.mayRest(), 'there is something to read')
  read(reader)
  read(reader)
  t.ok(reader.mayRest())
  write(writer, Uint8Array.of(3))
  t.ok(writer.needsBell())
  read(reader)
  t.ok(reader.mayRest())
  t.end()
})

t.test(
  'two threads: nothing is lost, doubled or torn, and no reader sleeps for ever',
  { timeout: 60_000 },
  async (t) => {
    const RECORDS = 200_000
    const memory = new SharedArrayBuffer(ringOctets(4096))
    const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    import('${new URL('../../src/base/ring.js', import.meta.url).href}').then(({ RingWriter }) => {
      const writer = new RingWriter(workerData)
      let n = 0
      const step = () => {
        for (let burst = 0; burst < 500 && n < ${RECORDS}; burst++) {
          const length = 4 + ((n * 7919) % 97)
          const at = writer.reserve(length)
          if (at < 0) break
          writer.octets.fill(n & 0xff, at, at + length)
          new DataView(workerData).setUint32(writer.octets.byteOffset + at, n)
          writer.commit()
          n++
          if (writer.needsBell()) parentPort.postMessage(0)
        }
        if (n < ${RECORDS}) setImmediate(step)
      }
      step()
    })`
    const worker = new Worker(source, { eval: true, workerData: memory })
    const reader = new RingReader(memory)
    let expected = 0
    let wrong = 0
    let bells = 0
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', () => {
        bells++
        do {
          for (let record = read(reader); record !== undefined; record = read(reader)) {
            const number = Buffer.from(record).readUInt32BE(0)
            const rest = record.subarray(4).every((octet) => octet === (expected & 0xff))
            if (number !== expected || record.length !== 4 + ((expected * 7919) % 97) || !rest) wrong++
            expected++
          }
        } while (!reader.mayRest())
        if (expected === RECORDS) resolve()
      })
    })
    t.equal(wrong, 0)
    t.equal(expected, RECORDS)
    t.ok(bells < RECORDS, `${bells} bells for ${RECORDS} records`)
    await worker.terminate()
  },
)
