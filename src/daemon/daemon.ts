/** The daemon: threads, metrics and health put together as a configuration wants it. */
import { availableParallelism } from 'node:os'
import type { Endpoint } from '../base/address.ts'
import type { Cancel, Clock } from '../base/clock.ts'
import { TAKE_OVER_LEAVE_MS_MAX, TCP_SWEEP_MS } from '../base/limits.ts'
import type { Config } from '../config/load.ts'
import { PACKAGE_VERSION } from '../config/package-version.ts'
import type { Settings } from '../config/settings.ts'
import { anchorKeyTag } from '../dnssec/trust-anchors.ts'
import { ListenError } from '../front/listen-error.ts'
import { bellsServe } from '../native/bell.ts'
import { type HandedSockets, socketKey, socketsFor } from '../native/handed-sockets.ts'
import type { PolicyChange } from '../policy/validation-policy.ts'
import { Health, type HealthVerdict } from '../telemetry/health.ts'
import { LimitLog } from '../telemetry/limit-log.ts'
import type { Log } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { formatDigestType } from '../wire/iana/digest-type.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { formatName } from '../wire/name-text.ts'
import type { AnchorKeeper } from './anchors/keeper.ts'
import { anchorDuties, openAnchors } from './anchors/parts.ts'
import { anchorStates, followedZoneStates } from './anchors/status.ts'
import { watchClock } from './clock-watch.ts'
import { type Control, openControl } from './control/open-control.ts'
import { makeRoutes } from './control/routes.ts'
import { statusOf } from './control/status.ts'
import { StopRequest } from './control/stop-request.ts'
import { missingOf, type Platform, testPlatform } from './engine.ts'
import { faultTeller } from './fault-teller.ts'
import { HandOver } from './hand-over/hand-over.ts'
import { RootProof, refuseIfGivenUp } from './hand-over/root-first.ts'
import { allSockets, closeUnclaimed, mustAgree } from './hand-over/sockets.ts'
import { type HttpListener, listenHttp, type Page, type Pages } from './http.ts'
import { tellLimited } from './limited-teller.ts'
import { type Machine, THIS_MACHINE } from './machine.ts'
import { serveInOneThread } from './one-thread.ts'
import type { Exceptions } from './operator/exceptions.ts'
import { Operator } from './operator/operator.ts'
import type { ReportKeeper } from './report/report-keeper.ts'
import type { RootCopyKeeper } from './root-copy/keeper.ts'
import { openRootCopy } from './root-copy/parts.ts'
import type { Serving, ServingOptions } from './serving.ts'
import { checkStart, idleSettings } from './start-checks.ts'
import { listenFailure } from './start-error.ts'
import { type DaemonState, openState } from './state/daemon-state.ts'
import { serveInThreads, type ThreadEntries } from './threads/supervisor.ts'
import type { ThreadLife } from './threads/thread-life.ts'
import { planThreads } from './threads/thread-plan.ts'
import { tellWildcards, udpBackend } from './udp-backend.ts'
import { keepReport, watchExceptions } from './watched-zones.ts'

/** Questions in work get the time of a query to end, and a little to be sent. */
const DRAIN_MS_MAX = 8_000
/** Below this major version of Node some parts run slower or without their full strength. */
const NODE_MAJOR_WANTED = 24

/** A daemon that serves. */
export interface Daemon {
  /** Where clients are served, by UDP and TCP. */
  readonly endpoints: readonly Endpoint[]
  /** Where metrics are; undefined when they are nowhere. */
  readonly metrics: Endpoint | undefined
  /** Threads beside the main one. */
  readonly threads: readonly ThreadLife[]
  /** The verdict that /ready gives. */
  ready(): HealthVerdict
  /** Changes the policy in all threads at once. False when it was so already. */
  changePolicy(change: PolicyChange): Promise<boolean>
  /** What operators may do. */
  readonly operator: Operator
  /** Where commands are taken. */
  readonly control: Pick<Control, 'socket' | 'endpoint'>
  /** Settles when a command to end has been given, and its time is over. */
  readonly stopAsked: Promise<void>
  /** Takes no more questions, answers those in work, and closes. Returns questions left unanswered. */
  stop(): Promise<number>
}

/** What the configuration does not say. */
export interface DaemonOptions {
  /** Only in tests: modules for threads to run in place of ours. */
  readonly entries?: ThreadEntries
  /** Only in tests: the heap that a thread may have, in MiB. */
  readonly threadHeapMibMax?: number
  /** Sockets of a daemon that serves until this one does: clients are served when the root is proven. */
  readonly inherited?: HandedSockets
  /** Only in labs: what is there in place of this machine. It takes a configuration of one thread. */
  readonly machine?: Machine
  /** Aborted when this process is told to end before it serves in the place of that one. */
  readonly givenUp?: AbortSignal
}

