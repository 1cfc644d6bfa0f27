/** Sets that are large, false or many: C10, C11, C12, C13, C17. */
import { CACHED_OCTETS_MAX } from '../../src/base/limits.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { ProofBudget } from '../../src/dnssec/budget.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import { writeNsec } from '../../src/lab/denial-chain.ts'
import { deriveKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { replacedDenial } from '../../src/lab/rewrites.ts'
import { signRrset } from '../../src/lab/signer.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { collectGarbage } from '../cache/garbage.ts'
import { parts } from '../front/service-under-test.ts'
import { proofParameters } from '../support/proof.ts'
import { rrsetFrom } from '../support/records.ts'
import { makeKey, rrsigOver } from '../support/sign.ts'
import { CLOCK, makeWorld, plainZone, SIGNED, WWW, zone } from '../support/world.ts'
import { slippedIn } from './odd-keys.ts'
import { askedMs, GENEROUS_MS } from './own-work.ts'
import { row, Tally } from './row.ts'

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')
}

// --- giant sets ---------------------------------------------------------------------------------------------------

/** Every window of the type bit map in full: 8,704 octets (RFC 4034 4.1.2). */
const ALL_TYPES = Array.from({ length: 65_536 }, (_, i) => i).filter((type) => type !== TYPE.AAAA)

/** Sets of about 64 KiB, and a proof of 8 KiB: name, type, zone. */
const GIANTS: readonly (readonly [name: string, type: number, content: string])[] = [
  ['a.big.test', TYPE.A, lines(3900, (i) => `a A 10.0.${i >> 8}.${i & 255}`)],
  ['big.test', TYPE.NS, lines(2000, (i) => `@ NS n${i}`)],
  ['t.big.test', TYPE.TXT, lines(3500, (i) => `t TXT ${i}`)],
  ['www.big.test', TYPE.AAAA, WWW],
]

function giant(content: string, signed: boolean): LabZone {
  if (!signed) return plainZone('big.test.', { content })
  const apex = nameFrom('big.test')
  const key = deriveKey('big.test. ZSK', SIGNED.algorithm, ZSK_FLAGS)
  const owner = nameFrom('www.big.test')
  const rdatas = [writeNsec(apex, ALL_TYPES)]
  const nsec = { owner, type: TYPE.NSEC, class: 1, ttlSeconds: 3600, rdatas, signatures: [] }
  const span = { inception: CLOCK - 86_400, expiration: CLOCK + 86_400 }
  const signatures = [signRrset(nsec, { key, signer: apex, span })]
  return zone('big.test.', {
    content,
    ...(content === WWW ? { rewrites: () => [replacedDenial(apex, () => [{ ...nsec, signatures }])] } : {}),
  })
}

/** Octets and processor time that one question for a giant costs: the least of some times. */
async function costOf([name, type, content]: (typeof GIANTS)[number], signed: boolean) {
  let least = Number.POSITIVE_INFINITY
  let octets = 0
  for (let i = 0; i < 3; i++) {
    const world = makeWorld([giant(content, signed)])
    await world.ask('test', TYPE.SOA)
    const before = world.rrsets.bytesUsed + world.answers.bytesUsed
    const tookMs = await askedMs(world, name, type)
    octets = world.rrsets.bytesUsed + world.answers.bytesUsed - before
    least = Math.min(least, tookMs)
    const other = await world.ask('test', TYPE.NS)
    if (other.status !== 'secure') throw new Error(`after ${name}: ${other.status}`)
  }
  return { octets, least }
}

row('C10', async (t) => {
  const tally = new Tally(t)
  let longestMs = 0
  let largest = 0
  for (const set of GIANTS) {
    for (const signed of [false, true]) {
      const { octets, least } = await costOf(set, signed)
      const what = `${set[0]} ${set[1]}${signed ? ', signed' : ''}`
      // One set in the cache of sets, and one answer.
      tally.ok(octets <= 2 * CACHED_OCTETS_MAX, `${what}: ${octets} octets`)
      t.ok(least < GENEROUS_MS, `${what}: ${least} ms`)
      longestMs = Math.max(longestMs, least)
      largest = Math.max(largest, octets)
    }
  }
  return `${tally}: ${longestMs.toFixed(0)} ms, ${Math.ceil(largest / 1024)} KiB in both caches`
})

