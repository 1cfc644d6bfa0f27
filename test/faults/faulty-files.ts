/** Programs whose files below one folder fail when a test says so (`faulty-files.c`). */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../house/project.ts'

const SOURCE = join(ROOT, 'test/faults/faulty-files.c')
const WORD_OCTETS = 4
const WORDS = 4
const ALL_CALLS = 1e9

/** What a file system says that takes nothing any more. */
export type FileError = 'ENOSPC' | 'EIO' | 'EROFS' | 'EDQUOT'

/** The library, built. */
export interface FaultyFilesLibrary {
  /** @param control a file for instructions, outside of `folder` */
  of(control: string, folder: string): FaultyFiles
}

/** Where a program finds its instructions. */
export class FaultyFiles {
  readonly #control: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(library: string, control: string, folder: string) {
    this.#control = control
    this.#env = { LD_PRELOAD: library, FAULTY_CONTROL: control, FAULTY_FOLDER: folder }
    writeFileSync(control, Buffer.alloc(WORDS * WORD_OCTETS))
  }

  /** Builds the library. Text: why it cannot be had. */
  static build(folder: string): FaultyFilesLibrary | string {
    const library = join(folder, 'faulty-files.so')
    if (process.platform !== 'linux') return 'files fail on purpose on Linux only'
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, SOURCE, '-ldl'])
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is no C compiler'
      throw error
    }
    const of = (control: string, below: string): FaultyFiles => new FaultyFiles(library, control, below)
    return { of }
  }

  /** The environment of a program whose files are to fail. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#env }
  }

  /** How many calls have changed something below the folder since the last instruction. */
  get seen(): number {
    return readFileSync(this.#control).readInt32LE(0)
  }

  /** From the `first` call on, counted from now and from 1, all of them or `count` fail. */
  failFrom(first: number, error: FileError, count: number = ALL_CALLS): void {
    this.#write([0, first, count - 1, constants.errno[error]])
  }

  /** The process ends at this call, counted from now and from 1, when it is half done. */
  killAt(call: number): void {
    this.#write([0, call, 0, 0])
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#write([0, 0, 0, 0])
  }

  /** In place: the program has it in its memory. */
  #write(words: readonly number[]): void {
    const octets = Buffer.alloc(WORDS * WORD_OCTETS)
    for (const [i, word] of words.entries()) octets.writeInt32LE(word, i * WORD_OCTETS)
    const descriptor = openSync(this.#control, 'r+')
    writeSync(descriptor, octets)
    closeSync(descriptor)
  }
}
