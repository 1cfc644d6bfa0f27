/** The small parts of the proof room: reasons, serial numbers, budget, self-test, sentinel. */
import t from 'tap'
import { ALGORITHM_VECTORS } from '../../src/dnssec/algorithm-vectors.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { PROOF_LIMITS, ProofBudget } from '../../src/dnssec/budget.ts'
import { digestOf, selfTestDigests } from '../../src/dnssec/digests.ts'
import { REASONS, type Reason, reasonFromNumber } from '../../src/dnssec/reasons.ts'
import { rootKeySentinel } from '../../src/dnssec/sentinel.ts'
import { serialDifference, serialTime, unwrapSerialTime } from '../../src/dnssec/serial.ts'
import { anchorKeyTag, anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { ROOT } from '../../src/wire/name.ts'
import { recordsFrom } from '../support/records.ts'

t.test('reasons: numbers are unique octets and lead back', async (t) => {
  const seen = new Set<number>()
  for (const [slug, { number, ede }] of Object.entries(REASONS)) {
    t.notOk(seen.has(number), slug)
    seen.add(number)
    t.ok(number >= 0 && number < 256)
    t.equal(reasonFromNumber(number), slug)
    if (ede !== undefined) t.ok(Object.values(EDE).includes(ede), `EDE ${ede}`)
  }
  t.equal(reasonFromNumber(255), undefined)
})

t.test('reasons: the EDE that says it most exactly', async (t) => {
  const expected: Partial<Record<Reason, number>> = {
    'unsupported-algorithm': EDE.UNSUPPORTED_DNSKEY_ALGORITHM,
    'unsupported-digest': EDE.UNSUPPORTED_DS_DIGEST_TYPE,
    'nsec3-iterations': EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE,
    'negative-trust-anchor': EDE.NEGATIVE_TRUST_ANCHOR,
    'signature-missing': EDE.RRSIGS_MISSING,
    'signature-expired': EDE.SIGNATURE_EXPIRED,
    'signature-not-yet-valid': EDE.SIGNATURE_NOT_YET_VALID,
    'signature-expired-before-valid': EDE.SIGNATURE_EXPIRED_BEFORE_VALID,
    'signature-wrong': EDE.DNSSEC_BOGUS,
    'dnskey-missing': EDE.DNSKEY_MISSING,
    'no-zone-key': EDE.NO_ZONE_KEY_BIT_SET,
    'denial-missing': EDE.NSEC_MISSING,
    'cached-failure': EDE.CACHED_ERROR,
    'dnskey-unreachable': EDE.DNSKEY_MISSING,
    'server-failure': EDE.NETWORK_ERROR,
    'no-reachable-authority': EDE.NO_REACHABLE_AUTHORITY,
    'invalid-data': EDE.OTHER,
  }
  for (const [slug, ede] of Object.entries(expected)) t.equal(REASONS[slug as Reason].ede, ede, slug)
  for (const quiet of ['secure', 'unsigned-delegation', 'opt-out', 'not-judged'] as const) {
    t.equal(REASONS[quiet].ede, undefined, quiet)
  }
})

t.test('serial numbers (RFC 1982)', async (t) => {
  t.equal(serialDifference(1, 0), 1)
  t.equal(serialDifference(0, 2 ** 32 - 1), 1)
  t.equal(serialDifference(2 ** 32 - 1, 0), -1)
  t.equal(serialDifference(44, 0xffff_fff0), 60)
  t.ok(serialDifference(2 ** 31, 0) < 0 && serialDifference(0, 2 ** 31) < 0, 'half the circle has no order')
  t.equal(serialTime(2 ** 32 + 5), 5)
  t.equal(unwrapSerialTime(5, 2 ** 32 - 10), 2 ** 32 + 5)
  t.equal(unwrapSerialTime(2 ** 32 - 10, 2 ** 32 + 5), 2 ** 32 - 10)
})

t.test('the self-test finds what works', async (t) => {
  t.same(
    [...selfTest()].sort((a, b) => a - b),
    [5, 7, 8, 10, 13, 14, 15, 16],
  )
  t.same([...selfTestDigests()].sort(), [1, 2, 4])
  t.equal(digestOf(3, new Uint8Array(1)), undefined)
  t.equal(digestOf(99, new Uint8Array(1)), undefined)
})

t.test('an algorithm that verifies wrongly or not at all is unsupported', async (t) => {
  const [first, ...others] = ALGORITHM_VECTORS as [(typeof ALGORITHM_VECTORS)[0], ...typeof ALGORITHM_VECTORS]
  const wrong = { ...first, signature: `${first.signature.slice(0, -8)}AAAAAAA=` }
  t.notOk(selfTest([wrong, ...others]).has(first.algorithm))
  t.equal(selfTest([{ ...first, publicKey: 'AAAA' }]).size, 0)
  t.equal(selfTest([{ ...first, algorithm: 12 }]).size, 0)
})

t.test('the budget only shrinks', async (t) => {
  const budget = new ProofBudget({ ...PROOF_LIMITS, signatures: 3, failedSignatures: 2, sha1Calls: 10 })
  t.ok(budget.takeSignature(8, ROOT))
  budget.signatureFailed()
  t.ok(budget.takeSignature(8, ROOT))
  t.equal(budget.exceeded, undefined)
  budget.signatureFailed()
  t.notOk(budget.takeSignature(8, ROOT))
  t.equal(budget.exceeded, 'failed-signatures')
  t.ok(budget.takeSha1(10, ROOT))
  t.notOk(budget.takeSha1(1, ROOT))
  t.equal(budget.exceeded, 'failed-signatures', 'the first limit is the one told')
  t.same(budget.counts, { signatures: 2, failedSignatures: 2, sha1Calls: 10 })
})

t.test('root key sentinel (RFC 8509)', async (t) => {
  const read = (text: string): unknown => rootKeySentinel(Buffer.from(text))
  t.same(read('root-key-sentinel-is-ta-20326'), { kind: 'is-ta', keyTag: 20_326 })
  t.same(read('Root-Key-Sentinel-NOT-ta-00042'), { kind: 'not-ta', keyTag: 42 })
  for (const other of [
    'root-key-sentinel-is-ta-2032',
    'root-key-sentinel-is-ta-203260',
    'root-key-sentinel-is-ta-65536',
    'root-key-sentinel-is-ta-2032x',
    'root-key-sentinel-no-ta-20326',
    'xroot-key-sentinel-is-ta-20326',
    'root-key-sentinel-is-ta-20326\n',
    '',
  ]) {
    t.equal(read(other), undefined, other)
  }
})

t.test('anchors out of records', async (t) => {
  const anchors = anchorsFromRecords(
    recordsFrom(`
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
example. IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
example. IN A 192.0.2.1
`),
  )
  t.same(anchors.map(anchorKeyTag), [20_326, 3613])
})
