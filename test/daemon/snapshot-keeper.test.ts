/** The life of a snapshot: loaded at start, written now and then, written at the end. Caches are real, time is not. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import {
  SNAPSHOT_PAUSE_MS,
  SNAPSHOT_STOP_MS_MAX,
  SNAPSHOT_WAIT_MS_MAX,
  TTL_SECONDS_MAX,
} from '../../src/base/limits.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { entryPolicySequence, entryStatus } from '../../src/cache/answer-entry.ts'
import { RANK, RrsetCache } from '../../src/cache/rrset-cache.ts'
import { SECTION } from '../../src/cache/snapshot.ts'
import { tableSource } from '../../src/cache/snapshot-source.ts'
import { SnapshotKeeper, type SnapshotKeeperOptions } from '../../src/daemon/snapshot/keeper.ts'
import { restoreSnapshot } from '../../src/daemon/snapshot/load.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { answerEntry } from '../cache/answers.ts'
import { addresses, name } from '../cache/records.ts'
import { testFolder } from '../support/folder.ts'

const START_UNIX_MS = 1_790_000_000_000

interface Line {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** What the machine is at some moment, and what the configuration says. */
interface LifeOptions {
  readonly startMs?: number
  readonly unixMs?: number
  readonly judgement?: number
  readonly sources?: number
  readonly sequence?: number
  readonly staleMs?: number
  readonly mib?: number
  readonly restore?: SnapshotKeeperOptions['restore']
}

/** One life of a process. */
class Life {
  readonly clock: VirtualClock
  readonly answers: AnswerCache
  readonly rrsets: RrsetCache
  readonly keeper: SnapshotKeeper
  readonly lines: Line[] = []
  readonly written: string[] = []
  readonly #sequence: number

  constructor(path: string, options: LifeOptions = {}) {
    const { startMs = 1_000_000, unixMs = START_UNIX_MS, sequence = 1, mib = 4, staleMs = 0 } = options
    const clock = new VirtualClock(0, startMs)
    const nowMs = (): number => clock.nowMs()
    const bytesMax = mib * 1_048_576
    this.clock = clock
    this.answers = new AnswerCache({ bytesMax, hashKey: [sequence, startMs] })
    this.rrsets = new RrsetCache({ bytesMax, hashKey: [startMs, 1], nowMs })
    this.#sequence = sequence
    this.keeper = new SnapshotKeeper({
      path,
      clock,
      unixMs: () => unixMs + clock.nowMs() - startMs,
      policy: { sequence },
      judgementDigest: () => new Uint8Array(32).fill(options.judgement ?? 1),
      sourcesDigest: new Uint8Array(32).fill(options.sources ?? 1),
      staleMs,
      sources: () => [
        tableSource(SECTION.ANSWERS, this.answers.reader(), () => nowMs() - staleMs),
        tableSource(SECTION.RRSETS, this.rrsets.reader(), nowMs),
      ],
      restore: options.restore ?? ((restoring) => restoreSnapshot(this, restoring)),
      log: createLog(
        { level: 'debug', format: 'json' },
        { write: (line) => this.lines.push(JSON.parse(line)) },
      ),
      onWritten: (outcome) => this.written.push(outcome),
    })
  }

  /** Learns an address, which lives for `ttlSeconds`. */
  learn(owner: string, ttlSeconds = 3_600): void {
    const set = addresses(owner, ttlSeconds, 1)
    const policySequence = this.#sequence
    this.rrsets.put(set, { rank: RANK.ANSWER_AA, status: 'secure', reason: 1, policySequence })
    const entry = answerEntry(owner, { answer: [set], ttlSeconds, policySequence }, this.clock.nowMs())
    this.answers.put(name(owner), TYPE.A, entry, this.clock.nowMs())
  }

  /** `verdict sequence` of the answer, or undefined. */
  answer(owner: string): string | undefined {
    const qname = name(owner)
    const at = this.answers.find(qname, 0, qname.length, TYPE.A, this.clock.nowMs())
    if (at < 0) return undefined
    return `${entryStatus(this.answers.octets, at)} ${entryPolicySequence(this.answers.octets, at)}`
  }

  rrset(owner: string): string | undefined {
    const found = this.rrsets.get(name(owner), TYPE.A)
    return found && `${found.status} ${found.policySequence}`
  }

