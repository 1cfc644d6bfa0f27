/** Where inputs that once did harm are kept, a file each, named after their target. */

export const CASES_FOLDER = 'test/fuzz/cases'

/** The ending of a target's files: its input as it is, or octets in hexadecimal with remarks behind #. */
export const CASE_ENDINGS: Readonly<Record<string, string>> = {
  client: 'hex',
  upstream: 'hex',
  message: 'hex',
  zone: 'zone',
  config: 'yaml',
}
