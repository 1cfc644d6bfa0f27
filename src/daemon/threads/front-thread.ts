/** A front thread: all that clients see. Answers come out of shared memory, or from the resolver threads. */
import { workerData } from 'node:worker_threads'
import { AnswerShards } from '../../cache/answer-shards.ts'
import type { Front } from '../../front/front.ts'
import { ListenError } from '../../front/listen-error.ts'
import { chooseBackend } from '../../native/backend.ts'
import { askForShortSlices } from '../../native/short-slices.ts'
import { CookieSecrets } from '../../policy/cookie-secrets.ts'
import { LimitedPrefixes } from '../../policy/limited-prefixes.ts'
import { ClientSide } from '../client-side.ts'
import { makeRollout } from '../parts.ts'
import { unixSeconds } from '../wall-clock.ts'
import { ResolverLinks } from './resolver-links.ts'
import { resolverOf } from './shared-memory.ts'
import type { FrontData } from './thread-messages.ts'
import { serveSupervisor, type ThreadParts, threadParts } from './thread-parts.ts'

await run(workerData as FrontData)

async function run(data: FrontData): Promise<void> {
  const { memory, links: ends } = data
  askForShortSlices()
  const parts = threadParts(data)
  let questionMs = data.settings['limits.time-ms']
  const links = new ResolverLinks({
    clock: parts.clock,
    ends,
    resolverOf: (name) => resolverOf(memory, name),
    questionMs: () => questionMs,
  })
  const clientSide = makeClientSide(data, parts, links)
  let front: Front | undefined
  let isTold = false
  let begin = (): void => {}
  const told = new Promise<void>((resolve) => {
    begin = resolve
  })
  const serve = (): void => {
    isTold = true
    begin()
  }
  if (!data.waits) serve()
  const opening = told.then(() => open(data, parts, clientSide))
  // Ears first: a change of policy may come before the sockets are open.
  serveSupervisor(parts, {
    configure: (settings) => {
      questionMs = settings['limits.time-ms']
      clientSide.configure(settings)
    },
    onLink: (peer, end) => links.replace(peer, end),
    serve,
    leave: async (timeoutMs) => {
      await front?.leave(timeoutMs)
    },
    drain: async (timeoutMs) => {
      // Who was never to serve must not open sockets now, which may be those of a process that serves by them.
      if (!isTold) {
        links.close()
        return 0
      }
      const unanswered = (await (await opening)?.drain(timeoutMs)) ?? 0
      links.close()
      return unanswered
    },
    close: () => {
      void front?.close()
      links.close()
    },
  })
  front = await opening
  if (front === undefined) return
  const { endpoints, sockets } = front
  parts.post({ kind: 'ready', endpoints, ...(sockets && { sockets }) })
}

function makeClientSide(
  { index, settings, memory, rolloutKey, cookieSecrets: secrets, fronts }: FrontData,
  parts: ThreadParts,
  resolver: ResolverLinks,
): ClientSide {
  const answers = new AnswerShards({
    buffers: memory.answers,
    bytesMax: memory.answerShardOctets,
    hashKey: memory.hashKey,
  })
  // Which one serves the supervisor has told already; this thread is to use the same.
  const udp = chooseBackend(settings['server.udp-backend']).backend!
  const rollout = makeRollout(settings, parts.words, rolloutKey)
  const cookieSecrets = new CookieSecrets(secrets)
  const rates = {
    buckets: memory.rateBuckets,
    hashKey: memory.hashKey,
    limited: new LimitedPrefixes(memory.limitedPrefixes[index]!),
  }
  const own = { settings, resolver, answers, udp, rollout, rates, cookieSecrets, unixSeconds }
  return new ClientSide({ ...parts, ...own }, fronts)
}

/** Undefined when an address cannot be listened on, which the supervisor is told. */
async function open(data: FrontData, parts: ThreadParts, clientSide: ClientSide): Promise<Front | undefined> {
  try {
    if (!data.mustBeFree || data.inherited.size > 0) return await clientSide.open(data)
    // A port that is shared could be somebody else's who shares it too.
    const alone = await clientSide.open({ ...data, sharesPorts: false })
    if (!data.sharesPorts) return alone
    await alone.close()
    return await clientSide.open({ ...data, listen: alone.endpoints })
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    const { endpoint, transport, code } = error
    parts.post({ kind: 'not-listening', endpoint, transport, code })
    return undefined
  }
}
