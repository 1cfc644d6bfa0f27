/** Which resolvers this machine has. */
import { spawnSync } from 'node:child_process'
import { findProgram, isExecutable } from '../programs.ts'
import { BIND } from './bind.ts'
import { KNOT } from './knot.ts'
import type { Peer } from './peer.ts'
import { POWERDNS } from './powerdns.ts'
import { SIGILL } from './sigill.ts'
import { UNBOUND } from './unbound.ts'

export const PEERS: readonly Peer[] = [UNBOUND, KNOT, POWERDNS, BIND]

/** A resolver that can be measured. */
export interface Contender {
  readonly peer: Peer
  /** Path of the program. */
  readonly program: string
  readonly version: string
}

export interface Found {
  /** Ours first. */
  readonly contenders: readonly Contender[]
  /** A sentence for each that is not here. */
  readonly missing: readonly string[]
}

/** An argument that cannot be used; the message says why. */
export class UsageError extends Error {}

/** Paths by the peer's key, out of words `KEY=PATH`. */
export function parsePeerPaths(words: readonly string[]): Map<string, string> {
  const keys = PEERS.map(({ key }) => key)
  return new Map(
    words.map((word) => {
      const at = word.indexOf('=')
      const key = word.slice(0, at)
      if (at < 1 || !keys.includes(key)) {
        throw new UsageError(`--peer ${word}: expected NAME=PATH, NAME one of ${keys.join(', ')}`)
      }
      return [key, word.slice(at + 1)]
    }),
  )
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
 * usual folders.
 */
export function findContenders(
  paths: ReadonlyMap<string, string>,
  only: readonly string[],
  environment: NodeJS.ProcessEnv,
): Found {
  const contenders: Contender[] = []
  const missing: string[] = []
  for (const peer of [SIGILL, ...PEERS]) {
    if (!only.includes(peer.key)) continue
    const given = paths.get(peer.key) ?? environment[`SIGILL_BENCH_${peer.key.toUpperCase()}`]
    if (given !== undefined && !isExecutable(given)) {
      throw new UsageError(`${given} is no program (${peer.title})`)
    }
    const program = given ?? (peer === SIGILL ? peer.program : findProgram(peer.program))
    if (program === undefined) missing.push(`${peer.title} is not here: install ${peer.package} (Debian)`)
    else contenders.push({ peer, program, version: versionOf(peer, program) })
  }
  return { contenders, missing }
}

function versionOf(peer: Peer, program: string): string {
  const { stdout, stderr } = spawnSync(program, [...peer.versionArgs], { encoding: 'utf8', timeout: 10_000 })
  return peer.version.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown'
}
