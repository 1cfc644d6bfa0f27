/** What a running service goes by, as far as it can change while it runs. */
import type { AccessList } from '../policy/access.ts'
import type { LocalZones } from '../policy/local-zones.ts'
import type { AnswerSettings } from './client-answers.ts'
import type { CookieMode } from './client-cookies.ts'
import type { ServerTexts } from './server-names.ts'

/** See the head of this file. */
export interface ServiceSettings extends AnswerSettings {
  readonly access: AccessList
  readonly localZones: LocalZones
  /** Aliases followed among them: as many as elsewhere. */
  readonly aliases?: number
  /** What ANY gets over UDP; over TCP it gets everything there is. */
  readonly any: 'minimal' | 'full'
  readonly texts: ServerTexts
  /** Clients get none when left out. */
  readonly cookies?: CookieMode
}
