/**
 * The file in which Unbound keeps the trust anchors that it follows (`auto-trust-anchor-file`): a master file whose remarks
 * say in which state each key is. Read as a mere master file, keys would be believed that still wait or were revoked.
 */
import { anchorsFromRecords, type TrustAnchor } from '../dnssec/trust-anchors.ts'
import type { KeyState } from '../dnssec/trust-point.ts'
import { readZone } from '../wire/zone-text.ts'

/** One key of the file. */
export interface AutotrustKey {
  readonly anchor: TrustAnchor
  /** Undefined for a key that stands there without one: somebody vouches for it. `start`: it waits for nothing yet. */
  readonly state: KeyState | 'start' | undefined
  /** Proven sets that showed it while it was pending. */
  readonly sightings: number
  /** When it came into the state, seconds since 1970. */
  readonly sinceSeconds: number
}

/** What a file says. */
export interface AutotrustFile {
  readonly keys: readonly AutotrustKey[]
  /** Numbers at its head by name: `last_queried`, `query_interval` and others; none before the first writing. */
  readonly numbers: ReadonlyMap<string, number>
}

const STATES = ['start', 'add-pending', 'valid', 'missing', 'revoked', 'removed'] as const
const HEAD = /^;;(\w+): (\d+)\b/
const KEY_REMARK = /;;state=(\d)\b.*;;count=(\d+)\b.*;;lastchange=(\d+)\b/

/** True when a text is such a file rather than a mere master file. */
export function isAutotrust(text: string): boolean {
  return text.split('\n').some((line) => HEAD.test(line) || KEY_REMARK.test(line))
}

/**
 * Reads a file; records that are no anchors are left out.
 *
 * @throws ZoneTextError with its place
 */
export function readAutotrust(text: string, path: string): AutotrustFile {
  const keys: AutotrustKey[] = []
  const numbers = new Map<string, number>()
  // A record a line, which is how Unbound writes them; the lines before are counted so that a fault has its place.
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    const head = HEAD.exec(line)
    if (head !== null) numbers.set(head[1]!, Number(head[2]))
    const remark = KEY_REMARK.exec(line)
    const records = readZone(`${'\n'.repeat(index)}${line}`, { path, defaultTtlSeconds: 0 })
    for (const anchor of anchorsFromRecords(records)) {
      keys.push({
        anchor,
        state: remark === null ? undefined : STATES[Number(remark[1])],
        sightings: Number(remark?.[2] ?? 0),
        sinceSeconds: Number(remark?.[3] ?? 0),
      })
    }
  }
  return { keys, numbers }
}

/** The anchors of a file that are to be believed. */
export function trustedAnchors({ keys }: AutotrustFile): TrustAnchor[] {
  return keys
    .filter(({ state }) => state === undefined || state === 'valid' || state === 'missing')
    .map(({ anchor }) => anchor)
}