row('C11', async (t) => {
  const content =
    lines(100, (i) => `m MX 1 x${i}.z${i}.test.`) + lines(100, (i) => `s SRV 1 1 53 x${i}.z${i}.test.`)
  const world = makeWorld([
    zone('z.test.', { content }),
    plainZone('z1.test.', { content: 'x1 A 192.0.2.1\n' }),
  ])
  for (const [name, type] of [
    ['m.z.test', TYPE.MX],
    ['s.z.test', TYPE.SRV],
  ] as const)
    t.equal((await world.ask(name, type)).message.answer.filter((record) => record.type === type).length, 100)
  const lookedUp = world.asked().filter((question) => /z\d+\.test/.test(question))
  t.same(lookedUp, [])
  return `${lookedUp.length} of 200 names looked up`
})

// --- what fresh names push out ------------------------------------------------------------------------------------

/** A cache of some thousand entries, its regular customers, and how many strangers come between two of their questions. */
const CACHE_OCTETS = 1 << 20
const CUSTOMERS = 200
const STRANGERS_PER_CUSTOMER = 16
const ROUNDS = 8

row('C12', async (t) => {
  const cache = new AnswerCache({ bytesMax: CACHE_OCTETS, hashKey: [1, 2] })
  let strangers = 0
  /** Asks for a name, and stores what the resolver found where the cache has nothing. */
  const ask = (text: string): boolean => {
    const name = nameFrom(text)
    if (cache.find(name, 0, name.length, TYPE.A, 0) >= 0) return true
    const question = { name, type: TYPE.A, class: 1 }
    cache.put(name, TYPE.A, writeAnswerEntry(parts({ question }), 0), 0)
    return false
  }
  let hits = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let customer = 0; customer < CUSTOMERS; customer++) {
      if (ask(`c${customer}.example.se`)) hits++
      // The first rounds come before the attack: nobody is a regular customer at once.
      if (round < 2) continue
      for (let i = 0; i < STRANGERS_PER_CUSTOMER; i++) ask(`s${strangers++}.victim.test`)
    }
    if (round < 2) hits = 0
    t.ok(cache.bytesUsed <= CACHE_OCTETS)
  }
  const asked = (ROUNDS - 2) * CUSTOMERS
  const share = hits / asked
  t.ok(share >= 0.8, `${hits} of ${asked}`)
  t.ok(
    strangers > 3 * cache.entryCount,
    `${strangers} strangers passed a cache of ${cache.entryCount} entries`,
  )
  return `hit share ${(100 * share).toFixed(0)} % while ${strangers} fresh names pass a cache of ${cache.entryCount} entries`
})

// --- false sets ---------------------------------------------------------------------------------------------------

row('C13', async (t) => {
  const rrset = rrsetFrom('www.example. 3600 A 192.0.2.1\n')
  const wrong = [
    ALGORITHM.ECDSAP256SHA256,
    ALGORITHM.ECDSAP384SHA384,
    ALGORITHM.ED25519,
    ALGORITHM.ED448,
  ].map((algorithm) => {
    const key = makeKey('example', algorithm)
    const lengths = [0, 1, 31, 63, 65, 97, 115, 255]
    const signatures = lengths.map((length) => rrsigOver(rrset, key, { alter: () => new Uint8Array(length) }))
    return { set: { ...rrset, signatures }, zone: { zone: nameFrom('example'), keys: [key.dnskey] } }
  })
  const p = proofParameters()
  let tried = 0
  const run = (count: number): void => {
    for (const end = tried + count; tried < end; ) {
      for (const { set, zone: keys } of wrong) {
        const verdict = checkRrset(set, keys, { ...p, budget: new ProofBudget() })
        if (verdict.status !== 'bogus') t.fail(verdict.status)
        tried += set.signatures.length
      }
    }
  }
  run(10_000)
  collectGarbage()
  const before = process.memoryUsage()
  run(100_000)
  collectGarbage()
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.external - before.heapUsed - before.external
  t.ok(grown < 5 * 1_048_576, `${grown} octets`)
  return `${Math.max(0, Math.round(grown / 1024))} KiB more after 100,000 signatures of wrong lengths`
})

row('C17', async (t) => {
  const tally = new Tally(t)
  for (const [what, change, status] of slippedIn('z.test.')) {
    const world = makeWorld([zone('z.test.', change)])
    tally.same((await world.ask('www.z.test', TYPE.A)).status, status, what)
  }
  return `${tally} ways to slip it in`
})
