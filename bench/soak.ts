/** `soak`: this server alone, as busy as it gets, for as long as one likes: every answer checked, its memory watched. */
import { type Bench, load, type Run, type Setting, withResolver } from './bench.ts'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { SIGILL } from './peers/sigill.ts'
import { fill, HIT_ZONES, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, freshExpectations, type ZoneGroup } from './world/zone-group.ts'

const SECONDS_USUAL = 60
/** The load is started anew so often, with other cold names. */
const SLICE_SECONDS = 10
const SAMPLE_EVERY_MS = 500
const HITS_OUTSTANDING = 64
const HITS_SOCKETS = 4
const COLD_A_SECOND = 100
const BRIEF_A_SECOND = 200
/** Of each cache: little enough that an hour of cold names fills both several times over. */
const CACHE_MIB = 32
/** What the process may take beside its caches, and of them. */
const RESIDENT_BASE_OCTETS = 200e6
const RESIDENT_SHARE = 1.1
const MIB = 2 ** 20
const FAULTS_MAX = 20

/** Names that nobody has asked for before. */
const COLD_ZONES: ZoneGroup = {
  ...{ stem: 'soak', zones: 50, namesPerZone: 1, signed: 'half' },
  wildcard: true,
}
/** Asked for every five seconds: they have run out by then, or been fetched ahead. */
const BRIEF_ZONES: ZoneGroup = {
  ...{ stem: 'brief', zones: 20, namesPerZone: 50, signed: 'half' },
  ttlSeconds: 4,
}

const COLUMNS: readonly Column[] = [
  { key: 'answers', title: 'answers', digits: 0 },
  { key: 'wrong', title: 'wrong', digits: 0 },
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
    const count = Math.ceil(COLD_A_SECOND * seconds)
    const cold = writeQuestions(
      this.#setting,
      'cold',
      freshExpectations(COLD_ZONES, count, `s${index}-`, true),
    )
    const busy = { outstanding: HITS_OUTSTANDING, sockets: HITS_SOCKETS, seconds }
    const streams: Stream[] = [
      { name: 'hits', file: this.#plain, ...busy },
      { name: 'signed hits', file: this.#signed, ...busy },
      { name: 'expiring names', file: this.#brief, rate: BRIEF_A_SECOND, seconds },
      { name: 'cold names', file: cold, rate: COLD_A_SECOND, seconds },
    ]
    return await load(this.#setting, resolver, streams)
  }
}

/** Octets of RSS, looked at again and again. */
class ResidentWatch {
  readonly start: number
  readonly #resolver: Resolver
  readonly #timer: NodeJS.Timeout
  #most: number

  constructor(resolver: Resolver) {
    this.#resolver = resolver
    this.start = resolver.residentOctets()
    this.#most = this.start
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS)
  }

  /** What it is now. */
  look(): number {
    const now = this.#resolver.residentOctets()
    this.#most = Math.max(this.#most, now)
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
    return this.#most
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Returns what was wrong. */
async function soak(setting: Setting, resolver: Resolver, asker: Asker, part: Part): Promise<string[]> {
  const faults: string[] = []
  for (const file of asker.lasting) faults.push(...(await fill(setting, resolver, file)))
  const { answers: wanted } = setting
  const secondsInAll = setting.seconds ?? SECONDS_USUAL
  const tally = { answers: 0, wrong: 0, lost: 0 }
  let seconds = 0
  const watch = new ResidentWatch(resolver)
  try {
    const isDone = (): boolean => (wanted === undefined ? seconds >= secondsInAll : tally.answers >= wanted)
    for (let index = 0; !isDone(); index++) {
      const left = wanted === undefined ? secondsInAll - seconds : SLICE_SECONDS
      const slice = Math.min(SLICE_SECONDS, left)
      const { streams, faults: wrong } = await asker.slice(resolver, index, slice)
      const sum = (key: 'answered' | 'wrong' | 'lost' | 'unsent'): number =>
        streams.reduce((total, report) => total + report[key], 0)
      seconds += slice
      tally.answers += sum('answered')
      tally.wrong += sum('wrong')
      tally.lost += sum('lost') + sum('unsent')
      faults.push(...wrong.slice(0, Math.max(0, FAULTS_MAX - faults.length)))
      const mib = Math.round(watch.look() / MIB)
      setting.say(`${tally.answers} answers, ${tally.wrong} wrong, ${tally.lost} lost, RSS ${mib} MiB`)
      if (sum('answered') === 0) break
    }
    const bound = RESIDENT_SHARE * 2 * CACHE_MIB * MIB + RESIDENT_BASE_OCTETS
    const end = watch.look()
    const resident = { start: watch.start / MIB, end: end / MIB, most: watch.most / MIB, bound: bound / MIB }
    part.add(SIGILL.title, { ...tally, rate: tally.answers / seconds, ...resident })
    if (end > bound) faults.push(`${SIGILL.title}: RSS of ${end} octets is above the bound, ${bound}`)
  } finally {
    watch.stop()
  }
  return faults
}

async function runSoak(setting: Setting): Promise<BenchResult> {
  const contender = setting.contenders.find(({ peer }) => peer === SIGILL)
  const part = new Part(
    `hits at full speed, ${COLD_A_SECOND} cold and ${BRIEF_A_SECOND} expiring names/s`,
    COLUMNS,
  )
  if (contender === undefined) {
    return { bench: 'soak', parts: [part], notes: [`this bench is of ${SIGILL.title} alone`], faults: [] }
  }
  const { folder, cores, threads } = setting
  const files = zoneFilesOf([HIT_ZONES, COLD_ZONES, BRIEF_ZONES], setting.say)
  const asker = new Asker(setting)
  const authorities = await Authorities.start(files, { folder, cores: cores.load })
  try {
    const options = { folder, files, cores: cores.servers, threads, cacheMib: CACHE_MIB }
    const faults = await withResolver(contender, options, (resolver) => soak(setting, resolver, asker, part))
    const notes = [`answers-mib ${CACHE_MIB}, rrsets-mib ${CACHE_MIB}; bound of RSS: 1.1 x both + 200 MB`]
    return { bench: 'soak', parts: [part], notes, faults }
  } finally {
    await authorities.stop()
  }
}

export const SOAK: Bench = {
  name: 'soak',
  summary: 'this server alone: every answer checked, memory watched, for a time or --answers',
  run: runSoak,
}
