/** Work that hostile zones try to cause: counted, bounded, remembered. */
import t from 'tap'
import {
  DS_TRIED_MAX,
  FAILED_SIGNATURES_MAX,
  KEYS_PER_TAG_MAX,
  NSEC3_SHA1_CALLS_MAX,
  RRSIGS_PER_RRSET_MAX,
  SIGNATURES_MAX,
} from '../../src/base/limits.ts'
import { PROOF_LIMITS, ProofBudget, type ProofCounters } from '../../src/dnssec/budget.ts'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import { type DenialRecord, proveNameError, proveNoData, proveNoDs } from '../../src/dnssec/denial.ts'
import { KeyTable } from '../../src/dnssec/keys.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { nsec3At, nsec3Zone } from '../support/denial-records.ts'
import { proofParameters } from '../support/proof.ts'
import { rrsetFrom } from '../support/records.ts'
import { dnskeySet, dsOf, makeKey, rrsigOver, signed, type TestKey, withFlags } from '../support/sign.ts'

const ZONE = nameFrom('example')
const A = rrsetFrom('www.example. 3600 A 192.0.2.1\n')

/** Counts what the budget is told. */
class Counts implements ProofCounters {
  signatures = 0
  hashes = 0
  readonly limits: string[] = []

  signatureVerification(): void {
    this.signatures++
  }

  nsec3Hash(calls: number): void {
    this.hashes += calls
  }

  limitHit(limit: string): void {
    this.limits.push(limit)
  }
}

/** Keys of one tag: the flags that mean nothing are set so that the tag comes out. */
function colliding(count: number, algorithm: number): TestKey[] {
  const keys: TestKey[] = [makeKey('example', algorithm)]
  const tag = keys[0]!.dnskey.keyTag
  while (keys.length < count) {
    const plain = makeKey('example', algorithm, 0x0100)
    for (const flags of [tag - plain.dnskey.keyTag + 0x0100, tag - plain.dnskey.keyTag + 0x10100 - 1]) {
      const key = withFlags(plain, flags & 0xffff)
      const usable = (flags & 0x0180) === 0x0100
      if (usable && key.dnskey.keyTag === tag) {
        keys.push(key)
        break
      }
    }
  }
  return keys
}

/** Signatures that look right and are not. */
function wrongSignatures(rrset: Rrset, key: TestKey, count: number): Rrset {
  const signatures = [...Array(count)].map((_, i) =>
    rrsigOver(rrset, key, {
      alter: (octets) => {
        octets.writeUInt16BE(i, octets.length - 4)
        return octets
      },
    }),
  )
  return { ...rrset, signatures }
}

t.test('KeyTrap (CVE-2023-50387)', async (t) => {
  for (const [title, algorithm, count] of [
    ['P-256', ALGORITHM.ECDSAP256SHA256, 500],
    ['P-384', ALGORITHM.ECDSAP384SHA384, 60],
  ] as const) {
    const keys = colliding(count, algorithm)
    const zone = { zone: ZONE, keys: keys.map((key) => key.dnskey) }
    const outsider = makeKey('example', algorithm)
    const signer = { ...outsider, dnskey: keys[0]!.dnskey }

    t.test(`${title}: ${count} keys of one tag, one signature`, async (t) => {
      const counts = new Counts()
      const budget = new ProofBudget(undefined, counts)
      const verdict = checkRrset(wrongSignatures(A, signer, 1), zone, proofParameters({ budget }))
      t.match(verdict, { status: 'bogus', reason: 'signature-wrong' })
      t.equal(counts.signatures, KEYS_PER_TAG_MAX)
      t.same(counts.limits, ['keys-per-tag'])
    })
    t.test(`${title}: one key, ${count} signatures`, async (t) => {
      const counts = new Counts()
      const budget = new ProofBudget(undefined, counts)
      const one = { zone: ZONE, keys: [keys[0]!.dnskey] }
      const verdict = checkRrset(wrongSignatures(A, signer, count), one, proofParameters({ budget }))
      t.match(verdict, { status: 'bogus', reason: 'signature-wrong' })
      t.equal(counts.signatures, RRSIGS_PER_RRSET_MAX)
      t.same(counts.limits, ['rrsigs-per-rrset'])
    })
    t.test(`${title}: ${count} keys, ${count} signatures, again and again`, async (t) => {
      const counts = new Counts()
      const budget = new ProofBudget(undefined, counts)
      const p = proofParameters({ budget })
      const rrset = wrongSignatures(A, signer, count)
      const reasons = [1, 2, 3]
        .map(() => checkRrset(rrset, zone, p))
        .map((verdict) => 'reason' in verdict && verdict.reason)
      t.same(reasons, ['signature-wrong', 'too-much-work', 'too-much-work'])
      t.equal(counts.signatures, FAILED_SIGNATURES_MAX)
      t.equal(budget.exceeded, 'failed-signatures')
      t.equal(counts.limits.filter((limit) => limit === 'failed-signatures').length, 1, 'told once')
      t.match(checkRrset(rrset, zone, p), { detail: /limit failed-signatures$/ })
    })
    t.test(`${title}: ${count} DS records and ${count} keys`, async (t) => {
      const counts = new Counts()
      const budget = new ProofBudget(undefined, counts)
      const set = wrongSignatures(dnskeySet(keys), signer, 100)
      const ds = keys.map((key) => dsOf(key))
      const verdict = checkDnskeySet(set, { ds }, ZONE, proofParameters({ budget }))
      t.equal(verdict.status, 'bogus')
      t.ok(counts.signatures <= FAILED_SIGNATURES_MAX, `${counts.signatures} verifications`)
      t.ok(counts.limits.includes('ds-tried'))
    })
  }
})

