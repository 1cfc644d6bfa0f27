/** Client side and engine in the main thread: what a machine of one core gets. */

import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from '../base/clock.ts'
import type { Front } from '../front/front.ts'
import { Counters } from '../telemetry/counters.ts'
import { watchEventLoopDelay } from '../telemetry/event-loop-delay.ts'
import { ClientsFirst } from './clients-first.ts'
import { createLoneEngine } from './engine.ts'
import { faultTeller } from './fault-teller.ts'
import { openFront } from './open-front.ts'
import { ownAddresses } from './own-addresses.ts'
import { watchRoot } from './root-watch.ts'
import type { Serving, ServingOptions } from './serving.ts'
import { type Restoring, restoreSnapshot } from './snapshot/load.ts'
import { snapshotKeeper } from './snapshot/parts.ts'

/** On one core the helpers of a collection could only wait for the core that the thread they help holds. */
const COLLECTING_ALONE = '--no-parallel-scavenge'

/** Starts serving. @throws ListenError; nothing is left open then */
export async function serveInOneThread(options: ServingOptions): Promise<Serving> {
  const { config, log, udp, platform, onRootProven } = options
  const { settings } = config
  if (availableParallelism() === 1) setFlagsFromString(COLLECTING_ALONE)
  const listen = settings['server.listen']
  const counters = new Counters()
  const tellFault = faultTeller({ log, counters, clock: systemClock() })
  const onFault = (fault: unknown): void => tellFault(fault, 'the question got SERVFAIL')
  const clients = new ClientsFirst()
  const engine = createLoneEngine(config, {
    platform,
    betweenSteps: () => clients.serve(),
    counters,
    ownAddresses: ownAddresses(listen),
    onFault,
  })
  const { clock, policy, answers, rrsets } = engine
  clients.resolver = engine.resolver
  const readers = { answers: [answers.reader()], rrsets: [rrsets.reader()] }
  const restore = (restoring: Restoring): ReturnType<typeof restoreSnapshot> =>
    restoreSnapshot({ answers, rrsets }, restoring)
  const snapshot = snapshotKeeper({ config, policy, platform, clock, counters, log, readers, restore })
  await snapshot?.load()
  let front: Front
  try {
    front = await openFront(
      { settings, resolver: clients, answers, policy, counters, clock, onFault, udp, log },
      {
        listen,
        mayLackFamily: !config.given.has('server.listen'),
        sharesPorts: false,
        tcp: true,
        fronts: 1,
      },
    )
  } catch (error) {
    await snapshot?.stop()
    engine.close()
    throw error
  }
  clients.front = front
  const stopDelay = watchEventLoopDelay(counters)
  const stopRoot = watchRoot(engine, log, onRootProven)
  snapshot?.keepWriting()
  return {
    endpoints: front.endpoints,
    policy,
    counters: [counters],
    caches: () => ({ answers: use(answers), rrsets: use(rrsets) }),
    snapshot,
    threads: [],
    changePolicy: async (change) => {
      const changed = policy.apply(change)
      if (changed) policy.raise()
      return changed
    },
    fetchRecords: (name, type) => engine.resolver.fetchRecords(name, type),
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

/** How full a cache is. */
function use(cache: { bytesUsed: number; entryCount: number }): { bytes: number; entries: number } {
  return { bytes: cache.bytesUsed, entries: cache.entryCount }
}
