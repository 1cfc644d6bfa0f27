/** The copy of the root zone: what is taken over, what is not, how long it stands, and what outlives a restart. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PackedZone } from '../../src/authority/packed-zone.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { COPY_FORM, ZONE_FILE } from '../../src/daemon/root-copy/form.ts'
import { RootCopyKeeper } from '../../src/daemon/root-copy/keeper.ts'
import { type PrepareTerms, prepareZone, type RawZone } from '../../src/daemon/root-copy/prepare.ts'
import { prepareAside } from '../../src/daemon/root-copy/prepare-aside.ts'
import type { SharedRootCopy } from '../../src/daemon/root-copy/shared.ts'
import { type KnownZone, type Look, type RootSource, rootSource } from '../../src/daemon/root-copy/sources.ts'
import { StateFile } from '../../src/daemon/state/state-file.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import { alteredRdata, missingRecords, wrongSignatures } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatZone } from '../../src/wire/zone-text.ts'
import { testFolder } from '../support/folder.ts'
import { ROOT_ANCHORS, rootZone, SIGNED_AT } from '../support/root-zones.ts'

const DAY = 86_400
const [ALGORITHMS, DIGESTS] = [selfTest(), selfTestDigests()]
const FOLDERS = testFolder(t)
let folders = 0

function newFolder(): string {
  const path = join(FOLDERS, String(folders++))
  mkdirSync(path)
  return path
}

function terms(nowSeconds: number): PrepareTerms {
  const skew = { skewSecondsMin: 0, skewSecondsMax: 0 }
  return { anchors: ROOT_ANCHORS, nowSeconds, ...skew, algorithms: ALGORITHMS, digests: DIGESTS }
}

function asText(records: readonly ResourceRecord[]): RawZone {
  return { kind: 'text', octets: Buffer.from(formatZone(records)) }
}

/** A source that gives what the test says. */
class Scripted implements RootSource {
  readonly label: string
  readonly known: (KnownZone | undefined)[] = []
  say: () => Look = () => ({ kind: 'failed', fault: 'not there' })

  constructor(label = 'scripted') {
    this.label = label
  }

  give(records: readonly ResourceRecord[], asOfSeconds: number, mark?: string): void {
    this.say = () => ({ kind: 'zone', raw: asText(records), mark, asOfSeconds })
  }

  async look(known: KnownZone | undefined): Promise<Look> {
    this.known.push(known)
    return this.say()
  }
}

/** A keeper with a folder, a clock that the test moves, and a record of what it said and did. */
class Stage {
  readonly clock: VirtualClock
  readonly path: string
  readonly folder: StateFolder
  readonly used: SharedRootCopy[] = []
  readonly told: { text: string; fault?: string }[] = []
  readonly outcomes: string[] = []
  readonly keeper: RootCopyKeeper

  private constructor(
    folder: StateFolder,
    path: string,
    sources: readonly RootSource[],
    clock: VirtualClock,
  ) {
    this.clock = clock
    this.path = path
    this.folder = folder
    const tell = (fields: object, text: string): void => void this.told.push({ ...fields, text })
    this.keeper = new RootCopyKeeper({
      clock,
      wallSeconds: () => clock.unixSeconds(),
      random: seededRandom(1),
      sources,
      prepare: async (raw) => prepareZone(raw, terms(clock.unixSeconds())),
      use: (copy) => this.used.push(copy),
      folder,
      file: new StateFile(folder, COPY_FORM),
      counters: { rootCopyRefresh: (outcome) => void this.outcomes.push(outcome) },
      log: { info: tell, warn: tell } as never,
    })
  }

  static async open(
    sources: readonly RootSource[],
    path = newFolder(),
    clock = new VirtualClock(SIGNED_AT),
  ): Promise<Stage> {
    const quiet = { info: () => {}, warn: () => {}, error: () => {} } as never
    const folder = await StateFolder.open({ path, isWanted: true, log: quiet })
    const stage = new Stage(folder, path, sources, clock)
    t.teardown(() => stage.keeper.stop())
    stage.keeper.start()
    await stage.looked(1)
    return stage
  }

