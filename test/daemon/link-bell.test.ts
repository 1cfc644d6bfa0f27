/** The two ends of a link wake each other, by bells or by messages, whatever either of them has. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { LinkBell } from '../../src/daemon/threads/link-bell.ts'
import type { LargeReply } from '../../src/daemon/threads/thread-link.ts'
import { BELL_PATH, hangBell } from '../../src/native/bell.ts'
import { collectGarbage } from '../cache/garbage.ts'
import { eventCounters } from '../support/event-counters.ts'
import { turns } from '../support/turns.ts'

const ABSENT = '/nowhere/bell.node'
const probe = hangBell(() => {})
probe?.close()
const skip = probe === undefined && 'the addon is not built'

interface Ends {
  readonly a: LinkBell
  readonly b: LinkBell
  /** What either heard, in order. */
  readonly heard: (string | LargeReply)[]
  /** Rings that came to b as messages. */
  messages(): number
}

function link(t: Test, pathA: string, pathB: string): Ends {
  const { port1, port2 } = new MessageChannel()
  const heard: (string | LargeReply)[] = []
  const end = (port: MessagePort, name: string, path: string): LinkBell => {
    const onRing = () => heard.push(name)
    return new LinkBell(port, { onRing, onLargeReply: (reply) => heard.push(reply) }, path)
  }
  const [a, b] = [end(port1, 'a', pathA), end(port2, 'b', pathB)]
  let messages = 0
  port2.on('message', (message) => {
    if (message === 0) messages++
  })
  t.teardown(() => {
    a.close()
    b.close()
  })
  return { a, b, heard, messages: () => messages }
}

/** Whoever rings in answer to a message is heard too. */
const soon = (): Promise<void> => turns(6)

for (const [what, pathA, pathB, messages] of [
  ['both have bells', BELL_PATH, BELL_PATH, 1],
  ['neither has', ABSENT, ABSENT, 3],
  ['one has', ABSENT, BELL_PATH, 3],
  ['the other has', BELL_PATH, ABSENT, 3],
] as const) {
  t.test(what, { skip: pathA === pathB && pathA === ABSENT ? false : skip }, async (t) => {
    const ends = link(t, pathA, pathB)
    ends.a.ring()
    await soon()
    t.same(ends.heard, ['b'], 'before either knows of the other')
    for (const [from, to] of [
      [ends.a, 'b'],
      [ends.b, 'a'],
      [ends.a, 'b'],
    ] as const) {
      ends.heard.length = 0
      from.ring()
      await soon()
      t.same(ends.heard, [to])
    }
    t.equal(ends.messages(), messages, 'rings that were messages')
    ends.heard.length = 0
    const reply = { ticket: 7, reply: { entry: Uint8Array.of(1, 2) } }
    ends.b.sendLargeReply(reply)
    await soon()
    t.same(ends.heard, [reply])
  })
}

t.test('a closed end neither rings nor hears', async (t) => {
  const { a, b, heard } = link(t, BELL_PATH, BELL_PATH)
  await soon()
  b.close()
  a.ring()
  b.ring()
  await soon()
  a.close()
  a.ring()
  await soon()
  t.same(heard, [])
})

t.test('closed before it is told of a bell', async (t) => {
  const { a, b, heard } = link(t, BELL_PATH, BELL_PATH)
  a.close()
  b.ring()
  await soon()
  b.ring()
  await soon()
  t.same(heard, [])
})

t.test('closed by one message, it takes no other that came with it', { skip }, async (t) => {
  const { port1, port2 } = new MessageChannel()
  const bell = hangBell(() => heard.push('bell'))!
  const heard: (string | LargeReply)[] = []
  const end = new LinkBell(port1, {
    onRing: () => {
      heard.push('ring')
      end.close()
    },
    onLargeReply: (reply) => heard.push(reply),
  })
  t.teardown(() => {
    bell.close()
    port2.close()
  })
  for (const message of [0, { bell: bell.number }, 0, { ticket: 7, reply: {} }]) port2.postMessage(message)
  await soon()
  end.ring()
  await soon()
  t.same(heard, ['ring'])
})

t.test('what it had is given back when it closes', { skip }, async (t) => {
  // Of earlier ones.
  collectGarbage()
  await soon()
  const before = eventCounters()
  const ends = Array.from({ length: 5 }, () => link(t, BELL_PATH, BELL_PATH))
  await soon()
  t.equal(eventCounters(), before + 2 * ends.length)
  for (const { a, b } of ends) {
    a.close()
    b.close()
  }
  await soon()
  t.equal(eventCounters(), before)
})
