/** What the package promises: exact versions, a lock file that names no registry, no code run by an install. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ROOT, readProjectFile } from './house/project.ts'

interface Manifest {
  readonly type: string
  readonly license: string
  readonly bin: Readonly<Record<string, string>>
  readonly engines: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifest: Manifest = JSON.parse(readProjectFile('package.json'))
const lock: { packages: Record<string, LockedPackage> } = JSON.parse(readProjectFile('package-lock.json'))
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

t.test('every version is exact and is the locked one', async (t) => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  t.ok(wanted.length > 0)
  for (const [name, version] of wanted) {
    t.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`)
    t.equal(lock.packages[`node_modules/${name}`]?.version, version, `${name} is locked as pinned`)
  }
})

t.test('the lock file holds hashes and no registry', async (t) => {
  t.ok(locked.length > 0)
  const named = (left: typeof locked): string[] => left.map(([path]) => path)
  t.same(named(locked.filter(([, one]) => one.resolved !== undefined)), [])
  // The builds of the linter for other platforms are locked by version alone.
  t.same(named(locked.filter(([, one]) => one.integrity === undefined && one.optional !== true)), [])
})

t.test('the lock file has the packages of every platform, or npm ci refuses it', async (t) => {
  for (const [path, one] of locked) {
    for (const name of Object.keys(one.optionalDependencies ?? {})) {
      const nested = lock.packages[`${path}/node_modules/${name}`]
      t.ok(nested ?? lock.packages[`node_modules/${name}`], `${name} of ${path}`)
    }
  }
})

t.test('nothing that runs in production has an install script', async (t) => {
  const scripted = locked.filter(([, one]) => one.hasInstallScript === true && one.dev !== true)
  t.same(
    scripted.map(([path]) => path),
    [],
  )
})

t.test('what is installed has the source of the addon, and what builds it', async (t) => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' })
  const [packed]: { files: { path: string }[] }[] = JSON.parse(stdout || '[]')
  const paths = new Set(packed?.files.map(({ path }) => path))
  const wanted = [
    'src/native/udp.c',
    'src/native/bell.c',
    'src/native/p256.c',
    'src/native/process.c',
    'dist/src/native/build.js',
    'dist/src/native/addon.js',
    'dist/src/main.js',
  ]
  for (const path of wanted) t.ok(paths.has(path), `${path} ${stderr}`)
})

/** What a newcomer sees first; whatever else there is has its place below. */
const TOP_LEVEL = [
  ...['.ci', '.gitattributes', '.gitignore', '.npmrc', 'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md'],
  ...['bench', 'biome.json', 'conf', 'package-lock.json', 'package.json', 'src', 'test', 'trust-anchors'],
  'tsconfig.json',
]
const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
const noGit = (tracked.status !== 0 || tracked.stdout === '') && 'needs a clone'

t.test('nothing else stands at the top', { skip: noGit }, async (t) => {
  const top = tracked.stdout.split('\0').map((path) => path.split('/')[0]!)
  t.same([...new Set(top)].filter((name) => name !== '').sort(), [...TOP_LEVEL].sort())
})

t.test('the manifest keeps its contract', async (t) => {
  t.equal(manifest.type, 'module')
  t.equal(manifest.license, 'MIT')
  t.same(manifest.bin, { sigill: 'dist/src/main.js' })
  t.same(manifest.engines, { node: '>=20.19' })
})
