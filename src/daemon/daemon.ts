/** The daemon: engine, front, metrics and health put together as a configuration wants it. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { type Cancel, systemClock } from '../base/clock.ts'
import { inertText } from '../config/inert.ts'
import type { Config } from '../config/load.ts'
import { anchorKeyTag } from '../dnssec/trust-anchors.ts'
import { Front } from '../front/front.ts'
import { ListenError } from '../front/listen-error.ts'
import { Service } from '../front/service.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import { Counters } from '../telemetry/counters.ts'
import { watchEventLoopDelay } from '../telemetry/event-loop-delay.ts'
import { Health, type HealthVerdict } from '../telemetry/health.ts'
import type { Log } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { formatDigestType } from '../wire/iana/digest-type.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { formatName } from '../wire/name-text.ts'
import { watchClock } from './clock-watch.ts'
import { createEngine, type Engine, missingOf } from './engine.ts'
import { faultTeller } from './fault-teller.ts'
import { type HttpListener, listenHttp, type Page, type Pages } from './http.ts'
import { ownAddresses } from './own-addresses.ts'
import { serviceSettings } from './parts.ts'
import { watchRoot } from './root-watch.ts'
import { listenFailure } from './start-error.ts'
import { udpBackend } from './udp-backend.ts'

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
  /** The verdict that /ready gives. */
  ready(): HealthVerdict
  /** Takes no more questions, answers those in work, and closes. Returns questions left unanswered. */
  stop(): Promise<number>
}

/**
 * Starts serving.
 *
 * @throws StartError when an address cannot be listened on; nothing is left open then
 */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const { settings } = config
  tellSurroundings(config, log)
  const udp = udpBackend(settings['server.udp-backend'], log)
  const counters = new Counters()
  const tellFault = faultTeller({ log, counters, clock: systemClock() })
  const onFault = (fault: unknown): void => tellFault(fault, 'the question got SERVFAIL')
  const engine = createEngine(config, {
    counters,
    ownAddresses: ownAddresses(settings['server.listen']),
    onFault,
  })
  tellPlatform(engine, log)
  tellExemptions(config, engine, log)
  const health = new Health(settings['dnssec.mode'] !== 'off')
  let front: Front | undefined
  let http: HttpListener | undefined
  try {
    front = await openFront(config, engine, { counters, onFault, udp }, log)
    health.markListening()
    http = await openHttp(config, engine, counters, health, (fault) =>
      tellFault(fault, 'a page was not served'),
    )
  } catch (error) {
    await front?.close()
    engine.close()
    throw error
  }
  const stopDelay = watchEventLoopDelay(counters)
  const stopRoot = watchRoot(engine, log, () => health.markRootProven())
  const stopClock = judgeAnewWhenSet(config, engine, log)
  return {
    endpoints: front.endpoints,
    metrics: http?.endpoint,
    ready: () => health.ready(),
    stop: async () => {
      health.markStopping()
      stopRoot()
      stopClock()
      const unanswered = await front.drain(DRAIN_MS_MAX)
      stopDelay()
      engine.close()
      await http?.close()
      return unanswered
    },
  }
}

/** Verdicts reached by a wrong clock do not outlive it. A fixed clock cannot be set. */
function judgeAnewWhenSet({ settings }: Config, { clock, policy }: Engine, log: Log): Cancel {
  if (settings['dnssec.clock'] !== undefined) return () => {}
  return watchClock(clock, (seconds) => {
    log.warn({ seconds }, 'the clock of this machine was set: what was validated is validated again')
    policy.raise()
  })
}

