/**
 * A resolver thread that can be made to fail, and that fails of itself at questions for names that begin with "poison", runs
 * out of memory at those that begin with "hunger", and never comes to the end of those that begin with "eterne".
 */
import { Resolver } from '../../../src/resolver/engine.ts'
import type { ClientQuestion, ClientReply } from '../../../src/resolver/ports.ts'
import { eatMemory, throwWhenTold } from './throw-when-told.ts'

const POISON = Buffer.from('\x06poison')
const ETERNAL = Buffer.from('\x06eterne')
const HUNGER = Buffer.from('\x06hunger')
const { resolve } = Resolver.prototype

Resolver.prototype.resolve = function (this: Resolver, question: ClientQuestion): Promise<ClientReply> {
  const first = Buffer.from(question.name.subarray(0, POISON.length))
  const reply = resolve.call(this, question)
  // As a fault would that comes up while it is worked on: before anything else has its turn, and unmakes the note of it.
  if (first.equals(POISON)) {
    queueMicrotask(() => {
      throw new Error('poisoned')
    })
  }
  if (first.equals(HUNGER)) queueMicrotask(eatMemory)
  if (first.equals(ETERNAL)) {
    queueMicrotask(() => {
      for (;;);
    })
  }
  return reply
}

await import('../../../src/daemon/threads/resolver-thread.ts')
throwWhenTold()
