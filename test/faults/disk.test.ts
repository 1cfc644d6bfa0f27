/**
 * A file system that takes nothing any more, whatever it says to that: the older files stay whole, a warning tells, and
 * all goes on when there is room again.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { JOURNAL_OCTETS_MAX } from '../../src/base/limits.ts'
import { Journal } from '../../src/daemon/state/journal.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'
import { onSmallDisk } from '../support/small-disk.ts'
import { DaemonProcess } from './daemon-process.ts'
import { FaultyFiles, type FileError } from './faulty-files.ts'
import { Generations, type WrittenParts } from './generations.ts'
import { WriterProcess } from './writer-process.ts'

const ERRORS: readonly FileError[] = ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT']
const SPARE_OCTETS = 16_384
const ALL: WrittenParts = { key: true, changes: true, snapshot: true }
const NONE: WrittenParts = { key: false, changes: false, snapshot: false }

const TOP = testFolder(t)
const WORLD: LabWorld = await startLabWorld(TOP, [127, 97])
t.teardown(() => WORLD.close())
const TESTED = ['www.good.se.', 'www.expired.se.', 'www.plain.se.']

const faulty = FaultyFiles.build(TOP)
const skip = typeof faulty === 'string' && faulty

/** Every part that was said to be written is of that generation, the others are older and whole. */
async function look(
  t: Test,
  folder: string,
  generation: number,
  written: WrittenParts,
  when: string,
): Promise<void> {
  const found = await (await Generations.open(folder)).found()
  for (const part of ['key', 'changes', 'snapshot'] as const) {
    const isThere = found[part] === generation
    if (isThere !== written[part]) t.fail(`${when}: ${part} is of ${found[part]}; written: ${written[part]}`)
  }
}

t.test('each call that changes a file fails, for each reason', { skip }, async (t) => {
  if (typeof faulty === 'string') return
  const top = testFolder(t, { state: {} })
  const folder = join(top, 'state')
  const files = faulty.of(join(top, 'control'), folder)
  const writer = new WriterProcess(folder, 'as-told', files.env)
  await writer.write()
  const calls = files.seen
  t.ok(calls > 20, `${calls} calls`)
  const healed: number[] = []
  for (const error of ERRORS) {
    for (let call = 1; call <= calls; call++) {
      files.failFrom(call, error, 1)
      const { generation, written } = (await writer.write())!
      await look(t, folder, generation, written, `${error} at call ${call}`)
    }
    files.failFrom(1, error)
    const { generation, written } = (await writer.write())!
    t.same(written, NONE, `${error} at every call`)
    await look(t, folder, generation, written, error)
    files.heal()
    const after = (await writer.write())!
    t.same(after.written, ALL, `after ${error}`)
    await look(t, folder, after.generation, after.written, `after ${error}`)
    t.same(
      readdirSync(folder).filter((name) => name.endsWith('.new')),
      [],
    )
    healed.push(after.generation)
  }
  writer.finish()
  t.same(await writer.ended, { signal: null, stderr: '' })
  const { journal } = await (await Generations.open(folder)).found()
  t.same(
    healed.filter((generation) => !journal.includes(generation)),
    [],
  )
  // Only what could not be opened or not be written, once each and once with everything else.
  const lost = ERRORS.length * 3
  const all = ERRORS.length * (calls + 2) + 1
  t.equal(journal.length, all - lost, 'what is appended behind half a line is no part of it')
})

