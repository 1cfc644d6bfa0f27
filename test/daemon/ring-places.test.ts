/** Who may have how much of a ring that another thread empties. */
import fc from 'fast-check'
import t from 'tap'
import { RING_NETWORK_SHARES } from '../../src/base/limits.ts'
import { RingReader, RingWriter, ringOctets } from '../../src/base/ring.ts'
import { RingPlaces } from '../../src/daemon/threads/ring-places.ts'

const RING = 1_024
/** With its length. */
const RECORD = 32

interface Bench {
  readonly writer: RingWriter
  /** Writes a record for a client where it may have one and there is room. */
  write(client: number, network: number, octets?: number): boolean
  /** Writes as many as go. */
  fill(client: number, network: number): number
  /** Takes the oldest out; false when there is none. */
  read(): boolean
}

function bench(position = 0): Bench {
  const memory = new SharedArrayBuffer(ringOctets(RING))
  const words = new Int32Array(memory)
  words[0] = words[16] = position
  const writer = new RingWriter(memory)
  const reader = new RingReader(memory)
  const places = new RingPlaces(writer, 4)
  const it: Bench = {
    writer,
    write: (client, network, octets = RECORD) => {
      if (!places.hasRoomFor(client, network) || writer.reserve(octets - 4) < 0) return false
      writer.commit()
      places.take(client, network)
      return true
    },
    fill: (client, network) => {
      let written = 0
      while (it.write(client, network)) written++
      return written
    },
    read: () => {
      if (reader.next() < 0) return false
      reader.release()
      return true
    },
  }
  return it
}

t.test('a client has no more than is free, however many were there before', (t) => {
  const it = bench()
  t.equal(it.fill(1, 1), 16, 'half')
  t.equal(it.fill(2, 2), 8, 'half of the rest')
  t.equal(it.fill(3, 3), 4)
  t.equal(it.fill(1, 1), 0)
  for (let client = 4; client < 8; client++) t.ok(it.write(client, client), 'one each, to the last')
  t.equal(it.writer.free, 0)
  t.notOk(it.write(8, 8))
  t.end()
})

t.test('a network has no more than twice that, however many addresses it asks from', (t) => {
  const it = bench()
  let written = 0
  for (let client = 0; client < 256; client++) written += it.write(client, 1) ? 1 : 0
  t.equal(written, 22, 'two thirds')
  t.equal(it.fill(300, 2), 5, 'half of what is left, for one elsewhere')
  t.equal(it.fill(301, 3), 3, 'and so on')

  const other = bench()
  other.fill(1, 1)
  t.ok(other.write(2, 1), 'who fills its own share leaves something to its neighbours')
  t.end()
})

t.test('what is taken out is given back to whose it was', (t) => {
  const it = bench()
  t.equal(it.fill(1, 1), 16)
  t.notOk(it.write(1, 1))
  t.ok(it.read())
  t.ok(it.write(1, 1))
  t.notOk(it.write(1, 1))
  it.write(2, 2)
  while (it.read()) {}
  t.equal(it.fill(1, 1), 16)
  t.equal(it.fill(2, 2), 8)
  t.end()
})

t.test('it is what counting everything anew would find', (t) => {
  const ask = fc.record({ client: fc.integer({ min: -1, max: 5 }), octets: fc.integer({ min: 4, max: 200 }) })
  const step = fc.oneof({ weight: 2, arbitrary: ask }, { weight: 1, arbitrary: fc.constant('read' as const) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
      // Positions go over to numbers below zero on the way.
      const it = bench(0x7fff_f800)
      const { writer } = it
      const model: { client: number; octets: number }[] = []
      const sum = (of: (client: number) => boolean): number =>
        model.reduce((octets, one) => octets + (of(one.client) ? one.octets : 0), 0)
      for (const one of steps) {
        if (one === 'read') {
          if (it.read() !== (model.shift() !== undefined)) return false
          continue
        }
        const { client, octets } = one
        const { written } = writer
        const free = RING - sum(() => true)
        const mayHave = sum((other) => other === client) < free
        const network = client >> 1
        const mayNetwork = sum((other) => other >> 1 === network) < RING_NETWORK_SHARES * free
        const isWritten = it.write(client, network, octets)
        if (isWritten) model.push({ client, octets: (writer.written - written) | 0 })
        if (isWritten && !(mayHave && mayNetwork)) return false
        // One that may have room finds none only where it would have to go round, or is longer than what is free.
        if (!isWritten && mayHave && mayNetwork && free >= 2 * 204) return false
      }
      return true
    }),
  )
  t.end()
})
