/** What one process has cached, taken up by another: other clock, other secret, other size. */
import t from 'tap'
import type { HashKey } from '../../src/base/keyed-hash.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { entryExpiresMs, entryPolicySequence, entryStoredMs } from '../../src/cache/answer-entry.ts'
import { NEVER_JUDGED, type RestoreTerms } from '../../src/cache/restore-terms.ts'
import { RANK, RrsetCache } from '../../src/cache/rrset-cache.ts'
import { SECTION, type SnapshotRecord } from '../../src/cache/snapshot.ts'
import { tableSource } from '../../src/cache/snapshot-source.ts'
import { REASONS } from '../../src/dnssec/reasons.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { entryReply } from '../support/entry.ts'
import { answerEntry } from './answers.ts'
import { addresses, name, rrset, soa } from './records.ts'

const THERE: HashKey = [1, 2]
const HERE: HashKey = [0xfeedface, 0x12345678]
/** The clock there said 50,000 when the snapshot was written, 10 s ago; here it is 7,000,000. */
const TERMS: RestoreTerms = {
  shiftMs: 7_000_000 - 10_000 - 50_000,
  nowMs: 7_000_000,
  staleMs: 0,
  sequenceThere: 4,
  sequenceHere: 9,
}

interface Restorable {
  restore(record: SnapshotRecord, terms: RestoreTerms): boolean
}

/** All that lives there at 50,000, brought here by way of a copy. Returns how many entries were taken. */
function move(from: AnswerCache | RrsetCache, to: Restorable, terms: RestoreTerms = TERMS): number {
  const source = tableSource(SECTION.ANSWERS, from.reader(), () => 50_000 - terms.staleMs)
  let taken = 0
  for (let at = 0; at >= 0; ) {
    at = source.scan(at, (record) => {
      const { keyStart, keyEnd, valueStart, valueEnd, expiresMs } = record
      const octets = record.octets.slice()
      if (to.restore({ octets, keyStart, keyEnd, valueStart, valueEnd, expiresMs }, terms)) taken++
      return true
    })
  }
  return taken
}

function answers(hashKey: HashKey, bytesMax = 1_000_000): AnswerCache {
  return new AnswerCache({ bytesMax, hashKey })
}

function find(cache: AnswerCache, owner: string, nowMs: number): Uint8Array | undefined {
  const qname = name(owner)
  const at = cache.find(qname, 0, qname.length, TYPE.A, nowMs)
  return at < 0 ? undefined : cache.octets.slice(at, at + entryLength(cache, qname, nowMs))
}

function entryLength(cache: AnswerCache, qname: Name, nowMs: number): number {
  const reader = cache.reader()
  for (let slot = 0; slot < reader.slotCount; slot++) {
    if (!reader.entryAt(slot) || nowMs >= reader.expiresMs) continue
    const key = reader.octets.subarray(reader.keyStart, reader.keyEnd - 2)
    if (Buffer.compare(key, qname) === 0) return reader.valueEnd - reader.valueStart
  }
  return 0
}

t.test('answers keep their verdict, their errors and what remains of their time', async (t) => {
  const there = answers(THERE, 100_000)
  const bogus = {
    status: 'bogus',
    authenticated: false,
    reason: REASONS['signature-expired'].number,
    ede: [{ code: 7, text: 'example. expired' }],
    ttlSeconds: 60,
  } as const
  const denied = { rcode: RCODE.NXDOMAIN, answer: [], authority: [soa('example.', 100)], ttlSeconds: 100 }
  there.put(
    name('good.example.'),
    TYPE.A,
    answerEntry('good.example.', { policySequence: 4 }, 40_000),
    40_000,
  )
  there.put(
    name('bad.example.'),
    TYPE.A,
    answerEntry('bad.example.', { policySequence: 4, ...bogus }, 45_000),
    45_000,
  )
  there.put(
    name('no.example.'),
    TYPE.A,
    answerEntry('no.example.', { policySequence: 4, ...denied }, 40_000),
    40_000,
  )
  const here = answers(HERE)
  t.equal(move(there, here), 3)

  const good = find(here, 'good.example.', 7_000_000)!
  t.match(entryReply(good, 7_000_000), {
    status: 'secure',
    authenticated: true,
    rcode: RCODE.NOERROR,
    edes: [],
  })
  t.equal(entryPolicySequence(good, 0), 9)
  t.equal(entryStoredMs(good, 0), 7_000_000 - 20_000)
  t.equal(entryExpiresMs(good, 0), 7_000_000 + 280_000)
  const { message } = entryReply(good, 7_000_000)
  t.ok(message.answer.every(({ ttlSeconds }) => ttlSeconds === 280))
  t.ok(find(here, 'good.example.', 7_279_999))
  t.notOk(find(here, 'good.example.', 7_280_000))

  const { status, rcode, edes } = entryReply(find(here, 'bad.example.', 7_000_000)!, 7_000_000)
  t.same({ status, rcode, edes }, { status: 'bogus', rcode: RCODE.NOERROR, edes: bogus.ede })
  t.ok(find(here, 'bad.example.', 7_044_999))
  t.notOk(find(here, 'bad.example.', 7_045_000))
  t.equal(entryReply(find(here, 'no.example.', 7_000_000)!, 7_000_000).rcode, RCODE.NXDOMAIN)
})

