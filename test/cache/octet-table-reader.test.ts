import fc from 'fast-check'
import t from 'tap'
import { OctetTable } from '../../src/cache/octet-table.ts'
import { OctetTableReader } from '../../src/cache/octet-table-reader.ts'
import { SLOT_WORDS, tableLayout } from '../../src/cache/table-layout.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { tableKey } from './table-keys.ts'

const hashKey = [0x01234567, 0x89abcdef] as const
const ZERO = Float64Array.of(0)
const FOREVER = Number.POSITIVE_INFINITY

function octets(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

function both(bytesMax: number): { table: OctetTable; reader: OctetTableReader; words: Uint32Array } {
  const buffer = new ArrayBuffer(bytesMax)
  const table = new OctetTable({ bytesMax, hashKey, buffer })
  return {
    table,
    reader: new OctetTableReader({ bytesMax, buffer }),
    words: new Uint32Array(buffer, 0, bytesMax / 4),
  }
}

/** The value under a key, or undefined. */
function get(reader: OctetTableReader, key: Uint8Array, nowMs: number, from = 0, to = key.length) {
  if (!reader.find(tableKey(hashKey, key.subarray(from, to)), Float64Array.of(nowMs))) return undefined
  return Buffer.from(reader.octets.subarray(reader.valueStart, reader.valueEnd)).toString('latin1')
}

/** The words where the slots in use begin. */
function slotsInUse(bytesMax: number, words: Uint32Array): number[] {
  const { indexWord, slots } = tableLayout(bytesMax)
  const used: number[] = []
  for (let at = indexWord; at < indexWord + slots * SLOT_WORDS; at += SLOT_WORDS)
    if (words[at + 2] !== 0) used.push(at)
  return used
}

t.test('finds what the writer put, a copy, as long as it lives', async (t) => {
  const { table, reader } = both(4096)
  t.equal(get(reader, octets('k'), 0), undefined)
  table.put(octets('k'), octets('one'), 1000.5, 0)
  t.equal(get(reader, octets('k'), 1000.25), 'one')
  t.equal(reader.expiresMs, 1000.5)
  t.same(reader.octets.slice(reader.keyStart, reader.keyEnd), octets('k'))
  table.put(octets('k'), octets('two'), 1000.5, 0)
  t.same(reader.octets.slice(reader.valueStart, reader.valueEnd), octets('one'), 'what was copied stays')
  t.equal(get(reader, octets('xkx'), 0, 1, 2), 'two', 'a key may lie inside other octets')
  t.equal(get(reader, octets('k'), 1000.5), undefined)
  t.equal(reader.entryCount, 1)
  t.equal(reader.bytesUsed, table.bytesUsed)
  table.remove(octets('k'))
  t.equal(get(reader, octets('k'), 0), undefined)
  t.equal(reader.entryCount, 0)
})

t.test('an entry that the writer is changing is not there', async (t) => {
  const { table, reader, words } = both(4096)
  table.put(octets('k'), octets('v'), FOREVER, 0)
  const [slot] = slotsInUse(4096, words)
  words[slot!]!++
  t.equal(get(reader, octets('k'), 0), undefined)
  let seen = 0
  reader.forEach(() => {
    seen++
  })
  t.equal(seen, 0)
  words[slot!]!++
  t.equal(get(reader, octets('k'), 0), 'v')
})

t.test('who takes over from a writer that ended amid a value shows readers nothing of it', async (t) => {
  const { table, reader } = both(8192)
  const { buffer } = table.octets
  table.put(octets('k'), octets('the value that was there'), 1000, 0)
  const { set } = Uint8Array.prototype
  t.intercept(Uint8Array.prototype, 'set', {
    value(this: Uint8Array, ...args: Parameters<typeof set>) {
      // Its last moment: the length and the end are the new value's.
      if (this === table.octets) throw new Error('ended')
      set.apply(this, args)
    },
  })
  t.throws(() => table.put(octets('k'), octets('the value that comes now'), 2000, 0), /ended/)
  const seen: (string | undefined)[] = [get(reader, octets('k'), 500)]
  const { add } = Atomics
  t.intercept(Atomics, 'add', {
    value(...args: Parameters<typeof add>) {
      const before = add(...args)
      seen.push(get(reader, octets('k'), 500))
      return before
    },
  })
  t.ok(new OctetTable({ bytesMax: 8192, hashKey, buffer, keep: true }).cleared)
  t.ok(seen.length > 1)
  t.same(new Set(seen), new Set([undefined]))
})

t.test('what readers ask for stays while strangers pass through', async (t) => {
  const { table, reader } = both(32_768)
  const strangers = (title: string, count: number): void => {
    for (let i = 0; i < count; i++) table.put(octets(`${title} ${i}`), new Uint8Array(100), FOREVER, 0)
  }
  strangers('first', 400)
  strangers('hot', 15)
  strangers('idle', 15)
  for (let i = 0; i < 15; i++) t.ok(reader.find(tableKey(hashKey, octets(`hot ${i}`)), ZERO))
  strangers('stranger', 1000)
  for (let i = 0; i < 15; i++) {
    t.ok(table.peek(octets(`hot ${i}`), 0) >= 0)
    t.equal(table.peek(octets(`idle ${i}`), 0), -1)
  }
})

t.test('reads the same as the writer, whatever was done', async () => {
  const change = fc.tuple(fc.constantFrom('put', 'remove', 'wait'), fc.nat(40), fc.nat(200), fc.nat(300))
  const runs = fc.tuple(
    fc.constantFrom(2048, 2504, 4096),
    fc.array(change, { minLength: 20, maxLength: 300, size: 'max' }),
  )
  fc.assert(
    fc.property(runs, ([bytesMax, changes]) => {
      const { table, reader } = both(bytesMax)
      let nowMs = 0
      for (const [serial, [what, number, length, lifetimeMs]] of changes.entries()) {
        const key = octets('k'.repeat(number % 7) + number)
        if (what === 'wait') nowMs += lifetimeMs / 4
        else if (what === 'remove') table.remove(key)
        else table.put(key, octets(`${serial} `.padEnd(length, '.')), nowMs + lifetimeMs, nowMs)
        for (let other = 0; other < 41; other += 5) sameOfKey(table, reader, other, nowMs)
        sameOfKey(table, reader, number, nowMs)
      }
      let seen = 0
      reader.forEach(({ octets: copy, keyStart, keyEnd, expiresMs }) => {
        seen++
        const entry = table.peek(copy, 0, keyStart, keyEnd)
        if (entry < 0 || table.expiresMs(entry) !== expiresMs) throw new Error('forEach shows another entry')
      })
      if (seen !== table.entryCount) throw new Error(`forEach shows ${seen} of ${table.entryCount}`)
    }),
    { numRuns: 200 },
  )
})

function sameOfKey(table: OctetTable, reader: OctetTableReader, number: number, nowMs: number): void {
  const key = octets('k'.repeat(number % 7) + number)
  const entry = table.peek(key, nowMs)
  const expected = entry < 0 ? undefined : Buffer.from(table.value(entry)).toString('latin1')
  const found = get(reader, key, nowMs)
  if (found !== expected) throw new Error(`the reader found ${found}, the writer ${expected}`)
}

t.test('memory that makes no sense is no answer, no fault and no endless search', async (t) => {
  const bytesMax = 8192
  const random = new SeededRandom('garbage')
  const key = octets('key')
  let found = 0
  for (let round = 0; round < 3000; round++) {
    const { table, reader, words } = both(bytesMax)
    for (let i = 0; i < 20; i++) table.put(octets(`${i}`), new Uint8Array(50), FOREVER, 0)
    table.put(key, octets('value'), FOREVER, 0)
    for (const slot of slotsInUse(bytesMax, words)) {
      const entryWord = words[slot + 2]! * 2
      const at = random.below(2) === 0 ? entryWord + random.below(6) : slot + 2
      words[at] = random.below(2) === 0 ? random.below(0x1_0000_0000) : words[at]! ^ (1 << random.below(32))
    }
    if (reader.find(tableKey(hashKey, key), ZERO)) found++
    reader.forEach(({ octets: copy, keyEnd, valueEnd }) => {
      if (keyEnd > valueEnd || valueEnd > copy.length) throw new Error('an entry outside of the copy')
    })
  }
  t.ok(found > 300, `${found} found`)
  const { reader, words } = both(bytesMax)
  words.fill(0xffff_fffe)
  t.equal(reader.find(tableKey(hashKey, key), ZERO), false, 'no slot is empty')
})

t.test('refuses memory smaller than the table', async (t) => {
  t.throws(() => new OctetTableReader({ bytesMax: 8192, buffer: new ArrayBuffer(4096) }))
  const buffer = new ArrayBuffer(8192)
  t.throws(() => new OctetTableReader({ bytesMax: 8192, buffer, copy: new ArrayBuffer(64) }))
})
