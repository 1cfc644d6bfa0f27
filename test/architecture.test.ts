/** Holds the rooms of `src/`, their import direction and the other rules of the house. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { listProjectFiles, readProjectFile } from './house/project.ts'
import { findViolations, PACKAGE_DOORS } from './house/source-rules.ts'
import { importsOf, scanSource } from './house/source-scan.ts'

t.test('src keeps the rules', async (t) => {
  const paths = listProjectFiles('src', '.ts')
  t.ok(paths.length > 0, 'there is source to check')
  const files = new Map(paths.map((path) => [path, readProjectFile(`src/${path}`)]))
  t.same(findViolations(files), [])
})

t.test('every runtime dependency has a door, and every door a dependency', async (t) => {
  const { dependencies } = JSON.parse(readProjectFile('package.json'))
  t.same(Object.keys(dependencies).sort(), Object.keys(PACKAGE_DOORS).sort())
})

t.test(
  'threads load no reader of configurations: each new life begins with loading what it needs',
  async (t) => {
    for (const entry of ['front-thread', 'resolver-thread']) {
      const packages = new Set<string>()
      // As compiled: imports of types are gone.
      const open = [join(import.meta.dirname, `../src/daemon/threads/${entry}.js`)]
      const seen = new Set(open)
      for (const path of open) {
        for (const { specifier } of importsOf(scanSource(readFileSync(path, 'utf8')))) {
          const next = specifier.startsWith('.') ? join(dirname(path), specifier) : undefined
          if (next === undefined) packages.add(specifier)
          else if (!seen.has(next)) {
            seen.add(next)
            open.push(next)
          }
        }
      }
      t.ok(open.length > 100, `${entry} loads ${open.length} files`)
      t.notOk(packages.has('zod') || packages.has('yaml'), `${entry}: ${[...packages].join(' ')}`)
    }
  },
)

t.test('folders of tests are removed after what writes into them has ended', async (t) => {
  const makers = listProjectFiles('test', '.ts').filter((path) =>
    /\bt\.testdir\(/.test(scanSource(readProjectFile(`test/${path}`)).bare),
  )
  t.same(makers, ['support/folder.ts'])
})

/** Violations of a tree given as path and text. */
function check(files: Record<string, string>): string[] {
  return findViolations(new Map(Object.entries(files)))
}

t.test('a tree that keeps the rules', async (t) => {
  const files = {
    'main.ts': "import { run } from './cli/serve.ts'\nimport { Command } from 'commander'\n",
    'cli/serve.ts': "import { start } from '../daemon/supervisor.ts'\nimport '../lab/zones.ts'\n",
    'daemon/supervisor.ts': "import { UdpFront } from '../front/udp.ts'\n",
    'front/udp.ts':
      "import { createSocket } from 'node:dgram'\nimport type { Name } from '../wire/name.ts'\n",
    'lab/zones.ts': "export { write } from '../wire/iana/class.ts'\nsetTimeout(go, Date.now())\n",
    'wire/name.ts': "// import { x } from '../cli/serve.ts'\nexport const text = \"import 'zod'\"\n",
    'wire/iana/class.ts': "import { n } from '../name.ts'\n",
    'dnssec/keys.ts': "import { LRUCache } from 'lru-cache'\nimport { verify } from 'node:crypto'\n",
    'base/address.ts': "import { isIPv4, isIPv6 } from 'node:net'\n",
    'config/load.ts': "const home = process.env['HOME']\nconst y = await import('yaml')\n",
  }
  t.same(check(files), [])
})

