/**
 * What operators changed, when, who and why: a line of JSON each, appended and never altered. When the file is full it is
 * put aside as the older one. Lines that are damaged are kept beside it and are no part of it any more.
 */
import { JOURNAL_ENTRIES_SHOWN_MAX, JOURNAL_OCTETS_MAX } from '../../base/limits.ts'
import type { Log } from '../../telemetry/log.ts'
import type { StateFolder } from './state-folder.ts'

/** Who changes something, and why. */
export interface Author {
  readonly who: string
  /** May be empty where it is not asked for. */
  readonly why: string
}

/** One change. */
export interface JournalEntry extends Author {
  /** RFC 3339, by the machine's own clock. */
  readonly time: string
  /** What was done: `rollout`, `nta-add`, … */
  readonly what: string
  /** In the words of the call. */
  readonly detail: Readonly<Record<string, unknown>>
}

/** Its name in the folder for state. */
export const JOURNAL_FILE = 'journal.jsonl'

const MEANING = { holds: 'who changed what, when and why' }

/** See the head of this file. */
export class Journal {
  readonly #folder: StateFolder
  readonly #log: Pick<Log, 'info' | 'warn'>
  readonly #unixMs: () => number
  readonly #entries: JournalEntry[] = []

  private constructor(folder: StateFolder, log: Pick<Log, 'info' | 'warn'>, unixMs: () => number) {
    this.#folder = folder
    this.#log = log
    this.#unixMs = unixMs
  }

  /** Reads what was written before. Never fails. */
  static async open(
    folder: StateFolder,
    log: Pick<Log, 'info' | 'warn'>,
    unixMs: () => number,
  ): Promise<Journal> {
    const journal = new Journal(folder, log, unixMs)
    const octets = folder.read(JOURNAL_FILE)
    if (octets !== undefined) await journal.#take(Buffer.from(octets).toString('utf8'))
    return journal
  }

  /** Writes a change down, in the log as well. Settles when it is in the file, as far as it can be. */
  async add(what: string, { who, why }: Author, detail: JournalEntry['detail']): Promise<void> {
    const time = new Date(this.#unixMs()).toISOString()
    const entry = { time, who, why, what, detail }
    this.#remember(entry)
    this.#log.info({ who, why, ...detail }, `changed: ${what}`)
    await this.#folder.append(JOURNAL_FILE, `${JSON.stringify(entry)}\n`, JOURNAL_OCTETS_MAX, MEANING)
  }

  /** The last changes, the newest first. */
  recent(count: number = JOURNAL_ENTRIES_SHOWN_MAX): readonly JournalEntry[] {
    return this.#entries.slice(-count).reverse()
  }

  async #take(text: string): Promise<void> {
    const good: string[] = []
    const damaged: string[] = []
    for (const line of text.split('\n')) {
      if (line === '') continue
      const entry = readEntry(line)
      if (entry === undefined) damaged.push(line)
      else {
        good.push(line)
        this.#remember(entry)
      }
    }
    if (damaged.length === 0) return
    const aside = `${JOURNAL_FILE}.damaged`
    this.#log.warn({ lines: damaged.length, aside }, 'lines of the journal are damaged and were set aside')
    const isKept = await this.#folder.append(aside, `${damaged.join('\n')}\n`, JOURNAL_OCTETS_MAX)
    if (isKept) await this.#folder.write(JOURNAL_FILE, good.map((line) => `${line}\n`).join(''))
  }

  #remember(entry: JournalEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > JOURNAL_ENTRIES_SHOWN_MAX) this.#entries.shift()
  }
}

function readEntry(line: string): JournalEntry | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { time, who, why, what, detail } = value as Partial<Record<string, unknown>>
  if ([time, who, why, what].some((text) => typeof text !== 'string')) return undefined
  if (Number.isNaN(Date.parse(time as string)) || typeof detail !== 'object' || detail === null)
    return undefined
  return value as JournalEntry
}
