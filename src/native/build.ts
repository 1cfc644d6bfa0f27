/**
 * Builds the addons with the system's C compiler. They are optional: where one cannot be built this says why on
 * standard error and ends well, and `node:dgram` and `node:crypto` serve.
 *
 *     node dist/src/native/build.js [NODEDIR]
 *
 * NODEDIR is a folder with Node's headers in `include/node`, as npm's setting `nodedir` names it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ADDON_PATH } from './addon.ts'
import { BELL_PATH } from './bell.ts'
import { P256_PATH } from './p256.ts'
import { PROCESS_PATH } from './process.ts'

const SOURCES = resolve(import.meta.dirname, '../../../src/native')
const COMPILERS = ['cc', 'gcc', 'clang']
/** A symbol that this Node lacks has to show when the addon is loaded, not when it is first used: `-z now`. */
const FLAGS = [
  ...['-std=c11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-fstack-protector-strong'],
  ...['-Wall', '-Wextra', '-Wl,-z,relro,-z,now'],
]

/** The addon for bells between threads. */
export const BELL: Required<Pick<BuildOptions, 'out' | 'source'>> = {
  out: BELL_PATH,
  source: join(SOURCES, 'bell.c'),
}

/** The addon for signatures. */
export const P256: Required<Pick<BuildOptions, 'out' | 'source'>> = {
  out: P256_PATH,
  source: join(SOURCES, 'p256.c'),
}

/** The addon for the process itself. */
export const PROCESS: Required<Pick<BuildOptions, 'out' | 'source'>> = {
  out: PROCESS_PATH,
  source: join(SOURCES, 'process.c'),
}

/** How an addon is built, where it differs from what the installation gets. */
export interface BuildOptions {
  /** Where the addon goes. */
  readonly out?: string
  readonly source?: string
  /** Flags behind the usual ones. */
  readonly flags?: readonly string[]
  /** See NODEDIR above. */
  readonly nodeDir?: string
  /** Tried in this order; the usual ones when left out. */
  readonly compilers?: readonly string[]
}

/** Builds an addon, that for UDP when left out. Returns why it could not be built; undefined when it was. */
export function buildAddon({
  out = ADDON_PATH,
  source = join(SOURCES, 'udp.c'),
  ...options
}: BuildOptions = {}): string | undefined {
  // What an earlier build left behind may not fit the rest of this one.
  rmSync(out, { force: true })
  if (process.platform !== 'linux') return 'it uses system calls of Linux'
  const headers = nodeHeaders(options.nodeDir)
  if (headers === undefined) return "Node's headers are not on this machine (node_api.h)"
  const compilers = options.compilers ?? COMPILERS
  const compiler = compilers.find((name) => spawnSync(name, ['--version']).status === 0)
  if (compiler === undefined) return `no C compiler is on this machine (${compilers.join(', ')})`
  // Who reads the old file, or builds too, is not disturbed.
  const fresh = `${out}.${process.pid}`
  const args = [...FLAGS, ...(options.flags ?? []), `-I${headers}`, '-o', fresh, source]
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (status !== 0) {
    rmSync(fresh, { force: true })
    return `${compiler} failed:\n${stderr.trimEnd()}`
  }
  renameSync(fresh, out)
  return undefined
}

/** The folder of Node's headers. Node-API and libuv keep their form, so those of another version serve as well. */
function nodeHeaders(nodeDir?: string): string | undefined {
  const places = [
    join(dirname(process.execPath), '../include/node'),
    ...(nodeDir === undefined ? [] : [join(nodeDir, 'include/node')]),
    '/usr/include/node',
    '/usr/local/include/node',
  ]
  return places.find((place) => existsSync(join(place, 'node_api.h')) && existsSync(join(place, 'uv.h')))
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const nodeDir = process.argv[2] || undefined
  const where = nodeDir === undefined ? {} : { nodeDir }
  const parts = [
    { options: {}, without: 'the addon for UDP is not built, node:dgram serves' },
    { options: P256, without: 'the addon for signatures is not built, node:crypto serves' },
    { options: BELL, without: 'the addon for bells is not built, threads wake each other by messages' },
    {
      options: PROCESS,
      without:
        'the addon for the process is not built; server.user and Type=notify need it, large pages and short waits come by it',
    },
  ]
  const told = new Set<string>()
  for (const { options, without } of parts) {
    const why = buildAddon({ ...where, ...options })
    // One reason that holds for all is told once.
    if (why !== undefined && !told.has(why)) process.stderr.write(`${without}: ${why}\n`)
    if (why !== undefined) told.add(why)
  }
}
