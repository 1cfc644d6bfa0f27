/** The token of those who command over TCP. */
import { CONTROL_TOKEN_CHARACTERS_MIN } from '../../base/limits.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import { readBoundedFile } from '../../config/text-file.ts'
import { StartError } from '../start-error.ts'

/** Reads it: the first line of its file. @throws StartError */
export function readToken(config: Config): string {
  const file = config.settings['control.token-file']
  const path = pathFrom(config, file)
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new StartError(`control.token-file ${path} cannot be used: ${octets}`)
  const token = Buffer.from(octets).toString('utf8').split('\n', 1)[0]!.trim()
  if (token.length >= CONTROL_TOKEN_CHARACTERS_MIN) return token
  throw new StartError(
    `control.token-file ${path}: expected at least ${CONTROL_TOKEN_CHARACTERS_MIN} characters on its first line`,
  )
}
