/** A thread that fails by an error which nobody catches, or that takes memory until there is none. */
import { parentPort } from 'node:worker_threads'

/** What to post to such a thread. */
export const THROW = { kind: 'throw' } as const
/** The same. */
export const EAT_MEMORY = { kind: 'eat-memory' } as const

/** To be called when the thread listens to its supervisor: messages that come before anybody listens wait, others do not. */
export function throwWhenTold(): void {
  parentPort!.on('message', (message: { kind: string }) => {
    if (message.kind === THROW.kind) throw new Error('on purpose')
    if (message.kind === EAT_MEMORY.kind) eatMemory()
  })
}

/** Does not return. */
export function eatMemory(): never {
  const eaten: number[][] = []
  for (;;) eaten.push(new Array<number>(1_000).fill(eaten.length))
}
