/**
 * The restrictions of a systemd unit without systemd: its system calls and socket families by a filter, its capabilities, a
 * user of its own, a file system that is read alone but for the folders of the service, and /proc of processes of its own.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../house/project.ts'
import { allowedCalls, type UnitFile } from './unit-file.ts'

const SOURCE = join(ROOT, 'test/support/sandbox.c')

/** A user that nobody else is, as `DynamicUser=` makes one. */
export const SANDBOX_UID = 61_342

/** Gives the words to run a command there: before its own; a text says why there is no sandbox here. */
export function makeSandbox(
  unit: UnitFile,
  folder: string,
  writable: readonly string[],
): readonly [string, ...string[]] | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux'
  for (const program of ['unshare', 'setpriv', 'systemd-analyze', 'cc']) {
    if (spawnSync(program, ['--version']).status !== 0) return `needs ${program}`
  }
  const restrict = compile(unit, folder)
  if (!restrict.endsWith('restrict')) return restrict
  const steps = [
    ...writable.map((path) => `mount --bind '${path}' '${path}'`),
    'mount -t proc -o subset=pid,hidepid=invisible proc /proc',
    'mount -o remount,bind,ro /',
    'exec "$@"',
  ]
  const rights = capabilities(unit)
  const words: readonly [string, ...string[]] = [
    'unshare',
    ...['--mount', '--propagation', 'private', 'sh', '-euc', steps.join('\n'), 'sh'],
    ...['setpriv', `--reuid=${SANDBOX_UID}`, `--regid=${SANDBOX_UID}`, '--clear-groups', '--no-new-privs'],
    ...[`--inh-caps=${rights}`, `--ambient-caps=${rights}`, `--bounding-set=${rights}`],
    restrict,
  ]
  const tried = spawnSync(words[0], [...words.slice(1), process.execPath, '-e', ''], { encoding: 'utf8' })
  return tried.status === 0 ? words : `cannot be had here: ${tried.stderr.trim()}`
}

/** Of the bounding set of a unit, which is the ambient one too. */
function capabilities(unit: UnitFile): string {
  const names = (unit.get('AmbientCapabilities') ?? []).flatMap((line) => line.split(' '))
  return ['-all', ...names.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`)].join(',')
}

/** Path of the program that sets the filter, or why there is none. */
function compile(unit: UnitFile, folder: string): string {
  const calls = [...allowedCalls(unit.get('SystemCallFilter') ?? [])]
  const lines = calls.map((name) => `#ifdef __NR_${name}\n__NR_${name},\n#endif\n`)
  writeFileSync(join(folder, 'allowed.h'), lines.join(''))
  const families = (unit.get('RestrictAddressFamilies') ?? []).join(' ').split(' ').join(',')
  const out = join(folder, 'restrict')
  const args = ['-Wall', '-Werror', `-I${folder}`, `-DFAMILIES=${families}`, '-o', out, SOURCE]
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' })
  return status === 0 ? out : `cannot be compiled: ${stderr}`
}
