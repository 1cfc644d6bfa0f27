/** `state-writer.ts` as a process that is listened to, told when to write, and killed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { OUT_DIR } from '../house/project.ts'
import type { WriterLine } from './state-writer.ts'

const WRITER = join(OUT_DIR, 'test/faults/state-writer.js')

type Wrote = Extract<WriterLine, { kind: 'wrote' }>

/** See the head of this file. */
export class WriterProcess {
  readonly begun: Promise<void>
  /** Settles with the signal that ended it, and what it said on standard error. */
  readonly ended: Promise<{ readonly signal: string | null; readonly stderr: string }>
  readonly #child: ChildProcessWithoutNullStreams
  #last: Wrote | undefined
  #heard: (() => void)[] = []
  #isOver = false

  constructor(folder: string, pace: 'for-ever' | 'as-told', env: NodeJS.ProcessEnv = process.env) {
    const child = spawn(process.execPath, [WRITER, folder, pace], { env })
    this.#child = child
    // It may be gone when it is told something.
    child.stdin.on('error', () => {})
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    let begin = (): void => {}
    this.begun = new Promise((resolve) => {
      begin = resolve
    })
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as WriterLine
      if (line.kind === 'begins') begin()
      else this.#last = line
      this.#tell()
    })
    this.ended = new Promise((resolve) => {
      child.once('close', (_code, signal) => {
        this.#isOver = true
        begin()
        this.#tell()
        resolve({ signal, stderr })
      })
    })
  }

  /** The last generation that it says it has written. */
  get last(): Wrote | undefined {
    return this.#last
  }

  /** Has it write one generation; undefined when it ended meanwhile. */
  async write(): Promise<Wrote | undefined> {
    const before = this.#last
    this.#child.stdin.write('\n')
    while (this.#last === before && !this.#isOver) {
      await new Promise<void>((resolve) => this.#heard.push(resolve))
    }
    return this.#last === before ? undefined : this.#last
  }

  /** Lets it come to its end. */
  finish(): void {
    this.#child.stdin.end()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #tell(): void {
    for (const resume of this.#heard.splice(0)) resume()
  }
}
