/**
 * The supervisor: owns the memory that threads share, starts them, connects them, starts those again that end, and
 * tells all of what changes. It has no part in answering.
 */
import type { TransferListItem } from 'node:worker_threads'
import { type Endpoint, formatEndpoint } from '../../base/address.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { THREAD_HEAP_MIB_MAX, THREAD_STOP_MS_MAX } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import { AnswerShards } from '../../cache/answer-shards.ts'
import { OctetTableReader } from '../../cache/octet-table-reader.ts'
import type { Settings } from '../../config/settings.ts'
import { ListenError } from '../../front/listen-error.ts'
import { type HandedSockets, socketsFor, socketsOf } from '../../native/handed-sockets.ts'
import { LimitedPrefixes } from '../../policy/limited-prefixes.ts'
import { PolicyWords } from '../../policy/policy-words.ts'
import { type PolicyChange, ValidationPolicy } from '../../policy/validation-policy.ts'
import type { AskedQuestion } from '../../resolver/ports.ts'
import type { Counters } from '../../telemetry/counters.ts'
import { watchEventLoopDelay } from '../../telemetry/event-loop-delay.ts'
import type { LimitCause } from '../../telemetry/limit-causes.ts'
import type { CacheUse } from '../../telemetry/metrics.ts'
import type { ReportData } from '../../telemetry/report/report-data.ts'
import { formatType } from '../../wire/iana/rrtype.ts'
import type { Name } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import { takeCacheMemory } from '../cache-memory.ts'
import { ownAddresses } from '../own-addresses.ts'
import { policyOptions } from '../parts.ts'
import type { SharedRootCopy } from '../root-copy/shared.ts'
import type { Serving, ServingOptions } from '../serving.ts'
import type { SnapshotKeeper } from '../snapshot/keeper.ts'
import { snapshotKeeper } from '../snapshot/parts.ts'
import { restoreInThreads } from '../snapshot/threads.ts'
import { FetchDesk, type FetchedSets } from './fetch-desk.ts'
import { PolicyChannel } from './policy-channel.ts'
import { SetAside } from './set-aside.ts'
import { countersOf, frontName, layOut, resolverName, type SharedMemory } from './shared-memory.ts'
import { ThreadLife } from './thread-life.ts'
import { type LinkEnd, makeLink } from './thread-link.ts'
import { writeLine } from './thread-log.ts'
import type { FromThread, FrontData, ResolverData, ThreadData, ThreadKind } from './thread-messages.ts'
import type { ThreadPlan } from './thread-plan.ts'
import { clearBeats, Watchdog, type WatchedThread } from './watchdog.ts'
import { clearWorkNote, readWorkNote } from './work-note.ts'

/** The modules that threads run; others only in tests. */
export type ThreadEntries = Readonly<Record<ThreadKind, URL>>

const ENTRIES: ThreadEntries = {
  front: new URL('./front-thread.js', import.meta.url),
  resolver: new URL('./resolver-thread.js', import.meta.url),
}

/** What a supervisor is told. */
export interface SupervisorOptions extends ServingOptions {
  readonly plan: ThreadPlan
  readonly entries?: ThreadEntries
  readonly threadHeapMibMax?: number
}

/** Starts serving. @throws ListenError; no thread is left then */
export async function serveInThreads(options: SupervisorOptions): Promise<Serving> {
  const supervisor = new Supervisor(options)
  try {
    await supervisor.start()
  } catch (error) {
    await supervisor.stop(0)
    throw error
  }
  return supervisor
}

class Supervisor implements Serving {
  readonly policy: ValidationPolicy
  readonly counters: readonly Counters[]
  readonly snapshot: SnapshotKeeper | undefined
  readonly #options: SupervisorOptions
  readonly #clock: Clock
  readonly #memory: SharedMemory
  readonly #policyChannel: PolicyChannel
  readonly #fronts: readonly ThreadLife[]
  readonly #resolvers: readonly ThreadLife[]
  /** Ends of links for lives that are yet to begin, by the number of the thread at the other end. */
  readonly #unclaimed = new Map<ThreadLife, LinkEnd[]>()
  readonly #fetchDesk: FetchDesk
  readonly #setAside: readonly SetAside[]
  readonly #answers: AnswerShards
  readonly #rrsets: readonly OctetTableReader[]
  #listening: readonly Endpoint[] | undefined
  /** As they are now: threads that are born begin with them. */
  #settings: Settings
  readonly #stopDelay: () => void
  readonly #watchdog: Watchdog
  #resolversReady: Promise<unknown> = Promise.resolve()
  /** What an earlier process knew is loaded, if there is any, and nothing else has to be waited for. */
  #mayServe: boolean
  /** Sockets by which front threads serve, where another process could share them. */
  readonly #sockets = new Map<ThreadLife, HandedSockets | undefined>()
  readonly #memoryTaken: Promise<void> | undefined
  #rootProven = false
  /** Threads that are born begin with it. */
  #rootCopy: SharedRootCopy | undefined
  #flushing: Promise<unknown> = Promise.resolve()
  #fault: unknown

