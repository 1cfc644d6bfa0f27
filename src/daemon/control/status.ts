/** What the daemon says of itself. */
import { formatEndpoint } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import type { Config } from '../../config/load.ts'
import { PACKAGE_VERSION } from '../../config/package-version.ts'
import type { Health } from '../../telemetry/health.ts'
import type { CookieKeeper } from '../cookies/keeper.ts'
import type { Operator } from '../operator/operator.ts'
import type { ReportKeeper } from '../report/report-keeper.ts'
import type { RootCopyKeeper } from '../root-copy/keeper.ts'
import type { Serving } from '../serving.ts'
import type { StateFolder } from '../state/state-folder.ts'

/** Where it looks. */
export interface StatusParts {
  readonly config: Config
  readonly serving: Serving
  readonly health: Health
  readonly operator: Operator
  readonly report: Pick<ReportKeeper, 'alert'>
  readonly folder: StateFolder
  readonly cookies: Pick<CookieKeeper, 'status'>
  readonly clock: Clock
  /** Whether a process that starts can take over without a gap. */
  readonly handsOver: () => boolean
  readonly rootCopy: RootCopyKeeper | undefined
}

/** Tells it as plain data, whenever asked. */
export function statusOf(parts: StatusParts): () => Record<string, unknown> {
  const { config, serving, health, operator, report, folder, cookies, clock, handsOver, rootCopy } = parts
  const startMs = clock.nowMs()
  return () => ({
    version: PACKAGE_VERSION,
    pid: process.pid,
    uptimeSeconds: Math.floor((clock.nowMs() - startMs) / 1000),
    config: config.path ?? null,
    ready: health.ready().ok,
    health: health.ready().text,
    listen: serving.endpoints.map(formatEndpoint),
    threads: serving.threads.map(({ name, worker }) => ({ name, alive: worker !== undefined })),
    caches: serving.caches(),
    stateFolder: folder.path ?? null,
    notStored: folder.unstored,
    setAside: folder.setAsides,
    cookieSecrets: cookies.status,
    alert: report.alert?.text ?? null,
    rootCopy: rootCopy === undefined ? null : copyState(rootCopy),
    rollout: operator.rollout,
    negativeTrustAnchors: serving.policy.negativeTrustAnchors.length,
    handsOver: handsOver(),
    policySequence: serving.policy.sequence,
  })
}

/** The copy of the root zone, if one was had, and what is wrong with its sources. */
function copyState({ state, faults }: RootCopyKeeper): Record<string, unknown> {
  return { ...(state ?? { isInForce: false }), faults: Object.fromEntries(faults) }
}