t.test('each rule finds its violation', async (t) => {
  const other = {
    'wire/name.ts': '',
    'cli/serve.ts': '',
    'policy/access.ts': '',
    'lab/zones.ts': '',
    'main.ts': '',
  }
  const cases: [path: string, source: string, expected: RegExp][] = [
    ['base/a.ts', "import { n } from '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "import type { n } from '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "export * from '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "export { n } from '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "import {\n  a,\n  b,\n} from '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "import '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "const n = await import('../wire/name.ts')\n", /base imports wire/],
    ['base/a.ts', "const text = `${f('}')} // ` + '/*'\nimport '../wire/name.ts'\n", /base imports wire/],
    ['base/a.ts', "const quote = /['\"`/]/\nimport '../wire/name.ts'\n", /base imports wire/],
    ['upstream/a.ts', "import { x } from '../policy/access.ts'\n", /upstream imports policy/],
    ['front/a.ts', "import { x } from '../lab/zones.ts'\n", /front imports lab/],
    ['daemon/a.ts', "import { x } from '../cli/serve.ts'\n", /daemon imports cli/],
    ['cli/a.ts', "import { x } from '../main.ts'\n", /imports the entry/],
    ['cli/a.ts', "import { x } from '../../test/run.ts'\n", /no file of src/],
    ['cli/a.ts', "import { x } from './absent.ts'\n", /no file of src/],
    ['kitchen/a.ts', '', /stands in no room/],
    ['helpers.ts', '', /stands in no room/],
    ['wire/index.ts', '', /barrel/],
    ['wire/someFile.ts', '', /kebab case/],
    ['wire/a.ts', 'export default 1\n', /export default/],
    ['wire/a.ts', 'const a = 1\nexport { a as default }\n', /as default/],
    ['wire/a.ts', "import { z } from 'zod'\n", /imports zod, whose door is config/],
    ['dnssec/a.ts', "import forge from 'node-forge'\n", /door is dnssec\/anchor-file.ts/],
    ['front/a.ts', "import x from 'left-pad'\n", /no door/],
    ['front/a.ts', "import x from 'lru-cache/raw'\n", /door is cache/],
    ['resolver/a.ts', "import { createSocket } from 'node:dgram'\n", /the engine does no I\/O/],
    ['dnssec/anchor-file.ts', "import { readFileSync } from 'node:fs'\n", /the engine does no I\/O/],
    ['cache/a.ts', "import { randomBytes } from 'node:crypto'\n", /the engine does no I\/O/],
    ['base/address.ts', "import { connect } from 'node:net'\n", /imports connect of node:net/],
    ['base/address.ts', "import * as net from 'node:net'\n", /imports all of node:net/],
    ['cli/a.ts', 'const n = Math.random()\n', /line 1: Math.random/],
    ['cli/a.ts', '\nconst text = `${Math.random()}`\n', /line 2: Math.random/],
    ['daemon/a.ts', "const home = process.env['HOME']\n", /process.env/],
    ['resolver/a.ts', 'const now = Date.now()\n', /Date.now/],
    ['resolver/a.ts', 'setTimeout(next, 10)\n', /setTimeout/],
    ['cache/a.ts', 'console.log(1)\n', /console/],
    ['cli/a.ts', '// TO' + 'DO: later\n', /left over/],
    ['cli/a.ts', '\n'.repeat(501), /has 501 lines/],
  ]
  for (const [path, source, expected] of cases) {
    const found = check({ ...other, [path]: source })
    t.equal(found.length, 1, `${path}: one violation in ${JSON.stringify(source.slice(0, 60))}`)
    t.match(found[0], expected)
    t.ok(found[0]?.startsWith(`${path}: `), 'it names the file')
  }
})

t.test('tables may be long', async (t) => {
  t.same(check({ 'wire/iana/rrtype.ts': '\n'.repeat(2000), 'base/limits.ts': '\n'.repeat(2000) }), [])
})

t.test('cycles between files', async (t) => {
  const files = {
    'wire/a.ts': "import { b } from './b.ts'\n",
    'wire/b.ts': "import type { c } from './c.ts'\n",
    'wire/c.ts': "import { a } from './a.ts'\n",
    'wire/d.ts': "import { a } from './a.ts'\n",
  }
  t.same(check(files), ['cycle: wire/a.ts -> wire/b.ts -> wire/c.ts -> wire/a.ts'])
})

t.test('the scan keeps positions and tells code from text', async (t) => {
  const source = [
    "const a = 'it\\'s' // don't",
    'const b = x / 2 / y /* `${ */',
    'const c = `one ${ two(`three ${four}`) } five`',
    'const d = /[/"]\\/\'/.test(e) ? "f" : g',
  ].join('\n')
  const { code, bare } = scanSource(source)
  t.equal(code.length, source.length)
  t.equal(
    bare.replace(/ +/g, ' '),
    [
      "const a = ' ' ",
      'const b = x / 2 / y ',
      'const c = ` ${ two(` ${four}`) } `',
      'const d = / /.test(e) ? " " : g',
    ].join('\n'),
  )
  t.ok(code.includes("'it\\'s'") && !code.includes("don't"))
})

t.test('the imports of a file', async (t) => {
  const source =
    "import fs, { a as b, type C } from 'x'\nimport type { D } from \"./d.ts\"\nimport * as e from 'node:e'\n"
  const found = importsOf(scanSource(source))
  t.same(found, [
    { specifier: 'x', names: undefined },
    { specifier: './d.ts', names: ['D'] },
    { specifier: 'node:e', names: undefined },
  ])
})
