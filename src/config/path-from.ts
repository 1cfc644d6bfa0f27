/** Paths in a configuration. Alone in its file: threads need it, and must not load what reads configurations. */
import { dirname, resolve } from 'node:path'
import type { Config } from './load.ts'

/** Where a path in a configuration leads: it is relative to the folder of the file. */
export function pathFrom({ path }: Pick<Config, 'path'>, file: string): string {
  return path === undefined ? resolve(file) : resolve(dirname(path), file)
}
