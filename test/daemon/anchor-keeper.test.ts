/** The keeper of trust anchors: what it asks when, what it puts in force, what outlives it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { PROBE_SECONDS_MIN } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { ANCHOR_FORM } from '../../src/daemon/anchors/form.ts'
import { type AnchorDuties, AnchorKeeper } from '../../src/daemon/anchors/keeper.ts'
import { anchorStates, followedZoneStates } from '../../src/daemon/anchors/status.ts'
import { StateFile } from '../../src/daemon/state/state-file.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { keyTagSignal } from '../../src/dnssec/key-tag-signal.ts'
import { rollReadiness } from '../../src/dnssec/roll-readiness.ts'
import {
  anchorKeyTag,
  anchorsFromRecords,
  type TrustAnchor,
  TrustAnchors,
} from '../../src/dnssec/trust-anchors.ts'
import { ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { figure } from '../attacks/row.ts'
import { testFolder } from '../support/folder.ts'
import { anchorOf, DAY, NEW, OLD, publishedSet, revoked, START, tagOf } from '../support/followed-keys.ts'
import { proofParameters } from '../support/proof.ts'
import { ROOT_KEY_HISTORY, rootKeyHistory } from '../support/recorded-root-keys.ts'
import { recordsFrom } from '../support/records.ts'
import { absent } from '../support/shared-data.ts'
import { makeKey, type TestKey } from '../support/sign.ts'

/** One for all tests: a stage may still write when its test ends. */
const FOLDERS = testFolder(t)
let folders = 0
const stages: Stage[] = []

interface Line {
  readonly text: string
  readonly fault?: string
}

/** A keeper with a folder of its own, a clock that the test moves, and a zone that gives what the test says. */
class Stage {
  readonly clock: VirtualClock
  readonly enforced: (readonly TrustAnchor[])[] = []
  readonly signals: number[][] = []
  readonly told: Line[] = []
  readonly keeper: AnchorKeeper
  asked = 0
  /** What the servers give. */
  keys: () => Rrset | string = () => 'nobody answers'
  published: (() => TrustAnchor[]) | undefined

  constructor(folder: StateFolder, clock: VirtualClock, configured: readonly TrustAnchor[]) {
    this.clock = clock
    const tell = (fields: object, text: string): void => void this.told.push({ ...fields, text })
    this.keeper = new AnchorKeeper({
      clock,
      wallSeconds: () => clock.unixSeconds(),
      random: seededRandom(1),
      configured: new TrustAnchors(configured),
      file: new StateFile(folder, ANCHOR_FORM),
      log: { info: tell, warn: tell, error: tell } as never,
    })
  }

  static async open(configured: readonly TrustAnchor[], path = newFolder()): Promise<Stage> {
    const quiet = { info: () => {}, warn: () => {}, error: () => {} } as never
    const folder = await StateFolder.open({ path, isWanted: true, log: quiet })
    const stage = new Stage(folder, new VirtualClock(START), configured)
    stages.push(stage)
    return stage
  }

  async start(): Promise<void> {
    const duties: AnchorDuties = {
      fetchKeys: async () => {
        this.asked++
        return this.keys()
      },
      parameters: () => proofParameters({ at: this.clock.unixSeconds() }),
      enforce: async (anchors) => this.enforced.push(anchors),
      signal: (_zone, anchors) => this.signals.push(anchors.map(anchorKeyTag)),
      publication: async () => this.published?.() ?? [],
    }
    this.keeper.start(duties)
    await turn()
  }

  /** Lets time pass, with every probe that falls due. */
  async pass(seconds: number): Promise<void> {
    const until = this.clock.nowMs() + seconds * 1000
    for (let next = this.clock.nextTimerMs(); next !== undefined; next = this.clock.nextTimerMs()) {
      if (this.clock.nowMs() + next > until) break
      this.clock.advance(next)
      await turn()
    }
    this.clock.advance(until - this.clock.nowMs())
  }

