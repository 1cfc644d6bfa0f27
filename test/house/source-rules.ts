/** The rules of the house for `src/`, as tables, and the check that holds them. */
import type { Import, Scan } from './source-scan.ts'
import { importsOf, scanSource } from './source-scan.ts'

/** Rooms from left to right. A file imports from its own room and from rooms to the left; rooms of one row do not import each other. */
const ROWS: readonly (readonly string[])[] = [
  ['base'],
  ['wire'],
  ['dnssec'],
  ['cache'],
  ['authority'],
  ['resolver'],
  ['native'],
  ['upstream', 'policy', 'telemetry', 'config'],
  ['front', 'lab', 'check'],
  ['daemon'],
  ['cli'],
]

/** The entry stands right of every room. */
const ENTRY = 'main.ts'

/** The rooms that do no I/O and read no clock: everything comes in as an argument. */
const ENGINE: readonly string[] = ['base', 'wire', 'dnssec', 'cache', 'authority', 'resolver']

/** Packages, each with the files or rooms (with a slash) that may import it. */
export const PACKAGE_DOORS: Readonly<Record<string, readonly string[]>> = {
  '@opentelemetry/api': ['telemetry/resolution-spans.ts'],
  commander: ['main.ts', 'cli/'],
  'dns-packet': ['cli/'],
  'lru-cache': ['cache/', 'dnssec/keys.ts'],
  'node-forge': ['dnssec/anchor-file.ts'],
  pino: ['telemetry/log.ts'],
  'pino-pretty': ['telemetry/log.ts'],
  'prom-client': ['telemetry/metrics.ts'],
  tldts: ['telemetry/report/registered-domain.ts'],
  yaml: ['config/'],
  zod: ['config/', 'daemon/control/', 'daemon/report/report-form.ts'],
}

interface BuiltinDoor {
  readonly module: string
  readonly from: string
  /** Only these names, where the rest of the module does I/O. */
  readonly names?: readonly string[]
}

/** The only builtins of Node in the engine. Other rooms are free to import them. */
const ENGINE_BUILTINS: readonly BuiltinDoor[] = [
  { module: 'node:net', from: 'base/address.ts', names: ['isIPv4', 'isIPv6'] },
  { module: 'node:crypto', from: 'base/random.ts' },
  { module: 'node:perf_hooks', from: 'base/clock.ts' },
  { module: 'node:process', from: 'base/clock.ts', names: ['hrtime'] },
  { module: 'node:crypto', from: 'dnssec/' },
  { module: 'node:zlib', from: 'cache/snapshot.ts', names: ['crc32'] },
]

interface WordRule {
  readonly pattern: RegExp
  /** The only places where it may stand. */
  readonly allowed: readonly string[]
  /** Only these rooms are held to it; all when left out. */
  readonly rooms?: readonly string[]
}

/** Words that may stand in code only in certain places. */
const WORDS: readonly WordRule[] = [
  { pattern: /\bMath\.random\b/, allowed: [] },
  { pattern: /\bprocess\.env\b/, allowed: ['config/'] },
  { pattern: /\bexport\s+default\b|\bas\s+default\b/, allowed: [] },
  { pattern: /\bDate\.now\b|\bnew\s+Date\(\s*\)|\bperformance\./, allowed: ['base/clock.ts'], rooms: ENGINE },
  { pattern: /\b(?:setTimeout|setInterval|setImmediate)\b/, allowed: ['base/clock.ts'], rooms: ENGINE },
  { pattern: /\bfetch\s*\(|\bprocess\.|\bconsole\./, allowed: [], rooms: ENGINE },
]

/** A note to come back is an issue, not a comment. */
const LEFTOVER = /\b(?:TODO|FIXME|XXX|HACK)\b/

const FILE_LINES_MAX = 500
/** Files that are tables read row by row. */
const TABLES: readonly string[] = [
  'wire/iana/',
  'wire/rdata/layouts.ts',
  'base/limits.ts',
  'config/settings.ts',
  'check/faults.ts',
]

const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?\.ts$/

/**
 * Checks a source tree.
 *
 * @param files text by path, paths relative to `src/` and with forward slashes
 * @returns one line a violation, `PATH: what is wrong`, in the order of the files
 */
export function findViolations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  const graph = new Map<string, string[]>()
  for (const [path, source] of files) {
    const scan = scanSource(source)
    const imports = importsOf(scan)
    graph.set(
      path,
      imports.filter(isRelative).map((one) => resolvePath(path, one.specifier)),
    )
    const faults = [
      ...checkPlace(path),
      ...imports.flatMap((one) => checkImport(path, one, files)),
      ...checkWords(path, source, scan),
      ...checkLength(path, source),
    ]
    for (const fault of faults) found.push(`${path}: ${fault}`)
  }
  return [...found, ...findCycles(graph)]
}

