/** Which processor cores servers and generator get. */
import { readFileSync } from 'node:fs'
import { findProgram } from './programs.ts'

/** Cores by number; empty: wherever the system likes. */
export interface CorePlan {
  readonly servers: readonly number[]
  /** The generator's, and that of the authorities. */
  readonly load: readonly number[]
  /** What a reader of the figures must know. */
  readonly note: string
}

/** The cores that this process may use. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readStatus())?.[1]
  return list === undefined ? [] : coresOf(list)
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return ''
  }
}

/** Reads a list as Linux writes it: `0-3,8`. */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/**
 * Gives the first `threads` cores to the server and the last one to everything else. They share one only where there
 * are no more.
 */
export function planCores(
  threads: number,
  allowed: readonly number[] = allowedCores(),
  hasTaskset: boolean = findProgram('taskset') !== undefined,
): CorePlan {
  if (!hasTaskset)
    return { servers: [], load: [], note: 'nothing is pinned: taskset is not here (util-linux)' }
  if (allowed.length < 2) return { servers: [], load: [], note: 'one core: servers and generator share it' }
  const servers = allowed.slice(0, threads)
  const load = allowed.slice(-1)
  const isShared = servers.includes(load[0]!)
  const where = `servers on ${servers.join(', ')}, generator and authorities on ${load[0]}`
  return { servers, load, note: `cores: ${where}${isShared ? ', which they share' : ''}` }
}

/** A command bound to cores. */
export function pinned(
  cores: readonly number[],
  program: string,
  args: readonly string[],
): [string, string[]] {
  if (cores.length === 0) return [program, [...args]]
  return [findProgram('taskset') ?? 'taskset', ['-c', cores.join(','), program, ...args]]
}
