/**
 * Prepares a zone in a thread of its own: reading and hashing some 25,000 records takes the better part of a second, for
 * which no client is to wait, and what a source gave must not take the memory of the process.
 */
import { Worker } from 'node:worker_threads'
import { ROOT_COPY_HEAP_MIB_MAX, ROOT_COPY_PREPARE_MS_MAX } from '../../base/limits.ts'
import type { PreparedZone, PrepareTerms, RawZone } from './prepare.ts'

/** What the thread begins with. */
export interface PrepareData {
  readonly raw: RawZone
  readonly terms: PrepareTerms
}

/** What it says at its end. */
export type Prepared = PreparedZone | { readonly fault: string }

const ENTRY = new URL('./prepare-thread.js', import.meta.url)

/** See `prepareZone`. Never rejects. */
export async function prepareAside(
  raw: RawZone,
  terms: PrepareTerms,
  signal: AbortSignal,
): Promise<Prepared> {
  if (signal.aborted) return STOPPED
  const workerData: PrepareData = { raw, terms }
  const resourceLimits = { maxOldGenerationSizeMb: ROOT_COPY_HEAP_MIB_MAX }
  const worker = new Worker(ENTRY, { name: 'root copy', workerData, resourceLimits, execArgv: [] })
  const prepared = await new Promise<Prepared>((resolve) => {
    const timer = setTimeout(() => settle({ fault: 'reading it took too long' }), ROOT_COPY_PREPARE_MS_MAX)
    const stop = (): void => settle(STOPPED)
    const settle = (result: Prepared): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      resolve(result)
    }
    worker.once('message', settle)
    worker.once('error', (error) => settle({ fault: `it cannot be read: ${error.message}` }))
    worker.once('exit', () => settle({ fault: 'it cannot be read' }))
    signal.addEventListener('abort', stop)
  })
  await worker.terminate()
  return prepared
}

const STOPPED: Prepared = { fault: 'the daemon stops' }