t.test('a small file system that is full', (t) =>
  onSmallDisk(t, async (folder) => {
    const warnings: string[] = []
    const warn = (_: object | string, text = ''): void => void warnings.push(text)
    const log = { info: () => {}, warn, error: warn }
    const by = { who: 'a test', why: 'w'.repeat(3_000) }
    const state = await StateFolder.open({ path: folder, isWanted: true, log })
    const journal = await Journal.open(state, log, () => 1_800_000_000_000)
    t.ok(await state.write('kept', 'old'))
    await journal.add('before', by, {})
    const filler = join(folder, 'filler')
    t.throws(() => writeFileSync(filler, Buffer.alloc(JOURNAL_OCTETS_MAX)), { code: 'ENOSPC' })
    t.equal(await state.write('kept', Buffer.alloc(SPARE_OCTETS)), false)
    for (let i = 0; i < 3; i++) await journal.add('while full', by, {})
    t.equal(Buffer.from(state.read('kept')!).toString(), 'old')
    t.notOk(existsSync(join(folder, 'kept.new')))
    t.strictSame(warnings, [
      'a state file cannot be written; the older one stays',
      'a state file cannot be appended to; this is lost: who changed what, when and why',
    ])
    rmSync(filler)
    t.ok(await state.write('kept', Buffer.alloc(SPARE_OCTETS)))
    await journal.add('after', by, {})
    const again = await Journal.open(state, log, () => 1_800_000_000_000)
    const whats = again.recent().map(({ what }) => what)
    t.same([whats[0], whats.at(-1)], ['after', 'before'])
  }),
)

t.test('a daemon whose disk is full serves, and keeps what it had', { skip, timeout: 60_000 }, async (t) => {
  if (typeof faulty === 'string') return
  const folder = join(testFolder(t, { state: {} }), 'state')
  const files = faulty.of(join(t.testdirName, 'control'), folder)
  // Whatever the share, it holds for whoever asks here.
  const members = { cache: `snapshot: ${folder}/caches`, dnssec: 'rollout: { always: [127.0.0.0/8] }' }
  const more = `state: { directory: ${folder} }\n`
  const daemon = await DaemonProcess.start(WORLD, members, more, { env: files.env })
  const answers = async (): Promise<unknown[]> => {
    const replies = await Promise.all(TESTED.map((name) => daemon.ask({ name, type: 'A', do: true })))
    return replies.map(({ rcode, ad }) => [rcode, ad])
  }
  const right = [
    ['NOERROR', true],
    ['SERVFAIL', false],
    ['NOERROR', false],
  ]
  t.same(await answers(), right)
  t.match(await daemon.post('/v1/rollout', { percent: 90 }), { ok: true })
  t.match(await daemon.post('/v1/snapshot'), { ok: true })
  const kept = (): Buffer[] =>
    ['caches', 'operator-changes.json', 'journal.jsonl'].map((name) => readFileSync(join(folder, name)))
  const before = kept()
  files.failFrom(1, 'ENOSPC')
  t.same(await answers(), right, 'what is cached')
  t.match(await daemon.ask({ name: 'fresh.good.se.', type: 'A', do: true }), { rcode: 'NXDOMAIN', ad: true })
  t.match(
    await daemon.post('/v1/rollout', { percent: 80 }),
    { ok: true, result: { percent: 80, stored: false } },
    'it counts while the process lives',
  )
  t.match(await daemon.post('/v1/rollout', { percent: 70 }), { ok: true })
  t.match(await daemon.post('/v1/snapshot'), { ok: false, error: /not written; the log says why/ })
  t.same(kept(), before, 'what was kept stays')
  t.equal(await daemon.metric('rollout_enforced_ratio'), 0.7)
  t.ok((await daemon.metric('state_unstored_files')) >= 1)
  const warned = daemon.log.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg)
  const told = (text: string): number => warned.filter((msg) => msg.startsWith(text)).length
  t.equal(told('a state file cannot be written'), 1, 'told once')
  t.equal(told('a state file cannot be appended to'), 1)
  t.equal(told('the snapshot of the caches could not be written'), 1)
  files.heal()
  t.match(await daemon.post('/v1/rollout', { percent: 60 }), { ok: true, result: { stored: true } })
  t.equal(await daemon.metric('state_unstored_files'), 0)
  t.match(await daemon.post('/v1/snapshot'), { ok: true })
  t.ok(
    daemon.log.some(({ msg }) => msg === 'a state file can be written again'),
    'and told when it is over',
  )
  files.failFrom(1, 'EIO')
  const { code } = await daemon.stop()
  t.equal(code, 0, 'a clean stop although nothing can be written')
  t.equal(daemon.uncaught, undefined)
  files.heal()
  const next = await DaemonProcess.start(WORLD, members, more)
  t.teardown(() => next.stop())
  t.equal(await next.metric('rollout_enforced_ratio'), 0.6)
  t.ok((await next.metric('cache_entries', { cache: 'answers' })) > 0)
})
