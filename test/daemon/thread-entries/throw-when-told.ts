/** A thread that fails by an error which nobody catches. */
import { parentPort } from 'node:worker_threads'

/** What to post to such a thread. */
export const THROW = { kind: 'throw' } as const

export function throwWhenTold(): void {
  parentPort!.on('message', (message: { kind: string }) => {
    if (message.kind === THROW.kind) throw new Error('on purpose')
  })
}
