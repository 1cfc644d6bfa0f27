import { crc32 } from 'node:zlib'
import t from 'tap'
import { SNAPSHOT_BLOCK_OCTETS, SNAPSHOT_RECORD_OCTETS_MAX } from '../../src/base/limits.ts'
import { concatOctets, formatHex } from '../../src/base/octets.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import {
  forEachRecord,
  SECTION,
  type SnapshotHead,
  SnapshotReader,
  type SnapshotSection,
  SnapshotWriter,
} from '../../src/cache/snapshot.ts'

const HEAD: SnapshotHead = {
  writtenUnixMs: 1_790_000_000_123,
  writtenMs: 81_234.5,
  policySequence: 7,
  judgementDigest: new Uint8Array(32).fill(0xaa),
  sourcesDigest: new Uint8Array(32).fill(0x55),
}
const HEAD_OCTETS = 104
const BLOCK_HEAD_OCTETS = 16

interface Entry {
  readonly section: SnapshotSection
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly expiresMs: number
}

/** The whole file: answers, then RRsets. */
function write(entries: readonly Entry[], head: SnapshotHead = HEAD): Uint8Array {
  const writer = new SnapshotWriter()
  const parts: Uint8Array[] = [writer.head(head)]
  const take = (section: SnapshotSection): void => {
    const block = writer.take(section)
    if (block !== undefined) parts.push(block.slice())
  }
  for (const section of Object.values(SECTION)) {
    for (const entry of entries) {
      if (entry.section !== section) continue
      // Key and value lie anywhere in some memory.
      const memory = concatOctets(
        Uint8Array.of(1, 2, 3),
        entry.key,
        Uint8Array.of(4),
        entry.value,
        Uint8Array.of(5),
      )
      const keyEnd = 3 + entry.key.length
      const valueEnd = keyEnd + 1 + entry.value.length
      const { expiresMs } = entry
      const add = (): boolean =>
        writer.add({ octets: memory, keyStart: 3, keyEnd, valueStart: keyEnd + 1, valueEnd, expiresMs })
      if (add()) continue
      take(section)
      if (!add()) throw new Error('an empty block takes no record')
    }
    take(section)
  }
  parts.push(writer.end().slice())
  return concatOctets(...parts)
}

interface Read {
  readonly head: SnapshotHead | undefined
  readonly entries: Entry[]
  /** Why it was refused. */
  readonly fault: string | undefined
}

/** As the file is read: what the reader wants, until it wants nothing, and the file ends there. */
function read(file: Uint8Array): Read {
  const reader = new SnapshotReader()
  const entries: Entry[] = []
  let at = 0
  try {
    while (reader.wanted > 0) {
      const end = at + reader.wanted
      if (end > file.length) return { head: reader.head, entries, fault: 'cut off' }
      const block = reader.take(file.slice(at, end))
      at = end
      if (block === undefined) continue
      forEachRecord(block, ({ octets, keyStart, keyEnd, valueStart, valueEnd, expiresMs }) => {
        const key = octets.slice(keyStart, keyEnd)
        entries.push({ section: block.section, key, value: octets.slice(valueStart, valueEnd), expiresMs })
      })
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SnapshotFault') throw error
    return { head: reader.head, entries, fault: error.message }
  }
  return { head: reader.head, entries, fault: at === file.length ? undefined : 'more behind the end' }
}

function octetsOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

function someEntries(random: Random, count: number, valueOctets = 300): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    section: i % 3 === 0 ? SECTION.RRSETS : SECTION.ANSWERS,
    key: octetsOf(random, 3 + random.below(60)),
    value: octetsOf(random, random.below(valueOctets)),
    expiresMs: 1000 * random.below(100_000) + 0.25,
  }))
}

function bySection(entries: readonly Entry[]): Entry[] {
  const of = (section: SnapshotSection): Entry[] => entries.filter((entry) => entry.section === section)
  return [...of(SECTION.ANSWERS), ...of(SECTION.RRSETS)]
}

t.test('what was written is read, over many blocks', async (t) => {
  const entries = someEntries(seededRandom(1), 5_000)
  const file = write(entries)
  const found = read(file)
  t.equal(found.fault, undefined)
  t.same(found.head, HEAD)
  t.same(found.entries, bySection(entries))
  t.ok(file.length > 3 * SNAPSHOT_BLOCK_OCTETS, 'it has several blocks')
})

t.test('caches without entries, and only one with any', async (t) => {
  const empty = write([])
  t.equal(empty.length, HEAD_OCTETS + BLOCK_HEAD_OCTETS + 12)
  t.same(read(empty), { head: HEAD, entries: [], fault: undefined })
  const rrsets = someEntries(seededRandom(2), 30).filter(({ section }) => section === SECTION.RRSETS)
  t.same(read(write(rrsets)), { head: HEAD, entries: rrsets, fault: undefined })
})

t.test('records of every size up to the largest, which no block has to be too small for', async (t) => {
  const random = seededRandom(3)
  const largest = SNAPSHOT_RECORD_OCTETS_MAX - 14 - 5
  const entries = [0, 1, 63, 64, 65, 65_535, largest - 1, largest, largest, largest].map((octets) => ({
    section: SECTION.ANSWERS,
    key: octetsOf(random, 5),
    value: octetsOf(random, octets),
    expiresMs: Number.POSITIVE_INFINITY,
  }))
  t.same(read(write(entries)), { head: HEAD, entries, fault: undefined })
  const tooLarge = { ...entries[0]!, value: new Uint8Array(largest + 1) }
  t.same(read(write([entries[1]!, tooLarge, entries[2]!])).entries, [entries[1], entries[2]])
})

