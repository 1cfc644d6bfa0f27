import fc from 'fast-check'
import t from 'tap'
import { keyedHash } from '../../src/base/keyed-hash.ts'
import { OctetTable } from '../../src/cache/octet-table.ts'
import { tableLayout } from '../../src/cache/table-layout.ts'
import { collectGarbage } from './garbage.ts'

const hashKey = [0x01234567, 0x89abcdef] as const
const FOREVER = Number.POSITIVE_INFINITY

function octets(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

function table(bytesMax: number): OctetTable {
  return new OctetTable({ bytesMax, hashKey })
}

/** The value under a key, or undefined. */
function get(of: OctetTable, key: Uint8Array, nowMs: number): string | undefined {
  const entry = of.find(key, nowMs)
  return entry < 0 ? undefined : Buffer.from(of.value(entry)).toString('latin1')
}

t.test('finds what was put, by the whole key', async (t) => {
  const cache = table(4096)
  t.ok(cache.put(octets('ab'), octets('one'), FOREVER, 0))
  t.ok(cache.put(octets('abc'), octets('two'), FOREVER, 0))
  t.ok(cache.put(octets(''), octets('three'), FOREVER, 0))
  t.equal(get(cache, octets('ab'), 0), 'one')
  t.equal(get(cache, octets('abc'), 0), 'two')
  t.equal(get(cache, octets(''), 0), 'three')
  t.equal(get(cache, octets('a'), 0), undefined)
  t.equal(cache.entryCount, 3)
  const padded = octets('xxabcyy')
  t.equal(cache.find(padded, 0, 2, 5), cache.find(octets('abc'), 0), 'a key may lie inside other octets')
  const entry = cache.find(octets('abc'), 0)
  t.same(cache.octets.slice(cache.valueStart(entry), cache.valueEnd(entry)), octets('two'))
})

t.test('compares keys in full where hashes are equal', async (t) => {
  const [one, two] = twoKeysOfOneHash()
  const cache = table(4096)
  cache.put(one, octets('one'), FOREVER, 0)
  t.equal(get(cache, two, 0), undefined)
  cache.put(two, octets('two'), FOREVER, 0)
  t.equal(get(cache, one, 0), 'one')
  t.equal(get(cache, two, 0), 'two')
  t.ok(cache.remove(one))
  t.equal(get(cache, one, 0), undefined)
  t.equal(get(cache, two, 0), 'two')
})

/** Found by the birthday paradox: about 80,000 draws of 32 bits. */
function twoKeysOfOneHash(): [Uint8Array, Uint8Array] {
  const seen = new Map<number, Uint8Array>()
  for (let i = 0; ; i++) {
    const key = octets(`key ${i}`)
    const hash = keyedHash(hashKey, key)
    const other = seen.get(hash)
    if (other !== undefined) return [other, key]
    seen.set(hash, key)
  }
}

t.test('an entry lives while now is before its expiry, and not one moment longer', async (t) => {
  const cache = table(4096)
  cache.put(octets('k'), octets('v'), 1000.5, 0)
  t.equal(get(cache, octets('k'), 1000.25), 'v')
  t.equal(get(cache, octets('k'), 1000.5), undefined)
  t.equal(cache.peek(octets('k'), 1000.5), -1)
  t.equal(get(cache, octets('k'), 999), 'v', 'looking does not remove: another clock reading may come late')
})

t.test('what has expired already is not stored, and takes the older value with it', async (t) => {
  const cache = table(4096)
  cache.put(octets('k'), octets('old'), FOREVER, 0)
  t.notOk(cache.put(octets('k'), octets('new'), 10, 10))
  t.equal(get(cache, octets('k'), 0), undefined)
  t.notOk(cache.put(octets('k'), octets('new'), Number.NaN, 10))
  t.equal(cache.entryCount, 0)
})

t.test(
  'what is larger than a quarter of the log is not stored, and takes the older value with it',
  async (t) => {
    const cache = table(4096)
    const most = cache.entryOctetsMax - 1
    t.ok(cache.put(octets('k'), new Uint8Array(most), FOREVER, 0))
    t.notOk(cache.put(octets('k'), new Uint8Array(most + 1), FOREVER, 0))
    t.equal(cache.find(octets('k'), 0), -1)
  },
)

t.test('every octet is inside the bound', async (t) => {
  for (const bytesMax of [2048, 3001, 4096, 100_003]) {
    const cache = table(bytesMax)
    t.ok(cache.octets.buffer.byteLength <= bytesMax)
    let most = 0
    for (let i = 0; i < 3000; i++) {
      cache.put(octets(`key ${i}`), new Uint8Array(i % 97), FOREVER, 0)
      most = Math.max(most, cache.bytesUsed)
    }
    t.ok(most <= bytesMax, `${most} of ${bytesMax}`)
    t.ok(most > 0.8 * bytesMax, `${most} of ${bytesMax}: the room is used`)
  }
})

t.test('small entries are bounded by the index, and the oldest goes', async (t) => {
  const cache = table(16_384)
  for (let i = 0; i < 5000; i++) cache.put(octets(`${i}`), octets('v'), FOREVER, 0)
  t.equal(get(cache, octets('4999'), 0), 'v')
  t.equal(get(cache, octets('0'), 0), undefined)
  const slots = Math.floor((16_384 - 80) / 79)
  t.equal(cache.entryCount, Math.floor(0.8 * slots))
})

/** A table that is full of strangers: from here on something has to go for all that comes. */
function fullTable(): OctetTable {
  const cache = table(32_768)
  strangers(cache, 'first', 400)
  return cache
}

/** Stores what nobody asks for. */
function strangers(cache: OctetTable, title: string, count: number, nowMs = 0): void {
  for (let i = 0; i < count; i++) cache.put(octets(`${title} ${i}`), new Uint8Array(100), FOREVER, nowMs)
}

/** Stores what is fetched again when it has run out, and so gets into the large ring. */
function regulars(cache: OctetTable, title: string, count: number): void {
  for (const key of keysOf(title, count)) {
    cache.put(key, new Uint8Array(100), 10, 0)
    cache.put(key, new Uint8Array(100), FOREVER, 10)
  }
}

function keysOf(title: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => octets(`${title} ${i}`))
}

