import fc from 'fast-check'
import t from 'tap'
import { copyAligned, Memory } from '../../src/base/memory.ts'

t.test('words and octets are the same memory, wherever it begins', async (t) => {
  const buffer = new ArrayBuffer(64)
  const memory = new Memory(new Uint8Array(buffer, 8, 11))
  t.equal(memory.words.length, 2, 'three octets are in no word')
  memory.octets.fill(0xff)
  t.same([...memory.words], [-1, -1])
  t.throws(() => new Memory(new Uint8Array(buffer, 6, 8)), /within a word/)
  const octets = new Uint8Array(buffer, 5, 9)
  const copy = Memory.of(octets)
  t.same(copy.octets, octets)
  t.not(copy.octets.buffer, buffer)
  t.equal(Memory.of(memory.octets).octets, memory.octets, 'no copy without need')
})

t.test('copies what it is told and nothing beside it', async (t) => {
  const place = fc.nat(8).map((words) => 4 * words)
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 67 }),
      place,
      place,
      fc.nat(31),
      (some, from, to, count) => {
        const target = new Uint8Array(67).fill(0xee)
        const expected = target.slice()
        expected.set(some.subarray(from, from + count), to)
        copyAligned(Memory.of(some), from, new Memory(target), to, count)
        t.same(target, expected)
      },
    ),
  )
})
