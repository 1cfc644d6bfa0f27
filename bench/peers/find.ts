/** Which resolvers this machine has. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findProgram, isExecutable } from '../programs.ts'
import { BIND } from './bind.ts'
import { KNOT } from './knot.ts'
import type { Contender, Peer } from './peer.ts'
import { POWERDNS } from './powerdns.ts'
import { mainOf, otherBuild, SIGILL } from './sigill.ts'
import { UNBOUND } from './unbound.ts'

export const PEERS: readonly Peer[] = [UNBOUND, KNOT, POWERDNS, BIND]

/** It is part of a folder's name. */
const BUILD_NAME = /^[\w-]{1,40}$/

export interface Found {
  /** Ours first. */
  readonly contenders: readonly Contender[]
  /** A sentence for each that is not here. */
  readonly missing: readonly string[]
}

/** An argument that cannot be used; the message says why. */
export class UsageError extends Error {}

/** Name and path out of a word `NAME=PATH`; undefined where it is none. */
function nameAndPath(word: string): readonly [name: string, path: string] | undefined {
  const at = word.indexOf('=')
  return at < 1 ? undefined : [word.slice(0, at), word.slice(at + 1)]
}

/** Paths by the peer's key, out of words `KEY=PATH`. */
export function parsePeerPaths(words: readonly string[]): Map<string, string> {
  const keys = PEERS.map(({ key }) => key)
  return new Map(
    words.map((word) => {
      const pair = nameAndPath(word)
      if (pair === undefined || !keys.includes(pair[0])) {
        throw new UsageError(`--peer ${word}: expected NAME=PATH, NAME one of ${keys.join(', ')}`)
      }
      return pair
    }),
  )
}

/** Other builds of ours, out of words `NAME=CHECKOUT`. */
export function parseBuilds(words: readonly string[]): readonly Peer[] {
  const builds = words.map((word) => {
    const [name, checkout] = nameAndPath(word) ?? []
    if (name === undefined || checkout === undefined || !BUILD_NAME.test(name)) {
      throw new UsageError(
        `--build ${word}: expected NAME=CHECKOUT, NAME of up to 40 letters, digits, _ and -`,
      )
    }
    const main = mainOf(checkout)
    if (!existsSync(main)) throw new UsageError(`--build ${word}: ${main} is not there: build it first`)
    return otherBuild(name, checkout)
  })
  if (new Set(builds.map(({ key }) => key)).size < builds.length) {
    throw new UsageError(`--build: two have the same name, of ${words.join(', ')}`)
  }
  return builds
}

/** Keys of those to be measured, out of a list with commas; all when it is left out. */
export function parseOnly(list: string | undefined): readonly string[] {
  const all = [SIGILL, ...PEERS].map(({ key }) => key)
  const wanted = list?.split(',') ?? all
  const unknown = wanted.find((key) => !all.includes(key))
  if (unknown !== undefined) throw new UsageError(`--only ${list}: ${unknown} is none of ${all.join(', ')}`)
  return wanted
}

/**
 * Looks for a peer at the path that was given, then at that of `SIGILL_BENCH_KEY` in the environment, then among the
 * usual folders. Other builds of ours come right after ours.
 */
export function findContenders(
  paths: ReadonlyMap<string, string>,
  only: readonly string[],
  environment: NodeJS.ProcessEnv,
  builds: readonly Peer[] = [],
): Found {
  const contenders: Contender[] = []
  const missing: string[] = []
  for (const peer of [SIGILL, ...builds, ...PEERS]) {
    if (!only.includes(peer.key) && !builds.includes(peer)) continue
    const given = paths.get(peer.key) ?? environment[`SIGILL_BENCH_${peer.key.toUpperCase()}`]
    if (given !== undefined && !isExecutable(given)) {
      throw new UsageError(`${given} is no program (${peer.title})`)
    }
    const program = given ?? (peer.isOurs ? peer.program : findProgram(peer.program))
    if (program === undefined) missing.push(`${peer.title} is not here: install ${peer.package} (Debian)`)
    else contenders.push({ peer, program, version: versionOf(peer, program) })
  }
  return { contenders, missing }
}

function versionOf(peer: Peer, program: string): string {
  const { stdout, stderr } = spawnSync(program, [...peer.versionArgs], { encoding: 'utf8', timeout: 10_000 })
  return peer.version.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown'
}
