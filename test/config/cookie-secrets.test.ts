/** The file with the secrets of server cookies. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatHex } from '../../src/base/octets.ts'
import { readCookieSecrets } from '../../src/config/cookie-secrets.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { testFolder } from '../support/folder.ts'

const FIRST = 'e5e973e5a6b2a43f48e7dc849e37bfcf'
const SECOND = '445536BCD2513298075A5D379663C962'

t.test('secrets, comments and empty lines', async (t) => {
  const path = join(testFolder(t), 'secrets')
  writeFileSync(path, `# anycast set 3\n\n  ${FIRST} # since May\r\n${SECOND}`, { mode: 0o600 })
  t.same(readCookieSecrets(path).map(formatHex), [FIRST, SECOND.toLowerCase()])
  chmodSync(path, 0o640)
  t.equal(readCookieSecrets(path).length, 2, 'a group may read it')
})

t.test('what cannot be used is told with its place, and never shown', async (t) => {
  const folder = testFolder(t)
  const cases: [text: string, mode: number, line: number, message: RegExp][] = [
    ['', 0o600, 1, /but the file has none/],
    [`${FIRST}\n${FIRST}0`, 0o600, 2, /32 hexadecimal digits/],
    [FIRST.replace('e5', 'zz'), 0o600, 1, /32 hexadecimal digits/],
    [`${FIRST}\n\n${SECOND}\n${FIRST}`, 0o600, 4, /at most 2 secrets/],
    [FIRST, 0o644, 1, /its mode is 644/],
    [FIRST, 0o620, 1, /its mode is 620/],
    [FIRST, 0o602, 1, /its mode is 602/],
  ]
  for (const [number, [text, mode, line, message]] of cases.entries()) {
    const path = join(folder, `secrets-${number}`)
    writeFileSync(path, text)
    chmodSync(path, mode)
    try {
      readCookieSecrets(path)
      t.fail(`${number} was read`)
    } catch (error) {
      t.type(error, ConfigError)
      t.match((error as ConfigError).problems, [{ path, line, column: 1, message }])
      t.notMatch((error as ConfigError).message, new RegExp(FIRST.slice(2, 20)))
    }
  }
  mkdirSync(join(folder, 'folder'), { mode: 0o700 })
  t.throws(() => readCookieSecrets(join(folder, 'folder')), /it is a folder/)
  t.throws(() => readCookieSecrets(join(folder, 'none')), /none:1:1: cannot be read: no such file/)
})