function held(cache: OctetTable, keys: readonly Uint8Array[]): number {
  return keys.filter((key) => cache.peek(key, 0) >= 0).length
}

t.test('what was asked for stays while strangers pass through, and what was not is gone', async (t) => {
  const cache = fullTable()
  strangers(cache, 'hot', 15)
  strangers(cache, 'idle', 15)
  for (const key of keysOf('hot', 15)) t.ok(cache.find(key, 0) >= 0)
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('hot', 15)), 15)
  t.equal(held(cache, keysOf('idle', 15)), 0)
  strangers(cache, 'idle', 15)
  strangers(cache, 'another', 5000)
  t.equal(
    held(cache, keysOf('idle', 15)),
    0,
    'forgotten by then: five thousand strangers left ghosts as well',
  )
})

t.test('what comes back soon after it had to go stays', async (t) => {
  const cache = fullTable()
  strangers(cache, 'guest', 15)
  strangers(cache, 'stranger', 60)
  t.equal(held(cache, keysOf('guest', 15)), 0)
  strangers(cache, 'guest', 15)
  strangers(cache, 'another', 5000)
  const back = held(cache, keysOf('guest', 15))
  t.ok(back >= 12, `${back} of 15, but for ghosts that another one replaced`)
})

t.test('what is fetched again when it has run out stays', async (t) => {
  const cache = fullTable()
  regulars(cache, 'guest', 15)
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('guest', 15)), 15)
})

t.test('what is stored again after it was asked for stays, whatever its size is then', async (t) => {
  const cache = fullTable()
  strangers(cache, 'same', 7)
  strangers(cache, 'longer', 7)
  for (const key of [...keysOf('same', 7), ...keysOf('longer', 7)]) cache.find(key, 0)
  strangers(cache, 'same', 7)
  for (const key of keysOf('longer', 7)) cache.put(key, new Uint8Array(120), FOREVER, 0)
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('same', 7)), 7)
  t.equal(held(cache, keysOf('longer', 7)), 7)
})

