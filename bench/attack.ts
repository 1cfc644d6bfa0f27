/** `attack`: what ordinary clients wait while others ask for names that are made to cost a resolver work. */
import { join } from 'node:path'
import process from 'node:process'
import {
  type Bench,
  latencyFigures,
  load,
  type Run,
  type Setting,
  servedShare,
  withResolvers,
} from './bench.ts'
import { pinned } from './cores.ts'
import { liesOf } from './load/generator.ts'
import type { Expectation } from './load/query-file.ts'
import type { Stream, StreamReport } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { probe } from './probe.ts'
import { ServerProcess } from './processes.ts'
import { fillAll, HIT_ZONES, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { spreadOf } from './statistics.ts'
import { inTurns, Stretches, untilQuiet } from './turns.ts'
import {
  ATTACKER_ADDRESS,
  ATTACKERS,
  DEEP,
  FANNED,
  FANNED_SERVERS,
  HASHED,
  HASHED_ITERATIONS,
  TRAP,
  TRAP_KEYS,
  TRAP_SIGNATURES,
  VICTIM,
} from './world/attackers.ts'
import { Authorities, DNS_PORT } from './world/authorities.ts'
import { type ZoneFiles, zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, type ZoneGroup, zoneName } from './world/zone-group.ts'

const CACHED_A_SECOND = 1_000
/** Each in a zone of its own. */
const UNCACHED_A_SECOND = 50
const ATTACK_A_SECOND = 50
/** Of a turn, and how many turns a server has for each kind of attack. */
const SECONDS_USUAL = 2
const WARM_SECONDS = 0.5
const TURNS = 4
const WARM_NAMES = 2_000
const TIMEOUT_SECONDS = 2
const CACHED_SOCKETS = 16
const UNCACHED_SOCKETS = 4
const ATTACK_SOCKETS = 8
const ATTACKERS_START_MS = 30_000

const COLUMNS: readonly Column[] = [
  { key: 'p50', title: 'cached: p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2, ratio: true },
  { key: 'p999', title: 'p99.9 ms', digits: 2 },
  { key: 'lost', title: 'lost', digits: 0 },
  { key: 'newP50', title: 'uncached: p50 ms', digits: 1 },
  { key: 'newP99', title: 'uncached: p99 ms', digits: 1 },
  { key: 'above', title: 'above idle ms', digits: 1 },
  { key: 'newServed', title: 'served', digits: 3 },
  { key: 'attack', title: 'attack answered/s', digits: 0 },
  { key: 'busy', title: 'server busy', digits: 2 },
]

/** Kinds of attack: title and the names that are asked for, each once. */
const KINDS = [
  { key: 'keytrap', title: 'KeyTrap', nameOf: (i: number) => `x${i}.${zoneName(TRAP, 0)}` },
  {
    key: 'nsec3',
    title: 'NSEC3',
    // In turn: the deepest name that exists is far below the zone, and is the zone itself.
    nameOf: (i: number) =>
      i % 2 === 0 ? `x${i}.${DEEP}b.${zoneName(HASHED, 0)}` : `${DEEP}x${i}.${zoneName(HASHED, 0)}`,
  },
  { key: 'nxns', title: 'NXNS', nameOf: (i: number) => `x${i}.${zoneName(FANNED, 0)}` },
] as const

/** What is asked. */
interface Work {
  readonly files: ZoneFiles
  readonly warmFile: string
  readonly cachedFile: string
  readonly cached: Stream
  /** In each turn with each part of the bench, peace being the first, names that were not asked for in any before. */
  uncached(part: number, turn: number): Stream
  /** @param kind index in `KINDS` */
  attack(kind: number, turn: number): Stream
}

function prepare(setting: Setting): Work {
  const seconds = setting.seconds ?? SECONDS_USUAL
  const uncachedStretches = new Stretches(UNCACHED_A_SECOND, WARM_SECONDS + seconds)
  const attackStretches = new Stretches(ATTACK_A_SECOND, WARM_SECONDS + seconds)
  const zones = WARM_NAMES + uncachedStretches.questions(TURNS * (KINDS.length + 1))
  const coldZones: ZoneGroup = { stem: 'cold', zones, namesPerZone: 1, signed: 'half' }
  const files = zoneFilesOf([HIT_ZONES, coldZones, VICTIM, ...ATTACKERS], setting.say)
  const cold = expectationsOf(coldZones, { do: true })
  const cachedFile = writeQuestions(setting, 'hits', shuffled(expectationsOf(HIT_ZONES, { do: false })))
  const uncachedFile = writeQuestions(setting, 'cold', cold.slice(WARM_NAMES))
  const measured = { warm: WARM_SECONDS, seconds, timeout: TIMEOUT_SECONDS }
  const once = { once: true, ...measured }
  const attackFiles = KINDS.map(({ key, nameOf }) => {
    const names = Array.from({ length: attackStretches.questions(TURNS) }, (_, i) => nameOf(i))
    return writeQuestions(
      setting,
      key,
      names.map((name): Expectation => ({ name, do: true })),
    )
  })
  return {
    files,
    cachedFile,
    warmFile: writeQuestions(setting, 'warm', cold.slice(0, WARM_NAMES)),
    cached: {
      ...{ name: 'cached', file: cachedFile, rate: CACHED_A_SECOND, sockets: CACHED_SOCKETS },
      ...measured,
    },
    uncached: (part, turn) => ({
      ...{ name: 'uncached', file: uncachedFile, rate: UNCACHED_A_SECOND, sockets: UNCACHED_SOCKETS },
      ...{ ...once, ...uncachedStretches.nth(part * TURNS + turn) },
    }),
    attack: (kind, turn) => ({
      ...{ name: KINDS[kind]!.key, file: attackFiles[kind]!, rate: ATTACK_A_SECOND, sockets: ATTACK_SOCKETS },
      ...{ ...once, ...attackStretches.nth(turn) },
    }),
  }
}

/**
 * Measures all servers in turns, one kind of attack after the other.
 *
 * @param parts idle first, then one for each kind of attack
 * @returns what was wrong
 */
async function measure(
  setting: Setting,
  resolvers: readonly Resolver[],
  parts: readonly Part[],
  work: Work,
): Promise<string[]> {
  const faults = [...(await fillAll(setting, resolvers, [work.cachedFile, work.warmFile]))]
  const turns: Turn[] = []
  // What they do in peace comes last: a process that has done more is quicker, and that must not hide what an attack adds.
  for (const n of [...KINDS.keys(), -1].map((kind) => kind + 1)) {
    setting.say(parts[n]!.title)
    await inTurns(resolvers, TURNS, async (resolver, turn) => {
      const attack = n === 0 ? [] : [work.attack(n - 1, turn)]
      const streams = [work.cached, work.uncached(n, turn), ...attack]
      // Beside an attack silence and SERVFAIL are figures; a lie is a fault.
      const run = await load(setting, resolver, streams, liesOf)
      turns.push({ n, server: resolver.contender.peer.title, figures: figuresOf(run) })
      faults.push(...run.faults)
      await untilQuiet(resolver)
    })
  }
  for (const { n, server, figures } of turns) {
    const idle = turns.filter((one) => one.n === 0 && one.server === server)
    const idleP99 = spreadOf(idle.map((one) => one.figures.newP99!)).median
    parts[n]!.add(server, { ...figures, above: figures.newP99! - idleP99 })
  }
  return faults
}

/** A server's turn with one part of the bench. */
interface Turn {
  readonly n: number
  readonly server: string
  readonly figures: Readonly<Record<string, number>>
}

function figuresOf({ streams, serverSeconds, seconds }: Run): Record<string, number> {
  const [cached, uncached, hostile] = streams as [StreamReport, StreamReport, StreamReport?]
  const { p50: newP50, p99: newP99 } = latencyFigures(uncached)
  return {
    ...latencyFigures(cached),
    lost: cached.lost + cached.unsent + cached.failed,
    newP50,
    newP99,
    newServed: servedShare(uncached),
    attack: hostile === undefined ? 0 : hostile.measured / hostile.seconds,
    busy: serverSeconds / seconds,
  }
}

/** Starts the servers of the hostile zones, and waits until they answer. */
async function startAttackers(setting: Setting): Promise<ServerProcess> {
  const script = join(import.meta.dirname, 'world/attackers.js')
  const [program, args] = pinned(setting.cores.load, process.execPath, [script])
  const attackers = new ServerProcess('attackers', program, args, setting.folder)
  const question = { address: ATTACKER_ADDRESS, port: DNS_PORT, name: zoneName(TRAP, 0), type: 'SOA' }
  try {
    await attackers.untilReady(async () => (await probe(question))?.rcode === 0, ATTACKERS_START_MS)
  } catch (error) {
    await attackers.stop()
    throw error
  }
  return attackers
}

async function runAttack(setting: Setting): Promise<BenchResult> {
  const work = prepare(setting)
  const parts = ['idle', ...KINDS.map(({ title }) => title)].map((title) => new Part(title, COLUMNS))
  const { folder, threads } = setting
  const faults: string[] = []
  const authorities = await Authorities.start(work.files, { folder, cores: setting.cores.load })
  try {
    const attackers = await startAttackers(setting)
    try {
      for (let round = 0; round < setting.rounds; round++) {
        setting.say(`round ${round + 1} of ${setting.rounds}`)
        const options = { folder, files: work.files, cores: setting.cores.servers, threads }
        const use = (resolvers: readonly Resolver[]) => measure(setting, resolvers, parts, work)
        faults.push(...(await withResolvers(setting.contenders, options, use)))
      }
    } finally {
      await attackers.stop()
    }
  } finally {
    await authorities.stop()
  }
  const notes = [
    `threads of each server: ${threads}`,
    `a second: ${CACHED_A_SECOND} cached names, ${UNCACHED_A_SECOND} uncached ones in zones of their own, ${ATTACK_A_SECOND} of the attack`,
    `KeyTrap: ${TRAP_KEYS} keys of one tag, ${TRAP_SIGNATURES} signatures an answer; NSEC3: ${HASHED_ITERATIONS} iterations, 100 labels; NXNS: ${FANNED_SERVERS} servers a referral`,
  ]
  return { bench: 'attack', parts, notes, faults }
}

export const ATTACK: Bench = {
  name: 'attack',
  summary: '1,000 cached and 50 uncached names/s beside 50 questions/s of KeyTrap, NSEC3 and NXNS',
  run: runAttack,
}
