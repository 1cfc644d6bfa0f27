/** The scenario files that a path names. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Arguments that cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The path itself, or all .rpl files below a folder, in order. Throws UsageError. */
export function scenarioFiles(path: string): string[] {
  let folder: boolean
  try {
    folder = statSync(path).isDirectory()
  } catch {
    throw new UsageError(`${path} is not there`)
  }
  if (!folder) return [path]
  const entries = readdirSync(path, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith('.rpl'))
  if (files.length === 0) throw new UsageError(`${path} holds no .rpl file`)
  return files.map((entry) => join(entry.parentPath, entry.name)).sort()
}