t.test('what has proven itself once stays when it is stored again', async (t) => {
  const cache = fullTable()
  regulars(cache, 'guest', 15)
  for (const key of keysOf('guest', 15)) cache.put(key, new Uint8Array(120), FOREVER, 10)
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('guest', 15)), 15)
})

t.test('to be stored twice alone is no reason to stay', async (t) => {
  const cache = fullTable()
  for (let times = 0; times < 2; times++) strangers(cache, 'twice', 15)
  for (const octetCount of [100, 120]) {
    for (const key of keysOf('longer', 15)) cache.put(key, new Uint8Array(octetCount), FOREVER, 0)
  }
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('twice', 15)), 0)
  t.equal(held(cache, keysOf('longer', 15)), 0)
})

t.test(
  'what is stored again, alive or run out, takes no more room, and nothing has to go for it',
  async (t) => {
    for (const lifetime of [FOREVER, 10]) {
      const cache = table(32_768)
      const keys = keysOf('key', 180)
      for (let nowMs = 0; nowMs < 200; nowMs += 20) {
        const value = octets(`${nowMs} `.padEnd(100, '.'))
        for (const key of keys) cache.put(key, value, nowMs + lifetime, nowMs)
      }
      for (const key of keys) t.equal(get(cache, key, 185), '180 '.padEnd(100, '.'))
      t.equal(cache.entryCount, 180)
    }
  },
)

t.test('what was asked of the older value may be said to prove nothing', async (t) => {
  const cache = fullTable()
  strangers(cache, 'same', 7)
  strangers(cache, 'longer', 7)
  for (const key of [...keysOf('same', 7), ...keysOf('longer', 7)]) cache.find(key, 0)
  for (const key of keysOf('same', 7)) cache.put(key, new Uint8Array(100), FOREVER, 0, false, false)
  for (const key of keysOf('longer', 7)) cache.put(key, new Uint8Array(120), FOREVER, 0, false, false)
  strangers(cache, 'stranger', 5000)
  t.equal(held(cache, keysOf('same', 7)), 0)
  t.equal(held(cache, keysOf('longer', 7)), 0)
})

t.test('what is written over has its own length and its own end', async (t) => {
  const cache = table(4096)
  const used = (value: string, expiresMs: number): number => {
    cache.put(octets('k'), octets(value), expiresMs, 0)
    return cache.bytesUsed
  }
  const once = used('long', 10)
  t.equal(used('sh', 20), once)
  t.equal(get(cache, octets('k'), 15), 'sh')
  t.equal(used('longest', 30), once)
  t.equal(get(cache, octets('k'), 25), 'longest')
  t.equal(get(cache, octets('k'), 30), undefined)
  t.ok(used('too long for that', 40) > once)
  t.equal(get(cache, octets('k'), 35), 'too long for that')
  t.equal(cache.entryCount, 1)
})

t.test('among those that came back, the ones asked for stay', async (t) => {
  const cache = fullTable()
  regulars(cache, 'hot', 15)
  regulars(cache, 'idle', 15)
  for (let round = 0; round < 20; round++) {
    for (const key of keysOf('hot', 15)) cache.find(key, 0)
    regulars(cache, `guest ${round}`, 40)
  }
  t.equal(held(cache, keysOf('hot', 15)), 15)
  t.equal(held(cache, keysOf('idle', 15)), 0)
  regulars(cache, 'late', 300)
  t.equal(held(cache, keysOf('hot', 15)), 0, 'not for ever')
})

t.test('what was asked for is still known as such after others were removed', async (t) => {
  const cache = fullTable()
  // Slots are crowded, so that removal moves them and their marks.
  const keys = keysOf('key', 42)
  strangers(cache, 'key', 42)
  const [hot, idle, gone] = [0, 1, 2].map((rest) => keys.filter((_, i) => i % 3 === rest))
  for (const key of hot!) cache.find(key, 0)
  for (const key of gone!) cache.remove(key)
  strangers(cache, 'stranger', 1000)
  t.equal(held(cache, hot!), hot!.length)
  t.equal(held(cache, idle!), 0)
})

