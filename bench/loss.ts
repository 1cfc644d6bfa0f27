/** `loss`: cold names from authorities that are far away, by a path that loses datagrams: how long the unlucky wait. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, load, type Setting, withResolver } from './bench.ts'
import { COLD_ZONES } from './cold.ts'
import { liesOf } from './load/generator.ts'
import { Histogram } from './load/histogram.ts'
import type { StreamReport } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { NotReady } from './processes.ts'
import { shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { BEHIND_PORT, DELAY_MS, startFarAuthorities } from './world/far-authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf } from './world/zone-group.ts'

/** Of all datagrams to and from authorities; a tenth either way is a question in five without its reply. */
const LOSS_PERCENT = 10
/** A server has met all authorities by then. */
const WARM_NAMES = 500
const MEASURED_NAMES = 1_500
/** Few enough that nobody waits for a processor. */
const OUTSTANDING = 8
const TIMEOUT_SECONDS = 10
const SECONDS_MAX = 300
/** What a server still does after its last reply belongs to the names that were asked for. */
const SETTLE_MS = 300
const NS_IN_MS = 1e6

const COLUMNS: readonly Column[] = [
  { key: 'p50', title: 'p50 ms', digits: 0 },
  { key: 'p95', title: 'p95 ms', digits: 0, ratio: true },
  { key: 'p99', title: 'p99 ms', digits: 0, ratio: true },
  { key: 'mean', title: 'mean ms', digits: 0 },
  { key: 'served', title: 'served', digits: 4 },
  { key: 'questions', title: 'upstream queries a name', digits: 2 },
]

/** What clients saw: who got no answer is one of those who waited longest. */
function figuresOf({ latency, answered, wrong, sent }: StreamReport): Record<string, number> {
  const histogram = Histogram.of(latency)
  const ms = (share: number): number => {
    const ofAnswered = (share * sent) / answered
    return ofAnswered > 1 ? TIMEOUT_SECONDS * 1e3 : histogram.quantile(ofAnswered) / NS_IN_MS
  }
  const mean = histogram.mean() / NS_IN_MS
  return { p50: ms(0.5), p95: ms(0.95), p99: ms(0.99), mean, served: (answered - wrong) / sent }
}

async function runLoss(setting: Setting): Promise<BenchResult> {
  const files = zoneFilesOf([COLD_ZONES], setting.say)
  const file = writeQuestions(setting, 'loss', shuffled(expectationsOf(COLD_ZONES, { do: true })))
  const part = new Part(
    `${MEASURED_NAMES} names after ${WARM_NAMES}, ${DELAY_MS} ms from every authority, ${LOSS_PERCENT} % of datagrams lost`,
    COLUMNS,
  )
  const faults: string[] = []
  const { folder, cores, threads } = setting
  const authorities = await Authorities.start(files, { folder, cores: cores.load, port: BEHIND_PORT })

  const ask = async (resolver: Resolver, first: number, count: number): Promise<StreamReport> => {
    const stream = { name: 'cold names', file, once: true, first, count, outstanding: OUTSTANDING }
    const limits = { seconds: SECONDS_MAX, timeout: TIMEOUT_SECONDS }
    // Silence and SERVFAIL are figures here; a lie is a fault.
    const run = await load(setting, resolver, [{ ...stream, ...limits }], liesOf)
    faults.push(...run.faults)
    await sleep(SETTLE_MS)
    return run.streams[0]!
  }
  const measure = async (resolver: Resolver): Promise<void> => {
    await ask(resolver, 0, WARM_NAMES)
    const before = await authorities.questions()
    const report = await ask(resolver, WARM_NAMES, MEASURED_NAMES)
    const questions = ((await authorities.questions()) - before) / MEASURED_NAMES
    part.add(resolver.contender.peer.title, { ...figuresOf(report), questions })
  }

  const notes = ['upstream queries are those that reached an authority: one in ten did not']
  try {
    for (let round = 0; round < setting.rounds; round++) {
      for (const contender of setting.contenders) {
        setting.say(`round ${round + 1} of ${setting.rounds}: ${contender.peer.title}`)
        // Another one each time, so that everybody meets the same run of losses.
        const relay = await startFarAuthorities(setting, LOSS_PERCENT)
        try {
          await withResolver(contender, { folder, files, threads, cores: cores.servers }, measure)
        } catch (error) {
          // Some servers do not get at the root's keys by such paths, and are no reason to measure nobody.
          if (contender.peer.isOurs || !(error instanceof NotReady)) throw error
          notes.push(`${contender.peer.title} was not ready in time on these paths and is left out`)
        } finally {
          await relay.stop()
        }
      }
    }
  } finally {
    await authorities.stop()
  }
  return { bench: 'loss', parts: [part], notes, faults }
}

export const LOSS: Bench = {
  name: 'loss',
  summary: `cold names, ${DELAY_MS} ms from every authority, ${LOSS_PERCENT} % of all datagrams lost: how long clients wait`,
  run: runLoss,
}
