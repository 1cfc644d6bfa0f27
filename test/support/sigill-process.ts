/** The command line as a process of its own: what it prints and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { OUT_DIR } from '../house/project.ts'

const MAIN = join(OUT_DIR, 'src/main.js')
const PATIENCE_MS = 30_000

/** The line of `serve` that says it serves, on 127.0.0.1: the ports of questions and of metrics. */
export const READY: RegExp =
  /^sigill ready: listening on 127\.0\.0\.1@(\d+) \(udp, tcp\), metrics on 127\.0\.0\.1@(\d+)$/m

/** A run that is over. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. */
export function sigill(...words: readonly string[]): Promise<Ended> {
  return new Running(words).ended
}

/** Where standard output goes: to us, or to an open file. Standard error comes to us, or is closed at our end. */
export interface Outlets {
  readonly stdout?: number
  readonly stderr?: 'closed'
  readonly env?: NodeJS.ProcessEnv
  /** A program that runs it, with the words before those of the command. */
  readonly through?: readonly [string, ...string[]]
}

/** A command that runs. */
export class Running {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  #heard: (() => void)[] = []

  constructor(words: readonly string[], outlets: Outlets = {}) {
    const stdio = ['ignore', outlets.stdout ?? 'pipe', 'pipe'] as const
    const { env = process.env, through = [] } = outlets
    const [program, ...rest] = [...through, process.execPath, MAIN, ...words] as [string, ...string[]]
    const child = spawn(program, rest, { stdio: [...stdio], env })
    this.#child = child
    const { stdout, stderr } = child
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stdout += text)))
    stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stderr += text)))
    if (outlets.stderr === 'closed') stderr?.destroy()
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#hear(() => '')
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Settles when standard output or standard error matches; fails when the command ends first or takes too long. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr)
      if (match !== null) return match
      const over = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (over || Date.now() > deadline) {
        throw new Error(`${pattern} did not come\n${this.#stdout}\n${this.#stderr}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200)
        this.#heard.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Nobody reads standard output any more. */
  hangUp(): void {
    this.#child.stdout?.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Asks it to stop and waits. */
  async stop(): Promise<Ended> {
    this.signal('SIGTERM')
    return this.ended
  }

  #hear(take: () => string): void {
    take()
    for (const resume of this.#heard.splice(0)) resume()
  }
}
