/**
 * `soak`: this server alone, as busy as it gets, for as long as one likes: every answer checked, its memory watched. With
 * `--faults` half as busy, while everything goes wrong that can (`troubles.ts`).
 */
import { type Bench, load, type Run, type Setting, withResolver } from './bench.ts'
import { faultsOf, liesOf } from './load/generator.ts'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { SIGILL } from './peers/sigill.ts'
import { MIB } from './process-figures.ts'
import { fill, HIT_ZONES, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { SIGILL_UNDER_FAULTS, Troubles } from './troubles.ts'
import { Authorities, DNS_PORT } from './world/authorities.ts'
import { BEHIND_PORT, startFarAuthorities } from './world/far-authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, freshExpectations, type ZoneGroup } from './world/zone-group.ts'

const SECONDS_USUAL = 60
/** The load is started anew so often, with other cold names. */
const SLICE_SECONDS = 10
const SAMPLE_EVERY_MS = 500
const HITS_OUTSTANDING = 64
const HITS_SOCKETS = 4
/**
 * At half load: so many that questions which nobody answers find room to wait until they count as lost (4,096 a socket), or
 * the load would stand still for five seconds where the server paused for a half of one.
 */
const PACED_SOCKETS = 32
const COLD_A_SECOND = 100
const BRIEF_A_SECOND = 200
/** Of each cache: little enough that an hour of cold names fills both several times over. */
const CACHE_MIB = 32
/** What the process may take beside its caches, and of them. */
const RESIDENT_BASE_OCTETS = 200e6
const RESIDENT_SHARE = 1.1
const FAULTS_MAX = 20
/** Under faults: names of zones whose signatures are wrong. */
const BOGUS_A_SECOND = 50
/** Of the datagrams to and from authorities. */
const LOSS_PERCENT = 3
/** How long it is asked at full speed, to find out what half of that is. */
const CALIBRATION_SECONDS = 5
/** Under faults memory of the last third is level with that of the third before, as far as that: caches fill and empty. */
const LEVEL_SHARE = 1.15
const SAMPLES_MIN = 60

/** Names that nobody has asked for before. */
const COLD_ZONES: ZoneGroup = {
  ...{ stem: 'soak', zones: 50, namesPerZone: 1, signed: 'half' },
  wildcard: true,
}
const BOGUS_ZONES: ZoneGroup = { ...COLD_ZONES, stem: 'liar', zones: 10, signed: 'all', bogus: true }
/** Asked for every five seconds: they have run out by then, or been fetched ahead. */
const BRIEF_ZONES: ZoneGroup = {
  ...{ stem: 'brief', zones: 20, namesPerZone: 50, signed: 'half' },
  ttlSeconds: 4,
}

const COLUMNS: readonly Column[] = [
  { key: 'answers', title: 'answers', digits: 0 },
  { key: 'wrong', title: 'wrong', digits: 0 },
  { key: 'failed', title: 'SERVFAIL', digits: 0 },
  { key: 'lost', title: 'lost', digits: 0 },
  { key: 'rate', title: 'answers/s', digits: 0 },
  { key: 'start', title: 'RSS MiB at the start', digits: 0 },
  { key: 'end', title: 'at the end', digits: 0 },
  { key: 'most', title: 'at most', digits: 0 },
  { key: 'bound', title: 'bound', digits: 0 },
]

/** Asks for everything that there is to ask for, slice by slice. */
class Asker {
  readonly #setting: Setting
  readonly #plain: string
  readonly #signed: string
  readonly #brief: string
  /** How hits are asked for; as fast as they are answered while undefined. */
  #pace: Pick<Stream, 'rate' | 'sockets'> | undefined

  constructor(setting: Setting) {
    this.#setting = setting
    const signed = expectationsOf(HIT_ZONES, { do: true }).filter(({ ad }) => ad)
    this.#plain = writeQuestions(setting, 'plain', shuffled(expectationsOf(HIT_ZONES, { do: false })))
    this.#signed = writeQuestions(setting, 'signed', shuffled(signed))
    this.#brief = writeQuestions(setting, 'brief', expectationsOf(BRIEF_ZONES, { do: true }))
  }

  /** Everything that is asked for more than once. */
  get lasting(): readonly string[] {
    return [this.#plain, this.#signed, this.#brief]
  }

  /** One slice of a resolver's time. */
  async slice(resolver: Resolver, index: number, seconds: number): Promise<Run> {
    const fresh = (name: string, group: ZoneGroup, rate: number): Stream => {
      const count = Math.ceil(rate * seconds)
      const expected = freshExpectations(group, count, `s${index}-`, true)
      return { name, file: writeQuestions(this.#setting, group.stem, expected), rate, seconds }
    }
    const busy = this.#pace ?? { outstanding: HITS_OUTSTANDING, sockets: HITS_SOCKETS }
    const streams: Stream[] = [
      { name: 'hits', file: this.#plain, ...busy, seconds },
      { name: 'signed hits', file: this.#signed, ...busy, seconds },
      { name: 'expiring names', file: this.#brief, rate: BRIEF_A_SECOND, seconds },
      fresh('cold names', COLD_ZONES, COLD_A_SECOND),
    ]
    if (this.#setting.faults) streams.push(fresh('bogus names', BOGUS_ZONES, BOGUS_A_SECOND))
    return await load(this.#setting, resolver, streams, this.#setting.faults ? liesOf : faultsOf)
  }

  /** Finds out what it answers at full speed, and asks half of that from now on. */
  async halve(resolver: Resolver): Promise<number> {
    const { streams } = await this.slice(resolver, -1, CALIBRATION_SECONDS)
    const rate = Math.floor((streams[0]!.measured + streams[1]!.measured) / CALIBRATION_SECONDS / 4)
    this.#pace = { rate, sockets: PACED_SOCKETS }
    return 2 * rate
  }
}

/** Octets of RSS, looked at again and again. */
class ResidentWatch {
  readonly start: number
  readonly #resolver: Resolver
  readonly #timer: NodeJS.Timeout
  readonly #samples: number[] = []

  constructor(resolver: Resolver) {
    this.#resolver = resolver
    this.start = resolver.residentOctets()
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS)
  }

  /** What it is now. */
  look(): number {
    const now = this.#resolver.residentOctets()
    this.#samples.push(now)
    return now
  }

  #sample(): void {
    try {
      this.look()
    } catch {
      // It has ended, which the questions without reply will tell.
    }
  }

  get most(): number {
    return this.#samples.reduce((most, now) => Math.max(most, now), this.start)
  }

  /** How much more the last third was than the one before, as a share; undefined after too short a time. */
  get growth(): number | undefined {
    const third = Math.floor(this.#samples.length / 3)
    if (3 * third < SAMPLES_MIN) return undefined
    const median = (from: number): number =>
      this.#samples.slice(from, from + third).sort((one, other) => one - other)[third >> 1]!
    return median(2 * third) / median(third)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Returns what was wrong. */
async function soak(setting: Setting, resolver: Resolver, asker: Asker, part: Part): Promise<string[]> {
  const faults: string[] = []
  for (const file of asker.lasting) faults.push(...(await fill(setting, resolver, file)))
  if (setting.faults) setting.say(`half load: ${await asker.halve(resolver)} hits/s`)
  const { answers: wanted } = setting
  const secondsInAll = setting.seconds ?? SECONDS_USUAL
  const tally = { answers: 0, wrong: 0, failed: 0, lost: 0 }
  let seconds = 0
  const watch = new ResidentWatch(resolver)
  const troubles = setting.faults ? new Troubles(resolver) : undefined
  try {
    const isDone = (): boolean => (wanted === undefined ? seconds >= secondsInAll : tally.answers >= wanted)
    for (let index = 0; !isDone(); index++) {
      const left = wanted === undefined ? secondsInAll - seconds : SLICE_SECONDS
      const slice = Math.min(SLICE_SECONDS, left)
      const { streams, faults: wrong } = await asker.slice(resolver, index, slice)
      const sum = (key: 'answered' | 'wrong' | 'failed' | 'lost' | 'unsent'): number =>
        streams.reduce((total, report) => total + report[key], 0)
      seconds += slice
      tally.answers += sum('answered')
      tally.failed += sum('failed')
      tally.wrong += sum('wrong') - sum('failed')
      tally.lost += sum('lost') + sum('unsent')
      faults.push(...wrong.slice(0, Math.max(0, FAULTS_MAX - faults.length)))
      const mib = Math.round(watch.look() / MIB)
      setting.say(
        `${tally.answers} answers, ${tally.wrong} wrong, ${tally.failed} SERVFAIL, ${tally.lost} lost, RSS ${mib} MiB`,
      )
      if (sum('answered') === 0) break
    }
    const bound = RESIDENT_SHARE * 2 * CACHE_MIB * MIB + RESIDENT_BASE_OCTETS
    const end = watch.look()
    const resident = { start: watch.start / MIB, end: end / MIB, most: watch.most / MIB, bound: bound / MIB }
    part.add(SIGILL.title, { ...tally, rate: tally.answers / seconds, ...resident })
    const { growth } = watch
    if (troubles !== undefined && growth !== undefined && growth > LEVEL_SHARE)
      faults.push(`${SIGILL.title}: RSS is not level: ${growth.toFixed(2)} times that of before`)
    if (troubles !== undefined) {
      const restarts = await troubles.restarts()
      setting.say(`${troubles.count} troubles, ${restarts} threads started again`)
    }
    if (end > bound) faults.push(`${SIGILL.title}: RSS of ${end} octets is above the bound, ${bound}`)
  } finally {
    watch.stop()
    faults.push(...((await troubles?.end()) ?? []))
  }
  return faults
}

async function runSoak(setting: Setting): Promise<BenchResult> {
  const contender = setting.contenders.find(({ peer }) => peer === SIGILL)
  const beside = `${COLD_A_SECOND} cold and ${BRIEF_A_SECOND} expiring names/s`
  const title = setting.faults
    ? `hits at half speed, ${beside}, ${BOGUS_A_SECOND} bogus; threads end, ${LOSS_PERCENT} % of datagrams lost, flushes, reloads, snapshots`
    : `hits at full speed, ${beside}`
  const part = new Part(title, COLUMNS)
  if (contender === undefined) {
    return { bench: 'soak', parts: [part], notes: [`this bench is of ${SIGILL.title} alone`], faults: [] }
  }
  const { folder, cores, threads } = setting
  const files = zoneFilesOf([HIT_ZONES, COLD_ZONES, BRIEF_ZONES, BOGUS_ZONES], setting.say)
  const asker = new Asker(setting)
  const port = setting.faults ? BEHIND_PORT : DNS_PORT
  const authorities = await Authorities.start(files, { folder, cores: cores.load, port })
  const relay = setting.faults ? await startFarAuthorities(setting, LOSS_PERCENT) : undefined
  try {
    const options = { folder, files, cores: cores.servers, threads, cacheMib: CACHE_MIB }
    const resolver = setting.faults ? { ...contender, peer: SIGILL_UNDER_FAULTS } : contender
    const faults = await withResolver(resolver, options, (resolver) => soak(setting, resolver, asker, part))
    const notes = [`answers-mib ${CACHE_MIB}, rrsets-mib ${CACHE_MIB}; bound of RSS: 1.1 x both + 200 MB`]
    return { bench: 'soak', parts: [part], notes, faults }
  } finally {
    await relay?.stop()
    await authorities.stop()
  }
}

export const SOAK: Bench = {
  name: 'soak',
  summary: 'this server alone: every answer checked, memory watched, for a time or --answers',
  run: runSoak,
}