  states(): Record<number, string> {
    return Object.fromEntries(
      anchorStates(this.keeper.anchors, this.keeper).map(({ tag, state }) => [tag, state]),
    )
  }

  tags(): number[] {
    return this.keeper.anchors.list.map(anchorKeyTag)
  }
}

function newFolder(): string {
  return join(FOLDERS, String(folders++))
}

async function turn(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** The DNSKEY set that a zone gives at this moment, TTL two days. */
function givenBy(stage: Stage, keys: readonly TestKey[], signers: readonly TestKey[] = keys): Rrset {
  const at = stage.clock.unixSeconds()
  const times = { inception: at - DAY, expiration: at + 14 * DAY }
  return publishedSet({ keys, signers, ttlSeconds: 2 * DAY, ...times })
}

t.test(
  'a new key is believed after thirty days, a restart in between, and revocation is at once',
  async (t) => {
    const path = newFolder()
    let stage = await Stage.open([anchorOf(OLD)], path)
    stage.keys = () => givenBy(stage, [OLD, NEW], [OLD])
    await stage.start()
    t.same(stage.states(), { [tagOf(OLD)]: 'valid', [tagOf(NEW)]: 'add-pending' })
    t.same(stage.enforced, [], 'nothing is in force that was not')
    await stage.pass(10 * DAY)
    await stage.keeper.stop()
    t.ok(stage.asked >= 10 && stage.asked <= 12, `half a TTL between probes (${stage.asked})`)
    const asked = stage.asked
    await stage.pass(5 * DAY)
    t.equal(stage.asked, asked, 'who has stopped asks no more')

    const clock = stage.clock
    stage = await Stage.open([anchorOf(OLD)], path)
    stage.clock.setUnixSeconds(clock.unixSeconds())
    stage.keys = () => givenBy(stage, [OLD, NEW], [OLD])
    t.same(
      stage.states(),
      { [tagOf(OLD)]: 'valid', [tagOf(NEW)]: 'add-pending' },
      'known before anybody is asked',
    )
    await stage.start()
    await stage.pass(14 * DAY)
    t.equal(stage.states()[tagOf(NEW)], 'add-pending', '29 days')
    await stage.pass(2 * DAY)
    t.same(stage.tags(), [tagOf(OLD), tagOf(NEW)], '31 days')
    t.equal(stage.enforced.length, 1)

    stage.keys = () => givenBy(stage, [revoked(OLD), NEW])
    await stage.pass(2 * DAY)
    t.same(stage.tags(), [tagOf(NEW)])
    t.equal(stage.enforced.length, 2)
    t.match(stage.told, [{ text: /another state/ }, { text: /another state/ }])
    await stage.keeper.stop()

    const later = await Stage.open([anchorOf(OLD)], path)
    t.same(later.tags(), [tagOf(NEW)], 'a revoked key of the configuration stays out')
    t.match(later.told, [{ text: /was revoked by its zone and is not used/ }])
  },
)

t.test(
  'a clock that jumps by more than signatures last neither ends the wait nor begins it anew',
  async (t) => {
    const stage = await Stage.open([anchorOf(OLD)], newFolder())
    let astray = 0
    stage.keys = () => {
      const at = stage.clock.unixSeconds() - astray
      const times = { inception: at - DAY, expiration: at + 14 * DAY }
      return publishedSet({ keys: [OLD, NEW], signers: [OLD], ttlSeconds: 2 * DAY, ...times })
    }
    const jump = (seconds: number): void => {
      astray += seconds
      stage.clock.setUnixSeconds(stage.clock.unixSeconds() + seconds)
    }
    await stage.start()
    const waiting = { [tagOf(OLD)]: 'valid', [tagOf(NEW)]: 'add-pending' }
    await stage.pass(5 * DAY)
    for (const seconds of [40 * DAY, -40 * DAY, 3_650 * DAY]) {
      jump(seconds)
      await stage.pass(3 * DAY)
      t.same(stage.states(), waiting, `${seconds} seconds astray`)
      jump(-seconds)
      await stage.pass(3 * DAY)
      t.same(stage.states(), waiting, 'and back')
    }
    t.same(stage.enforced, [])
    await stage.pass(5 * DAY)
    t.equal(stage.states()[tagOf(NEW)], 'add-pending', '28 days')
    await stage.pass(4 * DAY)
    t.same(stage.tags(), [tagOf(OLD), tagOf(NEW)], '32 days')
  },
)

t.test(
  'the real root from 2023 on, restarted each month (V25)',
  { skip: absent(ROOT_KEY_HISTORY) },
  async (t) => {
    const path = newFolder()
    const history = rootKeyHistory()
    const ksk2017 = '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
    const configured = anchorsFromRecords(recordsFrom(ksk2017))
    const seen: string[] = []
    let last = ''
    // The archive has a set when it changed; in between the signatures of the last one run out and probes fail.
    for (let at = history[0]!.unixSeconds; at < Date.parse('2025-03-15') / 1000; at += 30 * DAY) {
      const stage = await Stage.open(configured, path)
      stage.clock.setUnixSeconds(at)
      stage.keys = () => {
        const { records } = history
          .filter(({ unixSeconds }) => unixSeconds <= stage.clock.unixSeconds())
          .at(-1)!
        return groupRrsets(records)[0]!
      }
      await stage.start()
      for (let day = 0; day < 30; day++) {
        await stage.pass(DAY)
        const now = stage.states()[38696] ?? ''
        if (now !== last)
          seen.push(`${new Date(stage.clock.unixSeconds() * 1000).toISOString().slice(0, 10)} ${now}`)
        last = now
      }
      await stage.keeper.stop()
    }
    t.match(seen, [/^2025-01-1[12] add-pending$/, /^2025-02-1\d valid$/])
    t.equal(seen.length, 2)
    figure(t, 'V25', `restarted each month: ${seen.join(', ')}`)
  },
)

t.test(
  'a probe that fails is repeated after a tenth of the time, told once, and at once when the network is up',
  async (t) => {
    const stage = await Stage.open([anchorOf(OLD)])
    await stage.start()
    await stage.pass(DAY)
    t.equal(stage.asked, 25, 'an hour, as long as nothing is known of the zone')
    t.match(stage.told, [{ text: /could not be followed/, fault: 'nobody answers' }])
    t.equal(stage.told.length, 1)
    stage.keys = () => givenBy(stage, [OLD])
    stage.keeper.retry()
    await turn()
    t.equal(stage.asked, 26)
    t.match(stage.told[1], { text: /can be followed again/ })
    stage.keeper.retry()
    await turn()
    t.equal(stage.asked, 26, 'only what failed')
    stage.keys = () => 'nobody answers'
    await stage.pass(DAY)
    const asked = stage.asked
    await stage.pass(DAY)
    t.ok(stage.asked - asked >= 4 && stage.asked - asked <= 6, 'a tenth of the TTL')
    t.same(stage.tags(), [tagOf(OLD)])
  },
)

t.test('what nobody vouches for is asked of who publishes anchors', async (t) => {
  const stage = await Stage.open([anchorOf(OLD)])
  const third = makeKey('example')
  stage.keys = () => givenBy(stage, [NEW, third], [NEW])
  await stage.start()
  t.same(stage.tags(), [tagOf(OLD)], 'nobody publishes anything')
  stage.published = () => [anchorOf(NEW)]
  await stage.pass(3_600)
  t.same(stage.states(), { [tagOf(OLD)]: 'missing', [tagOf(NEW)]: 'valid', [tagOf(third)]: 'add-pending' })
  t.equal(stage.enforced.length, 1)
  t.match(stage.told, [
    { text: /could not be followed/ },
    { text: /published and signed for this zone/, keyTags: [tagOf(NEW)] },
  ])
  stage.published = () => t.fail('nobody is asked while all goes well') as never
  await stage.pass(DAY)
})

t.test('a zone whose keys are all revoked has no anchor, and is asked no more', async (t) => {
  const stage = await Stage.open([anchorOf(OLD)])
  stage.keys = () => givenBy(stage, [OLD])
  await stage.start()
  const gone = revoked(OLD)
  stage.keys = () => givenBy(stage, [gone])
  await stage.pass(2 * DAY)
  t.same(stage.enforced, [[]])
  t.match(stage.told.at(-1), { text: /nothing in it is validated any more/ })
  const { asked } = stage
  await stage.pass(30 * DAY)
  t.equal(stage.asked, asked)
})

t.test('other anchors of the operator are in force at once; wholly other ones start anew', async (t) => {
  const path = newFolder()
  const stage = await Stage.open([anchorOf(OLD)], path)
  stage.keys = () => givenBy(stage, [OLD, NEW], [OLD])
  await stage.start()
  const island = makeKey('island')
  await stage.keeper.configure(new TrustAnchors([anchorOf(OLD), anchorOf(NEW), anchorOf(island)]))
  t.same(stage.tags(), [tagOf(OLD), tagOf(NEW), tagOf(island)])
  t.equal(stage.enforced.length, 1)
  await stage.keeper.configure(new TrustAnchors([anchorOf(island)]))
  t.same(stage.tags(), [tagOf(island)])
  await stage.keeper.configure(new TrustAnchors([anchorOf(OLD)]))
  await stage.keeper.stop()
  const third = makeKey('example')
  const other = await Stage.open([anchorOf(third)], path)
  t.same(other.tags(), [tagOf(third)])
  t.match(other.told, [{ text: /following starts anew/ }])
})

t.test('a zone that is taken out while it is asked is asked no more', async (t) => {
  const stage = await Stage.open([anchorOf(OLD)])
  await stage.start()
  let answer: (fault: string) => void = () => {}
  stage.keys = () =>
    new Promise<string>((resolve) => {
      answer = resolve
    }) as never
  await stage.pass(PROBE_SECONDS_MIN)
  t.equal(stage.asked, 2)
  await stage.keeper.configure(new TrustAnchors([]))
  answer('too late')
  await turn()
  t.equal(stage.clock.nextTimerMs(), undefined)
})

t.test('anchors that are no secure entry points are in force, and nobody is asked', async (t) => {
  const zsk = makeKey('example', 15, 256)
  const stage = await Stage.open([{ zone: zsk.zone, dnskey: zsk.dnskey.rdata }])
  await stage.start()
  await stage.pass(DAY)
  t.same([stage.tags(), stage.asked], [[tagOf(zsk)], 0])
  t.same(stage.states(), { [tagOf(zsk)]: 'valid' })
})

t.test('a damaged file is set aside, and following starts anew', async (t) => {
  const path = newFolder()
  const stage = await Stage.open([anchorOf(OLD)], path)
  stage.keys = () => givenBy(stage, [OLD, NEW], [OLD])
  await stage.start()
  await stage.keeper.stop()
  const file = join(path, 'trust-anchors.json')
  const text = readFileSync(file, 'utf8')
  t.match(JSON.parse(text), {
    content: [{ zone: 'example.', keys: [{ keyTag: tagOf(OLD) }, { state: 'add-pending' }] }],
  })
  const damage = text.replace('"add-pending"', '"valid"')
  t.not(damage, text)
  writeFileSync(file, damage)
  const again = await Stage.open([anchorOf(OLD)], path)
  t.same(again.states(), { [tagOf(OLD)]: 'valid' })
  t.equal(readFileSync(`${file}.damaged`, 'utf8'), damage)
})

t.test('content that makes no sense is refused', async (t) => {
  const point = {
    zone: '.',
    failures: 0,
    fault: '',
    intervalSeconds: 1,
    retrySeconds: 1,
    published: [],
    keys: [],
  }
  const key = {
    state: 'valid',
    origin: 'learnt',
    sightings: 0,
    holdDownSeconds: 0,
    since: '2026-01-01',
    ds: '0001080200',
  }
  t.match(ANCHOR_FORM.read([{ ...point, keys: [key] }]), { points: [{ keys: [{ state: 'valid' }] }] })
  for (const wrong of [
    'text',
    [null],
    [{ ...point, zone: 'a..b' }],
    [{ ...point, failures: -1 }],
    [{ ...point, published: ['x'] }],
    [{ ...point, lastProbe: 'yesterday' }],
    [{ ...point, keys: Array.from({ length: 100 }, () => key) }],
    [{ ...point, keys: [null] }],
    [{ ...point, keys: [{ ...key, state: 'fine' }] }],
    [{ ...point, keys: [{ ...key, origin: 'stars' }] }],
    [{ ...point, keys: [{ ...key, ds: 'xyz' }] }],
    [{ ...point, keys: [{ ...key, ds: '00' }] }],
    [{ ...point, keys: [{ ...key, dnskey: '00' }] }],
    [{ ...point, keys: [{ ...key, ds: undefined }] }],
    [{ ...point, keys: [{ ...key, since: undefined }] }],
    [{ ...point, keys: [{ ...key, sightings: 1.5 }] }],
  ]) {
    t.match(ANCHOR_FORM.read(wrong), { fault: /./ }, JSON.stringify(wrong).slice(0, 60))
  }
})

t.test('whether the next roll would be survived', async (t) => {
  const stage = await Stage.open([anchorOf(OLD)])
  const text = (isSaved = true): string =>
    rollReadiness(stage.keeper.zones[0]!.point, { nowSeconds: stage.clock.unixSeconds(), isSaved }).text
  const isReady = (): unknown => followedZoneStates(stage.keeper, stage.clock.unixSeconds())[0]?.isRollReady
  await stage.start()
  t.match(text(), /not been proven yet: nobody answers/)
  stage.keys = () => givenBy(stage, [OLD])
  stage.keeper.retry()
  await turn()
  t.match(text(), `every key that the zone has published is believed (${tagOf(OLD)})`)
  t.equal(isReady(), true)
  stage.keys = () => givenBy(stage, [OLD, NEW], [OLD])
  await stage.pass(DAY)
  t.match(text(), new RegExp(`key ${tagOf(NEW)} is published and believed from 2026-0[12]-\\d\\d on`))
  t.equal(isReady(), false)
  await stage.pass(32 * DAY)
  t.equal(isReady(), true)
  t.match(text(false), new RegExp(`key ${tagOf(NEW)} was learnt and cannot be kept`))
  stage.keys = () => 'nobody answers'
  await stage.pass(20 * DAY)
  t.match(text(), /were last proven 2026-02-\d\d: nobody answers/)
})

t.test('the signal of what is believed (RFC 8145)', async (t) => {
  const stage = await Stage.open([anchorOf(OLD)])
  stage.keys = () => givenBy(stage, [OLD])
  await stage.start()
  t.same(stage.signals, [[tagOf(OLD)]])
  stage.keys = () => 'nobody answers'
  await stage.pass(DAY)
  t.equal(stage.signals.length, 1, 'not while nothing is proven')
  const named = (zone: string, ...tags: number[]): string => {
    const anchors = tags.map((n) => ({ zone: nameFrom(zone), ds: Uint8Array.of(n >> 8, n & 255, 8, 2, 1) }))
    return formatName(keyTagSignal(nameFrom(zone), anchors)!)
  }
  t.equal(named('.', 38696, 20326, 38696), '_ta-4f66-9728.')
  t.equal(named('example', 10), '_ta-000a.example.')
  t.equal(keyTagSignal(ROOT, []), undefined)
  t.equal(named('.', ...Array.from({ length: 40 }, (_, i) => i)).length, '_ta'.length + 12 * 5 + 1)
})

t.test('everybody can stop', async () => {
  await Promise.all(stages.map(({ keeper }) => keeper.stop()))
})
