/** What goes with a release: the list of its parts, their licences, and the question for known vulnerabilities. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { listProjectFiles, readProjectFile } from '../house/project.ts'
import { judgeAudit } from './audit.ts'
import { type LockedPackage, makeSbom, nameAt } from './sbom.ts'

const manifest = JSON.parse(readProjectFile('package.json'))
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readProjectFile('package-lock.json'))
const cFiles = new Map(
  listProjectFiles('src', '.c').map((path) => [`src/${path}`, Buffer.from(readProjectFile(`src/${path}`))]),
)
const shipped = Object.entries(lock.packages).filter(([path, one]) => path !== '' && one.dev !== true)

/** Licences under which a package may be passed on with ours. */
const LICENCES = new Set([
  ...['Apache-2.0', 'BlueOak-1.0.0', 'BSD-3-Clause', 'ISC', 'MIT'],
  '(BSD-3-Clause OR GPL-2.0)',
])

t.test('the list has all that is shipped, and nothing else', async (t) => {
  const text = makeSbom({ manifest, lock, cFiles })
  const sbom = JSON.parse(text)
  t.match(sbom, { bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 })
  t.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const refs: string[] = sbom.components.map((one: { 'bom-ref': string }) => one['bom-ref'])
  const wanted = new Set([
    ...shipped.map(([path, one]) => `${nameAt(path)}@${one.version}`),
    ...cFiles.keys(),
  ])
  t.same(new Set(refs), wanted)
  t.equal(refs.length, wanted.size, 'each once')
  for (const name of Object.keys(manifest.dependencies)) {
    t.ok(refs.includes(`${name}@${manifest.dependencies[name]}`), `${name}, which we import`)
  }
  for (const path of ['src/native/udp.c', 'src/native/bell.c', 'src/native/p256.c', 'src/native/process.c'])
    t.ok(refs.includes(path), path)
  for (const { ref, dependsOn } of sbom.dependencies) {
    for (const one of dependsOn) t.ok(refs.includes(one), `${ref} needs ${one}, which is listed`)
  }
  const own = sbom.dependencies.find(({ ref }: { ref: string }) => ref === `sigill@${manifest.version}`)
  const direct = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`)
  t.same(new Set(own.dependsOn), new Set([...direct, ...cFiles.keys()]))
})

t.test('its hashes are those of the files', async (t) => {
  const { components } = JSON.parse(makeSbom({ manifest, lock, cFiles }))
  const hash = (name: string): unknown =>
    components.find((one: { name: string }) => one.name === name)?.hashes[0]
  const udp = createHash('sha256').update(cFiles.get('src/native/udp.c')!).digest('hex')
  t.same(hash('src/native/udp.c'), { alg: 'SHA-256', content: udp })
  const zod = lock.packages['node_modules/zod']!.integrity!
  const hex = Buffer.from(zod.slice('sha512-'.length), 'base64').toString('hex')
  t.equal(hex.length, 128)
  t.same(hash('zod'), { alg: 'SHA-512', content: hex })
})

t.test('the same tree gives the same octets, another tree others', async (t) => {
  const text = makeSbom({ manifest, lock, cFiles })
  t.equal(makeSbom({ manifest, lock, cFiles }), text)
  t.notMatch(text, /timestamp|registry|https?:/)
  const other = makeSbom({ manifest, lock, cFiles: new Map([['src/native/udp.c', Buffer.from('other')]]) })
  t.not(JSON.parse(other).serialNumber, JSON.parse(text).serialNumber)
})

t.test('packages that several versions are of are told apart by who needs them', async (t) => {
  const packages = {
    '': { dependencies: { a: '1.0.0', b: '2.0.0' } },
    'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { b: '^1.0.0' } },
    'node_modules/a/node_modules/b': { version: '1.0.0', license: 'MIT' },
    'node_modules/b': { version: '2.0.0', license: 'MIT' },
    'node_modules/c': { version: '1.0.0', dev: true },
  }
  const { dependencies } = JSON.parse(makeSbom({ manifest, lock: { packages }, cFiles: new Map() }))
  t.same(dependencies, [
    { ref: `sigill@${manifest.version}`, dependsOn: ['a@1.0.0', 'b@2.0.0'] },
    { ref: 'a@1.0.0', dependsOn: ['b@1.0.0'] },
    { ref: 'b@1.0.0', dependsOn: [] },
    { ref: 'b@2.0.0', dependsOn: [] },
  ])
})

t.test('what is shipped may be passed on', async (t) => {
  for (const [path, { license }] of shipped) t.ok(LICENCES.has(license ?? ''), `${nameAt(path)}: ${license}`)
})

t.test('an audit fails by what is known, and by nothing else', async (t) => {
  t.same(judgeAudit('{"auditReportVersion":2,"vulnerabilities":{}}'), {
    ok: true,
    text: 'audit: no vulnerability is known',
  })
  t.match(judgeAudit('{"vulnerabilities":{"zod":{"severity":"high"}}}'), { ok: false, text: /zod \(high\)/ })
  t.match(judgeAudit('{"message":"405 Method Not Allowed"}'), { ok: true, text: /not made.*405/ })
  t.match(judgeAudit(''), { ok: true, text: /not made/ })
  t.match(judgeAudit('null'), { ok: true, text: /not made/ })
})

t.test('the list is written when a package is made, and goes with it', async (t) => {
  t.match(manifest.scripts.prepack, 'node dist/test/release/main.js dist/sbom.cdx.json')
  t.ok(manifest.files.includes('dist/sbom.cdx.json'))
  t.ok(manifest.files.includes('SECURITY.md'))
})
