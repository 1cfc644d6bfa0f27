/**
 * What is done about an outage without an operator, where one has allowed it (`dnssec.guard`): a negative trust anchor for
 * what nearly all failing answers lie below. It is the operator's in all else: in the journal, bounded, and gone as soon
 * as the zone validates.
 */
import type { ExceptionCause } from '../../config/values.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Alert } from '../../telemetry/report/guard.ts'
import { labelCount } from '../../wire/name.ts'
import { nameFrom } from '../../wire/name-text.ts'
import type { Exceptions } from '../operator/exceptions.ts'
import type { Operator } from '../operator/operator.ts'
import { Refusal } from '../operator/operator.ts'

/** What it works with. */
export interface GuardExceptionsParts {
  readonly operator: Pick<Operator, 'settings'>
  readonly exceptions: Pick<Exceptions, 'addForGuard'>
  readonly log: Pick<Log, 'warn'>
}

/** Adds the anchor, if the alert and the settings call for one. Never rejects. */
export async function relieve(alert: Alert, parts: GuardExceptionsParts): Promise<void> {
  const { operator, exceptions, log } = parts
  const { settings } = operator
  const { ancestor: zone, cause, text } = alert
  // Where nothing is refused nobody needs relief.
  if (!settings['dnssec.guard.adds-exceptions'] || settings['dnssec.mode'] !== 'enforce') return
  if (!isAllowed(alert, settings['dnssec.guard.exception-causes'])) return
  const seconds = settings['dnssec.guard.exception-seconds']
  try {
    await exceptions.addForGuard(nameFrom(zone), seconds, text)
    log.warn({ zone, cause, seconds }, 'the guard has added a negative trust anchor (dnssec.guard)')
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    log.warn({ zone, why: error.message }, 'the guard could not add a negative trust anchor')
  }
}

/** Whatever lies behind it, all below a top-level domain is excepted only where the operator has said that word. */
function isAllowed({ cause, ancestor }: Alert, causes: readonly ExceptionCause[]): boolean {
  const allowed: readonly string[] = causes
  if (!allowed.includes(cause)) return false
  const labels = labelCount(nameFrom(ancestor))
  return labels >= 2 || (labels === 1 && allowed.includes('top-level'))
}
