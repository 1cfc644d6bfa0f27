/** From DS records and anchors to a zone's keys. */
import t from 'tap'
import { checkDnskeySet, dsSupport, type Trust } from '../../src/dnssec/delegation.ts'
import { TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { isRoot } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { type ProofChoices, proofParameters } from '../support/proof.ts'
import { dnskeySet, dsOf, makeKey, type Signing, signed, type TestKey, withFlags } from '../support/sign.ts'

const ZONE = nameFrom('example')
const KSK = makeKey('example')
const ZSK = makeKey('example', ALGORITHM.ED25519, 256)

function check(
  keys: readonly TestKey[],
  signers: readonly TestKey[],
  trust: Trust,
  choices: ProofChoices = {},
) {
  let set = dnskeySet(keys)
  for (const signer of signers) set = signed(set, signer)
  return checkDnskeySet(set, trust, ZONE, proofParameters(choices))
}

t.test('a DS record vouches for a key that signs the set', async (t) => {
  for (const digestType of [1, 2, 4]) {
    const verdict = check([KSK, ZSK], [KSK], { ds: [dsOf(KSK, digestType)] })
    t.match(verdict, { status: 'secure', keyTag: KSK.dnskey.keyTag, algorithm: 15, ttlSeconds: 3600 })
    if (verdict.status === 'secure') t.equal(verdict.keys.keys.length, 2, 'all its keys count')
  }
  const csk = check([KSK], [KSK], { ds: [dsOf(KSK)] })
  t.equal(csk.status, 'secure', 'one key for all')
  const withoutSep = check([ZSK], [ZSK], { ds: [dsOf(ZSK)] })
  t.equal(withoutSep.status, 'secure', 'SEP is a hint')
  const upper = { ...dnskeySet([KSK]), owner: nameFrom('EXAMPLE') }
  const verdict = checkDnskeySet(
    signed(upper, KSK),
    { ds: [dsOf(KSK)] },
    nameFrom('eXample'),
    proofParameters(),
  )
  t.equal(verdict.status, 'secure', 'case does not matter')
})

t.test('the set must be signed by a key that is vouched for (C17, CVE-2025-25188)', async (t) => {
  const foreign = makeKey('example')
  const trust = { ds: [dsOf(KSK)] }
  t.match(check([KSK, ZSK], [ZSK], trust), { status: 'bogus', reason: 'dnskey-missing' })
  t.match(check([KSK, ZSK, foreign], [foreign], trust), { status: 'bogus', reason: 'dnskey-missing' })
  const set = signed(dnskeySet([KSK, ZSK]), KSK)
  const added = { ...set, rdatas: [...set.rdatas, foreign.dnskey.rdata] }
  t.match(checkDnskeySet(added, trust, ZONE, proofParameters()), { reason: 'signature-wrong' })
  t.match(check([KSK, ZSK], [], trust), { reason: 'signature-missing' })
  const expired: Signing = { inception: '2026-09-01T00:00:00Z', expiration: '2026-10-01T00:00:00Z' }
  const old = signed(dnskeySet([KSK]), KSK, expired)
  t.match(checkDnskeySet(old, trust, ZONE, proofParameters()), {
    reason: 'signature-expired',
    detail: /example\. DNSKEY .* expired 2026-10-01T00:00:00Z/,
  })
})

t.test('no key matches', async (t) => {
  const trust = { ds: [dsOf(makeKey('example'))] }
  const verdict = check([KSK, ZSK], [KSK], trust)
  t.match(verdict, {
    status: 'bogus',
    reason: 'dnskey-missing',
    detail: /^example\.: no DNSKEY matches the DS \(tag /,
  })
  const digest = dsOf(KSK)
  digest[10]! ^= 1
  t.match(check([KSK], [KSK], { ds: [digest] }), { reason: 'dnskey-missing' })
  const cut = dsOf(KSK).subarray(0, 20)
  t.match(check([KSK], [KSK], { ds: [cut] }), { reason: 'dnskey-missing' })
  const elsewhere = dsOf({ ...KSK, zone: nameFrom('example.com') })
  t.match(
    check([KSK], [KSK], { ds: [elsewhere] }),
    { reason: 'dnskey-missing' },
    'the owner is in the digest',
  )
  const empty = { ...dnskeySet([KSK]), rdatas: [] }
  t.match(checkDnskeySet(empty, trust, ZONE, proofParameters()), { reason: 'dnskey-missing' })
  const wrongOwner = signed(dnskeySet([{ ...KSK, zone: nameFrom('www.example') }]), KSK)
  t.match(checkDnskeySet(wrongOwner, { ds: [dsOf(KSK)] }, ZONE, proofParameters()), {
    reason: 'dnskey-missing',
  })
})

t.test('keys that must not be used', async (t) => {
  const revoked = withFlags(KSK, 0x0181)
  t.match(check([revoked, ZSK], [revoked], { ds: [dsOf(KSK)] }), { reason: 'key-revoked' }, 'DS of before')
  t.match(check([revoked, ZSK], [revoked], { ds: [dsOf(revoked)] }), { reason: 'key-revoked' }, 'DS of after')
  const noZone = withFlags(KSK, 0x0001)
  t.match(check([noZone], [noZone], { ds: [dsOf(noZone)] }), {
    reason: 'no-zone-key',
    detail: /is no zone key$/,
  })
  const protocol = withFlags(KSK, 257, 2)
  t.match(check([protocol], [protocol], { ds: [dsOf(protocol)] }), { reason: 'no-zone-key' })
  const second = makeKey('example')
  t.equal(check([revoked, second], [second], { ds: [dsOf(KSK), dsOf(second)] }).status, 'secure')
})

t.test('insecure only when nothing in the DS set can be checked', async (t) => {
  const good = dsOf(KSK)
  const algorithm = (number: number): Uint8Array => good.with(2, number)
  const digestType = (number: number): Uint8Array => good.with(3, number)
  const p = proofParameters()
  const cases: [string, Uint8Array[], object][] = [
    ['one good', [good], { supported: true }],
    ['one good beside an unknown algorithm', [algorithm(200), good], { supported: true }],
    ['one good beside an unknown digest', [digestType(99), good], { supported: true }],
    ['unknown algorithm', [algorithm(200)], { supported: false, reason: 'unsupported-algorithm' }],
    [
      'private, RSA/MD5 and DSA',
      [253, 1, 3].map(algorithm),
      { supported: false, reason: 'unsupported-algorithm' },
    ],
    ['unknown digest', [digestType(99), digestType(3)], { supported: false, reason: 'unsupported-digest' }],
    ['both', [algorithm(200), digestType(99)], { supported: false, reason: 'unsupported-digest' }],
    ['malformed alone is not insecure', [Uint8Array.of(1, 2, 3)], { supported: true }],
    ['malformed beside unknown', [Uint8Array.of(1), algorithm(200)], { supported: false }],
  ]
  for (const [title, ds, expected] of cases) {
    t.match(dsSupport(ds, p), expected, title)
    const verdict = check([KSK, ZSK], [KSK], { ds })
    const supported = (expected as { supported: boolean }).supported
    t.equal(verdict.status === 'insecure', !supported, `${title}: ${verdict.status}`)
  }
  t.match(check([KSK], [KSK], { ds: [Uint8Array.of(1, 2, 3)] }), {
    status: 'bogus',
    reason: 'dnskey-missing',
  })
  const many = [...Array(50)].map((_, i) => algorithm(100 + i))
  t.equal(check([KSK], [KSK], { ds: [...many, good] }).status, 'secure', 'all are read')

  t.match(check([KSK], [KSK], { ds: [good] }, { withoutAlgorithms: [15] }), {
    status: 'insecure',
    reason: 'unsupported-algorithm',
  })
  t.match(check([KSK], [KSK], { ds: [good] }, { withoutDigests: [2] }), {
    status: 'insecure',
    reason: 'unsupported-digest',
  })
})

t.test('SHA-1 is ignored beside something stronger (RFC 4509 3)', async (t) => {
  const wrong = dsOf(KSK, 2).map((octet, i) => (i > 3 ? octet ^ 1 : octet))
  t.match(check([KSK], [KSK], { ds: [wrong, dsOf(KSK, 1)] }), { status: 'bogus', reason: 'dnskey-missing' })
  t.equal(check([KSK], [KSK], { ds: [dsOf(KSK, 2), dsOf(KSK, 1)] }).status, 'secure')
  const unknown = dsOf(KSK, 2).with(3, 99)
  t.equal(
    check([KSK], [KSK], { ds: [unknown, dsOf(KSK, 1)] }).status,
    'secure',
    'the stronger one is unknown',
  )
  const off = check([KSK], [KSK], { ds: [wrong, dsOf(KSK, 1)] }, { withoutDigests: [2] })
  t.equal(off.status, 'secure', 'the stronger one is switched off')
})

t.test('not every algorithm of the DS set must sign (RFC 6840 5.11)', async (t) => {
  const ecdsa = makeKey('example', ALGORITHM.ECDSAP256SHA256)
  const ds = [dsOf(KSK), dsOf(ecdsa)]
  t.equal(check([KSK, ecdsa], [KSK], { ds }).status, 'secure')
  t.equal(check([KSK, ecdsa], [ecdsa], { ds }).status, 'secure')
  t.equal(check([KSK, ecdsa], [ecdsa], { ds: [dsOf(ecdsa)] }).status, 'secure')
})

t.test('a standby DS and a key roll (V42)', async (t) => {
  const next = makeKey('example')
  const ds = [dsOf(next), dsOf(KSK)]
  t.equal(check([KSK, ZSK], [KSK], { ds }).status, 'secure', 'DS ahead of its key')
  t.equal(check([KSK, next, ZSK], [KSK, next], { ds }).status, 'secure', 'double signature')
  t.equal(check([next, ZSK], [next], { ds }).status, 'secure', 'the old key is gone')
  t.match(
    check([next, ZSK], [next], { ds: [dsOf(KSK)] }),
    { reason: 'dnskey-missing' },
    'DS removed too early',
  )
})

t.test('trust anchors', async (t) => {
  const byKey = { anchors: [{ zone: ZONE, dnskey: KSK.dnskey.rdata }] }
  const byDs = { anchors: [{ zone: ZONE, ds: dsOf(KSK) }] }
  for (const trust of [byKey, byDs, { anchors: [...byKey.anchors, ...byDs.anchors] }]) {
    t.equal(check([KSK, ZSK], [KSK], trust).status, 'secure')
    t.match(check([KSK, ZSK], [ZSK], trust), { reason: 'dnskey-missing' })
  }
  const old = makeKey('example')
  const both = { anchors: [{ zone: ZONE, dnskey: old.dnskey.rdata }, ...byDs.anchors] }
  t.equal(check([KSK, old], [old], both).status, 'secure')
  t.equal(check([KSK], [KSK], both).status, 'secure', 'one of two is enough')
  const stale = { anchors: [{ zone: ZONE, dnskey: old.dnskey.rdata }] }
  const control = check([KSK, ZSK], [KSK], stale)
  t.match(control, {
    status: 'bogus',
    reason: 'dnskey-missing',
    detail: /matches the trust anchor \(tag \d+\)/,
  })
  const revoked = withFlags(KSK, 0x0181)
  t.match(check([revoked], [revoked], byKey), { reason: 'anchor-revoked' })
  const unknown = { anchors: [{ zone: ZONE, ds: dsOf(KSK).with(2, 200) }] }
  t.match(check([KSK], [KSK], unknown), { status: 'insecure', reason: 'unsupported-algorithm' })
  const digestOff = check([KSK], [KSK], byKey, { withoutDigests: [1, 2, 4] })
  t.equal(digestOff.status, 'secure', 'a DNSKEY anchor needs no digest')
})

t.test('the set of anchors', async (t) => {
  const ds = dsOf(KSK)
  const anchors = new TrustAnchors([
    { zone: nameFrom('.'), ds },
    { zone: nameFrom('Example'), ds },
    { zone: nameFrom('example'), ds: ds.slice() },
    { zone: nameFrom('a.b.example'), dnskey: KSK.dnskey.rdata },
  ])
  t.equal(anchors.list.length, 3, 'each once')
  t.equal(anchors.of(nameFrom('EXAMPLE')).length, 1)
  t.equal(anchors.of(nameFrom('com')).length, 0)
  t.same(anchors.closest(nameFrom('www.a.B.example')), nameFrom('a.B.example'))
  t.same(anchors.closest(nameFrom('b.example')), nameFrom('example'))
  t.ok(isRoot(anchors.closest(nameFrom('com'))!))
  t.equal(new TrustAnchors([{ zone: nameFrom('se'), ds }]).closest(nameFrom('nu')), undefined)
  t.equal(new TrustAnchors([]).closest(nameFrom('nu')), undefined)
})