t.test('only what was judged under the policy of the snapshot counts as judged', async (t) => {
  const there = answers(THERE)
  for (const policySequence of [3, 4, 5]) {
    const owner = `p${policySequence}.example.`
    there.put(name(owner), TYPE.A, answerEntry(owner, { policySequence }), 0)
  }
  const here = answers(HERE)
  t.equal(move(there, here), 3)
  const sequences = ['p3', 'p4', 'p5'].map((label) =>
    entryPolicySequence(find(here, `${label}.example.`, TERMS.nowMs)!, 0),
  )
  t.same(sequences, [NEVER_JUDGED, 9, NEVER_JUDGED])
  const changed = answers(HERE)
  move(there, changed, { ...TERMS, sequenceHere: NEVER_JUDGED })
  t.equal(entryPolicySequence(find(changed, 'p4.example.', TERMS.nowMs)!, 0), NEVER_JUDGED)
})

t.test('what has run out is left out, unless old answers may be given', async (t) => {
  const there = answers(THERE)
  const lifetimes = { gone: 45, going: 55, staying: 70 }
  for (const [label, ttlSeconds] of Object.entries(lifetimes)) {
    const owner = `${label}.example.`
    there.put(name(owner), TYPE.A, answerEntry(owner, { ttlSeconds }, 0), 0)
  }
  const here = answers(HERE)
  t.equal(move(there, here), 1, 'one had run out before, one since')
  t.ok(find(here, 'staying.example.', TERMS.nowMs))
  const stale = answers(HERE)
  t.equal(move(there, stale, { ...TERMS, staleMs: 10_000 }), 2)
  t.notOk(find(stale, 'going.example.', TERMS.nowMs))
  const old = stale.stale(name('going.example.'), TYPE.A, TERMS.nowMs, 10_000)
  t.equal(old && entryExpiresMs(old, 0), TERMS.nowMs - 5_000)
  t.equal(move(there, answers(HERE), { ...TERMS, staleMs: 100_000 }), 3)
})

t.test('a newer answer stays', async (t) => {
  const there = answers(THERE)
  const here = answers(HERE)
  const [old, fresh] = ['old', 'fresh'].map((text) => ({ ede: [{ code: 0, text }], ttlSeconds: 300 }))
  there.put(name('x.example.'), TYPE.A, answerEntry('x.example.', old), 0)
  here.put(name('x.example.'), TYPE.A, answerEntry('x.example.', fresh, TERMS.nowMs), TERMS.nowMs)
  t.equal(move(there, here), 0)
  t.equal(entryReply(find(here, 'x.example.', TERMS.nowMs)!, TERMS.nowMs).ede?.text, 'fresh')
})

t.test('a smaller cache takes what it has room for', async (t) => {
  const there = answers(THERE)
  for (let i = 0; i < 1_000; i++) there.put(name(`n${i}.example.`), TYPE.A, answerEntry(`n${i}.example.`), 0)
  t.equal(there.entryCount, 1_000)
  const here = answers(HERE, 50_000)
  move(there, here)
  t.ok(here.entryCount > 80 && here.entryCount < 300, `${here.entryCount} of 1,000`)
})

// --- RRsets -----------------------------------------------------------------------------------------------------------

let nowMs = 0
function rrsets(hashKey: HashKey, bytesMax = 1_000_000): RrsetCache {
  return new RrsetCache({ bytesMax, hashKey, nowMs: () => nowMs })
}

const SECURE = { status: 'secure', reason: 1, policySequence: 4 } as const
const INSECURE = { status: 'insecure', reason: 2, detail: 'no DS', policySequence: 4 } as const
const EXAMPLE = name('example.')

function denial(owner: string): {
  rcode: number
  authority: readonly ReturnType<typeof soa>[]
  ttlSeconds: number
} {
  return { rcode: RCODE.NOERROR, authority: [soa(owner, 200)], ttlSeconds: 200 }
}