function checkPlace(path: string): string[] {
  const faults: string[] = []
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (path !== ENTRY && rowOf(path) === undefined) faults.push('stands in no room')
  if (name === 'index.ts') faults.push('is a barrel')
  if (!FILE_NAME.test(name)) faults.push('its name is not in kebab case')
  return faults
}

function checkImport(path: string, one: Import, files: ReadonlyMap<string, string>): string[] {
  if (isRelative(one)) return checkRelative(path, one.specifier, files)
  if (one.specifier.startsWith('node:')) return checkBuiltin(path, one)
  const doors = PACKAGE_DOORS[packageOf(one.specifier)]
  if (doors === undefined) return [`imports ${one.specifier}, which has no door`]
  return covers(doors, path) ? [] : [`imports ${one.specifier}, whose door is ${doors.join(', ')}`]
}

function checkRelative(path: string, specifier: string, files: ReadonlyMap<string, string>): string[] {
  const target = resolvePath(path, specifier)
  if (!files.has(target)) return [`imports ${specifier}, which is no file of src`]
  if (path === ENTRY) return []
  if (target === ENTRY) return ['imports the entry']
  const [room, targetRoom] = [roomOf(path), roomOf(target)]
  const [row, targetRow] = [rowOf(path), rowOf(target)]
  if (room === targetRoom || row === undefined || targetRow === undefined || targetRow < row) return []
  return [`${room} imports ${targetRoom}, which is not to its left (${specifier})`]
}

function checkBuiltin(path: string, one: Import): string[] {
  if (!ENGINE.includes(roomOf(path))) return []
  const door = ENGINE_BUILTINS.find((each) => each.module === one.specifier && covers([each.from], path))
  if (door === undefined) return [`imports ${one.specifier}; the engine does no I/O`]
  if (door.names === undefined) return []
  if (one.names === undefined) return [`imports all of ${one.specifier}; only ${door.names.join(', ')} may`]
  const others = one.names.filter((name) => !door.names!.includes(name))
  return others.map((name) => `imports ${name} of ${one.specifier}; the engine does no I/O`)
}

function checkWords(path: string, source: string, scan: Scan): string[] {
  const faults: string[] = []
  for (const rule of WORDS) {
    if (covers(rule.allowed, path) || (rule.rooms !== undefined && !rule.rooms.includes(roomOf(path))))
      continue
    const match = rule.pattern.exec(scan.bare)
    if (match !== null)
      faults.push(`line ${lineAt(source, match.index)}: ${match[0].trim()} may not stand here`)
  }
  const leftover = LEFTOVER.exec(source)
  if (leftover !== null) faults.push(`line ${lineAt(source, leftover.index)}: ${leftover[0]} is left over`)
  return faults
}

function checkLength(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1
  if (lines <= FILE_LINES_MAX || covers(TABLES, path)) return []
  return [`has ${lines} lines; at most ${FILE_LINES_MAX} are read in one sitting`]
}

/** Each cycle once, as the path through it. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start >= 0 || done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}

function isRelative(one: Import): boolean {
  return one.specifier.startsWith('.')
}

/** `a/b.ts` and `../c/d.ts` make `c/d.ts`; a path that leaves the tree keeps its leading dots. */
function resolvePath(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function rowOf(path: string): number | undefined {
  const row = ROWS.findIndex((rooms) => rooms.includes(roomOf(path)))
  return row < 0 ? undefined : row
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Whether one of the places (a file, or a folder with its slash) holds the path. */
function covers(places: readonly string[], path: string): boolean {
  return places.some((place) => path === place || (place.endsWith('/') && path.startsWith(place)))
}

function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length
}