/** What the operator should know of the machine and the file. */
function tellSurroundings(config: Config, log: Log): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major < NODE_MAJOR_WANTED) {
    log.warn(`this is Node ${process.versions.node}; Sigill is made for Node ${NODE_MAJOR_WANTED} and later`)
  }
  for (const key of config.inert) log.warn(inertText(key))
  const tags = config.anchors.list.map(anchorKeyTag)
  log.info({ config: config.path ?? 'defaults', trustAnchors: tags }, 'starting')
  const clock = config.settings['dnssec.clock']
  if (clock !== undefined)
    log.warn(`signatures are judged at ${new Date(clock * 1000).toISOString()}: dnssec.clock is set`)
}

function tellPlatform(engine: Engine, log: Log): void {
  const missing = missingOf(engine.platform)
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
function tellExemptions({ settings }: Config, { clock }: Engine, log: Log): void {
  const nowSeconds = clock.unixSeconds()
  for (const { name, reason, author, expiresSeconds } of settings['dnssec.negative-trust-anchors']) {
    const zone = formatName(name)
    const expires = new Date(expiresSeconds * 1000).toISOString()
    if (expiresSeconds > nowSeconds) log.info({ zone, reason, author, expires }, 'negative trust anchor')
    else log.warn({ zone, expires }, 'a negative trust anchor has expired and has no effect')
  }
}

interface FrontParts {
  readonly counters: Counters
  readonly onFault: (fault: unknown) => void
  readonly udp: UdpBackend
}

async function openFront(
  config: Config,
  engine: Engine,
  { counters, onFault, udp }: FrontParts,
  log: Log,
): Promise<Front> {
  const { settings } = config
  const { clock, resolver, answers, policy } = engine
  const service = new Service({
    resolver,
    answers,
    policy,
    counters,
    clock,
    onFault,
    udpPayloadOctets: settings['server.udp-payload-octets'],
    settings: serviceSettings(settings),
  })
  const tcp = {
    connectionsMax: settings['server.tcp.connections'],
    connectionsPerClientMax: settings['server.tcp.connections-per-client'],
    idleMs: settings['server.tcp.idle-timeout-ms'],
  }
  const open = (listen: readonly Endpoint[]): Promise<Front> =>
    Front.open({ service, counters, listen, tcp, clock, udp })
  const listen = settings['server.listen']
  try {
    return await open(listen)
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    const others = listen.filter((endpoint) => endpoint !== error.endpoint)
    if (config.given.has('server.listen') || !lacksFamily(error) || others.length === 0) {
      throw listenFailure('server.listen', error.endpoint, error.transport, error.code)
    }
    log.info(`not listening on ${formatEndpoint(error.endpoint)}: this machine has no IPv6`)
    return await open(others)
  }
}

/** The defaults name ::1, which not every machine has. */
function lacksFamily({ endpoint, code }: ListenError): boolean {
  return endpoint.address.length === 16 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
}

async function openHttp(
  config: Config,
  engine: Engine,
  counters: Counters,
  health: Health,
  onFault: (fault: unknown) => void,
): Promise<HttpListener | undefined> {
  const endpoint = config.settings['metrics.listen']
  if (endpoint === undefined) return undefined
  const pages = makePages(makeMetrics(engine, counters), health)
  try {
    return await listenHttp(endpoint, pages, onFault)
  } catch (error) {
    throw listenFailure(
      'metrics.listen',
      endpoint,
      'tcp',
      (error as NodeJS.ErrnoException).code ?? String(error),
    )
  }
}

function makeMetrics({ answers, rrsets, policy }: Engine, counters: Counters): Metrics {
  const use = (cache: { bytesUsed: number; entryCount: number }): { bytes: number; entries: number } => ({
    bytes: cache.bytesUsed,
    entries: cache.entryCount,
  })
  return new Metrics({
    counters: [counters.set],
    caches: () => ({ answers: use(answers), rrsets: use(rrsets) }),
    anchors: () => policy.anchors.list.map((anchor) => ({ tag: anchorKeyTag(anchor), state: 'valid' })),
    negativeTrustAnchors: () => policy.negativeTrustAnchors.length,
    enforcedRatio: () => (policy.mode === 'enforce' ? 1 : 0),
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
