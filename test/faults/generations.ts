/** One state of everything that is kept, which bears its number in every part, so that a mix of two is seen. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { OPERATOR_CHANGES_FORM, type OperatorChanges } from '../../src/daemon/operator/operator-changes.ts'
import { writeSnapshot } from '../../src/daemon/snapshot/file.ts'
import { Journal } from '../../src/daemon/state/journal.ts'
import { ROLLOUT_KEY_FORM } from '../../src/daemon/state/rollout-key.ts'
import { StateFile } from '../../src/daemon/state/state-file.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { contents, HEAD, someSources } from '../daemon/snapshot-records.ts'

const SNAPSHOT = 'caches'
const ANCHORS = 50
/** Of each section: some blocks of a snapshot. */
const RECORDS = 700
const LONG_TEXT = 'd'.repeat(2_000)

/** Numbers of the generations that parts are of; undefined where there is none. */
export interface FoundGenerations {
  readonly key: number | undefined
  readonly changes: number | undefined
  readonly snapshot: number | undefined
  /** In the order in which they were written. */
  readonly journal: readonly number[]
  /** What the log warned of while it was read. */
  readonly warnings: readonly string[]
}

/** The parts that say whether they were written. */
export type WrittenParts = Readonly<Record<'key' | 'changes' | 'snapshot', boolean>>

/** What is kept in a folder. */
export class Generations {
  readonly #path: string
  readonly #journal: Journal
  readonly #warnings: readonly string[]
  readonly #key: StateFile<{ readonly key: readonly [number, number] }>
  readonly #changes: StateFile<OperatorChanges>

  private constructor(path: string, folder: StateFolder, journal: Journal, warnings: readonly string[]) {
    this.#path = path
    this.#journal = journal
    this.#warnings = warnings
    this.#key = new StateFile(folder, ROLLOUT_KEY_FORM)
    this.#changes = new StateFile(folder, OPERATOR_CHANGES_FORM)
  }

  /** As the daemon opens it. */
  static async open(path: string): Promise<Generations> {
    const warnings: string[] = []
    const warn = (_fields: object | string, text?: string): void => void warnings.push(text ?? '')
    const log = { info: () => {}, warn, error: warn }
    const folder = await StateFolder.open({ path, isWanted: true, log })
    const journal = await Journal.open(folder, log, () => HEAD.writtenUnixMs)
    return new Generations(path, folder, journal, warnings)
  }

  /** Reads all of it. @throws when a part is of two generations, or a snapshot cannot be read */
  async found(): Promise<FoundGenerations> {
    const key = oneOf(this.#key.load()?.key)
    const added = this.#changes.load()?.added
    if (added !== undefined && added.length !== ANCHORS) throw new Error(`${added.length} anchors`)
    return {
      key,
      changes: oneOf(added?.map(({ reason }) => Number(reason))),
      snapshot: await this.#snapshot(),
      journal: this.#journal
        .recent()
        .map(({ detail }) => Number(detail.generation))
        .reverse(),
      warnings: this.#warnings,
    }
  }

  /** Writes the next one, part by part. */
  async write(generation: number): Promise<WrittenParts> {
    const key = await this.#key.save({ key: [generation, generation] })
    const changes = await this.#changes.save(changesOf(generation))
    await this.#journal.add('test', { who: 'a test', why: LONG_TEXT }, { generation })
    const head = { ...HEAD, policySequence: generation }
    const records = someSources(RECORDS, `generation ${generation}`)
    const snapshot = await writeSnapshot(join(this.#path, SNAPSHOT), head, records).then(
      () => true,
      () => false,
    )
    return { key, changes, snapshot }
  }

  /** Files that are there and should not be. */
  leftovers(): string[] {
    return readdirSync(this.#path).filter((name) => name.endsWith('.new'))
  }

  async #snapshot(): Promise<number | undefined> {
    const found = await contents(join(this.#path, SNAPSHOT)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) return undefined
    const { head, records } = found
    if (records.length !== 2 * RECORDS) throw new Error(`${records.length} records`)
    const generation = head!.policySequence
    const mark = Buffer.from(`generation ${generation} `).toString('hex')
    if (!records.every((text) => text.includes(mark))) throw new Error('records of another generation')
    return generation
  }
}

function changesOf(generation: number): OperatorChanges {
  const one = {
    author: 'a test',
    reason: String(generation),
    addedSeconds: 1,
    expiresSeconds: 2,
    forced: false,
  }
  const added = Array.from({ length: ANCHORS }, (_, i) => ({ name: `zone${i}.example.`, ...one }))
  return { rollout: {}, added, removed: [] }
}

/** The one number that all are. */
function oneOf(numbers: readonly number[] | undefined): number | undefined {
  const [first] = numbers ?? []
  if (numbers?.some((number) => number !== first)) throw new Error(`a mix of ${[...new Set(numbers)].join()}`)
  return first
}