/**
 * Starts serving.
 *
 * @throws StartError when an address cannot be listened on; nothing is left open then
 */
export async function startDaemon(config: Config, log: Log, options: DaemonOptions = {}): Promise<Daemon> {
  tellSurroundings(config, log)
  checkStart(config)
  const { inherited, givenUp, machine = THIS_MACHINE } = options
  const clock = machine.clock(config.settings['dnssec.clock'])
  const state = await openState(config, clock, machine, log)
  const { settings, rolloutKey, cookies } = state
  const given = { ...config, settings }
  const keeper = settings['dnssec.anchor-updates']
    ? openAnchors(given, clock, machine, state.folder, log)
    : undefined
  const present = keeper === undefined ? given : { ...given, anchors: keeper.anchors }
  const udp = machine.udp ?? udpBackend(settings['server.udp-backend'], log)
  tellWildcards(udp, settings['server.listen'], log)
  const platform = testPlatform()
  tellPlatform(platform, log)
  let judges = (): boolean => settings['dnssec.mode'] !== 'off'
  const health = new Health(() => judges())
  const proof = new RootProof()
  const mustProve = inherited !== undefined && settings['dnssec.mode'] !== 'off'
  const mayListen = mustProve ? proof.inTime(clock, givenUp) : undefined
  const onRootProven = (): void => {
    health.markRootProven()
    proof.tell()
    keeper?.retry()
  }
  const serving = await serve(
    {
      config: present,
      ...{ log, udp, machine, platform, rolloutKey },
      cookieSecrets: cookies.secrets,
      onRootProven,
      inherited: inherited ?? new Map(),
      mayListen,
    },
    options,
  )
  judges = () => serving.policy.mode !== 'off'
  tellExemptions(present, clock, log)
  health.markListening()
  const operator = new Operator({
    ...state,
    config,
    serving,
    log,
    nowSeconds: () => clock.unixSeconds(),
    setAnchors: (anchors) =>
      keeper?.configure(anchors) ?? serving.changePolicy({ kind: 'anchors', anchors: anchors.list }),
  })
  const watched = { config: present, operator, serving, platform, machine, clock, log }
  const exceptions = watchExceptions(watched)
  const stopping = new StopRequest(clock)
  const report = keepReport(watched, state, exceptions)
  const rootCopy = openRootCopy({ ...watched, state })
  const parts = {
    ...watched,
    health,
    exceptions,
    report,
    state,
    stopping,
    keeper,
    rootCopy,
    inherited,
    givenUp,
  }
  const around = await openAround(parts).catch((error: unknown) => giveUp(parts, error))
  rootCopy?.start()
  cookies.start()
  keeper?.start(anchorDuties({ config: given, clock, platform, serving, log }))
  closeUnclaimed(inherited, around.sockets(), log)
  const stopClock = judgeAnewWhenSet(config, clock, serving, log)
  const stopTelling = tellLimits(serving, clock, log)
  return {
    endpoints: serving.endpoints,
    metrics: around.http?.endpoint,
    control: around.control,
    threads: serving.threads,
    operator,
    stopAsked: stopping.asked,
    ready: () => health.ready(),
    changePolicy: (change) => serving.changePolicy(change),
    stop: () => {
      stopClock()
      stopTelling()
      return stopAll(parts, around)
    },
  }
}

/** Nothing is left of a daemon that could not open all that it is to have. */
async function giveUp(
  { serving, exceptions, report, state, inherited }: AroundParts,
  error: unknown,
): Promise<never> {
  // What it learnt while it had the folder is for the daemon that goes on to write.
  if (inherited !== undefined) state.folder.rest(true)
  exceptions.close()
  await report.stop()
  // What comes now is for the daemon that has these sockets too.
  if (inherited !== undefined) await serving.leave(DRAIN_MS_MAX)
  await serving.stop(0)
  await state.folder.close()
  throw error
}

/** Ends everything, those who learn before those who answer. Returns questions left unanswered. */
async function stopAll(parts: AroundParts, { handOver, close }: Around): Promise<number> {
  const { config, health, stopping, exceptions, keeper, rootCopy, operator, report, serving, state } = parts
  health.markStopping()
  stopping.close()
  handOver.close()
  exceptions.close()
  state.cookies.stop()
  await keeper?.stop()
  await rootCopy?.stop()
  await operator.settled()
  await report.stop()
  if (handOver.isDone) {
    const idleMs = config.settings['server.tcp.idle-timeout-ms'] + 2 * TCP_SWEEP_MS
    await serving.leave(Math.min(idleMs, TAKE_OVER_LEAVE_MS_MAX))
  }
  const unanswered = await serving.stop(DRAIN_MS_MAX)
  await close()
  await state.folder.close()
  return unanswered
}