  constructor(options: SupervisorOptions) {
    const { config, plan } = options
    const { settings } = config
    this.#options = options
    this.#settings = settings
    this.#clock = systemClock(settings['dnssec.clock'])
    this.#memory = layOut(settings, plan, systemRandom())
    this.counters = this.#memory.threads.map((name) => countersOf(this.#memory, name))
    this.policy = new ValidationPolicy({
      ...policyOptions(settings),
      clock: this.#clock,
      anchors: config.anchors,
      words: new PolicyWords(this.#memory.policyWords),
    })
    this.#policyChannel = new PolicyChannel(this.policy, this.#clock, () =>
      this.threads.filter((thread) => thread.worker !== undefined),
    )
    this.#stopDelay = watchEventLoopDelay(this.counters[0]!)
    this.#fronts = Array.from({ length: plan.fronts }, (_, index) => this.#life('front', index))
    this.#resolvers = Array.from({ length: plan.resolvers }, (_, index) => this.#life('resolver', index))
    this.#fetchDesk = new FetchDesk(this.#resolvers)
    this.#setAside = this.#resolvers.map(() => new SetAside())
    const { hashKey, answers, answerShardOctets, rrsets, rrsetsOctets } = this.#memory
    this.#answers = new AnswerShards({ buffers: answers, bytesMax: answerShardOctets, hashKey })
    this.#rrsets = rrsets.map((buffer) => new OctetTableReader({ buffer, bytesMax: rrsetsOctets }))
    this.snapshot = this.#snapshotKeeper()
    this.#watchdog = new Watchdog(
      this.#clock,
      this.#memory.beats,
      this.threads.map((thread) => this.#watched(thread)),
      settings['limits.thread-stall-ms'],
    )
    this.#memoryTaken = takeCacheMemory([...rrsets, ...answers], settings)
    const waited = [this.snapshot, options.mayListen, this.#memoryTaken]
    this.#mayServe = waited.every((one) => one === undefined)
  }

  get endpoints(): readonly Endpoint[] {
    return this.#listening ?? []
  }

  get threads(): readonly ThreadLife[] {
    return [...this.#fronts, ...this.#resolvers]
  }

  readonly caches = (): { answers: CacheUse; rrsets: CacheUse } => {
    const sum = (of: (table: OctetTableReader) => number): number =>
      this.#rrsets.reduce((total, table) => total + of(table), 0)
    return {
      answers: { bytes: this.#answers.bytesUsed, entries: this.#answers.entryCount },
      rrsets: { bytes: sum((table) => table.bytesUsed), entries: sum((table) => table.entryCount) },
    }
  }

  get limited(): Serving['limited'] {
    return this.#memory.limitedPrefixes.map((buffer) => new LimitedPrefixes(buffer))
  }

  get tables(): Serving['tables'] {
    return { answers: this.#answers.readers, rrsets: this.#rrsets }
  }

  changePolicy(change: PolicyChange): Promise<boolean> {
    return this.#policyChannel.change(change)
  }

  fetchRecords(name: Name, type: number): Promise<FetchedSets> {
    return this.#fetchDesk.fetchRecords(name, type)
  }

  setRootCopy(copy: SharedRootCopy): void {
    this.#rootCopy = copy
    for (const thread of this.#resolvers) thread.post({ kind: 'root-copy', copy })
  }

  async configure(settings: Settings, rejudges: boolean): Promise<void> {
    this.#settings = settings
    await this.#policyChannel.change({ kind: 'settings', settings, rejudges })
  }

  /** Threads of their own talk to clients. */
  betweenSteps(): void {}

  async takeCounts(): Promise<readonly ReportData[]> {
    const counts = this.threads.map(async (thread) => (await thread.ask({ kind: 'count' }, 'counted'))?.data)
    return (await Promise.all(counts)).filter((data) => data !== undefined)
  }

  async takeLimitCauses(): Promise<readonly LimitCause[]> {
    const causes = this.threads.map((thread) => thread.ask({ kind: 'limit-causes' }, 'limits-met'))
    return (await Promise.all(causes)).flatMap((told) => told?.causes ?? [])
  }

  /** One call after the other: the answers of the threads do not say to what. */
  flush(name: Name | undefined, alone: boolean): Promise<number> {
    const flushed = this.#flushing.then(async () => {
      const counts = this.#resolvers.map(async (thread) => {
        const flushed = await thread.ask({ kind: 'flush', name, alone }, 'flushed')
        return flushed?.entries ?? 0
      })
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    })
    this.#flushing = flushed
    return flushed
  }

  /** The first front finds out where to listen; the others listen there too. */
  async start(): Promise<void> {
    for (const { index: front } of this.#fronts) {
      for (const { index: resolver } of this.#resolvers) this.#connect(front, resolver)
    }
    const resolvers = Promise.all(this.#resolvers.map((thread) => this.#begin(thread)))
    const [first, ...others] = this.#fronts
    const [listening] = await Promise.all([this.#begin(first!), resolvers, this.#load(first!, resolvers)])
    this.#listening = listening
    await Promise.all(others.map((thread) => this.#begin(thread)))
    this.snapshot?.keepWriting()
  }

  /** Nobody is served before the resolver threads have what an earlier process knew. */
  async #load(front: ThreadLife, resolvers: Promise<unknown>): Promise<void> {
    if (this.#mayServe) return
    this.#resolversReady = resolvers
    await this.snapshot?.load()
    await Promise.all([this.#options.mayListen, this.#memoryTaken])
    this.#mayServe = true
    front.post({ kind: 'serve' })
  }

  #snapshotKeeper(): SnapshotKeeper | undefined {
    return snapshotKeeper({
      settingsNow: () => this.#settings,
      ...this.#options,
      policy: this.policy,
      isSettled: () => this.#policyChannel.isSettled,
      clock: this.#clock,
      counters: this.counters[0]!,
      readers: this.tables,
      restore: async (restoring) => {
        await this.#resolversReady
        return restoreInThreads(this.#resolvers, restoring)
      },
    })
  }

  sockets(): HandedSockets | undefined {
    const sockets = new Map<string, number>()
    for (const thread of this.#fronts) {
      const own = this.#sockets.get(thread)
      if (own === undefined) return undefined
      for (const [key, descriptor] of socketsOf(thread.name, own)) sockets.set(key, descriptor)
    }
    return sockets
  }

  async leave(timeoutMs: number): Promise<void> {
    const waitMs = timeoutMs + THREAD_STOP_MS_MAX
    await Promise.all(this.#fronts.map((thread) => thread.ask({ kind: 'leave', timeoutMs }, 'left', waitMs)))
  }

  async stop(drainMs: number): Promise<number> {
    this.snapshot?.close()
    this.#watchdog.close()
    const unanswered = await Promise.all(this.#fronts.map((thread) => thread.stop(drainMs)))
    await Promise.all(this.#resolvers.map((thread) => thread.stop(0)))
    await this.snapshot?.stop()
    this.policy.close()
    this.#stopDelay()
    return unanswered.reduce((sum, count) => sum + count, 0)
  }

  // --- lives ---------------------------------------------------------------------------------------------------------

  #life(kind: ThreadKind, index: number): ThreadLife {
    const life: ThreadLife = new ThreadLife({
      kind,
      index,
      name: kind === 'front' ? frontName(index) : resolverName(index),
      entry: (this.#options.entries ?? ENTRIES)[kind],
      heapMibMax: this.#options.threadHeapMibMax ?? THREAD_HEAP_MIB_MAX,
      clock: this.#clock,
      birth: () => this.#birth(life),
      onMessage: (message) => this.#onMessage(life, message),
      onEnd: (fault, delayMs) => this.#onEnd(life, fault, delayMs),
    })
    return life
  }

  /** Begins the first life of a thread. Settles with where it listens. */
  async #begin(thread: ThreadLife): Promise<readonly Endpoint[]> {
    const came = Promise.race([thread.next('ready'), thread.next('not-listening')])
    thread.start()
    const message = await came
    if (message === undefined) throw this.#fault
    if (message.kind === 'ready') return message.endpoints
    const { endpoint, transport, code } = message
    throw new ListenError(endpoint, transport, Object.assign(new Error(code), { code }))
  }

  #birth(thread: ThreadLife): { data: ThreadData; transfer: TransferListItem[] } {
    const { config, platform, plan, udp, rolloutKey, cookieSecrets, inherited } = this.#options
    const { policy } = this
    const { index } = thread
    const links = this.#unclaimed.get(thread) ?? []
    this.#unclaimed.delete(thread)
    clearBeats(this.#memory.beats, this.#memory.threads.indexOf(thread.name))
    const common = {
      name: thread.name,
      settings: this.#settings,
      memory: this.#memory,
      links,
      policy: {
        anchors: policy.anchors.list,
        negativeTrustAnchors: policy.negativeTrustAnchors,
        insecureZones: policy.insecureZones,
        disabledAlgorithms: policy.disabledAlgorithms,
        disabledDigests: policy.disabledDigests,
        skewSecondsMin: policy.skewSecondsMin,
        skewSecondsMax: policy.skewSecondsMax,
      },
    }
    const transfer = links.map(({ port }) => port)
    if (thread.kind === 'front') {
      const isFirst = this.#listening === undefined
      const data: FrontData = {
        ...common,
        index,
        rolloutKey,
        cookieSecrets: cookieSecrets.memory,
        listen: this.#listening ?? config.settings['server.listen'],
        mayLackFamily: isFirst && !config.changed.has('server.listen'),
        waits: !this.#mayServe,
        mustBeFree: isFirst,
        sharesPorts: plan.fronts > 1,
        tcp: index === 0 || udp.shareTcp !== undefined,
        fronts: plan.fronts,
        // Later lives find theirs closed.
        inherited: this.#sockets.has(thread) ? new Map() : socketsFor(thread.name, inherited),
      }
      return { data, transfer }
    }
    const data: ResolverData = {
      ...common,
      index,
      resolvers: plan.resolvers,
      configPath: config.path,
      rootHints: config.rootHints,
      ownAddresses: ownAddresses(config.settings['server.listen']),
      platform,
      setAside: this.#setAside[index]!.list,
      rootCopy: this.#rootCopy,
      watchesRoot: index === 0 && !this.#rootProven,
    }
    return { data, transfer }
  }

  #onMessage(thread: ThreadLife, message: FromThread): void {
    if (message.kind === 'log') writeLine(this.#options.log, thread.name, message)
    else if (message.kind === 'ready') this.#sockets.set(thread, message.sockets)
    else if (message.kind === 'policy-taken') this.#policyChannel.taken(thread, message.number)
    else if (message.kind === 'fetched') this.#fetchDesk.fetched(message.number, message.sets)
    else if (message.kind === 'root-proven') {
      this.#rootProven = true
      this.#options.onRootProven()
    } else if (message.kind === 'not-listening' && this.#listening !== undefined) {
      const { endpoint, transport, code } = message
      this.#options.log.error(`cannot listen on ${formatEndpoint(endpoint)} (${transport}) again: ${code}`)
      thread.end()
    }
  }

  #onEnd(thread: ThreadLife, fault: unknown, delayMs: number): void {
    const { log } = this.#options
    const { kind, index, name } = thread
    if (this.#sockets.has(thread)) this.#sockets.set(thread, undefined)
    this.#fault = fault ?? new Error(`the thread ${name} ended as it started`)
    this.counters[0]!.threadRestart(kind)
    log.error({ err: fault, thread: name, delayMs }, 'a thread ended by itself and is started again')
    if (kind === 'resolver') this.#blame(index, fault)
    for (const peer of kind === 'front' ? this.#resolvers : this.#fronts) {
      if (kind === 'front') this.#connect(index, peer.index)
      else this.#connect(peer.index, index)
    }
    this.#policyChannel.ended(thread)
    this.#fetchDesk.ended(thread)
  }

  #watched(thread: ThreadLife): WatchedThread {
    const { kind, index, name } = thread
    return {
      beat: this.#memory.threads.indexOf(name),
      life: () => thread.worker,
      stalled: (stallMs) => {
        this.counters[0]!.threadStall(kind)
        const asked = kind === 'resolver' ? readWorkNote(this.#memory.workNotes[index]!) : undefined
        const work = asked && { question: formatQuestion(asked) }
        this.#options.log.error(
          { thread: name, stallMs, ...work },
          'a thread is stuck: its event loop stands still',
        )
      },
      end: (stallMs) => thread.endStuck(new Error(`its event loop stood still for ${stallMs} ms`)),
    }
  }

  /** A question that was in work when the thread ended of an error is not tried again for a while. */
  #blame(resolver: number, fault: unknown): void {
    const memory = this.#memory.workNotes[resolver]!
    const asked = readWorkNote(memory)
    clearWorkNote(memory)
    if (asked === undefined || fault === undefined) return
    this.#setAside[resolver]!.add(asked, this.#clock.nowMs())
    this.#options.log.error({ question: formatQuestion(asked) }, 'the question that was in work is set aside')
  }

  // --- links ---------------------------------------------------------------------------------------------------------

  /** Makes a link and gives each thread its end: at once to one that lives, to the others with their next life. */
  #connect(front: number, resolver: number): void {
    const link = makeLink()
    this.#give(this.#fronts[front]!, resolver, link.front)
    this.#give(this.#resolvers[resolver]!, front, link.resolver)
  }

  #give(thread: ThreadLife, peer: number, end: LinkEnd): void {
    if (thread.worker !== undefined) {
      thread.post({ kind: 'link', peer, end }, [end.port])
      return
    }
    const ends = this.#unclaimed.get(thread) ?? []
    ends[peer] = end
    this.#unclaimed.set(thread, ends)
  }
}

function formatQuestion({ name, type }: AskedQuestion): string {
  return `${formatName(name)} ${formatType(type)}`
}
