/**
 * The folder for what the daemon learns and keeps (`state.directory`). Nothing hangs on it: one that cannot be used is
 * a warning, and what would be kept ends with the process.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync } from 'node:fs'
import { access, open, rename, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { STATE_FILE_OCTETS_MAX } from '../../base/limits.ts'
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
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** See the head of this file. */
export class StateFolder {
  readonly #log: StateFolderOptions['log']
  /** Absolute; undefined where nothing is kept. */
  readonly path: string | undefined
  /** The same, or a folder that may be read alone: what was kept there is used. */
  readonly #readPath: string | undefined
  /** Files whose writing failed the last time: the same trouble is told once. */
  readonly #failing = new Set<string>()
  #writing: Promise<unknown> = Promise.resolve()
  /** Another process has the folder. */
  #isResting = false

  private constructor(
    path: string | undefined,
    log: StateFolderOptions['log'],
    readPath: string | undefined = path,
  ) {
    this.path = path
    this.#readPath = readPath
    this.#log = log
  }

  /** Opens the folder. Never fails. */
  static async open({ path, isWanted, log }: StateFolderOptions): Promise<StateFolder> {
    const absolute = resolve(path)
    try {
      if (path === '') throw Object.assign(new Error('state.directory is empty'), { code: 'NONE' })
      if (isWanted) makeFolder(absolute, FOLDER_MODE)
      await access(absolute, constants.W_OK | constants.X_OK)
    } catch (error) {
      const text = 'what is learnt or changed while the daemon runs ends with it'
      const fault = reasonOf(error)
      if (isWanted && path !== '')
        log.warn({ folder: absolute, fault }, `state.directory cannot be used: ${text}`)
      else log.info({ folder: path === '' ? 'none' : absolute }, `there is no state.directory: ${text}`)
      return new StateFolder(undefined, log, path === '' ? undefined : absolute)
    }
    return new StateFolder(absolute, log)
  }

  /** The octets of a file; undefined where there is none. One that cannot be read is set aside: the next writing would replace it. */
  read(name: string, octetsMax: number = STATE_FILE_OCTETS_MAX): Uint8Array | undefined {
    if (this.#readPath === undefined) return undefined
    const path = resolve(this.#readPath, name)
    try {
      return readBounded(path, octetsMax)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.setAside(name, `it cannot be read: ${reasonOf(error)}`)
      return undefined
    }
  }

  /** Gives a file that is of no use another name, so that it can be looked into and nothing overwrites it. */
  setAside(name: string, fault: string): void {
    if (this.#readPath === undefined) return
    const file = resolve(this.#readPath, name)
    const aside = `${file}.damaged`
    try {
      renameSync(file, aside)
      this.#log.warn({ file, fault, aside }, 'a state file is of no use and was set aside')
    } catch (error) {
      const why = reasonOf(error)
      this.#log.warn({ file, fault, why }, 'a state file is of no use and cannot be set aside')
    }
  }

  /**
   * Puts a file in the place of the older one, one after the other. Failing is a warning.
   *
   * @returns whether it is written
   */
  write(name: string, contents: string | Uint8Array): Promise<boolean> {
    const path = this.pathOf(name)
    if (path === undefined) return Promise.resolve(false)
    return this.#inTurn(name, path, 'a state file cannot be written; the older one stays', () =>
      writeAtomically(path, (file) => file.writeFile(contents)),
    )
  }

  /**
   * Appends lines to a file. One that would grow beyond its bound is put aside first, as `NAME.old`, in the place of an
   * older one. Failing is a warning.
   *
   * @returns whether it is written
   */
  append(name: string, text: string, octetsMax: number): Promise<boolean> {
    const path = this.pathOf(name)
    if (path === undefined) return Promise.resolve(false)
    return this.#inTurn(name, path, 'a state file cannot be appended to', async () => {
      const { size } = await stat(path).catch(() => ({ size: 0 }))
      if (size > 0 && size + Buffer.byteLength(text) > octetsMax) await rename(path, `${path}.old`)
      await appendLines(path, text)
    })
  }

  /** Where a file of this name is; undefined where nothing is kept. */
  pathOf(name: string): string | undefined {
    return this.path && resolve(this.path, name)
  }

  /** While it rests nothing is written: the folder is another process's. */
  rest(isResting: boolean): void {
    this.#isResting = isResting
  }

  /** Settles when all that was to be written is. */
  async settled(): Promise<void> {
    await this.#writing
  }

  #inTurn(name: string, path: string, trouble: string, work: () => Promise<void>): Promise<boolean> {
    const written = this.#writing.then(async () => {
      if (this.#isResting) return false
      try {
        await work()
        if (this.#failing.delete(name)) this.#log.info({ file: path }, 'a state file can be written again')
        return true
      } catch (error) {
        if (!this.#failing.has(name)) this.#log.warn({ file: path, fault: reasonOf(error) }, trouble)
        this.#failing.add(name)
        return false
      }
    })
    this.#writing = written
    return written
  }
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