t.test('an honest collision of two key tags is no trouble', async (t) => {
  const [first, second] = colliding(2, ALGORITHM.ECDSAP256SHA256) as [TestKey, TestKey]
  const p = proofParameters({ budget: new ProofBudget() })
  for (const keys of [
    [first, second],
    [second, first],
  ]) {
    const zone = { zone: ZONE, keys: keys.map((key) => key.dnskey) }
    t.equal(checkRrset(signed(A, first), zone, p).status, 'secure')
    t.equal(checkRrset(signed(A, second), zone, p).status, 'secure')
  }
  const ds = { ds: [dsOf(second)] }
  t.equal(checkDnskeySet(signed(dnskeySet([first, second]), second), ds, ZONE, p).status, 'secure')
})

t.test('the right DS record behind many others is still tried up to the limit', async (t) => {
  const key = makeKey('example')
  const others = [...Array(DS_TRIED_MAX)].map(() => dsOf(makeKey('example')))
  const set = signed(dnskeySet([key]), key)
  const verdict = (ds: Uint8Array[]) => checkDnskeySet(set, { ds }, ZONE, proofParameters())
  t.equal(verdict([...others.slice(1), dsOf(key)]).status, 'secure')
  t.match(verdict([...others, dsOf(key)]), { status: 'bogus', reason: 'dnskey-missing' })
})

t.test('broken keys are imported once each and charged as failures (C02, CVE-2025-8677)', async (t) => {
  const real = makeKey('example', ALGORITHM.ECDSAP256SHA256)
  const broken = { ...real, dnskey: { ...real.dnskey, ...brokenKey(real) } }
  const keys = new KeyTable(100)
  const budget = new ProofBudget()
  const p = proofParameters({ keys, budget })
  const rrset = wrongSignatures(A, broken, 500)
  const zone = { zone: ZONE, keys: [...Array(500)].map(() => broken.dnskey) }
  for (let i = 0; i < 10; i++) t.equal(checkRrset(rrset, zone, p).status, 'bogus')
  t.equal(keys.importCount, 1)
  t.equal(budget.exceeded, 'failed-signatures')
})

function brokenKey(key: TestKey): { rdata: Uint8Array; publicKey: Uint8Array } {
  const rdata = key.dnskey.rdata.slice()
  rdata[rdata.length - 1]! ^= 1
  return { rdata, publicKey: rdata.subarray(4) }
}

t.test('good signatures are bounded too', async (t) => {
  const key = makeKey('example')
  const budget = new ProofBudget()
  const p = proofParameters({ budget })
  const zone = { zone: ZONE, keys: [key.dnskey] }
  const rrset = signed(A, key)
  let secure = 0
  while (checkRrset(rrset, zone, p).status === 'secure') secure++
  t.equal(secure, SIGNATURES_MAX)
  t.equal(budget.exceeded, 'signatures')
  t.match(checkRrset(rrset, zone, p), { reason: 'too-much-work', detail: /limit signatures$/ })
})

