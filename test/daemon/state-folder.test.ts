/** The folder for state: whole files or none, and nothing hangs on it. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { STATE_FILE_OCTETS_MAX, STATE_RETRY_MS } from '../../src/base/limits.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { testFolder } from '../support/folder.ts'

function listener(): {
  lines: string[]
  log: Record<'info' | 'warn' | 'error', (fields: object | string, text?: string) => void>
} {
  const lines: string[] = []
  const tell = (fields: object | string, text = ''): void => void lines.push(text || String(fields))
  return { lines, log: { info: () => {}, warn: tell, error: tell } }
}

const text = (octets: Uint8Array | undefined): string | undefined => octets && Buffer.from(octets).toString()

t.test('what is written is there whole, for nobody else, and the last writing counts', async (t) => {
  const { lines, log } = listener()
  const path = join(testFolder(t), 'deep', 'state')
  const folder = await StateFolder.open({ path, isWanted: true, log })
  t.equal(folder.read('a.json'), undefined)
  const written = await Promise.all([folder.write('a.json', 'one'), folder.write('a.json', 'two')])
  t.same([written, text(folder.read('a.json')), readdirSync(path)], [[true, true], 'two', ['a.json']])
  t.equal(statSync(join(path, 'a.json')).mode & 0o777, 0o600)
  t.equal(statSync(path).mode & 0o777, 0o700)
  t.same(lines, [])
})

t.test('a folder that cannot be used is told once and keeps nothing', async (t) => {
  const { lines, log } = listener()
  const blocked = join(testFolder(t, { file: '' }), 'file', 'state')
  const folder = await StateFolder.open({ path: blocked, isWanted: true, log })
  t.equal(folder.path, undefined)
  t.equal(await folder.write('a', 'x'), false)
  t.equal(folder.read('a'), undefined)
  t.equal(lines.length, 1)
  const missing = join(testFolder(t), 'nobody-made-it')
  const standard = await StateFolder.open({ path: missing, isWanted: false, log })
  t.same(
    [standard.path, existsSync(missing), lines.length],
    [undefined, false, 1],
    'the default one is not made',
  )
})

t.test('where the system makes no folders, that is told: nothing waits for one', async (t) => {
  const { log } = listener()
  const faults: unknown[] = []
  const told = {
    ...log,
    warn: (fields: object | string) => void faults.push((fields as { fault: string }).fault),
  }
  for (const path of ['/proc/sigill', '/proc/sigill/state', join(testFolder(t, { file: '' }), 'file')]) {
    const folder = await StateFolder.open({ path, isWanted: true, log: told })
    t.equal(folder.path, undefined)
  }
  t.same(faults, [
    'the system makes no folder in /proc',
    'the system makes no folder in /proc',
    'something else than a folder is there',
  ])
})

t.test('what no daemon wrote there is not used, and a failing writing keeps the older file', async (t) => {
  const { lines, log } = listener()
  const path = testFolder(t, { big: Buffer.alloc(STATE_FILE_OCTETS_MAX + 1), kept: 'old' })
  mkdirSync(join(path, 'folder'))
  const folder = await StateFolder.open({ path, isWanted: true, log })
  t.same([folder.read('big'), folder.read('folder'), lines.length], [undefined, undefined, 2])
  mkdirSync(join(path, 'kept.new'))
  writeFileSync(join(path, 'kept.new', 'x'), '')
  t.equal(await folder.write('kept', 'new'), false)
  t.equal(await folder.write('kept', 'newer'), false)
  t.same([text(folder.read('kept')), lines.length], ['old', 3], 'told once')
  const aside = testFolder(t, { target: 'untouched' })
  symlinkSync(join(aside, 'target'), join(aside, 'a.new'))
  const led = await StateFolder.open({ path: aside, isWanted: true, log })
  t.ok(await led.write('a', 'mine'))
  t.equal(text(led.read('target')), 'untouched', 'nobody leads us elsewhere')
})

const CHANGES = { holds: 'the changes', mustLast: true }

/** Has nobody write a file of this name. Returns what ends that. */
function block(folder: string, name: string): () => void {
  const way = join(folder, `${name}.new`)
  mkdirSync(join(way, 'x'), { recursive: true })
  return () => rmSync(way, { recursive: true })
}

t.test('what must last is tried again until it is stored, and the last writing counts', async (t) => {
  const { lines, log } = listener()
  const path = testFolder(t)
  const clock = new VirtualClock(1_800_000_000)
  const folder = await StateFolder.open({ path, isWanted: true, log, clock })
  const free = block(path, 'a')
  t.equal(await folder.write('a', 'one', CHANGES), false)
  t.match(folder.unstored, [{ file: join(path, 'a'), holds: 'the changes', fault: /\S/ }])
  t.equal(folder.isStored('a'), false)
  t.match(lines, [/^a state file cannot be written: after a restart .*: the changes$/])
  clock.advance(STATE_RETRY_MS)
  await folder.settled()
  t.equal(await folder.write('a', 'two', CHANGES), false)
  t.same([folder.isStored('a'), lines.length], [false, 1], 'told once')
  free()
  clock.advance(STATE_RETRY_MS)
  await folder.settled()
  t.same([folder.isStored('a'), folder.unstored, text(folder.read('a'))], [true, [], 'two'])
  t.equal(clock.nextTimerMs(), undefined)
  const freeAgain = block(path, 'a')
  await folder.write('a', 'three', CHANGES)
  freeAgain()
  await folder.close()
  t.equal(text(folder.read('a')), 'three', 'at the end once more')
})

t.test('a folder that can be used later is, and what is there already is put beside', async (t) => {
  const { lines, log } = listener()
  const above = testFolder(t, { state: '' })
  const path = join(above, 'state')
  const clock = new VirtualClock(1_800_000_000)
  const folder = await StateFolder.open({ path, isWanted: true, log, clock })
  t.equal(await folder.write('a', 'ours', CHANGES), false)
  t.same([folder.isStored('a'), lines.length], [false, 2])
  rmSync(path)
  mkdirSync(path)
  writeFileSync(join(path, 'a'), 'theirs')
  clock.advance(STATE_RETRY_MS)
  await folder.settled()
  const read = (name: string): string => readFileSync(join(path, name), 'utf8')
  t.same([folder.isStored('a'), read('a'), read('a.before')], [true, 'ours', 'theirs'])
  t.equal(await folder.write('a', 'ours again', CHANGES), true)
  t.same([read('a'), read('a.before')], ['ours again', 'theirs'])
})

t.test('where nothing is to be kept, nothing is missed', async (t) => {
  const { lines, log } = listener()
  const folder = await StateFolder.open({ path: '', isWanted: true, log })
  t.equal(await folder.write('a', 'x', CHANGES), false)
  t.same([folder.isStored('a'), folder.unstored, lines], [null, [], []])
})