t.test('the writer counts what it wrote', async (t) => {
  const writer = new SnapshotWriter()
  const octets = Uint8Array.of(1, 2)
  const record = { octets, keyStart: 0, keyEnd: 1, valueStart: 1, valueEnd: 2, expiresMs: 5 }
  writer.add(record)
  writer.add(record)
  t.equal(writer.count(SECTION.ANSWERS), 0)
  writer.take(SECTION.ANSWERS)
  t.equal(writer.take(SECTION.RRSETS), undefined)
  t.equal(writer.count(SECTION.ANSWERS), 2)
  t.equal(writer.count(SECTION.RRSETS), 0)
})

t.test('a bit that flips anywhere is found, and nothing of its block is used', async (t) => {
  const random = seededRandom(4)
  const entries = someEntries(random, 1_200)
  const file = write(entries)
  const whole = new Set(bySection(entries).map(fingerprint))
  for (let i = 0; i < 1_000; i++) {
    // Each head in turn too: most of the file is bodies.
    const at = i < 200 ? random.below(HEAD_OCTETS + BLOCK_HEAD_OCTETS) : random.below(file.length)
    const damaged = file.slice()
    damaged[at] = damaged[at]! ^ (1 << random.below(8))
    const found = read(damaged)
    if (found.fault === undefined) t.fail(`a flipped bit in octet ${at} was not noticed`)
    for (const entry of found.entries)
      if (!whole.has(fingerprint(entry))) t.fail(`octet ${at}: a record that was never written`)
  }
  t.pass()
})

function fingerprint({ section, key, value, expiresMs }: Entry): string {
  return `${section} ${formatHex(key)} ${formatHex(value)} ${expiresMs}`
}

t.test('a file that ends anywhere but at its end is cut off', async (t) => {
  const file = write(someEntries(seededRandom(5), 40))
  for (let length = 0; length < file.length; length++)
    if (read(file.subarray(0, length)).fault !== 'cut off')
      t.fail(`${length} of ${file.length} octets were believed`)
  t.equal(read(concatOctets(file, Uint8Array.of(0))).fault, 'more behind the end')
  t.equal(read(file).fault, undefined)
})

/** Sums of the head and of every block made right again, so that what lies behind them is looked at. */
function resummed(file: Uint8Array): Uint8Array {
  const view = Buffer.from(file)
  view.writeUInt32BE(crc32(view.subarray(0, HEAD_OCTETS - 4)), HEAD_OCTETS - 4)
  for (let at = HEAD_OCTETS; at + BLOCK_HEAD_OCTETS <= view.length; ) {
    const body = view.subarray(at + BLOCK_HEAD_OCTETS, at + BLOCK_HEAD_OCTETS + view.readUInt32BE(at + 4))
    view.writeUInt32BE(crc32(body, crc32(view.subarray(at, at + 12))), at + 12)
    at += BLOCK_HEAD_OCTETS + body.length
  }
  return new Uint8Array(view)
}

t.test('wrong files with right sums are refused, with the reason', async (t) => {
  const entries = someEntries(seededRandom(6), 3).map((entry) => ({ ...entry, section: SECTION.ANSWERS }))
  const file = write(entries)
  t.same(resummed(file), file)
  const body = HEAD_OCTETS + BLOCK_HEAD_OCTETS
  const end = file.length - 12
  const changed = (at: number, ...octets: readonly number[]): string | undefined => {
    const copy = file.slice()
    copy.set(octets, at)
    return read(resummed(copy)).fault
  }
  t.equal(changed(0, 0x88), 'not a snapshot')
  t.equal(changed(8, 0, 2), 'version 2 of the format')
  t.equal(changed(10, 0xff, 0xff), 'version 65535 of the entries')
  t.equal(changed(12, 0, 0, 0, 1), 'written on another kind of machine')
  t.equal(changed(HEAD_OCTETS, 3), 'unknown section')
  t.equal(changed(HEAD_OCTETS + 4, 0xff, 0xff, 0xff, 0xff), 'length of a block')
  t.equal(changed(HEAD_OCTETS + 8, 0, 0, 0, 4), 'number of records of a block')
  t.equal(changed(body, 0xff, 0xff), 'length of a record')
  t.equal(changed(body + 2, 0xff, 0xff, 0xff, 0xff), 'length of a record')
  t.equal(changed(end + 3, 2), 'number of records')
  t.equal(changed(end + 7, 2), 'number of records')
  t.equal(changed(end + 11, 2), 'number of records')
  t.equal(changed(end - BLOCK_HEAD_OCTETS + 4, 0, 0, 0, 0), 'length of the end')
  t.equal(changed(end - BLOCK_HEAD_OCTETS + 4, 0, 0, 0, 11), 'number of records')
})

t.test('garbage is no snapshot, whatever it is', async (t) => {
  const random = seededRandom(7)
  for (let i = 0; i < 200; i++) {
    const { fault, entries } = read(octetsOf(random, 200 + random.below(2_000)))
    t.equal(fault, 'not a snapshot')
    t.equal(entries.length, 0)
  }
})
