import t from 'tap'
import { keyedHash } from '../../src/base/keyed-hash.ts'
import { UDP_BATCH_MAX } from '../../src/base/limits.ts'
import { Memory } from '../../src/base/memory.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { ENTRY_KEY_AT, ENTRY_MESSAGE_AT, entryQuestionEnd } from '../../src/cache/answer-entry.ts'
import { AnswerShards } from '../../src/cache/answer-shards.ts'
import { shardOf } from '../../src/cache/shard.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { answerEntry } from './answers.ts'
import { name } from './records.ts'

const hashKey = [3, 4] as const

function shard(text: string, shards: number): number {
  const octets = Uint8Array.of(0xee, ...name(text), 0xee)
  return shardOf(hashKey, octets, 1, octets.length - 2, shards)
}

t.test('a shard is of the last two labels, four below arpa', async (t) => {
  const share = (labels: string): number => {
    const octets = name(labels)
    return keyedHash(hashKey, octets, 0, octets.length - 1) / 0x1_0000_0000
  }
  const cases = [
    ['www.example.com.', 'example.com.'],
    ['a.b.c.d.EXAMPLE.com.', 'example.com.'],
    ['example.com.', 'example.com.'],
    ['com.', 'com.'],
    ['.', '.'],
    ['9.8.7.6.in-addr.arpa.', '7.6.in-addr.arpa.'],
    ['6.in-addr.ARPA.', '6.in-addr.arpa.'],
    ['arpa.', 'arpa.'],
    ['a.b.c.d.e.8.b.d.0.1.0.0.2.ip6.arpa.', '0.2.ip6.arpa.'],
    ['www.xarpa.', 'www.xarpa.'],
  ] as const
  for (const [text, labels] of cases)
    for (const shards of [1, 2, 3, 7, 1000])
      t.equal(shard(text, shards), Math.floor(share(labels) * shards), text)
})

t.test('zones spread over the shards, the names of one do not', async (t) => {
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 4000; i++) counts[shard(`www.zone${i}.`, 4)]!++
  for (const count of counts) t.ok(count > 850 && count < 1150, `${count} of 4,000`)
  const shards = new Set(Array.from({ length: 100 }, (_, i) => shard(`n${i}.zone.example.`, 4)))
  t.equal(shards.size, 1)
})

t.test('answers are read from the shard of their name, by any thread', async (t) => {
  const bytesMax = 65_536
  const buffers = [0, 1, 2].map(() => new SharedArrayBuffer(bytesMax))
  const writers = buffers.map((buffer) => new AnswerCache({ bytesMax, hashKey, buffer }))
  const reader = new AnswerShards({ buffers, bytesMax, hashKey })
  const owners = Array.from({ length: 60 }, (_, i) => `www.zone${i}.`)
  for (const owner of owners) {
    const qname = name(owner)
    writers[shard(owner, 3)]!.put(qname, TYPE.A, answerEntry(owner), 0)
  }
  t.ok(writers.every((writer) => writer.entryCount > 0))
  t.equal(reader.entryCount, 60)
  t.equal(
    reader.bytesUsed,
    writers.reduce((sum, writer) => sum + writer.bytesUsed, 0),
  )
  for (const owner of owners) {
    const query = Uint8Array.of(1, 2, 3, ...name(owner.toUpperCase()))
    const at = reader.find(query, 3, query.length - 3, TYPE.A, 0)
    t.ok(at >= 0, owner)
    const stored = answerEntry(owner)
    t.same(reader.octets.slice(at, at + stored.length), stored)
    t.equal(reader.find(query, 3, query.length - 3, TYPE.AAAA, 0), -1)
    t.equal(reader.find(query, 3, query.length - 3, TYPE.A, 300_000), -1, 'expired')
  }
})

t.test('questions announced together are found as each of them alone', async (t) => {
  const bytesMax = 65_536
  const buffers = [0, 1, 2].map(() => new SharedArrayBuffer(bytesMax))
  const writers = buffers.map((buffer) => new AnswerCache({ bytesMax, hashKey, buffer }))
  const shards = new AnswerShards({ buffers, bytesMax, hashKey })
  const whole = new AnswerCache({ bytesMax: 262_144, hashKey })
  const owners = Array.from({ length: UDP_BATCH_MAX }, (_, i) => `${'w'.repeat(i % 9)}${i}.zone${i % 7}.`)
  for (const [i, owner] of owners.entries()) {
    if (i % 5 === 0) continue
    whole.put(name(owner), TYPE.A, answerEntry(owner), 0)
    writers[shard(owner, 3)]!.put(name(owner), TYPE.A, answerEntry(owner), 0)
  }
  for (const reader of [whole, shards]) {
    for (const nowMs of [0, 300_000]) {
      // Numbers that nobody announced are in between.
      const asked = owners.map((owner, i) => ({ owner: i % 2 === 0 ? owner.toUpperCase() : owner, i }))
      for (const { owner, i } of asked.filter(({ i }) => i % 3 !== 0)) {
        const request = new Memory(new Uint8Array(300).fill(0x41))
        request.octets.set(name(owner), 12)
        reader.announce(i, request, 12, name(owner).length, TYPE.A)
      }
      reader.approach(UDP_BATCH_MAX)
      for (const { owner, i } of asked.filter(({ i }) => i % 3 !== 0)) {
        const at = reader.findAnnounced(i, Float64Array.of(nowMs))
        t.equal(at >= 0, i % 5 !== 0 && nowMs === 0, owner)
        if (at >= 0) t.same(entryQname(reader.octets, at), name(owner.toLowerCase()))
        t.equal(reader.find(name(owner), 0, name(owner).length, TYPE.A, nowMs), at)
      }
    }
  }
})

/** The name that an entry answers to. */
function entryQname(octets: Uint8Array, at: number): Uint8Array {
  return octets.slice(at + ENTRY_KEY_AT, at + entryQuestionEnd(octets, at) + ENTRY_MESSAGE_AT - 4)
}
