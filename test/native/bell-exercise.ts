/**
 * Puts the addon for bells to every use, in one process: `node bell-exercise.js ADDON`. For sanitizers, which watch the
 * addon's own code. Ends with 0 and a line that counts what was heard.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { hangBell, ropeTo } from '../../src/native/bell.ts'
import { turns } from '../support/turns.ts'

const THREADS = 4
const RINGS = 300

/** A thread: answers each ring, and ends by itself with its bell hung when it has answered all. */
function answerRings(path: string, number: number): void {
  const rope = ropeTo(number, path)!
  const bell = hangBell(() => {
    rope.ring()
    if (--left === 0) parentPort!.close()
  }, path)!
  let left = RINGS
  parentPort!.on('message', () => {})
  parentPort!.postMessage(bell.number)
}

/** Rings such a thread to its end, or until it is terminated in the middle. */
async function ringThread(path: string, isTerminated: boolean): Promise<number> {
  let heard = 0
  let ring = (): void => {}
  let worker: Worker | undefined
  const bell = hangBell(() => {
    heard++
    if (isTerminated && heard === RINGS / 2) void worker!.terminate()
    ring()
  }, path)!
  worker = new Worker(new URL(import.meta.url), { workerData: { path, number: bell.number } })
  worker.once('message', (number: number) => {
    const rope = ropeTo(number, path)!
    ring = () => rope.ring()
    ring()
  })
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  // Its last ring may still be on its way.
  await turns()
  ring()
  bell.close()
  return isTerminated ? Math.min(heard, RINGS / 2) : heard
}

if (parentPort !== null) answerRings(workerData.path, workerData.number)
else {
  const path = process.argv[2]!
  const heard = await Promise.all(
    Array.from({ length: THREADS }, (_, thread) => ringThread(path, thread % 2 === 1)),
  )
  // Left open, and never rung.
  hangBell(() => {}, path)
  process.stdout.write(`heard ${heard.reduce((sum, count) => sum + count, 0)}\n`)
}
