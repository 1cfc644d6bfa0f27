/** Settings that are read and checked but not acted on in this version. */
import type { SettingKey } from './settings.ts'

/** One line for the log, so that nobody believes in a switch that is connected to nothing. */
export function inertText(key: SettingKey): string {
  return `${key} has no effect in this version`
}
