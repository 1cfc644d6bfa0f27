/** Records for snapshots that no cache has held, and what is found in a file. */
import { concatOctets, formatHex } from '../../src/base/octets.ts'
import {
  forEachRecord,
  SECTION,
  type SnapshotHead,
  type SnapshotRecord,
  type SnapshotSection,
} from '../../src/cache/snapshot.ts'
import type { SnapshotSource } from '../../src/cache/snapshot-source.ts'
import { SnapshotFile } from '../../src/daemon/snapshot/file.ts'

export const HEAD: SnapshotHead = {
  writtenUnixMs: 1_790_000_000_000,
  writtenMs: 5_000,
  policySequence: 3,
  judgementDigest: new Uint8Array(32).fill(1),
  sourcesDigest: new Uint8Array(32).fill(2),
}

/** A record of a key and a value. */
export function record(key: string, value: Uint8Array | string, expiresMs = 60_000): SnapshotRecord {
  const keyOctets = new Uint8Array(Buffer.from(key))
  const valueOctets = typeof value === 'string' ? new Uint8Array(Buffer.from(value)) : value
  const octets = concatOctets(keyOctets, valueOctets)
  const keyEnd = keyOctets.length
  return { octets, keyStart: 0, keyEnd, valueStart: keyEnd, valueEnd: octets.length, expiresMs }
}

/** Shows `records`, `slice` of them at a time. */
export function sourceOf(
  section: SnapshotSection,
  records: readonly SnapshotRecord[],
  slice = 100,
): SnapshotSource {
  return {
    section,
    scan(from, visit) {
      for (let at = from; at < from + slice; at++) {
        if (at >= records.length) return -1
        if (!visit(records[at]!)) return at
      }
      return from + slice
    },
  }
}

/** Both sections, with `count` records of some hundred octets each. */
export function someSources(count: number, mark = 'x'): SnapshotSource[] {
  const of = (section: string): SnapshotRecord[] =>
    Array.from({ length: count }, (_, i) =>
      record(`${section} ${i}`, `${mark} ${i} `.padEnd(200 + (i % 50), '.')),
    )
  return [sourceOf(SECTION.ANSWERS, of('answer')), sourceOf(SECTION.RRSETS, of('rrset'))]
}

/** What a file holds, as text; throws what the reading throws. */
export async function contents(path: string): Promise<{ head: SnapshotHead | undefined; records: string[] }> {
  const file = await SnapshotFile.open(path)
  const records: string[] = []
  let head: SnapshotHead | undefined
  try {
    await file.read(
      (found) => {
        head = found
      },
      (block) => {
        forEachRecord(block, (entry) => records.push(textOf(block.section, entry)))
        return true
      },
    )
  } finally {
    await file.close()
  }
  return { head, records }
}

/** What sources hold, in the same form. */
export function textsOf(sources: readonly SnapshotSource[]): string[] {
  const texts: string[] = []
  for (const { section, scan } of sources) {
    for (let at = 0; at >= 0; ) {
      at = scan(at, (entry) => texts.push(textOf(section, entry)) > 0)
    }
  }
  return texts
}

function textOf(section: number, entry: SnapshotRecord): string {
  const { octets, keyStart, keyEnd, valueStart, valueEnd, expiresMs } = entry
  const key = formatHex(octets.subarray(keyStart, keyEnd))
  return `${section} ${key} ${formatHex(octets.subarray(valueStart, valueEnd))} ${expiresMs}`
}
