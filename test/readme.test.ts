/** The README files speak of what is there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT, readProjectFile } from './house/project.ts'
import { sigill } from './support/sigill-process.ts'

t.test('every file that src/README.md names exists', async (t) => {
  const named = [...readProjectFile('src/README.md').matchAll(/`([a-z0-9-]+(?:\/[a-z0-9-]+)*(?:\/|\.ts))`/g)]
  t.ok(named.length > 40, `${named.length} are named`)
  for (const [, path = ''] of named) {
    // The checks are named together, their room once.
    const places = [`src/${path}`, path, `src/dnssec/${path}`]
    t.ok(
      places.some((place) => existsSync(join(ROOT, place))),
      path,
    )
  }
})

t.test('every link of README.md leads to a file', async (t) => {
  for (const [, target = ''] of readProjectFile('README.md').matchAll(/\]\(([^):]+)\)/g)) {
    t.ok(existsSync(join(ROOT, target)), target)
  }
})

t.test('every command of README.md is one', { timeout: 60_000 }, async (t) => {
  const commands = [...readProjectFile('README.md').matchAll(/^\| `sigill ([a-z-]+(?: [a-z]+)?)/gm)]
  t.ok(commands.length >= 7, `${commands.length} are told of`)
  for (const [, words = ''] of commands) {
    const { code, stdout } = await sigill(...words.split(' '), '--help')
    t.equal(code, 0, words)
    t.match(stdout, `Usage: sigill ${words} `)
  }
})
