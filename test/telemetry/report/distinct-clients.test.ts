/** Counting distinct clients: exact while they are few, within 3 % beyond, the same in whatever order and in parts. */
import t from 'tap'
import { drawHashKey, hashWords, isInShare } from '../../../src/base/keyed-hash.ts'
import { DISTINCT_EXACT_MAX } from '../../../src/base/limits.ts'
import { seededRandom } from '../../../src/base/random.ts'
import { DistinctClients } from '../../../src/telemetry/report/distinct-clients.ts'

/** The keyed hashes of clients 100.64.0.0 and on. */
function hashes(count: number, seed: number, from = 0): number[] {
  const key = drawHashKey(seededRandom(seed))
  const word = new Int32Array(1)
  return Array.from({ length: count }, (_, n) => {
    word[0] = 0x64400000 + from + n
    return hashWords(key, word, 4)
  })
}

function counted(all: readonly number[]): DistinctClients {
  const clients = new DistinctClients()
  for (const hash of all) clients.add(hash)
  return clients
}

t.test('up to a thousand the count is exact, however often each comes', (t) => {
  for (const count of [0, 1, 2, 17, 500, DISTINCT_EXACT_MAX]) {
    const all = hashes(count, 5)
    t.equal(counted([...all, ...all]).count, count)
  }
  t.equal(counted([0]).count, 1, 'the hash 0 is a client too')
  t.end()
})

t.test('5,000 clients within 3 %, whatever the secret', (t) => {
  const errors: number[] = []
  for (let seed = 1; seed <= 40; seed++) errors.push(counted(hashes(5_000, seed)).count / 5_000 - 1)
  t.ok(errors.every((error) => Math.abs(error) < 0.03), `worst ${Math.max(...errors.map(Math.abs))}`)
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  t.ok(Math.abs(mean) < 0.005, `no bias: ${mean}`)
  t.ok(new Set(errors).size > 10, 'and it is an estimate')
  t.end()
})

t.test('a million within 3 %', (t) => {
  const { count } = counted(hashes(1_000_000, 3))
  t.ok(Math.abs(count / 1_000_000 - 1) < 0.03, `${count}`)
  t.end()
})

t.test('clients that were chosen by their hash are counted as well', (t) => {
  const chosen = hashes(400_000, 9).filter((hash) => isInShare(hash, 1))
  t.ok(chosen.length > DISTINCT_EXACT_MAX)
  t.ok(Math.abs(counted(chosen).count / chosen.length - 1) < 0.03)
  t.end()
})

t.test('parts make the whole: both exact, both registers, one of each', (t) => {
  const all = hashes(6_000, 7)
  for (const [first, second] of [
    [all.slice(0, 600), all.slice(300, 900)],
    [all.slice(0, 4_000), all.slice(2_000)],
    [all.slice(0, 100), all.slice(50)],
    [all.slice(50), all.slice(0, 100)],
  ] as const) {
    const merged = counted(first)
    merged.merge(counted(second))
    t.equal(merged.count, counted([...first, ...second]).count)
    t.equal(merged.encode(), counted([...second, ...first]).encode(), 'the order is nothing to it')
  }
  t.end()
})

t.test('as text and back', (t) => {
  for (const count of [0, 3, 1_000, 1_025, 20_000]) {
    const clients = counted(hashes(count, 4))
    const again = DistinctClients.decode(clients.encode())!
    t.equal(again.count, clients.count)
    t.equal(again.encode(), clients.encode())
  }
  const dense = counted(hashes(5_000, 4)).encode()
  for (const text of ['', 'x', 'hAAA=', 'r', `${dense.slice(0, 100)}`, `r${Buffer.alloc(10_240, 0xff).toString('base64')}`])
    t.equal(DistinctClients.decode(text), undefined, text.slice(0, 20))
  t.ok(dense.length < 14_000, 'and it is short')
  t.end()
})
