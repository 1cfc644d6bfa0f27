/** The file with the secrets of server cookies that several servers share (`server.cookies.secret-file`). */
import { statSync } from 'node:fs'
import { COOKIE_SECRETS_MAX } from '../base/limits.ts'
import { octetsFromHex } from '../base/octets.ts'
import { SIPHASH_KEY_OCTETS } from '../base/siphash.ts'
import { ConfigError, type Problem } from './problem.ts'
import { readBoundedFile, reasonOf } from './text-file.ts'

/** Others may not read the file, nor anybody but its owner write it. */
const FORBIDDEN_MODE = 0o026
const WHOLE_MODE = 0o777

/**
 * Reads them: one a line, as 32 hexadecimal digits; `#` begins a comment. The first makes cookies, all are accepted.
 * What stands in the file is never part of an error.
 *
 * @throws ConfigError
 */
export function readCookieSecrets(path: string): Uint8Array[] {
  const mode = modeOf(path)
  if ((mode & FORBIDDEN_MODE) !== 0) {
    fail(
      path,
      1,
      `expected a file that only its owner may write and nobody else read, but its mode is ${mode.toString(8)} (chmod 600)`,
    )
  }
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') fail(path, 1, `cannot be read: ${octets}`)
  const secrets: Uint8Array[] = []
  for (const [index, text] of Buffer.from(octets).toString('latin1').split('\n').entries()) {
    const digits = text.replace(/#.*/, '').trim()
    if (digits === '') continue
    const secret = octetsFromHex(digits)
    if (secret?.length !== SIPHASH_KEY_OCTETS)
      fail(path, index + 1, 'expected a secret of 32 hexadecimal digits')
    if (secrets.length === COOKIE_SECRETS_MAX) {
      fail(
        path,
        index + 1,
        `expected at most ${COOKIE_SECRETS_MAX} secrets: one that makes cookies, and one that goes or comes`,
      )
    }
    secrets.push(secret)
  }
  if (secrets.length === 0) fail(path, 1, 'expected a secret of 32 hexadecimal digits, but the file has none')
  return secrets
}

function modeOf(path: string): number {
  try {
    return statSync(path).mode & WHOLE_MODE
  } catch (error) {
    return fail(path, 1, `cannot be read: ${reasonOf(error)}`)
  }
}

function fail(path: string, line: number, message: string): never {
  const problem: Problem = { path, line, column: 1, message }
  throw new ConfigError([problem])
}
