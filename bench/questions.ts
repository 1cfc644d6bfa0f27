/** What benches ask and have in common: the names that are cached, files of questions, and filling a cache with them. */
import { join } from 'node:path'
import { load, type Setting } from './bench.ts'
import { type Expectation, writeQueryFile } from './load/query-file.ts'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import type { ZoneGroup } from './world/zone-group.ts'

/** 10,000 names, half of them signed. */
export const HIT_ZONES: ZoneGroup = { stem: 'hit', zones: 100, namesPerZone: 100, signed: 'half' }

const FILL_OUTSTANDING = 32
const FILL_SECONDS = 120
/** Nothing is measured: a machine that stands still for a while, as a virtual one may, is no fault of the server's. */
const FILL_TIMEOUT_SECONDS = 20

/** Writes questions where the generators find them. Returns the path. */
export function writeQuestions(setting: Setting, name: string, expectations: readonly Expectation[]): string {
  const file = join(setting.folder, `${name}.queries`)
  writeQueryFile(file, expectations)
  return file
}

/** The same questions in another order, so that no server finds its answers beside each other. */
export function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items]
  // A linear congruential generator (Knuth): the same order every time.
  let state = 1
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const other = Math.floor((state / 2 ** 32) * (i + 1))
    const kept = order[i]!
    order[i] = order[other]!
    order[other] = kept
  }
  return order
}

/** Asks everything once, so that it is in the cache. Returns what was wrong. */
export async function fill(
  setting: Setting,
  resolver: Resolver,
  file: string,
  seconds: number = FILL_SECONDS,
): Promise<readonly string[]> {
  const stream: Stream = {
    ...{ name: 'filling the cache', file, once: true },
    ...{ outstanding: FILL_OUTSTANDING, sockets: 4, seconds, timeout: FILL_TIMEOUT_SECONDS },
  }
  return (await load(setting, resolver, [stream])).faults
}

/** As `fill`, of several resolvers and with several files. */
export async function fillAll(
  setting: Setting,
  resolvers: readonly Resolver[],
  files: readonly string[],
): Promise<readonly string[]> {
  const faults: string[] = []
  for (const resolver of resolvers) {
    for (const file of files) faults.push(...(await fill(setting, resolver, file)))
  }
  return faults
}