t.test('RRsets of all kinds come as they were', async (t) => {
  const there = rrsets(THERE)
  nowMs = 40_000
  there.put(addresses('a.example.', 300, 1), { rank: RANK.ANSWER_AA, ...SECURE })
  there.put(addresses('b.example.', 15, 1), { rank: RANK.ANSWER_AA, ...SECURE })
  there.putNegative(name('c.example.'), TYPE.A, { ...denial('example.'), ...INSECURE })
  there.putNegative(name('d.example.'), TYPE.A, { ...denial('example.'), rcode: RCODE.NXDOMAIN, ...SECURE })
  const ns = rrset('example.', TYPE.NS, 300, [name('ns.example.')])
  there.putDelegation(ns)
  there.putGlue(addresses('ns.example.', 300, 9), EXAMPLE)
  const here = rrsets(HERE)
  t.equal(move(there, here), 5, 'the one of 15 seconds has run out')

  nowMs = TERMS.nowMs
  const a = here.get(name('a.example.'), TYPE.A)!
  t.match(a, { status: 'secure', reason: 1, policySequence: 9, rank: RANK.ANSWER_AA })
  t.equal(a.rrset.ttlSeconds, 280)
  t.match(here.getNegative(name('c.example.'), TYPE.A), { ...INSECURE, policySequence: 9, ttlSeconds: 180 })
  t.match(here.nameErrorAbove(name('x.d.example.'))?.entry, { status: 'secure', rcode: RCODE.NXDOMAIN })
  t.equal(here.getDelegation(EXAMPLE)?.rrset.ttlSeconds, 280)
  t.same(here.getGlue(name('ns.example.'), TYPE.A)?.rrset.rdatas, [Uint8Array.of(192, 0, 2, 9)])
  t.equal(here.get(name('b.example.'), TYPE.A), undefined)
  nowMs += 280_000
  t.equal(here.get(name('a.example.'), TYPE.A), undefined)
})

t.test('neither data nor a denial comes back that was found to be otherwise since', async (t) => {
  const there = rrsets(THERE)
  nowMs = 40_000
  there.put(addresses('was.example.', 300, 1), { rank: RANK.ANSWER_AA, ...SECURE })
  there.put(addresses('gone.example.', 300, 1), { rank: RANK.ANSWER_AA, ...SECURE })
  there.put(addresses('moved.example.', 300, 1), { rank: RANK.ANSWER_AA, ...SECURE })
  there.putNegative(name('came.example.'), TYPE.A, { ...denial('example.'), ...SECURE })
  there.putNegative(name('other.example.'), TYPE.A, { ...denial('example.'), ...SECURE })
  there.putDelegation(rrset('example.', TYPE.NS, 300, [name('old.example.')]))
  there.putGlue(addresses('ns.example.', 300, 1))
  const here = rrsets(HERE)
  nowMs = TERMS.nowMs
  here.putNegative(name('was.example.'), TYPE.A, { ...denial('example.'), ...SECURE })
  here.putNegative(name('gone.example.'), TYPE.A, { ...denial('example.'), rcode: RCODE.NXDOMAIN, ...SECURE })
  here.put(addresses('moved.example.', 300, 2), { rank: RANK.ANSWER_AA, ...SECURE })
  here.put(addresses('came.example.', 300, 2), { rank: RANK.ANSWER_AA, ...SECURE })
  here.putDelegation(rrset('example.', TYPE.NS, 300, [name('new.example.')]))
  here.putGlue(addresses('ns.example.', 300, 2))
  // A denial of another type says nothing of this one.
  here.putNegative(name('other.example.'), TYPE.AAAA, { ...denial('example.'), ...SECURE })
  t.equal(move(there, here), 1)
  t.equal(here.get(name('was.example.'), TYPE.A), undefined)
  t.equal(here.get(name('gone.example.'), TYPE.A), undefined)
  t.same(here.get(name('moved.example.'), TYPE.A)?.rrset.rdatas, [Uint8Array.of(192, 0, 2, 2)])
  t.equal(here.getNegative(name('came.example.'), TYPE.A), undefined)
  t.ok(here.getNegative(name('other.example.'), TYPE.A))
  t.same(here.getDelegation(EXAMPLE)?.rrset.rdatas, [name('new.example.')])
  t.same(here.getGlue(name('ns.example.'), TYPE.A)?.rrset.rdatas, [Uint8Array.of(192, 0, 2, 2)])
})

t.test('a record of no kind that there is', async (t) => {
  const octets = Uint8Array.of(99, 0, 1, 0, ...new Uint8Array(40))
  const record = { octets, keyStart: 0, keyEnd: 4, valueStart: 4, valueEnd: 44, expiresMs: 60_000 }
  t.equal(rrsets(HERE).restore(record, TERMS), false)
})