t.test('NSEC3 iterations and deep names (CVE-2023-50868)', async (t) => {
  const deep = nameFrom(`${'x.'.repeat(120)}example`)
  for (const [iterations, expected] of [
    [0, 'bogus'],
    [50, 'bogus'],
    [51, 'nsec3-iterations'],
    [150, 'nsec3-iterations'],
    [2500, 'nsec3-iterations'],
    [65_535, 'nsec3-iterations'],
  ] as const) {
    for (const saltOctets of [0, 255]) {
      const counts = new Counts()
      const p = proofParameters({ budget: new ProofBudget(undefined, counts) })
      // The apex is shown, the record that covers x.example is not: the search finds nothing to stop at.
      const hashing = { iterations, salt: 'ab'.repeat(saltOctets) }
      const names = { example: 'NS SOA', 'x.example': 'A', 'a.example': 'A' }
      const proofs: DenialRecord[] = nsec3At(ZONE, names, hashing, 'example')
      const verdicts = [
        proveNameError(deep, ZONE, proofs, p),
        proveNoData(deep, TYPE.A, ZONE, proofs, p),
        proveNoDs(deep, ZONE, proofs, p),
      ].map((verdict) =>
        'kind' in verdict ? verdict.kind : verdict.status === 'insecure' ? verdict.reason : verdict.status,
      )
      t.same(verdicts, [expected, expected, expected], `${iterations} iterations`)
      t.ok(counts.hashes <= NSEC3_SHA1_CALLS_MAX)
      if (expected === 'nsec3-iterations') t.equal(counts.hashes, 0, 'nothing is hashed')
    }
  }
})

t.test('a deep name below an existing one costs a few hashes', async (t) => {
  const counts = new Counts()
  const p = proofParameters({ budget: new ProofBudget(undefined, counts) })
  const proofs = nsec3Zone(ZONE, { example: 'NS SOA', 'a.example': 'A' }, { iterations: 50 })
  const deep = nameFrom(`${'x.'.repeat(120)}example`)
  t.equal(proveNameError(deep, ZONE, proofs, p).status, 'secure')
  t.ok(counts.hashes <= 4 * 51, `${counts.hashes} hashes`)
})

t.test('hashes run out: too much work, never a wrong verdict', async (t) => {
  const proofs = nsec3Zone(ZONE, { example: 'NS SOA', 'a.example': 'A' })
  const qname = nameFrom('nx.example')
  for (let sha1Calls = 0; sha1Calls < 4; sha1Calls++) {
    const budget = new ProofBudget({ ...PROOF_LIMITS, signatures: 1, failedSignatures: 1, sha1Calls })
    const verdict = proveNameError(qname, ZONE, proofs, proofParameters({ budget }))
    if (sha1Calls < 3) t.match(verdict, { status: 'bogus', reason: 'too-much-work' }, `${sha1Calls} hashes`)
    else t.equal(verdict.status, 'secure')
    t.equal(budget.exceeded, sha1Calls < 3 ? 'nsec3-sha1-calls' : undefined)
  }
})

t.test('a denial padded with records (CVE-2026-11605)', async (t) => {
  const counts = new Counts()
  const p = proofParameters({ budget: new ProofBudget(undefined, counts) })
  const types = Object.fromEntries([...Array(200)].map((_, i) => [`n${i}.example`, 'A']))
  const proofs = nsec3Zone(ZONE, { example: 'NS SOA', ...types })
  proveNameError(nameFrom('nx.example'), ZONE, proofs, p)
  t.same(counts.limits, ['denial-rrsets'])
  t.ok(counts.hashes <= 3)
})

t.test('what is hashed for convenience leaves half of the allowance for what has to be proven', async (t) => {
  const budget = new ProofBudget({ ...PROOF_LIMITS, signatures: 0, failedSignatures: 0, sha1Calls: 100 })
  t.ok(budget.spare.takeSha1(50, ROOT))
  t.notOk(budget.spare.takeSha1(1, ROOT))
  t.equal(budget.exceeded, undefined, 'to be refused is no fault of the query')
  t.ok(budget.takeSha1(50, ROOT))
  t.notOk(budget.takeSha1(1, ROOT))
  t.equal(budget.exceeded, 'nsec3-sha1-calls')
})
