/** Reads a configuration file and the files that it names. */
import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type TrustAnchor, TrustAnchors } from '../dnssec/trust-anchors.ts'
import { BUILT_IN_HINTS, type RootHint } from './built-in-hints.ts'
import { findContradictions } from './contradictions.ts'
import { expectationText, namesAt, unknownKeyText } from './fault-text.ts'
import { ConfigError, type Problem } from './problem.ts'
import { RecordFileError, readAnchors, readHints } from './record-files.ts'
import { SETTING_KEYS, type SettingKey, type Settings } from './settings.ts'
import { readBoundedFile, whyUnreadable } from './text-file.ts'
import { readSettings, settingsTree, type TreeFault } from './tree.ts'
import { readYaml, YamlText } from './yaml-text.ts'

/** Trust anchors and where they were read. */
export interface AnchorFile {
  readonly path: string
  readonly anchors: readonly TrustAnchor[]
}

/** Everything that a configuration says. */
export interface Config {
  /** Absolute path of the file, or undefined for the defaults alone. */
  readonly path: string | undefined
  readonly settings: Settings
  /** Settings that the file itself names. */
  readonly given: ReadonlySet<SettingKey>
  /** Settings that are not their default. A file that names all of them with it is as good as none. */
  readonly changed: ReadonlySet<SettingKey>
  readonly rootHints: readonly RootHint[]
  readonly anchorFiles: readonly AnchorFile[]
  readonly anchors: TrustAnchors
}

/** The root trust anchors that come with the package, which is three folders up from the compiled file. */
export const PACKAGED_ANCHORS: string = resolve(import.meta.dirname, '../../../trust-anchors/root.ds')

/**
 * Reads and checks a configuration file. Paths in it are relative to its folder.
 *
 * @throws ConfigError with every fault found
 */
export function loadConfig(path: string): Config {
  const octets = path === '' ? 'the path is empty' : readBoundedFile(path)
  if (typeof octets === 'string') {
    fail([{ path: path || '""', line: 1, column: 1, message: `cannot be read: ${octets}` }])
  }
  const yaml = readYaml(path, octets)
  if (!(yaml instanceof YamlText)) fail(yaml)
  const settings = readSettings(yaml.contents)
  if (isFaults(settings)) fail(settings.map((fault) => locate(path, yaml, fault)))
  const files = readFiles(settings, dirname(resolve(path)))
  const isGiven = (key: SettingKey): boolean => yaml.has(key.split('.'))
  const nowSeconds = Math.floor(Date.now() / 1000)
  const faults = [...findContradictions(settings, nowSeconds, isGiven), ...files.faults]
  if (faults.length + files.problems.length > 0) {
    fail([...faults.map((fault) => locate(path, yaml, fault)), ...files.problems])
  }
  return makeConfig(resolve(path), settings, files, SETTING_KEYS.filter(isGiven))
}

/**
 * The configuration of an empty file.
 *
 * @throws ConfigError when the package's trust anchors cannot be read
 */
export function defaultConfig(): Config {
  const settings = readSettings({})
  if (isFaults(settings))
    throw new RangeError(`a default breaks its own rule: ${JSON.stringify(settings[0])}`)
  const files = readFiles(settings, '.')
  const lost = files.faults.map((fault) => fault.message ?? '')
  const problems = lost.map((message) => ({ path: PACKAGED_ANCHORS, line: 1, column: 1, message }))
  if (problems.length + files.problems.length > 0) fail([...problems, ...files.problems])
  return makeConfig(undefined, settings, files, [])
}

function fail(problems: readonly Problem[]): never {
  throw new ConfigError(problems)
}

function isFaults(value: Settings | readonly TreeFault[]): value is readonly TreeFault[] {
  return Array.isArray(value)
}

function makeConfig(
  path: string | undefined,
  settings: Settings,
  files: Files,
  given: readonly SettingKey[],
): Config {
  const { rootHints, anchorFiles } = files
  const anchors = new TrustAnchors(anchorFiles.flatMap((file) => file.anchors))
  const defaults = path === undefined ? settings : (readSettings({}) as Settings)
  const changed = SETTING_KEYS.filter((key) => !isDeepStrictEqual(settings[key], defaults[key]))
  const keys = { given: new Set(given), changed: new Set(changed) }
  return { path, settings, ...keys, rootHints, anchorFiles, anchors }
}

interface Files {
  readonly rootHints: readonly RootHint[]
  readonly anchorFiles: readonly AnchorFile[]
  /** Files that cannot be used, each at the setting that names it. */
  readonly faults: readonly TreeFault[]
  /** Faults inside files. */
  readonly problems: readonly Problem[]
}

function readFiles(settings: Settings, folder: string): Files {
  const faults: TreeFault[] = []
  const problems: Problem[] = []
  const attempt = <T>(path: readonly (string | number)[], read: () => T[]): T[] => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof RecordFileError)) throw error
      if (error.problem !== undefined) problems.push(error.problem)
      else faults.push({ path, message: error.message })
      return []
    }
  }
  const hints = settings['resolution.root-hints']
  const rootHints =
    hints === ''
      ? BUILT_IN_HINTS
      : attempt(['resolution', 'root-hints'], () => readHints(resolve(folder, hints)))
  const named = settings['dnssec.trust-anchor-files'].map((path) => resolve(folder, path))
  const paths = named.length === 0 ? [PACKAGED_ANCHORS] : named
  const anchorFiles = paths.flatMap((path, index) =>
    attempt(['dnssec', 'trust-anchor-files', index], () => [{ path, anchors: readAnchors(path) }]),
  )
  const module = settings['tracing.module']
  const moduleFault = module === '' ? undefined : whyUnreadable(resolve(folder, module))
  if (moduleFault !== undefined)
    faults.push({
      path: ['tracing', 'module'],
      message: `${resolve(folder, module)} cannot be read: ${moduleFault}`,
    })
  return { rootHints, anchorFiles, faults, problems }
}

function locate(path: string, yaml: YamlText, fault: TreeFault): Problem {
  if (fault.unknownKey !== undefined) {
    const message = unknownKeyText(fault.path, fault.unknownKey, namesAt(settingsTree(), fault.path))
    return { path, ...yaml.placeOfKey(fault.path, fault.unknownKey), message }
  }
  const message =
    fault.message ?? expectationText(fault.path, fault.expected ?? 'something else', yaml.valueAt(fault.path))
  return { path, ...yaml.placeOf(fault.path), message }
}
