/** Where the project stands on the disk, and its files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

/** The compiled tree this file runs from: `dist`, or another output folder beside `src`. */
export const OUT_DIR: string = resolve(import.meta.dirname, '../..')

/** The folder of package.json. */
export const ROOT: string = resolve(OUT_DIR, '..')

/** Text of a file, by its path from the root. */
export function readProjectFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Files below a folder of the project whose names end so: paths from that folder, forward slashes, sorted. */
export function listProjectFiles(folder: string, ending: string): string[] {
  const base = join(ROOT, folder)
  const entries = readdirSync(base, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(base, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}
