/** A resolver thread: recursion and validation for the names that belong to it, and all that it knows of them. */
import { workerData } from 'node:worker_threads'
import { systemRandom } from '../../base/random.ts'
import { AnswerCache } from '../../cache/answer-cache.ts'
import { OwnAnswers } from '../../cache/own-answers.ts'
import { RrsetCache } from '../../cache/rrset-cache.ts'
import { Entrance } from '../../resolver/entrance.ts'
import { createEngine } from '../engine.ts'
import { liveResolverSettings, triesOutFairShare } from '../parts.ts'
import { rootCopyOf } from '../root-copy/shared.ts'
import { watchRoot } from '../root-watch.ts'
import { letOthersGoFirst } from '../short-waits.ts'
import { ownRrsets, restoreHere } from '../snapshot/threads.ts'
import { MissDesk } from './miss-desk.ts'
import { SetAside } from './set-aside.ts'
import type { ResolverData } from './thread-messages.ts'
import { serveSupervisor, type ThreadParts, threadParts } from './thread-parts.ts'
import { workNote } from './work-note.ts'

run(workerData as ResolverData)

function run(data: ResolverData): void {
  letOthersGoFirst()
  const { memory, index, configPath, settings, rootHints, platform, ownAddresses, resolvers, setAside } = data
  const parts = threadParts(data)
  const { clock, counters, policy, onFault, log, tally, post } = parts
  let closed = false
  const note = workNote(memory.workNotes[index]!)
  const { rrsets, answers } = openCaches(data, parts)
  const entrance = new Entrance({ clock, counters })
  const engine = createEngine({
    config: { path: configPath, settings, rootHints },
    clock,
    random: systemRandom(),
    policy,
    rrsets,
    answers,
    platform,
    counters,
    ownAddresses,
    onFault,
    engines: resolvers,
    tracingLog: log,
    onLateVerdict: ({ reportedClient }, entry) => tally.countLate(entry, 0, reportedClient),
    // What was noted when the thread came to its end must stay.
    noteWork: (question) => {
      if (closed) return
      note(question)
      entrance.note(question)
    },
  })
  const { resolver } = engine
  entrance.resolver = resolver
  entrance.isTriedOut = triesOutFairShare(settings)
  if (data.rootCopy !== undefined) resolver.setRootCopy(rootCopyOf(data.rootCopy))
  const desk = new MissDesk({ clock, resolver: entrance, counters, setAside: new SetAside(setAside) })
  data.links.forEach((end, front) => {
    desk.connect(front, end)
  })
  const close = (): void => {
    closed = true
    answers.close()
    stopRoot()
    desk.close()
    entrance.close()
    engine.close()
  }
  const stopRoot = data.watchesRoot ? watchRoot(engine, log, () => post({ kind: 'root-proven' })) : () => {}
  serveSupervisor(parts, {
    configure: (settings) => {
      resolver.configure(liveResolverSettings(settings, resolvers))
      entrance.isTriedOut = triesOutFairShare(settings)
    },
    flush: (name, alone) => resolver.flush(name, alone),
    onLink: (peer, end) => desk.connect(peer, end),
    restore: (request) => {
      const caches = { answers, rrsets: ownRrsets(memory, index, rrsets) }
      void restoreHere(caches, request, () => !closed, post)
    },
    setRootCopy: (copy) => resolver.setRootCopy(rootCopyOf(copy)),
    fetchRecords: (name, type) => resolver.fetchRecords(name, type),
    drain: async () => {
      close()
      return 0
    },
    close,
  })
  post({ kind: 'ready', endpoints: [] })
}

/** Takes over what a former life of this thread has left, unless it ended in the middle of a change. */
function openCaches(
  { memory, index }: ResolverData,
  { clock, log }: ThreadParts,
): { rrsets: RrsetCache; answers: OwnAnswers } {
  const { hashKey, answerShardOctets, shardsPerResolver, rrsetsOctets } = memory
  const rrsets = new RrsetCache({
    bytesMax: rrsetsOctets,
    hashKey,
    nowMs: () => clock.nowMs(),
    buffer: memory.rrsets[index]!,
    keep: true,
  })
  const first = index * shardsPerResolver
  const shards = memory.answers
    .slice(first, first + shardsPerResolver)
    .map((buffer) => new AnswerCache({ bytesMax: answerShardOctets, hashKey, buffer, keep: true }))
  const cleared = shards.filter((shard) => shard.cleared).length
  if (rrsets.cleared) log.warn('RRsets were being written when the thread ended: all it had are gone')
  if (cleared > 0)
    log.warn({ shards: cleared }, 'answers were being written when the thread ended: the shard is empty')
  return { rrsets, answers: new OwnAnswers({ shards, first, all: memory.answers.length, hashKey }) }
}
