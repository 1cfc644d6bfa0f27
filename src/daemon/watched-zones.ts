/** What looks after zones that do not validate: exceptions from validation, the report, and what the guard does. */
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/load.ts'
import type { Log } from '../telemetry/log.ts'
import type { Platform } from './engine.ts'
import { type Machine, wallSeconds } from './machine.ts'
import { Exceptions } from './operator/exceptions.ts'
import type { Operator } from './operator/operator.ts'
import { type ZoneCheckParts, zoneValidates } from './operator/zone-check.ts'
import { ExpiryWatch } from './report/expiry-watch.ts'
import { relieve } from './report/guard-exceptions.ts'
import { reportKey } from './report/report-form.ts'
import { ReportKeeper } from './report/report-keeper.ts'
import { SecondLooks } from './report/second-looks.ts'
import { takeLook } from './report/take-look.ts'
import type { Serving } from './serving.ts'
import type { DaemonState } from './state/daemon-state.ts'

/** Negative trust anchors, from their beginning to their end. */
export function watchExceptions(parts: WatchParts): Exceptions {
  const { config, operator, serving, clock, log } = parts
  const checkParts = lookingParts(parts, 'a zone was looked at')
  return new Exceptions({
    operator,
    policy: serving.policy,
    clock,
    log,
    recheckMs: config.settings['dnssec.negative-trust-anchor-recheck-seconds'] * 1000,
    forget: (zone) => serving.flush(zone, false),
    validates: (zone) => zoneValidates(checkParts(), zone),
  })
}

/** What of the daemon it works with. */
export interface WatchParts {
  readonly config: Config
  readonly operator: Operator
  readonly serving: Serving
  readonly platform: Platform
  readonly machine: Machine
  readonly clock: Clock
  readonly log: Log
}

/** What threads count, over restarts; domains that fail are looked at again. */
export function keepReport(
  parts: WatchParts,
  { folder, rolloutKey }: DaemonState,
  exceptions: Exceptions,
): ReportKeeper {
  const { operator, serving, machine, clock, log } = parts
  const unixSeconds = (): number => wallSeconds(machine)
  const onFault = (err: unknown): void =>
    log.error({ err }, 'what threads counted was not taken into the report')
  const lookParts = lookingParts(parts, 'a failing domain was looked at')
  const looks = new SecondLooks({
    look: (suspect, terms) => takeLook(lookParts(), suspect, terms),
    isWanted: () => operator.settings['report.second-looks'] && serving.policy.mode !== 'off',
    clock,
    unixSeconds,
    onFault: (err) => log.error({ err }, 'a failing domain could not be looked at again'),
  })
  return new ReportKeeper({
    collect: () => serving.takeCounts(),
    folder,
    clock,
    unixSeconds,
    looks,
    expiry: new ExpiryWatch({
      tables: serving.tables,
      clock,
      warningHours: () => operator.settings['report.expiry-warning-hours'],
      log,
      onFault: (err) => log.error({ err }, 'the caches could not be looked through'),
    }),
    key: reportKey(rolloutKey, parts.config.settings),
    onAlert: (alert) => {
      const { text, ...rest } = alert
      log.error(rest, `ALERT: ${text}`)
      serving.counters[0]!.guardAlert(alert.cause)
      void relieve(alert, { operator, exceptions, log }).catch(onFault)
    },
    onFault,
  })
}

/** What a zone is asked with, as things are then. */
function lookingParts(parts: WatchParts, when: string): () => ZoneCheckParts {
  const { config, operator, serving, platform, machine, log } = parts
  return () => ({
    config: { ...config, settings: operator.settings },
    platform,
    machine,
    policy: serving.policy,
    onFault: (err) => log.error({ err }, `internal fault while ${when}`),
    betweenSteps: () => serving.betweenSteps(),
  })
}
