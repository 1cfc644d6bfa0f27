/**
 * A resolver thread that can be made to fail, and that fails of itself at questions for names that begin with "poison",
 * and runs out of memory at those that begin with "hunger".
 */
import { Resolver } from '../../../src/resolver/engine.ts'
import type { ClientQuestion, ClientReply } from '../../../src/resolver/ports.ts'
import { eatMemory, throwWhenTold } from './throw-when-told.ts'

const POISON = Buffer.from('\x06poison')
const HUNGER = Buffer.from('\x06hunger')
const { resolve } = Resolver.prototype

Resolver.prototype.resolve = function (this: Resolver, question: ClientQuestion): Promise<ClientReply> {
  const first = Buffer.from(question.name.subarray(0, POISON.length))
  // As a fault would that comes up while it is worked on: within this turn of the event loop.
  if (first.equals(POISON)) {
    setImmediate(() => {
      throw new Error('poisoned')
    })
  }
  if (first.equals(HUNGER)) setImmediate(eatMemory)
  return resolve.call(this, question)
}

await import('../../../src/daemon/threads/resolver-thread.ts')
throwWhenTold()
