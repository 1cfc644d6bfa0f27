/** The file of `cache/snapshot.ts`: written whole or not at all, read in pieces, checked before it is believed. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SNAPSHOT_BODY_OCTETS_MAX } from '../../base/limits.ts'
import {
  SECTION,
  type SnapshotBlock,
  SnapshotFault,
  type SnapshotHead,
  SnapshotReader,
  type SnapshotRecord,
  SnapshotWriter,
} from '../../cache/snapshot.ts'
import type { SnapshotSource } from '../../cache/snapshot-source.ts'
import { writeAtomically } from '../state/atomic-file.ts'

/** Room for whatever `SnapshotReader` wants at once. */
const READ_OCTETS_MAX = SNAPSHOT_BODY_OCTETS_MAX + 1_024

/** Records by section. */
export type SnapshotCounts = Record<'answers' | 'rrsets', number>

/** What was written. */
export interface WrittenSnapshot extends SnapshotCounts {
  readonly octets: number
}

/**
 * Writes a snapshot and puts it in the place of the older one, which stays if anything fails. Between slices of a
 * millisecond or two the event loop has its turn, and no more than a block is in memory.
 *
 * @param isWanted asked between slices; false ends it
 * @throws the system's error; `SnapshotFault` when it is not wanted any more
 */
export async function writeSnapshot(
  path: string,
  head: SnapshotHead,
  sources: readonly SnapshotSource[],
  isWanted: () => boolean = () => true,
): Promise<WrittenSnapshot> {
  return writeAtomically(path, (file) => writeRecords(file, head, sources, isWanted))
}

async function writeRecords(
  file: FileHandle,
  head: SnapshotHead,
  sources: readonly SnapshotSource[],
  isWanted: () => boolean,
): Promise<WrittenSnapshot> {
  const writer = new SnapshotWriter()
  let octets = 0
  const append = async (part: Uint8Array): Promise<void> => {
    await file.writeFile(part)
    octets += part.length
  }
  const add = (record: SnapshotRecord): boolean => writer.add(record)
  await append(writer.head(head))
  for (const source of sources) {
    for (let at = 0; at >= 0; ) {
      at = source.scan(at, add)
      if (!isWanted()) throw new SnapshotFault('given up')
      const block = writer.isFull || at < 0 ? writer.take(source.section) : undefined
      if (block === undefined) await turn()
      else await append(block)
    }
  }
  await append(writer.end())
  return { answers: writer.count(SECTION.ANSWERS), rrsets: writer.count(SECTION.RRSETS), octets }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A snapshot opened to be read. */
export class SnapshotFile {
  readonly #file: FileHandle
  readonly #octets: number

  private constructor(file: FileHandle, octets: number) {
    this.#file = file
    this.#octets = octets
  }

  /** @throws the system's error, or one of ours when it is no file */
  static async open(path: string): Promise<SnapshotFile> {
    // A pipe would be waited for otherwise.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (stat.isFile()) return new SnapshotFile(file, stat.size)
      throw new Error('not a file')
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /**
   * Reads it from the beginning to the end, while `visit` works on the block before.
   *
   * @param visit is shown each block; false ends it there
   * @throws `SnapshotFault` when something is not as it was written; blocks shown before were
   */
  async read(onHead: (head: SnapshotHead) => void, visit: (block: SnapshotBlock) => boolean): Promise<void> {
    const reader = new SnapshotReader()
    const buffers = [new Uint8Array(READ_OCTETS_MAX), new Uint8Array(READ_OCTETS_MAX)]
    let at = 0
    let turns = 0
    const next = (): Promise<Uint8Array> => {
      const buffer = buffers[turns++ % 2]!.subarray(0, reader.wanted)
      const from = at
      at += buffer.length
      return this.#fill(buffer, from)
    }
    let pending = next()
    for (;;) {
      const block = reader.take(await pending)
      if (reader.wanted === 0) break
      // While this block is looked at, the next one is read into the other buffer.
      pending = next()
      pending.catch(() => {})
      if (block === undefined) onHead(reader.head!)
      else if (!visit(block)) return void (await pending.catch(() => {}))
    }
    if (at !== this.#octets) throw new SnapshotFault('more behind its end')
  }

  async #fill(buffer: Uint8Array, from: number): Promise<Uint8Array> {
    if (from + buffer.length > this.#octets) throw new SnapshotFault('cut off')
    for (let done = 0; done < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, from + done)
      if (bytesRead === 0) throw new SnapshotFault('cut off')
      done += bytesRead
    }
    return buffer
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
