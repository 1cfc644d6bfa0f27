/**
 * The folder for what the daemon learns and keeps (`state.directory`). Nothing hangs on it: one that cannot be used is
 * a warning, and what would be kept ends with the process.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync } from 'node:fs'
import { access, open, rename, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Cancel, Clock } from '../../base/clock.ts'
import { STATE_FILE_OCTETS_MAX, STATE_RETRY_MS } from '../../base/limits.ts'
import { reasonOf } from '../../config/text-file.ts'
import type { Log } from '../../telemetry/log.ts'
import { FILE_MODE, writeAtomically } from './atomic-file.ts'
import { makeFolder } from './make-folder.ts'

const FOLDER_MODE = 0o700

/** Where state is kept. */
export interface StateFolderOptions {
  readonly path: string
  /** The file asks for this folder, so it is made where it is missing. The default one is used where somebody made it. */
  readonly isWanted: boolean
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** For trying again what could not be written; when left out that is done with the next writing alone. */
  readonly clock?: Pick<Clock, 'after'>
}

/** What a file is to whoever runs the daemon. */
export interface StateMeaning {
  /** What is lost with it, for the log: completes "this is gone: …". */
  readonly holds: string
  /** It stands nowhere else and is not written again by itself: it is tried until it is stored. */
  readonly mustLast?: boolean
}

/** A file that is not what it should be. */
export interface StateFault {
  readonly file: string
  readonly fault: string
  readonly holds: string
}

interface Failing {
  readonly fault: string
  /** It was to be written as a whole. */
  readonly isWhole: boolean
  readonly meaning: StateMeaning | undefined
  /** Of one that is tried again. */
  readonly contents: string | Uint8Array | undefined
}

/** A writing in its turn. */
interface Writing {
  readonly name: string
  readonly trouble: string
  readonly meaning: StateMeaning | undefined
  readonly contents?: string | Uint8Array
  readonly work: (path: string) => Promise<void>
}

/** See the head of this file. */
export class StateFolder {
  readonly #options: StateFolderOptions
  readonly #log: StateFolderOptions['log']
  /** Absolute; undefined where nothing is kept. */
  #path: string | undefined
  /** The same, or a folder that may be read alone: what was kept there is used. */
  readonly #readPath: string | undefined
  /** It could not be used at first: files that were not read are not ours to replace. */
  #isLate = false
  readonly #read = new Set<string>()
  /** Files whose writing failed the last time: the same trouble is told once. */
  readonly #failing = new Map<string, Failing>()
  readonly #setAside: StateFault[] = []
  #cancelRetry: Cancel | undefined
  #writing: Promise<unknown> = Promise.resolve()
  /** Another process has the folder. */
  #isResting = false
  #isClosed = false

  private constructor(options: StateFolderOptions, path: string | undefined, readPath = path) {
    this.#options = options
    this.#log = options.log
    this.#path = path
    this.#readPath = readPath
  }

  /** Opens the folder. Never fails. */
  static async open(options: StateFolderOptions): Promise<StateFolder> {
    const { path, isWanted, log } = options
    const absolute = resolve(path)
    try {
      if (path === '') throw Object.assign(new Error('state.directory is empty'), { code: 'NONE' })
      await prepare(absolute, isWanted)
    } catch (error) {
      const text = 'what is learnt or changed while the daemon runs ends with it'
      const fault = reasonOf(error)
      if (isWanted && path !== '')
        log.warn({ folder: absolute, fault }, `state.directory cannot be used: ${text}`)
      else log.info({ folder: path === '' ? 'none' : absolute }, `there is no state.directory: ${text}`)
      return new StateFolder(options, undefined, path === '' ? undefined : absolute)
    }
    return new StateFolder(options, absolute)
  }

  /** Absolute; undefined where nothing is kept. */
  get path(): string | undefined {
    return this.#path
  }

