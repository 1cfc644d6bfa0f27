/** How a question came about changes nothing: a stream cut anywhere, a cache warm or cold, one asker or many. */
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { FrameReader } from '../../src/wire/frame-reader.ts'
import { formatType } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { entryReply } from '../support/entry.ts'
import { shuffled } from './scramble.ts'
import { labSubject, outcomeOf, type Subject } from './subjects.ts'

const subject: Subject = labSubject()

/** Verdict, rcode and data of every question of the lab, each asked of an engine of its own. */
async function cold(): Promise<Map<string, string>> {
  const lines = new Map<string, string>()
  for (const [name, type] of subject.questions) {
    lines.set(`${name} ${type}`, outcomeOf(await subject.engine(1).ask(name, type)))
  }
  return lines
}

const expected = await cold()

function differences(got: ReadonlyMap<string, string>): string[] {
  return [...got].filter(([key, line]) => line !== expected.get(key)).map(([key, line]) => `${key}: ${line}`)
}

t.test('a warm cache, in any order', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const engine = subject.engine(seed)
    const got = new Map<string, string>()
    for (const [name, type] of shuffled(subject.questions, seededRandom(seed))) {
      got.set(`${name} ${type}`, outcomeOf(await engine.ask(name, type)))
    }
    t.same(differences(got), [], `order ${seed}`)
  }
})

t.test('many askers at once', async (t) => {
  for (let askers = 2; askers <= 6; askers += 2) {
    const { resolver, clock, faults } = subject.engine(askers)
    const got: Map<string, string>[] = []
    let left = 0
    for (let asker = 0; asker < askers; asker++) {
      const own = new Map<string, string>()
      got.push(own)
      for (const [name, type] of shuffled(subject.questions, seededRandom(asker))) {
        left++
        void resolver.resolve({ name: nameFrom(name), type, checkingDisabled: false }).then(({ entry }) => {
          own.set(`${name} ${type}`, outcomeOf(entryReply(entry, clock.nowMs())))
          left--
        })
      }
    }
    await clock.runUntil(() => left === 0, 60_000)
    t.same(faults, [])
    for (const own of got) {
      t.equal(own.size, subject.questions.length)
      t.same(differences(own), [], `one of ${askers} askers`)
    }
  }
})

t.test('a stream of answers, cut anywhere', async (t) => {
  const random = seededRandom(1)
  const messages = await answers()
  const stream = framed(messages)
  const wholes = messages.map((octets) => Buffer.from(octets).toString('hex'))
  for (let round = 1; round <= 100; round++) {
    const reader = new FrameReader()
    const got: string[] = []
    // Every round another size: single octets first, then pieces of up to a kilobyte.
    for (let at = 0; at < stream.length; ) {
      const chunk = stream.subarray(at, at + (round === 1 ? 1 : 1 + random.below(10 * round)))
      for (let read = 0; read < chunk.length; read = reader.end) {
        const message = reader.read(chunk, read)
        if (message !== undefined) got.push(Buffer.from(message).toString('hex'))
      }
      at += chunk.length
    }
    if (got.join() !== wholes.join()) t.fail(`round ${round}`)
  }
  t.ok(messages.length > 100, `${messages.length} answers, cut in 100 ways`)
})

/** What the servers of the lab say. */
async function answers(): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  const { ask } = subject.engine(1, (network) => ({
    async ask(request) {
      const result = await network.ask(request)
      if (result.kind === 'reply') messages.push(result.message)
      return result
    },
  }))
  for (const [name, type] of subject.questions) {
    await ask(name, type).catch((error: unknown) => t.fail(`${name} ${formatType(type)}: ${String(error)}`))
  }
  return messages
}

function framed(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 0xff), message]),
  )
}
