import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { OctetTable } from '../../src/cache/octet-table.ts'
import { OctetTableReader } from '../../src/cache/octet-table-reader.ts'
import { HEADER, SLOT_WORDS, tableLayout } from '../../src/cache/table-layout.ts'
import { faultOf, KEYS, keyOf, writeValue } from './described-values.ts'
import { tableKey } from './table-keys.ts'
import type { WriterTask } from './table-writer.ts'

const hashKey = [0x01234567, 0x89abcdef] as const
const ZERO = Float64Array.of(0)
const WRITER = new URL('./table-writer.js', import.meta.url)

/** A thread that writes, once it does. */
async function startWriter(
  task: Omit<WriterTask, 'hashKey' | 'signals'>,
): Promise<{ words: Int32Array; worker: Worker; ended: Promise<unknown> }> {
  const signals = new SharedArrayBuffer(16)
  const words = new Int32Array(signals)
  const worker = new Worker(WRITER, { workerData: { ...task, hashKey, signals } })
  const ended = once(worker, 'exit')
  while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  return { words, worker, ended }
}

t.test('no value read beside a writer is ever mixed, and most are found', async (t) => {
  const bytesMax = 16_384
  const buffer = new SharedArrayBuffer(bytesMax)
  const { words, ended } = await startWriter({ buffer, bytesMax, idleTurns: 0, removes: false })
  const reader = new OctetTableReader({ buffer, bytesMax })
  const keys = Array.from({ length: KEYS }, (_, number) => tableKey(hashKey, keyOf(number)))
  const faults: string[] = []
  const untilMs = performance.now() + 1500
  let hits = 0
  for (let i = 0; performance.now() < untilMs; i++) {
    const number = i % KEYS
    if (reader.find(keys[number]!, ZERO)) {
      hits++
      const fault = faultOf(reader.octets, reader.valueStart, reader.valueEnd, number)
      if (fault !== undefined) faults.push(fault)
    }
    if (i % 1000 === 0)
      reader.forEach(({ octets, keyStart, valueStart, valueEnd }) => {
        const fault = faultOf(octets, valueStart, valueEnd, octets[keyStart])
        if (fault !== undefined) faults.push(fault)
      })
  }
  Atomics.store(words, 1, 1)
  await ended
  t.same(faults.slice(0, 5), [])
  t.ok(hits > 1000, `${hits} hits`)
  t.ok(words[2]! > 1000, `${words[2]} puts`)
})

t.test('a writer that ends at any moment leaves a table that is whole, or known not to be', async (t) => {
  const bytesMax = 16_384
  const buffer = new SharedArrayBuffer(bytesMax)
  const outcomes = { kept: 0, cleared: 0 }
  const faults: string[] = []
  for (let round = 0; round < 24; round++) {
    // Long pauses in every other round, so that both outcomes come about.
    const idleTurns = round % 2 === 0 ? 0 : 100_000
    const { worker, words } = await startWriter({ buffer, bytesMax, idleTurns, removes: true })
    while (Atomics.load(words, 2) < 40 + round * 7);
    await worker.terminate()
    const table = new OctetTable({ buffer, bytesMax, hashKey, keep: true })
    outcomes[table.cleared ? 'cleared' : 'kept']++
    if (table.cleared && table.entryCount !== 0) faults.push('cleared, and not empty')
    const fault = faultOfTable(table, buffer)
    if (fault !== undefined) faults.push(fault)
    // The next writer takes over what is there now.
  }
  t.same(faults, [])
  t.ok(outcomes.kept > 0 && outcomes.cleared > 0, `${outcomes.kept} kept, ${outcomes.cleared} cleared`)
})

/** What is wrong with a table taken over, or undefined: every entry is whole, found, and makes way for others. */
function faultOfTable(table: OctetTable, buffer: SharedArrayBuffer): string | undefined {
  const { bytesMax } = table
  const reader = new OctetTableReader({ buffer, bytesMax })
  let fault: string | undefined
  let seen = 0
  reader.forEach(({ octets, keyStart, valueStart, valueEnd }) => {
    seen++
    const number = octets[keyStart]!
    fault ??= faultOf(octets, valueStart, valueEnd, number)
    const entry = table.find(keyOf(number), 0)
    if (entry < 0) fault ??= `key ${number} is not found`
    else fault ??= faultOf(table.octets, table.valueStart(entry), table.valueEnd(entry), number)
  })
  if (seen !== table.entryCount) fault ??= `${seen} entries, not ${table.entryCount}`
  const value = new Uint8Array(1024)
  for (let serial = 1e9; serial < 1e9 + 300; serial++) {
    const number = serial % KEYS
    const octets = writeValue(value, number, serial)
    if (!table.put(keyOf(number), value.subarray(0, octets), Number.POSITIVE_INFINITY, 0))
      fault ??= 'it takes nothing'
  }
  if (table.bytesUsed > bytesMax) fault ??= 'more than the bound'
  return fault
}

t.test('what a writer left is kept, and dropped where it cannot be trusted', async (t) => {
  const bytesMax = 8192
  const buffer = new SharedArrayBuffer(bytesMax)
  const attach = (options = {}): OctetTable =>
    new OctetTable({ bytesMax, hashKey, buffer, keep: true, ...options })
  const find = (table: OctetTable): boolean => table.find(Uint8Array.of(1, 2, 3), 0) >= 0
  const fill = (table: OctetTable): boolean =>
    table.put(Uint8Array.of(1, 2, 3), Uint8Array.of(4), Number.POSITIVE_INFINITY, 0)

  const first = attach()
  t.equal(first.cleared, false, 'blank memory held nothing')
  fill(first)
  const second = attach()
  t.equal(second.cleared, false)
  t.equal(second.entryCount, 1)
  t.equal(second.bytesUsed, first.bytesUsed)
  t.ok(find(second))
  const words = new Uint32Array(buffer)
  words[HEADER.WRITING] = 1
  const { indexWord, slots } = tableLayout(bytesMax)
  for (let slot = 0; slot < slots; slot++) words[indexWord + slot * SLOT_WORDS]!++
  const third = attach()
  t.equal(third.cleared, true, 'the writer ended amid a change')
  t.notOk(find(third))
  t.equal(words[HEADER.WRITING], 0)
  fill(third)
  const reader = new OctetTableReader({ bytesMax, buffer })
  t.ok(reader.find(tableKey(hashKey, Uint8Array.of(1, 2, 3)), ZERO), 'slots that were left open are closed')
  t.equal(attach({ hashKey: [1, 2] }).cleared, true, 'another secret')
  fill(attach())
  t.equal(attach({ bytesMax: 4096 }).cleared, true, 'another size')
  fill(attach())
  t.equal(attach({ keep: false }).entryCount, 0)
  words.fill(0xffff_ffff)
  const last = attach()
  t.equal(last.cleared, true, 'no table at all')
  t.ok(fill(last))
  t.ok(find(last))
})

t.test('an empty table takes next to no memory', async (t) => {
  const bytesMax = 512 * 1_048_576
  const before = process.memoryUsage().rss
  const table = new OctetTable({ bytesMax, hashKey })
  const octets = process.memoryUsage().rss - before
  t.ok(octets < 4 * 1_048_576, `${octets} octets`)
  t.equal(table.entryCount, 0)
})
