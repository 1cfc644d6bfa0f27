/**
 * Runs one compiled test file: a plain process that tells its results as TAP.
 *
 * The runner that comes with tap is left out: it puts its loaders into that process, every thread of it and every
 * program that it starts, which doubles the time of all tests together.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './project.ts'
import { type FileReport, TapTally } from './tap-tally.ts'

/** A file that takes longer hangs. tap itself ends it then and tells what it waited for. */
const TIMEOUT_SECONDS = 180
/** How much later a process ends that tap did not end, and how long its output is awaited after its end. */
const GRACE_MS = 10_000

const running = new Set<ChildProcess>()

/**
 * @param path of the compiled file
 * @param onLine hears every line of its output as well
 */
export async function runTestFile(path: string, onLine?: (line: string) => void): Promise<FileReport> {
  const name = relative(ROOT, path)
  const tally = new TapTally()
  const startMs = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', path], {
    cwd: ROOT,
    env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(TIMEOUT_SECONDS) },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_SECONDS * 1000 + GRACE_MS,
    killSignal: 'SIGKILL',
  })
  running.add(child)
  // What the file started and left behind may hold its output open for ever.
  child.once('exit', () => setTimeout(() => child.stdout.destroy(), GRACE_MS).unref())
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  for await (const line of createInterface({ input: child.stdout })) {
    tally.read(line)
    onLine?.(line)
  }
  const [status, signal] = await closed
  running.delete(child)
  const tookMs = Math.round(performance.now() - startMs)
  const trouble = status === 0 ? undefined : `ended with ${signal ?? `status ${status}`}`
  return tally.report(`${name} # time=${tookMs}ms`, trouble)
}

/** Ends the files that still run. */
export function endTestFiles(signal: NodeJS.Signals): void {
  for (const child of running) child.kill(signal)
}
