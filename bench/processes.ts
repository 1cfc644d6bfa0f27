/** Child processes of the harness and of tests: programs that end by themselves, and servers that are ended. All bounded by time. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { processorSeconds } from './process-figures.ts'
import { findProgram } from './programs.ts'

const PROGRAM_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 3_000
const OUTPUT_CHARACTERS_MAX = 20_000

/** Runs a program to its end and returns what it wrote on stdout; throws with its stderr when it fails. */
export function runProgram(
  name: string,
  args: readonly string[],
  folder: string,
  timeoutMs: number = PROGRAM_TIMEOUT_MS,
): Promise<string> {
  assertStaying()
  const options = { cwd: folder, timeout: timeoutMs, maxBuffer: 1 << 24 }
  return new Promise((resolve, reject) => {
    const child = execFile(findProgram(name) ?? name, args, options, (error, stdout, stderr) => {
      RUNNING.delete(child)
      // A generator that is told to end does so in good order, and its figures are of no use.
      if (error === null && !isLeaving) resolve(stdout)
      else reject(new Error(`${name} ${args.join(' ')}: ${error?.message ?? 'ended'}\n${stdout}\n${stderr}`))
    })
    RUNNING.add(child)
  })
}

/** Nothing is started any more. */
let isLeaving = false

function assertStaying(): void {
  if (isLeaving) throw new Error('everything is being ended')
}

/** Who ends before the time leaves no server behind. */
const RUNNING = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of RUNNING) signalAll(child, 'SIGTERM')
})

/** To a server and all that it has started: some leave a process behind that keeps its output open. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // It leads no group, or has ended.
    child.kill(signal)
  }
}

/** Asks a child and all that it has started to end, and insists after a while. */
async function end(child: ChildProcess): Promise<void> {
  const hasEnded = child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  if (!hasEnded) {
    signalAll(child, 'SIGTERM')
    const insist = setTimeout(() => signalAll(child, 'SIGKILL'), STOP_TIMEOUT_MS)
    await once(child, 'exit')
    clearTimeout(insist)
  }
  signalAll(child, 'SIGKILL')
}

/** For whoever leaves before his time: ends all that run, and waits for it. From then on nothing can be started. */
export async function endAll(): Promise<void> {
  isLeaving = true
  await Promise.all([...RUNNING].map(end))
}

/** A server that runs and is of no use within the time that it has. */
export class NotReady extends Error {
  override readonly name = 'NotReady'
}

/** A server in the foreground, its output kept for the message of a failure. */
export class ServerProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #exit: Promise<string>
  #output = ''
  #ended = false

  /** @param onLine given each line of stdout */
  constructor(
    name: string,
    program: string,
    args: readonly string[],
    folder: string,
    onLine?: (line: string) => void,
  ) {
    assertStaying()
    this.name = name
    this.#child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS_MAX)
      })
    }
    if (onLine !== undefined) createInterface(this.#child.stdout!).on('line', onLine)
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`))
    })
    RUNNING.add(this.#child)
    void this.#exit.then(() => {
      this.#ended = true
      RUNNING.delete(this.#child)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Processor seconds that it has used so far. */
  processorSeconds(): number {
    return processorSeconds(this.pid)
  }

  /** The end of what it wrote on stdout and stderr. */
  get output(): string {
    return this.#output
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /**
   * Waits until `probe` returns true.
   *
   * @throws with the output when the server ends; `NotReady` when time runs out
   */
  async untilReady(probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    while (!(await probe())) {
      if (this.#ended) throw new Error(`${this.name} ${await this.#exit}\n${this.#output}`)
      if (performance.now() > deadline)
        throw new NotReady(`${this.name} is not ready in time\n${this.#output}`)
      await sleep(50)
    }
  }

  /** Asks it to end, and insists after a while. Returns what became of it. */
  async stop(): Promise<string> {
    await end(this.#child)
    return await this.#exit
  }
}

/** Runs the jobs, at most `width` at a time; results in the order of the jobs. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  job: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await job(items[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