  /** Files that are not as they were to be written last. What could not be appended is lost, and no matter of theirs. */
  get unstored(): StateFault[] {
    return [...this.#failing].flatMap(([name, { fault, meaning, isWhole }]) =>
      isWhole ? [{ file: this.#shown(name), fault, holds: meaning?.holds ?? '' }] : [],
    )
  }

  /** Files that were of no use when they were read. */
  get setAsides(): readonly StateFault[] {
    return this.#setAside
  }

  /** Whether a file is as it was to be written last; null where nothing is to outlast the process. */
  isStored(name: string): boolean | null {
    return this.#keepsNothing ? null : !this.#failing.has(name)
  }

  /** The octets of a file; undefined where there is none. One that cannot be read is set aside: the next writing would replace it. */
  read(
    name: string,
    octetsMax: number = STATE_FILE_OCTETS_MAX,
    meaning?: StateMeaning,
  ): Uint8Array | undefined {
    if (this.#readPath === undefined) return undefined
    const path = resolve(this.#readPath, name)
    try {
      const octets = readBounded(path, octetsMax)
      this.#read.add(name)
      return octets
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.setAside(name, `it cannot be read: ${reasonOf(error)}`, meaning)
      return undefined
    }
  }

  /** Gives a file that is of no use another name, so that it can be looked into and nothing overwrites it. */
  setAside(name: string, fault: string, meaning?: StateMeaning): void {
    if (this.#readPath === undefined) return
    const file = resolve(this.#readPath, name)
    const aside = `${file}.damaged`
    const lost = meaning === undefined ? '' : `; this is gone: ${meaning.holds}`
    const tell = (fields: object, text: string): void => {
      if (meaning === undefined) this.#log.warn(fields, text)
      else this.#log.error(fields, `${text}${lost}`)
    }
    if (meaning !== undefined) this.#setAside.push({ file, fault, holds: meaning.holds })
    try {
      renameSync(file, aside)
      tell({ file, fault, aside }, 'a state file is of no use and was set aside')
    } catch (error) {
      const why = reasonOf(error)
      tell({ file, fault, why }, 'a state file is of no use and cannot be set aside')
    }
  }

  /**
   * Puts a file in the place of the older one, one after the other. Failing is told.
   *
   * @returns whether it is written
   */
  write(name: string, contents: string | Uint8Array, meaning?: StateMeaning): Promise<boolean> {
    const trouble =
      meaning === undefined
        ? 'a state file cannot be written; the older one stays'
        : `a state file cannot be written: after a restart this would be gone, or as it was before: ${meaning.holds}`
    const work = (path: string): Promise<void> => writeAtomically(path, (file) => file.writeFile(contents))
    return this.#inTurn({ name, trouble, meaning, contents, work })
  }

  /**
   * Appends lines to a file. One that would grow beyond its bound is put aside first, as `NAME.old`, in the place of an
   * older one. Failing is a warning.
   *
   * @returns whether it is written
   */
  append(name: string, text: string, octetsMax: number, meaning?: StateMeaning): Promise<boolean> {
    const lost = meaning === undefined ? '' : `; this is lost: ${meaning.holds}`
    const trouble = `a state file cannot be appended to${lost}`
    const work = async (path: string): Promise<void> => {
      const { size } = await stat(path).catch(() => ({ size: 0 }))
      if (size > 0 && size + Buffer.byteLength(text) > octetsMax) await rename(path, `${path}.old`)
      await appendLines(path, text)
    }
    return this.#inTurn({ name, trouble, meaning, work })
  }

  /** Where a file of this name is; undefined where nothing is kept. */
  pathOf(name: string): string | undefined {
    return this.#path && resolve(this.#path, name)
  }

  /** While it rests nothing is written: the folder is another process's. */
  rest(isResting: boolean): void {
    this.#isResting = isResting
  }

  /** Settles when all that was to be written is. */
  async settled(): Promise<void> {
    await this.#writing
  }

  /** Tries a last time what is not stored, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry?.()
    await this.#retry()
    await this.#writing
  }

  /** Nothing is asked to be kept. */
  get #keepsNothing(): boolean {
    return this.#path === undefined && (!this.#options.isWanted || this.#options.path === '')
  }

  #shown(name: string): string {
    return resolve(this.#options.path, name)
  }

  #inTurn(writing: Writing): Promise<boolean> {
    if (this.#keepsNothing) return Promise.resolve(false)
    const written = this.#writing.then(() => this.#attempt(writing))
    this.#writing = written
    return written
  }

  async #attempt({ name, trouble, meaning, contents, work }: Writing): Promise<boolean> {
    if (this.#isResting) return false
    const file = this.#shown(name)
    try {
      await this.#openLate()
      if (this.#isLate && contents !== undefined) await this.#spare(name)
      await work(resolve(this.#path!, name))
      if (this.#failing.delete(name)) this.#log.info({ file }, 'a state file can be written again')
      return true
    } catch (error) {
      const fault = reasonOf(error)
      // That there is no folder was told; what is lost by that was not.
      if (!this.#failing.has(name) && (this.#path !== undefined || meaning !== undefined)) {
        if (meaning?.mustLast === true) this.#log.error({ file, fault }, trouble)
        else this.#log.warn({ file, fault }, trouble)
      }
      const isWhole = contents !== undefined
      this.#failing.set(name, { fault, isWhole, meaning, contents: meaning?.mustLast ? contents : undefined })
      this.#retryLater()
      return false
    }
  }

  /** A folder that could not be used may be usable now. @throws the system's error */
  async #openLate(): Promise<void> {
    if (this.#path !== undefined) return
    const absolute = resolve(this.#options.path)
    await prepare(absolute, true)
    this.#path = absolute
    this.#isLate = true
    this.#log.info({ folder: absolute }, 'state.directory can be used now')
  }

  /** What nobody could read, an earlier process may have written: it is put beside ours. */
  async #spare(name: string): Promise<void> {
    if (this.#read.has(name)) return
    const path = resolve(this.#path!, name)
    await rename(path, `${path}.before`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    this.#read.add(name)
  }

  #retryLater(): void {
    const tries = [...this.#failing.values()].some(({ contents }) => contents !== undefined)
    if (!tries || this.#isClosed || this.#cancelRetry !== undefined) return
    this.#cancelRetry = this.#options.clock?.after(STATE_RETRY_MS, () => {
      this.#cancelRetry = undefined
      void this.#retry().then(() => this.#retryLater())
    })
  }

  async #retry(): Promise<void> {
    for (const [name, { contents, meaning }] of [...this.#failing]) {
      if (contents === undefined) continue
      this.#writing = this.#writing.then(async () => {
        // What was to be written meanwhile counts.
        if (this.#failing.get(name)?.contents !== contents) return
        const work = (path: string): Promise<void> =>
          writeAtomically(path, (file) => file.writeFile(contents))
        await this.#attempt({ name, trouble: '', meaning, contents, work })
      })
    }
    await this.#writing
  }
}

/** Makes the folder where it is asked for. @throws the system's error where it cannot be written to */
async function prepare(path: string, isWanted: boolean): Promise<void> {
  if (isWanted) makeFolder(path, FOLDER_MODE)
  await access(path, constants.W_OK | constants.X_OK)
}

/** A line that an earlier writing did not bring to its end is ended first: it must not take another with it. */
async function appendLines(path: string, text: string): Promise<void> {
  const file = await open(path, 'a+', FILE_MODE)
  try {
    const { size } = await file.stat()
    const last = Buffer.from('\n')
    if (size > 0) await file.read(last, 0, 1, size - 1)
    await file.writeFile(last.toString() === '\n' ? text : `\n${text}`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function readBounded(path: string, octetsMax: number): Uint8Array {
  // A pipe would be waited for otherwise.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) throw new Error('it is not a regular file')
    if (status.size > octetsMax) throw new Error(`it has more than ${octetsMax} octets`)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
