/** Keys at hand are the same keys: hashed, compared and found as their octets are. */
import fc from 'fast-check'
import t from 'tap'
import { keyedHash } from '../../src/base/keyed-hash.ts'
import { OctetTable } from '../../src/cache/octet-table.ts'
import { OctetTableReader } from '../../src/cache/octet-table-reader.ts'
import { TableKey } from '../../src/cache/table-key.ts'
import { tableKey } from './table-keys.ts'

const hashKey = [0x01234567, 0x89abcdef] as const
const octets = fc.uint8Array({ minLength: 0, maxLength: 40 })

t.test('the hash is that of the octets, whatever the key was before', async (t) => {
  const key = new TableKey(40)
  fc.assert(
    fc.property(octets, (some) => {
      key.octets.fill(0xff)
      key.octets.set(some)
      key.close(hashKey, some.length)
      t.equal(key.hash >>> 0, keyedHash(hashKey, some))
    }),
  )
})

t.test('equals looks at every octet of the key and at none behind it', async (t) => {
  fc.assert(
    fc.property(octets, fc.nat(), fc.integer({ min: 1, max: 255 }), (some, place, change) => {
      const key = tableKey(hashKey, some)
      const words = new Int32Array(16).fill(-1)
      const memory = new Uint8Array(words.buffer)
      memory.set(some, 8)
      t.ok(key.equals(words, 2))
      if (some.length === 0) return
      memory[8 + (place % some.length)]! ^= change
      t.notOk(key.equals(words, 2))
    }),
  )
})

t.test('both tables find by it what they find by the octets', async (t) => {
  const bytesMax = 65_536
  const buffer = new ArrayBuffer(bytesMax)
  const table = new OctetTable({ bytesMax, hashKey, buffer })
  const reader = new OctetTableReader({ bytesMax, buffer })
  const keys = Array.from(
    { length: 200 },
    (_, i) => new Uint8Array(Buffer.from(`key ${i}${'x'.repeat(i % 9)}`)),
  )
  for (const [i, key] of keys.entries()) if (i % 2 === 0) table.put(key, Uint8Array.of(i), 100 + i, 0)
  for (const nowMs of [0, 150, 1_000]) {
    const now = Float64Array.of(nowMs)
    for (const key of keys) {
      const found = table.find(key, nowMs)
      t.equal(table.findKey(tableKey(hashKey, key), now), found)
      t.equal(reader.find(tableKey(hashKey, key), now), found >= 0)
      if (found >= 0) t.equal(reader.octets[reader.valueStart], table.octets[table.valueStart(found)])
    }
  }
})
