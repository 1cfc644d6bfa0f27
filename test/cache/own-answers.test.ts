/** Shards of one thread among those of others. */
import t from 'tap'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { AnswerShards } from '../../src/cache/answer-shards.ts'
import { OwnAnswers } from '../../src/cache/own-answers.ts'
import { shardOf } from '../../src/cache/shard.ts'
import type { Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parts } from '../front/service-under-test.ts'

const hashKey = [1, 2] as const
const bytesMax = 1 << 16
const ALL = 4

function entryFor(name: Name, type: number): Uint8Array {
  return writeAnswerEntry({ ...parts(), question: { name, type, class: 1 } }, 0)
}

t.test("each name goes where readers look for it, and nobody else's is taken", async (t) => {
  const buffers = Array.from({ length: ALL }, () => new SharedArrayBuffer(bytesMax))
  const own = [0, 2].map((first) => {
    const shards = [first, first + 1].map((n) => new AnswerCache({ bytesMax, hashKey, buffer: buffers[n]! }))
    return new OwnAnswers({ shards, first, all: ALL, hashKey })
  }) as [OwnAnswers, OwnAnswers]
  const readers = new AnswerShards({ buffers, bytesMax, hashKey })
  const names = Array.from({ length: 40 }, (_, i) => nameFrom(`www.zone${i}.se.`))
  const ownerOf = (name: Name): 0 | 1 => (shardOf(hashKey, name, 0, name.length, ALL) < 2 ? 0 : 1)
  for (const name of names) {
    const entry = entryFor(name, 1)
    t.ok(own[ownerOf(name)].put(name, 1, entry, 0))
    t.throws(() => own[ownerOf(name) === 0 ? 1 : 0].put(name, 1, entry, 0), /not one of this thread/)
    t.ok(readers.find(name, 0, name.length, 1, 0) >= 0)
  }
  t.equal(readers.entryCount, names.length)
  const [first, second] = names as [Name, Name]
  t.ok(own[ownerOf(first)].remove(first, 1))
  t.equal(readers.find(first, 0, first.length, 1, 0), -1)
  own[ownerOf(second)].close()
  t.notOk(own[ownerOf(second)].put(second, 28, entryFor(second, 28), 0), 'closed')
  t.ok(readers.find(second, 0, second.length, 1, 0) >= 0, 'what is there stays')
  t.equal(own[0].flush() + own[1].flush(), names.length - 1)
})