/** In as many threads as the machine and the configuration call for. */
async function serve(parts: ServingOptions, options: DaemonOptions): Promise<Serving> {
  const { config, log, udp } = parts
  const surroundings = { cores: availableParallelism(), canSharePorts: udp.reusePort }
  const { note, ...plan } = planThreads(config.settings, surroundings)
  if (note !== undefined) log.warn(note)
  if (parts.machine !== THIS_MACHINE && plan.resolvers > 0)
    throw new RangeError('threads know no other machine than this')
  mustAgree(plan.fronts, parts.inherited)
  if (plan.resolvers === 0) log.info(plan, 'one thread does everything')
  else log.info({ ...plan, wokenBy: bellsServe() ? 'bells' : 'messages' }, 'threads')
  if (plan.fronts > 1 && udp.shareTcp === undefined) {
    log.info('clients by TCP are served by the first front thread: here several cannot share a port by TCP')
  }
  try {
    return await (plan.resolvers === 0
      ? serveInOneThread(parts)
      : serveInThreads({ ...parts, ...options, plan }))
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    throw listenFailure('server.listen', error.endpoint, error.transport, error.code)
  }
}

/** Verdicts reached by a wrong clock do not outlive it. A fixed clock cannot be set. */
function judgeAnewWhenSet({ settings }: Config, clock: Clock, { policy }: Serving, log: Log): Cancel {
  if (settings['dnssec.clock'] !== undefined) return () => {}
  return watchClock(clock, (seconds) => {
    log.warn({ seconds }, 'the clock of this machine was set: what was validated is validated again')
    policy.raise()
  })
}

/** Tells which limits were met, and because of whom. */
function tellLimits(serving: Serving, clock: Clock, log: Log): Cancel {
  const stop = tellLimited({ tables: serving.limited, log, clock })
  const limits = new LimitLog({
    counters: serving.counters.map(({ set }) => set),
    causes: () => serving.takeLimitCauses(),
    clock,
    log,
    onFault: (err) => log.error({ err }, 'which limits were met could not be told'),
  })
  return () => {
    stop()
    limits.close()
  }
}

/** What the operator should know of the machine and the file. */
function tellSurroundings(config: Config, log: Log): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major < NODE_MAJOR_WANTED) {
    log.warn(`this is Node ${process.versions.node}; Sigill is made for Node ${NODE_MAJOR_WANTED} and later`)
  }
  const tags = config.anchors.list.map(anchorKeyTag)
  log.info({ config: config.path ?? 'defaults', trustAnchors: tags }, 'starting')
  const clock = config.settings['dnssec.clock']
  if (clock !== undefined)
    log.warn(`signatures are judged at ${new Date(clock * 1000).toISOString()}: dnssec.clock is set`)
  for (const idle of idleSettings(config)) log.warn(idle)
}

function tellPlatform(platform: Platform, log: Log): void {
  const missing = missingOf(platform)
  for (const algorithm of missing.algorithms) {
    log.warn(
      `this platform does not verify algorithm ${formatAlgorithm(algorithm)}: zones signed only with it are insecure`,
    )
  }
  for (const digest of missing.digests) {
    log.warn(
      `this platform does not compute digest ${formatDigestType(digest)}: DS records with it are passed over`,
    )
  }
}

/** Zones that are not judged, which nobody should forget. */
function tellExemptions({ settings }: Config, clock: Clock, log: Log): void {
  const nowSeconds = clock.unixSeconds()
  for (const { name, reason, author, expiresSeconds } of settings['dnssec.negative-trust-anchors']) {
    const zone = formatName(name)
    const expires = new Date(expiresSeconds * 1000).toISOString()
    if (expiresSeconds > nowSeconds) log.info({ zone, reason, author, expires }, 'negative trust anchor')
    else log.warn({ zone, expires }, 'a negative trust anchor has expired and has no effect')
  }
}

interface AroundParts {
  readonly config: Config
  readonly log: Log
  readonly serving: Serving
  readonly health: Health
  readonly operator: Operator
  readonly exceptions: Exceptions
  readonly report: ReportKeeper
  readonly state: DaemonState
  readonly clock: Clock
  readonly stopping: StopRequest
  readonly keeper: AnchorKeeper | undefined
  readonly rootCopy: RootCopyKeeper | undefined
  readonly inherited: HandedSockets | undefined
  readonly givenUp: AbortSignal | undefined
}

