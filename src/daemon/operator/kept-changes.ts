/** The changes of operators over a restart. */
import type { Settings } from '../../config/settings.ts'
import type { Log } from '../../telemetry/log.ts'
import { StateFile } from '../state/state-file.ts'
import type { StateFolder } from '../state/state-folder.ts'
import { NO_CHANGES, OPERATOR_CHANGES_FORM, type OperatorChanges, stillMeant } from './operator-changes.ts'

/** What was changed before this process began, and where it is kept. */
export interface KeptChanges {
  readonly file: StateFile<OperatorChanges>
  readonly changes: OperatorChanges
}

/** Reads what operators changed while earlier processes ran, as far as it still counts. */
export function loadChanges(
  folder: StateFolder,
  file: Settings,
  nowSeconds: number,
  log: Pick<Log, 'info'>,
): KeptChanges {
  const kept = new StateFile(folder, OPERATOR_CHANGES_FORM)
  const known = kept.load() ?? NO_CHANGES
  const changes = stillMeant(known, file, nowSeconds)
  for (const term of Object.keys(known.rollout)) {
    if (!Object.hasOwn(changes.rollout, term)) {
      log.info({ term }, 'the configuration has changed since this was set while the daemon ran: it counts')
    }
  }
  return { file: kept, changes }
}
