import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SECTION } from '../../src/cache/snapshot.ts'
import type { SnapshotSource } from '../../src/cache/snapshot-source.ts'
import { SnapshotFile, writeSnapshot } from '../../src/daemon/snapshot/file.ts'
import { OUT_DIR } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'
import { onSmallDisk } from '../support/small-disk.ts'
import { contents, HEAD, record, someSources, sourceOf, textsOf } from './snapshot-records.ts'

t.test('a file is written whole, for its owner alone, and read as it was', async (t) => {
  const folder = testFolder(t)
  const path = join(folder, 'caches')
  const sources = someSources(10_000)
  const written = await writeSnapshot(path, HEAD, sources)
  t.same(written, { answers: 10_000, rrsets: 10_000, octets: statSync(path).size })
  t.ok(written.octets > 32 * 131_072, 'it has many blocks')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.same(readdirSync(folder), ['caches'])
  const found = await contents(path)
  t.same(found.head, HEAD)
  t.strictSame(found.records, textsOf(sources))
})

t.test('an older file gives way only to a whole one', async (t) => {
  const folder = testFolder(t)
  const path = join(folder, 'caches')
  const old = someSources(50, 'old')
  await writeSnapshot(path, HEAD, old)
  const failing: SnapshotSource = {
    section: SECTION.RRSETS,
    scan() {
      throw new Error('a fault of ours')
    },
  }
  await t.rejects(writeSnapshot(path, HEAD, [...someSources(5_000, 'new'), failing]), /a fault of ours/)
  t.strictSame((await contents(path)).records, textsOf(old))
  t.same(readdirSync(folder), ['caches'])
  let turns = 0
  await t.rejects(
    writeSnapshot(path, HEAD, someSources(5_000, 'new'), () => turns++ < 5),
    /given up/,
  )
  t.equal(turns, 6)
  t.strictSame((await contents(path)).records, textsOf(old))
  t.same(readdirSync(folder), ['caches'])
  const fresh = someSources(60, 'new')
  await writeSnapshot(path, HEAD, fresh)
  t.strictSame((await contents(path)).records, textsOf(fresh))
})

t.test('a writer that is killed leaves the older file, and the next one clears up', async (t) => {
  const folder = testFolder(t)
  const path = join(folder, 'caches')
  const old = someSources(50)
  await writeSnapshot(path, HEAD, old)
  const child = spawn(process.execPath, [join(OUT_DIR, 'test/daemon/snapshot-writer-process.js'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  t.ok(statSync(`${path}.new`).size > 131_072, 'it was writing')
  t.strictSame((await contents(path)).records, textsOf(old))
  await writeSnapshot(path, HEAD, someSources(3))
  t.same(readdirSync(folder), ['caches'])
})

t.test('where it cannot be written', async (t) => {
  const folder = testFolder(t, { file: '' })
  await t.rejects(writeSnapshot(join(folder, 'none/caches'), HEAD, someSources(3)), { code: 'ENOENT' })
  await t.rejects(writeSnapshot(join(folder, 'file/caches'), HEAD, someSources(3)), { code: 'ENOTDIR' })
  mkdirSync(join(folder, 'taken/inside'), { recursive: true })
  await t.rejects(writeSnapshot(join(folder, 'taken'), HEAD, someSources(3)), { code: 'EISDIR' })
  t.same(readdirSync(folder).sort(), ['file', 'taken'])
  // Whoever else may write to the folder does not choose what is overwritten.
  const victim = join(folder, 'victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, join(folder, 'caches.new'))
  await writeSnapshot(join(folder, 'caches'), HEAD, someSources(3))
  t.equal(readFileSync(victim, 'utf8'), 'precious')
  t.notOk(existsSync(join(folder, 'caches.new')))
})

t.test('a full disk costs the new file, not the old one', (t) =>
  onSmallDisk(t, async (folder) => {
    const path = join(folder, 'caches')
    const old = someSources(100)
    await writeSnapshot(path, HEAD, old)
    await t.rejects(writeSnapshot(path, HEAD, someSources(5_000)), { code: 'ENOSPC' })
    t.same(readdirSync(folder), ['caches'])
    t.strictSame((await contents(path)).records, textsOf(old))
  }),
)

t.test('the event loop has its turn while it is written and read', async (t) => {
  const path = join(testFolder(t), 'caches')
  let turns = 0
  let going = true
  const count = (): void => {
    turns++
    if (going) setImmediate(count)
  }
  setImmediate(count)
  // Nothing in it fills a block: a cache with many free places.
  let slices = 0
  const empty: SnapshotSource = { section: SECTION.ANSWERS, scan: () => (++slices < 200 ? slices : -1) }
  await writeSnapshot(path, HEAD, [empty, ...someSources(10_000)])
  t.ok(turns >= 200, `${turns} turns while it was written`)
  turns = 0
  await contents(path)
  t.ok(turns >= 16, `${turns} turns while it was read`)
  going = false
})

t.test('what is no file, and what changed its length', async (t) => {
  const folder = testFolder(t, { short: 'x' })
  await t.rejects(contents(join(folder, 'none')), { code: 'ENOENT' })
  await t.rejects(contents(folder), /not a file/)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await t.rejects(contents(join(folder, 'pipe')), /not a file/)
  await t.rejects(contents(join(folder, 'short')), { name: 'SnapshotFault', message: 'cut off' })
  const path = join(folder, 'caches')
  await writeSnapshot(path, HEAD, someSources(10))
  const octets = readFileSync(path)
  writeFileSync(path, Buffer.concat([octets, Buffer.of(0)]))
  await t.rejects(contents(path), { name: 'SnapshotFault', message: 'more behind its end' })
  writeFileSync(path, octets.subarray(0, -1))
  await t.rejects(contents(path), { name: 'SnapshotFault', message: 'cut off' })
  writeFileSync(path, octets)
  const file = await SnapshotFile.open(path)
  writeFileSync(path, octets.subarray(0, octets.length - 20))
  await t.rejects(
    file.read(
      () => {},
      () => true,
    ),
    { name: 'SnapshotFault', message: 'cut off' },
  )
  await file.close()
})

t.test('reading ends where nobody wants more', async (t) => {
  const path = join(testFolder(t), 'caches')
  await writeSnapshot(path, HEAD, [
    sourceOf(
      SECTION.ANSWERS,
      Array.from({ length: 5_000 }, () => record('a', 'x'.repeat(200))),
    ),
  ])
  const file = await SnapshotFile.open(path)
  let blocks = 0
  await file.read(
    () => {},
    () => ++blocks < 2,
  )
  t.equal(blocks, 2)
  await file.close()
})