/** What stands around the serving of clients. */
interface Around {
  readonly http: HttpListener | undefined
  readonly control: Control
  readonly handOver: HandOver
  /** All that this process has, for the next one; undefined where that cannot be had. */
  sockets(): HandedSockets | undefined
  close(): Promise<void>
}

/** Opens metrics and control, or neither. @throws StartError */
async function openAround(parts: AroundParts): Promise<Around> {
  const { config, log, serving, health, operator, exceptions, report, state, clock, stopping, rootCopy } =
    parts
  const inherited = parts.inherited ?? new Map<string, number>()
  const tellFault = faultTeller({ log, counters: serving.counters[0]!, clock })
  const metrics = makeMetrics({ ...parts, folder: state.folder })
  const http = await openHttp(config.settings, metrics, health, socketsFor('metrics', inherited), (fault) =>
    tellFault(fault, 'a page was not served'),
  )
  const { journal } = state
  let control: Control | undefined
  const sockets = (): HandedSockets | undefined => allSockets(serving, http, control)
  const handOver = new HandOver({
    ...state,
    sockets,
    controlSocket: () => control?.socket,
    stepAside: () => control?.stepAside(),
    restoreControl: () => void control?.restore(),
    report,
    snapshot: serving.snapshot,
    end: () => {
      health.markStopping()
      stopping.beginNow()
    },
    clock,
    log,
  })
  const handsOver = (): boolean => handOver.isPossible
  const status = statusOf({
    config,
    serving,
    health,
    operator,
    report,
    ...state,
    clock,
    handsOver,
    rootCopy,
  })
  const drain = (seconds: number): void => {
    health.markStopping()
    stopping.begin(seconds)
  }
  const routes = makeRoutes({
    operator,
    exceptions,
    report,
    journal,
    cookies: state.cookies,
    kept: state.kept.file,
    status,
    stats: () => metrics.values(),
    drain,
    handOver,
  })
  try {
    refuseIfGivenUp(parts.givenUp)
    control = await openControl({
      config,
      log,
      routes,
      version: PACKAGE_VERSION,
      inherited: parts.inherited && socketsFor('control', inherited),
      onFault: (fault) => tellFault(fault, 'a command was not carried out'),
    })
    const close = async (): Promise<void> => {
      await Promise.all([control?.close(), http?.close()])
    }
    return { http, control, handOver, sockets, close }
  } catch (error) {
    await http?.close()
    throw error
  }
}

async function openHttp(
  settings: Settings,
  metrics: Metrics,
  health: Health,
  inherited: HandedSockets,
  onFault: (fault: unknown) => void,
): Promise<HttpListener | undefined> {
  const endpoint = settings['metrics.listen']
  if (endpoint === undefined) return undefined
  const pages = makePages(metrics, health)
  try {
    return await listenHttp(endpoint, pages, onFault, inherited.get(socketKey('tcp', endpoint)))
  } catch (error) {
    throw listenFailure(
      'metrics.listen',
      endpoint,
      'tcp',
      (error as NodeJS.ErrnoException).code ?? String(error),
    )
  }
}

function makeMetrics({
  serving: { counters, caches, policy, snapshot },
  keeper,
  exceptions,
  report,
  rootCopy,
  folder,
}: Pick<AroundParts, 'serving' | 'keeper' | 'exceptions' | 'report' | 'rootCopy'> &
  Pick<DaemonState, 'folder'>): Metrics {
  return new Metrics({
    counters: counters.map(({ set }) => set),
    caches,
    anchors: () => anchorStates(policy.anchors, keeper),
    followedZones: () => followedZoneStates(keeper, Math.floor(Date.now() / 1000)),
    negativeTrustAnchors: () => exceptions.list(),
    alert: () => report.alert,
    expiringZones: () => report.expiringZones,
    enforcedRatio: () => (policy.mode === 'enforce' ? policy.enforcedPercent / 100 : 0),
    snapshot,
    rootCopy: () => rootCopy?.state,
    unstoredFiles: () => folder.unstored.length,
  })
}

function makePages(metrics: Metrics, health: Health): Pages {
  const verdictPage = ({ ok, text }: HealthVerdict): Page => ({
    status: ok ? 200 : 503,
    contentType: 'text/plain; charset=utf-8',
    body: `${text}\n`,
  })
  return {
    '/metrics': async () => ({ status: 200, ...(await metrics.page()) }),
    '/live': () => verdictPage(health.live()),
    '/ready': () => verdictPage(health.ready()),
  }
}