  /** Lets the files be read and written, which takes real time. */
  async until(done: () => boolean): Promise<void> {
    for (let i = 0; i < 2_000 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
    if (!done()) throw new Error('it did not come to that')
  }

  /** Loaded to the end, and serving. */
  async load(): Promise<void> {
    await this.keeper.load()
    this.keeper.keepWriting()
    await this.until(() => !this.keeper.isLoading)
  }

  says(pattern: RegExp): boolean {
    return this.lines.some(({ msg }) => pattern.test(msg))
  }
}

/** A file with two names, written in a first life that ended. */
async function withFile(t: Test, options: LifeOptions = {}): Promise<string> {
  const path = join(testFolder(t), 'caches')
  const life = new Life(path, options)
  await life.load()
  life.learn('one.example.')
  life.learn('two.example.', 60)
  await life.keeper.stop()
  return path
}

t.test('a restart finds what was known, verdicts and all', async (t) => {
  const path = join(testFolder(t), 'caches')
  const first = new Life(path)
  await first.load()
  t.ok(first.says(/there is no snapshot of the caches yet/))
  first.learn('one.example.')
  await first.keeper.stop()
  t.same(first.written, ['written'])
  t.match(first.lines.at(-1), {
    level: 'info',
    answers: 1,
    rrsets: 1,
    msg: 'the snapshot of the caches is written',
  })
  t.match(first.keeper.lastWriting, {
    answers: 1,
    rrsets: 1,
    octets: statSync(path).size,
    unixMs: START_UNIX_MS,
  })

  // The machine was started anew meanwhile: its clock begins again. So does the sequence of the policy.
  const second = new Life(path, { startMs: 5_000, unixMs: START_UNIX_MS + 600_000, sequence: 7, mib: 1 })
  await second.load()
  t.equal(second.answer('one.example.'), 'secure 7')
  t.equal(second.rrset('one.example.'), 'secure 7')
  t.same(second.keeper.loaded, { answers: 1, rrsets: 1 })
  t.match(second.lines[0], { level: 'info', answers: 1, msg: 'the answers of the snapshot are loaded' })
  t.match(second.lines[1], { answers: 1, rrsets: 1, msg: 'the snapshot of the caches is loaded' })
  second.clock.advance(3_000_000 - 1)
  t.equal(second.answer('one.example.'), 'secure 7')
  second.clock.advance(1)
  t.equal(second.answer('one.example.'), undefined)
  await second.keeper.stop()
})

t.test('what has run out meanwhile is not loaded', async (t) => {
  const path = await withFile(t)
  const life = new Life(path, { unixMs: START_UNIX_MS + 60_000 })
  await life.load()
  t.same(life.keeper.loaded, { answers: 1, rrsets: 1 })
  const stale = new Life(path, { unixMs: START_UNIX_MS + 60_000, staleMs: 1_000 })
  await stale.load()
  t.same(stale.keeper.loaded, { answers: 2, rrsets: 1 })
})

t.test('it is written every few minutes, by what is known then', async (t) => {
  const path = join(testFolder(t), 'caches')
  const life = new Life(path)
  await life.load()
  life.learn('one.example.')
  life.clock.advance(SNAPSHOT_PAUSE_MS - 1)
  t.notOk(existsSync(path))
  life.clock.advance(1)
  await life.until(() => life.written.length === 1)
  t.match(life.keeper.lastWriting, { answers: 1, rrsets: 1 })
  life.learn('two.example.')
  await life.until(() => life.clock.nextTimerMs() === SNAPSHOT_PAUSE_MS)
  life.clock.advance(SNAPSHOT_PAUSE_MS)
  await life.until(() => life.written.length === 2)
  t.match(life.keeper.lastWriting, { answers: 2, rrsets: 2, unixMs: START_UNIX_MS + 2 * SNAPSHOT_PAUSE_MS })
  await life.keeper.stop()
  t.same(life.written, ['written', 'written', 'written'])
  t.equal(life.clock.nextTimerMs(), undefined, 'no timer is left')
})

t.test('whoever wants it written at the same moment, it is written one time after the other', async (t) => {
  const path = join(testFolder(t), 'caches')
  const life = new Life(path)
  await life.load()
  life.learn('one.example.')
  life.clock.advance(SNAPSHOT_PAUSE_MS)
  t.same(await Promise.all([life.keeper.writeNow(), life.keeper.writeNow()]), [true, true])
  t.same(life.written, ['written', 'written', 'written'])
  const resting = life.keeper.writeNow()
  await Promise.resolve()
  life.keeper.rest(true)
  t.equal(await resting, false, 'what has begun when it has to rest is given up')
  t.notOk(existsSync(`${path}.new`))
  await life.keeper.stop()
  t.same(life.written, ['written', 'written', 'written'])
})

t.test('a policy that has changed keeps the data and no verdict', async (t) => {
  const path = await withFile(t)
  const life = new Life(path, { judgement: 2, sequence: 1 })
  await life.load()
  t.same(life.keeper.loaded, { answers: 0, rrsets: 2 })
  t.equal(life.answer('one.example.'), undefined)
  t.equal(life.rrset('one.example.'), 'secure 0', 'no policy has the number 0')
  t.ok(life.says(/settings of validation have changed since the snapshot: its data is judged again/))
})

t.test('data that would come from elsewhere now is not loaded', async (t) => {
  const path = await withFile(t)
  const life = new Life(path, { sources: 2 })
  await life.load()
  t.same(life.keeper.loaded, { answers: 0, rrsets: 0 })
  t.ok(life.says(/the snapshot is not loaded: settings say now that data comes from elsewhere/))
  t.ok(existsSync(path), 'there is nothing wrong with the file')
})

t.test('a clock that was set', async (t) => {
  const path = await withFile(t)
  const late = new Life(path, { unixMs: START_UNIX_MS - 59_000 })
  await late.load()
  t.equal(late.answer('one.example.'), 'secure 1', 'a clock that is a little slow')
  // Or it would write the file anew while time passes.
  late.keeper.close()
  late.clock.advance(3_600_000)
  t.equal(late.answer('one.example.'), undefined, 'makes nothing younger')

  const future = new Life(path, { unixMs: START_UNIX_MS - 3_600_000 })
  await future.load()
  t.same(future.keeper.loaded, { answers: 0, rrsets: 0 })
  t.match(future.lines[0], {
    level: 'warn',
    reason: 'written 3600 seconds in the future',
    aside: `${path}.damaged`,
  })
  t.notOk(existsSync(path))

  const again = await withFile(t)
  const old = new Life(again, { unixMs: START_UNIX_MS + (TTL_SECONDS_MAX + 1) * 1_000 })
  await old.load()
  t.match(old.lines[0], { level: 'warn', reason: `written ${TTL_SECONDS_MAX + 1} seconds ago` })
})

t.test('a damaged file is set aside with a reason, and nothing of it is loaded', async (t) => {
  const path = await withFile(t)
  const whole = readFileSync(path)
  const damages: readonly [string, (octets: Buffer) => Buffer][] = [
    ['not a snapshot', () => Buffer.alloc(500)],
    ['cut off', () => Buffer.alloc(0)],
    ['version 2 of the format', (octets) => octets.fill(2, 9, 10)],
    ['checksum of the head', (octets) => octets.fill(0xee, 40, 41)],
    ['checksum of a block', (octets) => octets.fill(0xee, 200, 201)],
    ['cut off', (octets) => octets.subarray(0, -1)],
    ['more behind its end', (octets) => Buffer.concat([octets, octets])],
  ]
  for (const [reason, damage] of damages) {
    const damaged = damage(Buffer.from(whole))
    writeFileSync(path, damaged)
    const life = new Life(path)
    await life.load()
    t.match(life.lines, [
      {
        level: 'warn',
        reason,
        aside: `${path}.damaged`,
        msg: /of no use and was set aside; they start empty/,
      },
    ])
    t.equal(life.lines.length, 1)
    t.same([life.answers.entryCount, life.rrsets.entryCount], [0, 0])
    t.notOk(existsSync(path))
    t.same(readFileSync(`${path}.damaged`), damaged)
    // All goes on: the next writing makes a new file.
    life.learn('three.example.')
    await life.keeper.stop()
    const next = new Life(path)
    await next.load()
    t.same(next.keeper.loaded, { answers: 1, rrsets: 1 })
  }
})

t.test('a file that is damaged in its last block gives nothing of its first', async (t) => {
  const path = join(testFolder(t), 'caches')
  const first = new Life(path)
  await first.load()
  for (let i = 0; i < 5_000; i++) first.learn(`n${i}.example.`)
  await first.keeper.stop()
  const octets = readFileSync(path)
  octets[octets.length - 100] = octets[octets.length - 100]! ^ 1
  writeFileSync(path, octets)
  const life = new Life(path)
  await life.load()
  t.match(life.lines[0], { reason: 'checksum of a block' })
  t.same([life.answers.entryCount, life.rrsets.entryCount], [0, 0])
})

t.test('where the file can be neither read nor written', async (t) => {
  const folder = testFolder(t, { file: '' })
  for (const [path, code] of [
    [join(folder, 'file/caches'), 'ENOTDIR'],
    [folder, 'not a file'],
  ] as const) {
    const life = new Life(path)
    await life.load()
    t.match(life.lines, [
      { level: 'warn', code, msg: 'the snapshot of the caches cannot be read; they start empty' },
    ])
    await life.keeper.stop()
    t.match(life.lines.at(-1), { level: 'warn', msg: 'the snapshot of the caches could not be written' })
    t.same(life.written, ['failed'])
    t.equal(life.keeper.lastWriting, undefined)
  }
  t.same(readdirSync(folder), ['file'])
  // A damaged one whose place aside is taken.
  const path = join(folder, 'caches')
  writeFileSync(path, 'no snapshot at all')
  mkdirSync(join(`${path}.damaged`, 'inside'), { recursive: true })
  const life = new Life(path)
  await life.load()
  t.match(life.lines, [{ level: 'warn', reason: 'cut off', msg: /of no use and cannot be set aside/ }])
})

t.test('serving does not wait for ever, and what is half loaded is not written', async (t) => {
  const path = await withFile(t)
  const before = readFileSync(path)
  let end: (counts: undefined) => void = () => {}
  let wanted: () => boolean = () => true
  const life = new Life(path, {
    restore: ({ isWanted }) => {
      wanted = isWanted
      return new Promise((resolve) => {
        end = resolve
      })
    },
  })
  let serves = false
  void life.keeper.load().then(() => {
    serves = true
  })
  life.keeper.keepWriting()
  await life.until(() => end.length === 1)
  life.clock.advance(SNAPSHOT_WAIT_MS_MAX - 1)
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.notOk(serves)
  life.clock.advance(1)
  await life.until(() => serves)
  life.clock.advance(SNAPSHOT_PAUSE_MS)
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(life.written, [])
  t.equal(wanted(), true)
  const stopped = life.keeper.stop()
  t.equal(wanted(), false)
  end(undefined)
  await stopped
  t.same(life.written, [])
  t.same(readFileSync(path), before)
})

t.test('threads that end amid the loading leave nothing to be written', async (t) => {
  const path = await withFile(t)
  const before = readFileSync(path)
  let end: (counts: { answers: number; rrsets: number }) => void = () => {}
  const life = new Life(path, {
    restore: () =>
      new Promise((resolve) => {
        end = resolve
      }),
  })
  void life.keeper.load()
  life.keeper.keepWriting()
  await life.until(() => end.length === 1)
  life.keeper.close()
  end({ answers: 1, rrsets: 0 })
  await life.keeper.stop()
  t.same(life.written, [])
  t.same(readFileSync(path), before)
})

t.test('the end of the process does not wait for ever either', async (t) => {
  const path = await withFile(t)
  const life = new Life(path, { restore: () => new Promise(() => {}) })
  void life.keeper.load()
  let stopped = false
  void life.keeper.stop().then(() => {
    stopped = true
  })
  life.clock.advance(SNAPSHOT_STOP_MS_MAX)
  await life.until(() => stopped)
  t.match(life.lines.at(-1), { level: 'warn', msg: /takes too long: the older one stays/ })
})

t.test('a file that goes away between the look at it and its loading', async (t) => {
  const path = await withFile(t)
  const life: Life = new Life(path, {
    restore: async (restoring) => {
      rmSync(path)
      return restoreSnapshot(life, restoring)
    },
  })
  await life.load()
  t.match(life.lines, [{ level: 'warn', code: 'ENOENT', msg: /could not be read to its end/ }])
  await life.keeper.stop()
  t.same(life.written, ['written'])
})

t.test('who never served writes nothing: another process may be at work with the same file', async (t) => {
  const path = await withFile(t)
  const before = statSync(path).ino
  const life = new Life(path)
  await life.keeper.load()
  await life.keeper.stop()
  t.same(life.written, [])
  t.equal(statSync(path).ino, before)
})
