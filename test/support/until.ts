/** Waiting for what other threads, processes and sockets do, however slow the machine is. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Far more than anything takes: who waits so long has found a fault. */
const PATIENCE_MS = 20_000
const LOOK_EVERY_MS = 5

/**
 * Waits until something is so.
 *
 * @param what for the error when it does not come about
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await sleep(LOOK_EVERY_MS)
  }
}