t.test('a look with peek keeps nothing', async (t) => {
  const cache = fullTable()
  const keys = keysOf('key', 15)
  strangers(cache, 'key', 15)
  for (let i = 0; i < 100; i++) {
    strangers(cache, `stranger ${i}`, 10)
    for (const key of keys) cache.peek(key, 0)
  }
  t.equal(held(cache, keys), 0)
})

t.test('what has expired is not kept for having been asked for', async (t) => {
  const cache = fullTable()
  cache.put(octets('short'), new Uint8Array(100), 10, 0)
  t.ok(cache.find(octets('short'), 0) >= 0)
  strangers(cache, 'stranger', 1000, 20)
  t.equal(cache.peek(octets('short'), 0), -1)
})

t.test('what has expired makes way for what lives', async (t) => {
  const cache = table(32_768)
  for (const key of keysOf('short', 180)) cache.put(key, new Uint8Array(100), 10, 0)
  t.equal(held(cache, keysOf('short', 180)), 180)
  strangers(cache, 'stranger', 180, 20)
  const living = held(cache, keysOf('stranger', 180))
  t.ok(living > 170, `${living} of 180, asked for or not`)
})

t.test('removes by a test of the key', async (t) => {
  const cache = table(16_384)
  for (let i = 0; i < 400; i++)
    cache.put(octets(`${i % 2 === 0 ? 'even' : 'odd'} ${i}`), octets('v'), FOREVER, 0)
  const before = cache.entryCount
  const gone = cache.removeWhere((all, start) => all[start] === 'e'.charCodeAt(0))
  t.equal(cache.entryCount, before - gone)
  t.ok(gone > 50)
  for (let i = 0; i < 400; i += 2) t.equal(cache.find(octets(`even ${i}`), 0), -1)
  t.equal(get(cache, octets('odd 399'), 0), 'v')
})

t.test('works in memory that somebody else owns, whatever it held', async (t) => {
  const buffer = new SharedArrayBuffer(8192)
  new Uint8Array(buffer).fill(0xff)
  const cache = new OctetTable({ bytesMax: 8192, hashKey, buffer })
  t.equal(cache.octets.buffer, buffer)
  t.equal(cache.entryCount, 0)
  t.equal(cache.find(octets('k'), 0), -1)
  cache.put(octets('k'), octets('v'), FOREVER, 0)
  t.equal(get(cache, octets('k'), 0), 'v')
  t.notOk(cache.value(cache.find(octets('k'), 0)).buffer instanceof SharedArrayBuffer, 'a value is a copy')
})

t.test('refuses sizes that cannot work', async (t) => {
  t.throws(() => table(1000))
  t.throws(() => table(2 ** 32))
  t.throws(() => new OctetTable({ bytesMax: 8192, hashKey, buffer: new ArrayBuffer(4096) }))
})

t.test('behaves as a map that forgets', async () => {
  // Few keys, so that they are replaced, removed and found; sizes that go round a small log every few puts.
  const key = fc.nat(40).map((n) => octets('k'.repeat(n % 7) + n))
  const lifetime = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(FOREVER))
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('put' as const), key, fc.nat(200), lifetime) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('find' as const), key) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('remove' as const), key) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('wait' as const), fc.nat(100)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('removeWhere' as const), fc.nat(6)) },
  )
  const sizes = fc.constantFrom(2048, 2504, 4096)
  const runs = fc.tuple(sizes, fc.array(command, { minLength: 50, maxLength: 400, size: 'max' }))
  fc.assert(
    fc.property(runs, ([bytesMax, commands]) => followsModel(bytesMax, commands)),
    { numRuns: 300 },
  )
})

type Command =
  | ['put', Uint8Array, number, number]
  | ['find', Uint8Array]
  | ['remove', Uint8Array]
  | ['wait', number]
  | ['removeWhere', number]

