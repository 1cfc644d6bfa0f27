/** A thread that fails by an error which nobody catches. */
import { parentPort } from 'node:worker_threads'

/** What to post to such a thread. */
export const THROW = { kind: 'throw' } as const

/** To be called when the thread listens to its supervisor: messages that come before anybody listens wait, others do not. */
export function throwWhenTold(): void {
  parentPort!.on('message', (message: { kind: string }) => {
    if (message.kind === THROW.kind) throw new Error('on purpose')
  })
}