  /** Waits until so many looks have ended, and what they brought is written. */
  async looked(count: number): Promise<void> {
    for (let tries = 0; this.outcomes.length < count || this.clock.nextTimerMs() === undefined; tries++) {
      if (tries === 1_000) throw new Error(`${this.outcomes.length} looks`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** Moves the clock to the next look, and lets it end. Returns seconds. */
  async nextLook(): Promise<number> {
    const waitMs = this.clock.nextTimerMs()!
    const count = this.outcomes.length
    this.clock.advance(waitMs)
    await this.looked(count + 1)
    return waitMs / 1000
  }

  get serial(): number | undefined {
    return this.keeper.state?.serial
  }

  get faults(): string[] {
    return this.told.flatMap(({ fault }) => (fault === undefined ? [] : [fault]))
  }
}

function domains({ packed }: SharedRootCopy): string[] {
  const zone = new PackedZone(ROOT, packed)
  return ['se', 'test', 'nl', 'dk'].filter((name) => zone.rrset(nameFrom(name), TYPE.NS) !== undefined)
}

// --- what is taken over -------------------------------------------------------------------------------------------

t.test('what is not the root, or not all of it, is not taken over', async (t) => {
  const differs = 'its records are not those that its ZONEMD record was made of'
  const cases: [records: readonly ResourceRecord[], fault: RegExp | string][] = [
    [rootZone({ after: missingRecords({ owner: nameFrom('se.') }) }), differs],
    [rootZone({ after: missingRecords({ owner: nameFrom('ns.se.') }) }), differs],
    [rootZone({ after: alteredRdata({ type: TYPE.A }, () => Uint8Array.of(192, 0, 2, 66)) }), differs],
    [rootZone({ after: wrongSignatures({ type: TYPE.ZONEMD }) }), /ZONEMD.*does not verify/],
    [rootZone({ after: wrongSignatures({ type: TYPE.SOA }) }), /SOA/],
    [rootZone({ after: wrongSignatures({ type: TYPE.DNSKEY }) }), /DNSKEY/],
    [rootZone({ after: missingRecords({ type: TYPE.DNSKEY }) }), 'it is not signed: it has no DNSKEY record'],
    [rootZone({ after: missingRecords({ type: TYPE.NS }) }), 'it has no NS records'],
    [rootZone({ after: missingRecords({ type: TYPE.SOA }) }), 'it has no SOA record, or several'],
    [rootZone({ plain: true }), 'it has no ZONEMD record'],
    [[], 'it has no NS records'],
  ]
  for (const [records, fault] of cases) {
    const prepared = prepareZone(asText(records), terms(SIGNED_AT))
    t.match(prepared, { fault })
  }
  const whole = asText(rootZone())
  t.match(prepareZone(whole, { ...terms(SIGNED_AT), anchors: [] }), {
    fault: 'there is no trust anchor for .',
  })
  t.match(prepareZone(whole, terms(SIGNED_AT + 21 * DAY)), { fault: /expired|ended/ })
  t.match(prepareZone(whole, { ...terms(SIGNED_AT), algorithms: new Set() }), { fault: /algorithm/ })
  t.match(prepareZone({ kind: 'text', octets: Buffer.from('no zone') }, terms(SIGNED_AT)), {
    fault: /root zone/,
  })
  t.match(prepareZone(whole, terms(SIGNED_AT)), { serial: 1, refreshSeconds: 1800, expireSeconds: 604_800 })
  const byOther = prepareZone(asText(rootZone({ hash: 2 })), terms(SIGNED_AT))
  t.match(byOther, { serial: 1, signedUntilSeconds: SIGNED_AT + 20 * DAY }, 'SHA-512')
})

t.test('in a thread of its own the same comes of it', async (t) => {
  const { signal } = new AbortController()
  const prepared = await prepareAside(asText(rootZone()), terms(SIGNED_AT), signal)
  if ('fault' in prepared) throw new Error(prepared.fault)
  t.ok(prepared.packed.buffer instanceof SharedArrayBuffer)
  t.same(domains({ packed: prepared.packed, endsMs: 0, endsSeconds: 0 }), ['se', 'test', 'nl'])
  t.match(await prepareAside({ kind: 'text', octets: Buffer.from('(') }, terms(SIGNED_AT), signal), {
    fault: /./,
  })
  t.match(await prepareAside(asText([]), terms(SIGNED_AT), AbortSignal.abort()), {
    fault: 'the daemon stops',
  })
})

// --- over time ----------------------------------------------------------------------------------------------------

t.test('looks for a newer zone as the SOA says', async (t) => {
  const source = new Scripted()
  source.give(rootZone(), SIGNED_AT, 'first')
  const stage = await Stage.open([source])
  t.same(stage.outcomes, ['updated'])
  t.match(stage.keeper.state, { isInForce: true, serial: 1, source: 'scripted', ageSeconds: 0 })
  t.same(domains(stage.used[0]!), ['se', 'test', 'nl'])
  t.equal(stage.used[0]!.endsMs, stage.clock.nowMs() + 604_800_000)
  t.equal(stage.used[0]!.endsSeconds, SIGNED_AT + 20 * DAY)

  source.say = () => ({ kind: 'unchanged', asOfSeconds: stage.clock.unixSeconds() })
  const waited = await stage.nextLook()
  t.ok(waited > 1_600 && waited <= 1_800, `REFRESH: ${waited} s`)
  t.same(source.known, [undefined, { serial: 1, mark: 'first' }])
  t.equal(stage.keeper.state!.ageSeconds, 0)
  t.equal(stage.used.at(-1)!.endsMs, stage.clock.nowMs() + 604_800_000, 'it stands for longer now')

  source.say = () => ({ kind: 'failed', fault: 'not there' })
  await stage.nextLook()
  const again = await stage.nextLook()
  t.ok(again > 800 && again <= 900, `RETRY: ${again} s`)
  t.same(stage.faults, ['not there'], 'the same trouble is told once')
  t.ok(stage.keeper.state!.ageSeconds >= 1_600)
  t.ok(stage.keeper.state!.isInForce)

  source.give(rootZone({ serial: 2, domains: ['se', 'dk'] }), stage.clock.unixSeconds(), 'second')
  await stage.nextLook()
  t.equal(stage.serial, 2)
  t.same(domains(stage.used.at(-1)!), ['se', 'dk'], 'the root may have become smaller')
  t.same(stage.outcomes, ['updated', 'unchanged', 'failed', 'failed', 'updated'])
  t.equal(stage.keeper.faults.size, 0)
})

t.test('a zone that is damaged, older, or of another making leaves things as they are', async (t) => {
  const source = new Scripted()
  source.give(rootZone({ serial: 10 }), SIGNED_AT)
  const stage = await Stage.open([source])
  const before = stage.used.length
  for (const [records, fault] of [
    [
      rootZone({ serial: 11, after: missingRecords({ owner: nameFrom('nl.') }) }),
      /its records are not those/,
    ],
    [rootZone({ serial: 9 }), /its serial 9 is older than 10/],
    [rootZone({ serial: 11, plain: true }), /ZONEMD/],
  ] as const) {
    source.give(records, stage.clock.unixSeconds())
    await stage.nextLook()
    t.match(stage.faults.at(-1), fault)
    t.equal(stage.serial, 10)
  }
  t.equal(stage.used.length, before)
  t.equal(stage.outcomes.filter((outcome) => outcome === 'failed').length, 3)
  t.ok(stage.keeper.state!.isInForce)
})

t.test('another source serves where the first fails', async (t) => {
  const [first, second] = [new Scripted('first'), new Scripted('second')]
  second.give(rootZone(), SIGNED_AT, 'mark')
  const stage = await Stage.open([first, second])
  t.equal(stage.keeper.state!.source, 'second')
  t.same([...stage.keeper.faults], [['first', 'not there']])
  first.give(rootZone({ serial: 2 }), SIGNED_AT + 1)
  await stage.nextLook()
  t.equal(stage.keeper.state!.source, 'first')
  t.same(
    first.known[1],
    { serial: 1, mark: undefined },
    'what the one knows a zone by means nothing to the other',
  )
  t.equal(second.known.length, 1)
})

t.test('one that nobody confirms runs out, and is told once', async (t) => {
  const source = new Scripted()
  source.give(rootZone({ timers: '1800 900 4000 86400' }), SIGNED_AT)
  const stage = await Stage.open([source])
  source.say = () => ({ kind: 'failed', fault: 'not there' })
  const inForce: boolean[] = []
  for (let look = 0; look < 6; look++) {
    await stage.nextLook()
    inForce.push(stage.keeper.state!.isInForce)
  }
  t.ok(inForce[0])
  t.notOk(inForce.at(-1))
  t.equal(stage.told.filter(({ text }) => text.includes('has run out')).length, 1)
  t.ok(stage.used.every(({ endsMs }) => endsMs < stage.clock.nowMs()))
  source.say = () => ({ kind: 'unchanged', asOfSeconds: stage.clock.unixSeconds() })
  await stage.nextLook()
  t.ok(stage.keeper.state!.isInForce, 'confirmed again')
})

t.test('a clock that was ahead gives a copy no more time than it has', async (t) => {
  const source = new Scripted()
  source.give(rootZone(), SIGNED_AT)
  const stage = await Stage.open([source])
  source.say = () => ({ kind: 'unchanged', asOfSeconds: stage.clock.unixSeconds() })
  stage.clock.setUnixSeconds(stage.clock.unixSeconds() + 5 * DAY)
  await stage.nextLook()
  stage.clock.setUnixSeconds(stage.clock.unixSeconds() - 5 * DAY)
  source.say = () => ({ kind: 'failed', fault: 'not there' })
  t.equal(stage.keeper.state!.ageSeconds, 0)
  let aloneSeconds = 0
  while (stage.keeper.state!.isInForce && aloneSeconds < 12 * DAY) aloneSeconds += await stage.nextLook()
  t.ok(aloneSeconds >= 7 * DAY && aloneSeconds < 7.1 * DAY, `EXPIRE is 7 days: ${aloneSeconds / DAY} days`)
  t.ok(stage.used.at(-1)!.endsMs <= stage.clock.nowMs(), 'resolver threads stopped in time')
})

t.test('without a copy the looks become fewer', async (t) => {
  const stage = await Stage.open([new Scripted()])
  const waits: number[] = []
  for (let look = 0; look < 8; look++) waits.push(await stage.nextLook())
  t.ok(waits[0]! > 50 && waits[0]! <= 60)
  t.ok(waits.at(-1)! > 3_200 && waits.at(-1)! <= 3_600)
  t.equal(stage.keeper.state, undefined)
  t.same(stage.used, [])
})

// --- files --------------------------------------------------------------------------------------------------------

function fileSource(path: string, clock: VirtualClock): RootSource {
  return rootSource(
    { file: path },
    {
      wallSeconds: () => clock.unixSeconds(),
      random: seededRandom(1),
      lookup: () => {},
      pathFrom: (file) => file,
      sourceAddresses: [],
    },
  )
}

t.test('a file counts from when it was written', async (t) => {
  const file = join(newFolder(), 'root.zone')
  const write = (records: readonly ResourceRecord[], seconds: number): void => {
    writeFileSync(file, formatZone(records))
    utimesSync(file, seconds, seconds)
  }
  const clock = new VirtualClock(SIGNED_AT)
  write(rootZone(), SIGNED_AT - 2 * DAY)
  const stage = await Stage.open([fileSource(file, clock)], newFolder(), clock)
  t.match(stage.keeper.state, { serial: 1, source: file, ageSeconds: 2 * DAY, endsInSeconds: 5 * DAY })
  await stage.nextLook()
  t.same(stage.outcomes, ['updated', 'unchanged'])
  t.ok(stage.keeper.state!.ageSeconds > 2 * DAY, 'looking at it makes it no younger')

  write(rootZone({ serial: 2 }), clock.unixSeconds())
  truncateSync(file, 1_000)
  await stage.nextLook()
  t.equal(stage.serial, 1, 'half of a file')
  write(rootZone({ serial: 2 }), clock.unixSeconds())
  await stage.nextLook()
  t.equal(stage.serial, 2)
  t.ok(stage.keeper.state!.ageSeconds <= 900)

  clock.advance(6 * DAY * 1000)
  await stage.looked(4)
  t.ok(stage.keeper.state!.isInForce)
  clock.advance(2 * DAY * 1000)
  t.notOk(stage.keeper.state!.isInForce, 'a file that nobody writes any more')

  const absent = await fileSource(`${file}.no`, clock).look(undefined, new AbortController().signal)
  t.match(absent, { kind: 'failed', fault: /no such file/i })
  execFileSync('mkfifo', [`${file}.pipe`])
  const pipe = await fileSource(`${file}.pipe`, clock).look(undefined, new AbortController().signal)
  t.match(pipe, { kind: 'failed', fault: /not a regular file/ })
  const folder = await fileSource(newFolder(), clock).look(undefined, new AbortController().signal)
  t.match(folder, { kind: 'failed' })
})

// --- restarts -----------------------------------------------------------------------------------------------------

t.test('a restart without any source goes on with what was kept', async (t) => {
  const source = new Scripted()
  source.give(rootZone({ serial: 5 }), SIGNED_AT, 'mark')
  const first = await Stage.open([source])
  await first.keeper.stop()
  const { path } = first

  const offline = new Scripted()
  const second = await Stage.open([offline], path, new VirtualClock(SIGNED_AT + DAY))
  t.match(second.keeper.state, { isInForce: true, serial: 5, ageSeconds: DAY, endsInSeconds: 6 * DAY })
  t.same(offline.known, [{ serial: 5, mark: 'mark' }], 'a source is asked for newer ones alone')
  t.same(domains(second.used[0]!), ['se', 'test', 'nl'])
  await second.keeper.stop()

  const late = await Stage.open([new Scripted()], path, new VirtualClock(SIGNED_AT + 8 * DAY))
  t.match(late.keeper.state, { isInForce: false })
  t.same(late.used, [], 'what has run out is not used')
  await late.keeper.stop()

  const wrongClock = await Stage.open([new Scripted()], path, new VirtualClock(SIGNED_AT + 30 * DAY))
  t.equal(wrongClock.keeper.state, undefined)
  t.match(wrongClock.faults[0], /expired|ended/)
  await wrongClock.keeper.stop()

  const zone = readFileSync(join(path, ZONE_FILE), 'utf8')
  writeFileSync(join(path, ZONE_FILE), zone.replace('192.0.2.2', '192.0.2.3'))
  const damaged = await Stage.open([new Scripted()], path)
  t.equal(damaged.keeper.state, undefined)
  t.match(damaged.faults[0], /its records are not those/)
  await damaged.keeper.stop()

  writeFileSync(join(path, ZONE_FILE), formatZone(rootZone({ serial: 6 })))
  const other = await Stage.open([new Scripted()], path)
  t.match(other.faults[0], /another one than was kept/)
  await other.keeper.stop()

  writeFileSync(join(path, 'root-copy.json'), '{')
  const mended = new Scripted()
  mended.give(rootZone({ serial: 7 }), SIGNED_AT)
  const last = await Stage.open([mended], path)
  t.match(last.keeper.state, { isInForce: true, serial: 7 })
})

t.test("a folder that is another process's for a while is written to when it is ours", async (t) => {
  const source = new Scripted()
  source.give(rootZone({ serial: 5 }), SIGNED_AT)
  const stage = await Stage.open([source])
  stage.folder.rest(true)
  source.give(rootZone({ serial: 6 }), SIGNED_AT)
  await stage.nextLook()
  stage.folder.rest(false)
  source.say = () => ({ kind: 'unchanged', asOfSeconds: SIGNED_AT })
  await stage.nextLook()
  await stage.keeper.stop()
  const after = await Stage.open([new Scripted()], stage.path)
  t.match(after.keeper.state, { isInForce: true, serial: 6 })
})

t.test('what ends while it is at it', async (t) => {
  const source = new Scripted()
  const stage = await Stage.open([source])
  let go: () => void = () => {}
  const wait = new Promise<void>((resolve) => {
    go = resolve
  })
  source.look = async () => {
    await wait
    return { kind: 'zone', raw: asText(rootZone()), mark: undefined, asOfSeconds: SIGNED_AT }
  }
  stage.clock.advance(stage.clock.nextTimerMs()!)
  const stopped = stage.keeper.stop()
  go()
  await stopped
  t.same(stage.used, [])
  t.equal(stage.clock.nextTimerMs(), undefined)
})