/** Runs commands on a table and on a map, and compares after each; throws where they differ. */
function followsModel(bytesMax: number, commands: readonly Command[]): void {
  const cache = table(bytesMax)
  const empty = cache.bytesUsed
  const model = new Map<string, { value: string; expiresMs: number }>()
  let nowMs = 0
  let serial = 0
  let putOctets = 0
  const check = (key: Uint8Array): void => {
    const found = get(cache, key, nowMs)
    const known = model.get(String(key))
    const expected = known !== undefined && nowMs < known.expiresMs ? known.value : undefined
    if (found !== undefined && found !== expected) throw new Error(`found ${found}, not ${expected}`)
    const roomForAll = putOctets < 0.7 * (bytesMax - empty) && serial < 15
    if (roomForAll && found !== expected) throw new Error('lost, and nothing had to go')
  }
  for (const [name, ...rest] of commands) {
    if (name === 'wait') nowMs += rest[0] as number
    else if (name === 'removeWhere') {
      const length = rest[0] as number
      cache.removeWhere((_all, start, end) => end - start === length)
      for (const key of [...model.keys()]) if (key.split(',').length === length) model.delete(key)
    } else {
      const key = rest[0] as Uint8Array
      if (name === 'remove') {
        cache.remove(key)
        model.delete(String(key))
      } else if (name === 'put') {
        const value = `${serial++} `.padEnd(rest[1] as number, '.')
        const expiresMs = nowMs + (rest[2] as number)
        putOctets += 32 + key.length + value.length
        const stored = cache.put(key, octets(value), expiresMs, nowMs)
        if (stored !== nowMs < expiresMs) throw new Error('stored, or not, against the rule')
        model.set(String(key), { value, expiresMs })
        if (stored && get(cache, key, nowMs) !== value) throw new Error('what was put is not there')
      }
      check(key)
    }
    if (cache.bytesUsed > bytesMax) throw new Error('more than the bound')
    if (cache.entryCount > model.size) throw new Error('more entries than keys')
  }
  for (const key of model.keys()) check(Uint8Array.from(key.split(',').map(Number)))
  for (const key of model.keys()) cache.remove(Uint8Array.from(key.split(',').map(Number)))
  if (cache.entryCount !== 0 || cache.bytesUsed !== empty) throw new Error('the accounts do not close')
}

t.test('holds 200,000 entries without a heap to match', async (t) => {
  const cache = table(64 * 1024 * 1024)
  const key = new Uint8Array(32)
  const value = new Uint8Array(200).fill(7)
  const fill = (from: number, count: number): void => {
    for (let i = from; i < from + count; i++) {
      key[0] = i
      key[1] = i >> 8
      key[2] = i >> 16
      cache.put(key, value, FOREVER, 0)
    }
  }
  fill(0, 1000)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  fill(0, 200_000)
  collectGarbage()
  const grown = process.memoryUsage().heapUsed - before
  t.equal(cache.entryCount, 200_000)
  t.ok(cache.bytesUsed > 50e6)
  t.ok(grown < 3e6, `the heap grew by ${grown} octets`)
})

t.test('one put moves few entries, also where slots run out before octets', async (t) => {
  const bytesMax = 1_048_576
  const cache = table(bytesMax)
  const { entriesMax } = tableLayout(bytesMax)
  const keys = Array.from({ length: entriesMax + 100 }, (_, i) => octets(`${i}`))
  const value = octets('x')
  // Some in the large ring, and then a small one full of entries that were asked for.
  for (const key of keys.slice(0, 2_000)) cache.put(key, value, FOREVER, 0)
  for (const [i, key] of keys.slice(0, entriesMax).entries()) {
    cache.put(key, value, FOREVER, 0)
    if (i >= 2_000) cache.find(key, 0)
  }
  t.equal(cache.entryCount, entriesMax)
  let most = 0
  for (const key of keys.slice(entriesMax)) {
    const before = keys.map((one) => cache.peek(one, 0))
    cache.put(key, value, FOREVER, 0)
    const moved = keys.filter((one, i) => before[i]! >= 0 && cache.peek(one, 0) !== before[i]).length
    most = Math.max(most, moved)
    cache.find(key, 0)
  }
  t.equal(cache.entryCount, entriesMax)
  t.ok(most < 600, `${most} entries`)
})
