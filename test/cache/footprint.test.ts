import t from 'tap'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { RANK, RrsetCache } from '../../src/cache/rrset-cache.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { addresses, rrsig } from './records.ts'

const hashKey = [5, 6] as const
/** Twice as many as the full caches hold. */
const NAMES = 20_000

/** The address of name number `i`: names of 26 octets in 1,000 zones. */
function address(i: number, signed: boolean): Rrset {
  const zone = `zone${String(i % 1000).padStart(4, '0')}.example.`
  const set = addresses(`n${String(i).padStart(6, '0')}.${zone}`, 300, i & 0xff)
  return signed ? { ...set, signatures: [rrsig(TYPE.A, 300, zone)] } : set
}

function putAnswer(answers: AnswerCache, set: Rrset): void {
  const parts = {
    question: { name: set.owner, type: TYPE.A, class: CLASS.IN },
    rcode: RCODE.NOERROR,
    answer: [set],
    authority: [],
    status: set.signatures.length > 0 ? ('secure' as const) : ('insecure' as const),
    reason: 1,
    ede: [],
    policySequence: 1,
    ttlSeconds: 300,
    authenticated: set.signatures.length > 0,
  }
  answers.put(set.owner, TYPE.A, writeAnswerEntry(parts, 0), 0)
}

/** As it is resolved: kept when it comes, and again with its verdict. */
function putRrset(rrsets: RrsetCache, set: Rrset): void {
  for (const status of ['indeterminate', set.signatures.length > 0 ? 'secure' : 'insecure'] as const)
    rrsets.put(set, { rank: RANK.ANSWER_AA, status, reason: 1, policySequence: 1 })
}

/** Octets that each name takes in full caches, where every octet of memory is used or wasted. */
function octetsPerName(signed: boolean): { answer: number; rrset: number; both: number } {
  const bytesMax = 1024 * 1024
  const answers = new AnswerCache({ bytesMax, hashKey })
  const rrsets = new RrsetCache({ bytesMax, hashKey, nowMs: () => 0 })
  for (let i = 0; i < NAMES; i++) {
    const set = address(i, signed)
    putAnswer(answers, set)
    putRrset(rrsets, set)
  }
  const answer = bytesMax / answers.entryCount
  const rrset = bytesMax / rrsets.entryCount
  return { answer, rrset, both: answer + rrset }
}

t.test('a name with one address takes 260 octets at most, answer and RRset, all told', async (t) => {
  const { answer, rrset, both } = octetsPerName(false)
  const figures = `${answer.toFixed(1)} + ${rrset.toFixed(1)} octets`
  t.comment(figures)
  t.ok(both <= 260, figures)
})

t.test('a signed one (ECDSA P-256) takes 530: the signature is in both', async (t) => {
  const { answer, rrset, both } = octetsPerName(true)
  const figures = `${answer.toFixed(1)} + ${rrset.toFixed(1)} octets`
  t.comment(figures)
  t.ok(both <= 530, figures)
})

t.test('where there is room, a name takes what it needs', async (t) => {
  const bytesMax = 4 * 1024 * 1024
  const answers = new AnswerCache({ bytesMax, hashKey })
  const rrsets = new RrsetCache({ bytesMax, hashKey, nowMs: () => 0 })
  const empty = answers.bytesUsed + rrsets.bytesUsed
  for (let i = 0; i < NAMES; i++) {
    const set = address(i, false)
    putAnswer(answers, set)
    putRrset(rrsets, set)
  }
  t.equal(answers.entryCount + rrsets.entryCount, 2 * NAMES)
  const octets = (answers.bytesUsed + rrsets.bytesUsed - empty) / NAMES
  t.ok(octets <= 200, `${octets} octets beside the index`)
})
