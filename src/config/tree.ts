/** From the table of settings to the shape of the file: sections within sections. */
import { z } from 'zod'
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts'

/** A section of the file, or a setting. */
export type Branch = Map<string, Branch | SettingKey>

/** The sections of the file in the order of the table. */
export function settingsTree(): Branch {
  const root: Branch = new Map()
  for (const key of SETTING_KEYS) {
    const parts = key.split('.')
    let branch = root
    for (const part of parts.slice(0, -1)) {
      const next = branch.get(part)
      if (next instanceof Map) branch = next
      else {
        const fresh: Branch = new Map()
        branch.set(part, fresh)
        branch = fresh
      }
    }
    branch.set(parts.at(-1)!, key)
  }
  return root
}

/** A fault in the contents of a file: where in the tree, and one of three things to say of it. */
export interface TreeFault {
  /** Keys and list positions from the top. */
  readonly path: readonly (string | number)[]
  /** A key in the section at `path` that no setting has. */
  readonly unknownKey?: string
  /** What should stand there: completes "expected …". */
  readonly expected?: string
  /** A whole sentence. */
  readonly message?: string
}

/**
 * Checks the contents of a configuration file and fills in the defaults.
 *
 * @param contents what the YAML reader made of the file
 */
export function readSettings(contents: unknown): Settings | readonly TreeFault[] {
  const result = FILE_SCHEMA.safeParse(contents)
  return result.success ? flatten(result.data) : result.error.issues.flatMap(faultsOf)
}

const FILE_SCHEMA: z.ZodType = section(settingsTree(), 'the sections of a configuration')

function section(branch: Branch, expected: string): z.ZodType {
  const shape: Record<string, z.ZodType> = {}
  for (const [name, entry] of branch) {
    shape[name] =
      entry instanceof Map
        ? section(entry, `the settings of ${name}`)
        : (SETTINGS[entry].schema as z.ZodType).prefault(SETTINGS[entry].default)
  }
  // A section whose settings are all commented out reads as null.
  const empty = (value: unknown): unknown => value ?? {}
  return z.preprocess(empty, z.strictObject(shape, { error: expected })).prefault({})
}

function flatten(contents: unknown): Settings {
  const found: Partial<Record<SettingKey, unknown>> = {}
  const visit = (branch: Branch, values: Record<string, unknown>): void => {
    for (const [name, entry] of branch) {
      if (entry instanceof Map) visit(entry, values[name] as Record<string, unknown>)
      else found[entry] = values[name]
    }
  }
  visit(settingsTree(), contents as Record<string, unknown>)
  return found as Settings
}

function faultsOf(issue: z.core.$ZodIssue): TreeFault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code !== 'unrecognized_keys') return [{ path, expected: issue.message }]
  return issue.keys.map((unknownKey) => ({ path, unknownKey }))
}
