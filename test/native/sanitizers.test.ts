/** What the addons themselves do with memory, watched: the socket half of one alone, and all of them within Node. */
import { spawnSync } from 'node:child_process'
import { isAbsolute, join } from 'node:path'
import t from 'tap'
import { BELL, buildAddon, P256 } from '../../src/native/build.ts'
import { ROOT } from '../house/project.ts'
import { testFolder } from '../support/folder.ts'

const CORE = join(ROOT, 'test/native/udp-core.c')
const EXERCISE = join(import.meta.dirname, 'exercise.js')
const BELL_EXERCISE = join(import.meta.dirname, 'bell-exercise.js')
const P256_EXERCISE = join(import.meta.dirname, 'p256-exercise.js')
const SANITIZE = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
const RUN_MS_MAX = 150_000

interface Ran {
  readonly status: number | null
  readonly text: string
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: RUN_MS_MAX,
    env: { ...process.env, ...env },
  })
  return { status, text: `${stdout}${stderr}` }
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const folder = testFolder(t)

function compileCore(...flags: readonly string[]): { readonly path: string } & Ran {
  const path = join(folder, `core-${flags.length}`)
  const warnings = ['-std=c11', '-O1', '-g', '-Wall', '-Wextra', '-Werror']
  return { path, ...run('cc', [...warnings, ...flags, '-o', path, CORE]) }
}

/** The sanitizer's library, which has to be there before Node's own. */
function asanLibrary(): string | undefined {
  const path = has('cc') ? run('cc', ['-print-file-name=libasan.so']).text.trim() : ''
  return isAbsolute(path) ? path : undefined
}

const noCompiler = process.platform === 'linux' && has('cc') ? false : 'no C compiler for Linux here'
const noAsan = noCompiler || (asanLibrary() === undefined && 'no libasan here')
const noValgrind = noCompiler || (!has('valgrind') && 'no valgrind here')

t.test(
  'the socket half, under the address and undefined behaviour sanitizers',
  { skip: noAsan },
  async (t) => {
    const { path, status, text } = compileCore(...SANITIZE)
    t.equal(status, 0, text)
    const ran = run(path, [])
    t.equal(ran.status, 0, ran.text)
    t.match(ran.text, /^\d{4} checks, 0 faults/)
  },
)

t.test('the socket half, under valgrind', { skip: noValgrind }, async (t) => {
  const { path, status, text } = compileCore()
  t.equal(status, 0, text)
  const ran = run('valgrind', ['--quiet', '--error-exitcode=9', '--leak-check=full', path])
  t.equal(ran.status, 0, ran.text)
})

t.test('all of it within Node, threads ended too, under the sanitizers', { skip: noAsan }, async (t) => {
  const out = join(folder, 'sanitized.node')
  t.equal(buildAddon({ out, flags: SANITIZE }), undefined)
  const { status, text } = run(process.execPath, [EXERCISE, out, '3'], {
    LD_PRELOAD: asanLibrary()!,
    ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1',
  })
  t.equal(status, 0, text)
  t.match(text, /^answered 4800$/m)
})

t.test('bells, threads ended too, under the sanitizers', { skip: noAsan }, async (t) => {
  const out = join(folder, 'sanitized-bell.node')
  t.equal(buildAddon({ ...BELL, out, flags: SANITIZE }), undefined)
  const { status, text } = run(process.execPath, [BELL_EXERCISE, out], {
    LD_PRELOAD: asanLibrary()!,
    ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1',
  })
  t.equal(status, 0, text)
  t.match(text, /^heard 900$/m)
})

t.test(
  'signatures and tables of keys, threads ended too, under the sanitizers',
  { skip: noAsan },
  async (t) => {
    const out = join(folder, 'sanitized-p256.node')
    t.equal(buildAddon({ ...P256, out, flags: SANITIZE }), undefined)
    const { status, text } = run(process.execPath, [P256_EXERCISE, out, '2'], {
      LD_PRELOAD: asanLibrary()!,
      ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1',
    })
    t.equal(status, 0, text)
    t.match(text, /^verified 594$/m)
  },
)

t.test('all of it within Node, under valgrind', { skip: noValgrind, timeout: RUN_MS_MAX }, async (t) => {
  const out = join(folder, 'watched.node')
  t.equal(buildAddon({ out, flags: ['-g'] }), undefined)
  const args = ['--quiet', '--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite']
  const { status, text } = run('valgrind', [...args, process.execPath, EXERCISE, out])
  t.equal(status, 0, text)
  t.match(text, /^answered 1200$/m)
})
