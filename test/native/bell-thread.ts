/** A thread that answers each ring of its bell by a ring of another, until somebody ends it; test/native/bell.test.ts does. */
import { parentPort, workerData } from 'node:worker_threads'
import { hangBell, ropeTo } from '../../src/native/bell.ts'

/** What it may be told. */
export type BellThreadOrder = 'throw' | 'throw on ring' | 'exit' | 'return'

const { path, bell }: { path: string; bell: number } = workerData
const rope = ropeTo(bell, path)!
let throws = false
const own = hangBell(() => {
  if (throws) throw new Error('as told, on a ring')
  rope.ring()
}, path)!
parentPort!.on('message', (order: BellThreadOrder) => {
  if (order === 'throw') throw new Error('as told')
  if (order === 'exit') process.exit(0)
  // The bell keeps no thread alive, so it stays hung.
  if (order === 'return') parentPort!.close()
  if (order === 'throw on ring') {
    throws = true
    parentPort!.postMessage(0)
  }
})
parentPort!.postMessage(own.number)
