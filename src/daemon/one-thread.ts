/** Client side and engine in the main thread: what a machine of one core gets. */

import { systemClock } from '../base/clock.ts'
import { drawHashKey } from '../base/keyed-hash.ts'
import { systemRandom } from '../base/random.ts'
import type { Settings } from '../config/settings.ts'
import type { Front } from '../front/front.ts'
import { type HandedSockets, socketsFor, socketsOf } from '../native/handed-sockets.ts'
import { LimitedPrefixes } from '../policy/limited-prefixes.ts'
import { PolicyWords } from '../policy/policy-words.ts'
import { PREFIX_BUCKETS_OCTETS } from '../policy/prefix-buckets.ts'
import type { PolicyChange, ValidationPolicy } from '../policy/validation-policy.ts'
import { Counters } from '../telemetry/counters.ts'
import { watchEventLoopDelay } from '../telemetry/event-loop-delay.ts'
import { AnswerTally } from '../telemetry/report/answer-tally.ts'
import { takeCacheMemory } from './cache-memory.ts'
import { ClientSide, type FrontParts, type Listening } from './client-side.ts'
import { ClientsFirst } from './clients-first.ts'
import { createLoneEngine, type Engine } from './engine.ts'
import { faultTeller } from './fault-teller.ts'
import { wallSeconds } from './machine.ts'
import { ownAddresses } from './own-addresses.ts'
import { liveResolverSettings, makeRollout, triesOutFairShare } from './parts.ts'
import { rootCopyOf } from './root-copy/shared.ts'
import { watchRoot } from './root-watch.ts'
import type { Serving, ServingOptions } from './serving.ts'
import { collectInShortPauses } from './short-waits.ts'
import { restoreSnapshot } from './snapshot/load.ts'
import { snapshotKeeper } from './snapshot/parts.ts'
import { frontName } from './threads/shared-memory.ts'

/** Starts serving. @throws ListenError; nothing is left open then */
export async function serveInOneThread(options: ServingOptions): Promise<Serving> {
  const { config, log, udp, machine, platform, rolloutKey, onRootProven, inherited, mayListen } = options
  const { settings } = config
  collectInShortPauses()
  const counters = new Counters()
  const onFault = questionFaults(log, counters)
  const clients = new ClientsFirst(machine.clock(settings['dnssec.clock']), counters)
  const words = new PolicyWords()
  const unixSeconds = (): number => wallSeconds(machine)
  const tally = new AnswerTally(unixSeconds)
  const engine = createLoneEngine(config, {
    ...{ machine, words, platform, tracingLog: log, ...clients.steps },
    onLateVerdict: ({ reportedClient }, entry) => tally.countLate(entry, 0, reportedClient),
    counters,
    ownAddresses: ownAddresses(settings['server.listen']),
    onFault,
  })
  const { clock, policy, answers, rrsets } = engine
  const memoryTaken = takeCacheMemory(engine.memory, settings)
  configure(clients, engine, settings)
  const readers = { answers: [answers.reader()], rrsets: [rrsets.reader()] }
  let settingsNow = settings
  const snapshot = snapshotKeeper({
    config,
    settingsNow: () => settingsNow,
    policy,
    platform,
    clock,
    counters,
    log,
    readers,
    restore: (restoring) => restoreSnapshot({ answers, rrsets }, restoring),
  })
  await snapshot?.load()
  const rollout = makeRollout(settings, words, rolloutKey)
  const rates = loneRates()
  const engineSide = { resolver: clients, answers, policy, clock, counters, tally, onFault }
  const own = { settings, rollout, rates, udp, log, cookieSecrets: options.cookieSecrets, unixSeconds }
  const clientSide = new ClientSide({ ...engineSide, ...own }, 1)
  const stopRoot = watchRoot(engine, log, onRootProven)
  let front: Front
  try {
    await Promise.all([mayListen, memoryTaken])
    front = await clientSide.open(listening(config, inherited))
  } catch (error) {
    stopRoot()
    await snapshot?.stop()
    engine.close()
    throw error
  }
  clients.front = front
  const stopDelay = watchEventLoopDelay(counters)
  snapshot?.keepWriting()
  return {
    endpoints: front.endpoints,
    policy,
    counters: [counters],
    caches: () => ({ answers: use(answers), rrsets: use(rrsets) }),
    limited: [rates.limited],
    tables: readers,
    snapshot,
    threads: [],
    changePolicy: async (change) => changePolicy(policy, change),
    fetchRecords: (name, type) => engine.resolver.fetchRecords(name, type),
    setRootCopy: (copy) => engine.resolver.setRootCopy(rootCopyOf(copy)),
    configure: async (changed, rejudges) => {
      settingsNow = changed
      clientSide.configure(changed)
      configure(clients, engine, changed)
      if (rejudges) policy.raise()
    },
    flush: async (name, alone) => engine.resolver.flush(name, alone),
    betweenSteps: clients.steps.betweenSteps,
    takeCounts: async () => [tally.take()].filter((data) => data !== undefined),
    takeLimitCauses: async () => counters.limitCauses.take(),
    sockets: () => front.sockets && new Map(socketsOf(frontName(0), front.sockets)),
    leave: (timeoutMs) => front.leave(timeoutMs),
    stop: async (drainMs) => {
      snapshot?.close()
      stopRoot()
      const unanswered = await front.drain(drainMs)
      clients.close()
      await snapshot?.stop()
      stopDelay()
      engine.close()
      return unanswered
    },
  }
}

/** What may change while they run. */
function configure(clients: ClientsFirst, { resolver }: Engine, settings: Settings): void {
  clients.resolver = resolver
  clients.isTriedOut = triesOutFairShare(settings)
  resolver.configure(liveResolverSettings(settings))
}

/** Where it listens: nobody else of this process does. */
function listening({ settings, changed }: ServingOptions['config'], inherited: HandedSockets): Listening {
  return {
    listen: settings['server.listen'],
    mayLackFamily: !changed.has('server.listen'),
    sharesPorts: false,
    tcp: true,
    inherited: socketsFor(frontName(0), inherited),
  }
}

/** Memory for rate limits, which nobody shares. */
function loneRates(): FrontParts['rates'] {
  return {
    buckets: new ArrayBuffer(PREFIX_BUCKETS_OCTETS),
    hashKey: drawHashKey(systemRandom()),
    limited: new LimitedPrefixes(),
  }
}

function changePolicy(policy: ValidationPolicy, change: PolicyChange): boolean {
  const changed = policy.apply(change)
  if (changed) policy.raise()
  return changed
}

/** Tells of our own faults that cost a question its answer. */
function questionFaults(log: ServingOptions['log'], counters: Counters): (fault: unknown) => void {
  const tellFault = faultTeller({ log, counters, clock: systemClock() })
  return (fault) => tellFault(fault, 'the question got SERVFAIL')
}

/** How full a cache is. */
function use(cache: { bytesUsed: number; entryCount: number }): { bytes: number; entries: number } {
  return { bytes: cache.bytesUsed, entries: cache.entryCount }
}
