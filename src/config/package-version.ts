/** The version of this program, out of its package, which is three folders up from the compiled file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** As `package.json` has it. */
export const PACKAGE_VERSION: string = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as { version: string }
).version
