/** A resolver thread that can be made to fail, and that fails of itself at questions for names that begin with "poison". */
import { Resolver } from '../../../src/resolver/engine.ts'
import type { ClientQuestion, ClientReply } from '../../../src/resolver/ports.ts'
import { throwWhenTold } from './throw-when-told.ts'

const POISON = Buffer.from('\x06poison')
const { resolve } = Resolver.prototype

Resolver.prototype.resolve = function (this: Resolver, question: ClientQuestion): Promise<ClientReply> {
  const isPoison = Buffer.from(question.name.subarray(0, POISON.length)).equals(POISON)
  // As a fault would that comes up while it is worked on: within this turn of the event loop.
  if (isPoison) {
    setImmediate(() => {
      throw new Error('poisoned')
    })
  }
  return resolve.call(this, question)
}

await import('../../../src/daemon/threads/resolver-thread.ts')
throwWhenTold()
