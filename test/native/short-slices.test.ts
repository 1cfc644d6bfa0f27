/** Short slices: asked for where they can be had, for one thread alone. */
import { release } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { processAddon } from '../../src/native/process.ts'
import { askForShortSlices } from '../../src/native/short-slices.ts'

const [major = 0, minor = 0] = release().split('.').map(Number)
const has = processAddon() !== undefined && (major > 6 || (major === 6 && minor >= 12))

t.test('heard where the system knows them, in any thread, and again', async (t) => {
  t.equal(askForShortSlices(), has)
  t.equal(askForShortSlices(), has)
  const worker = new Worker(join(import.meta.dirname, 'slice-thread.js'))
  t.equal(await new Promise((resolve) => worker.once('message', resolve)), has)
  await worker.terminate()
})

t.test('no addon', async (t) => {
  t.equal(askForShortSlices('/nowhere/process.node'), false)
})
