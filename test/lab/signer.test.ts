/** What the lab signs, judged by the validator's own code. */
import t from 'tap'
import { octetsEqual } from '../../src/base/octets.ts'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import { checkRrset } from '../../src/dnssec/rrset-signature.ts'
import {
  asRevoked,
  deriveCollidingKeys,
  deriveKey,
  KSK_FLAGS,
  REVOKED_FLAG,
  republishKey,
  ZSK_FLAGS,
} from '../../src/lab/keys.ts'
import { makeDs, signRrset, signZone } from '../../src/lab/signer.ts'
import { combinedKey, splitKeys } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { isRevoked, isZoneKey, parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { proofParameters } from '../support/proof.ts'

const NOW = Date.parse('2026-10-04T14:15:00Z') / 1000
const SPAN = { inception: NOW - 86_400, expiration: NOW + 86_400 }
const ZONE = nameFrom('lab.se')
const ALGORITHMS = [5, 7, 8, 10, 13, 14, 15, 16]

function rrset(text: string): Rrset {
  return groupRrsets(readZone(text, { path: 'test', origin: ZONE, defaultTtlSeconds: 300 }))[0]!
}

t.test('a key follows from its label alone', async (t) => {
  for (const algorithm of ALGORITHMS) {
    const [one, again, other] = ['a', 'a', 'b'].map((label) => deriveKey(label, algorithm, ZSK_FLAGS))
    t.ok(octetsEqual(one!.dnskey, again!.dnskey), `algorithm ${algorithm}`)
    t.notOk(octetsEqual(one!.dnskey, other!.dnskey))
    const parsed = parseDnskey(one!.dnskey)!
    t.equal(parsed.keyTag, one!.keyTag)
    t.equal(parsed.algorithm, algorithm)
  }
})

t.test('every algorithm: signed is secure, altered is bogus', async (t) => {
  for (const algorithm of ALGORITHMS) {
    const key = deriveKey('lab.se ZSK', algorithm, ZSK_FLAGS)
    const zone = { zone: ZONE, keys: [parseDnskey(key.dnskey)!] }
    const set = rrset('www A 192.0.2.1\nwww A 192.0.2.2')
    const signature = signRrset(set, { key, signer: ZONE, span: SPAN })
    const verdict = checkRrset({ ...set, signatures: [signature] }, zone, proofParameters())
    t.match(
      verdict,
      { status: 'secure', keyTag: key.keyTag, algorithm, ttlSeconds: 300 },
      `algorithm ${algorithm}`,
    )
    const altered = { ...set, rdatas: [Uint8Array.of(192, 0, 2, 3)], signatures: [signature] }
    t.match(checkRrset(altered, zone, proofParameters()), { status: 'bogus', reason: 'signature-wrong' })
  }
})

t.test('an unknown algorithm signs noise', async (t) => {
  const key = deriveKey('lab.se ZSK', 200, ZSK_FLAGS)
  const set = rrset('www A 192.0.2.1')
  const signatures = [signRrset(set, { key, signer: ZONE, span: SPAN })]
  const zone = { zone: ZONE, keys: [parseDnskey(key.dnskey)!] }
  t.match(checkRrset({ ...set, signatures }, zone, proofParameters()), {
    status: 'bogus',
    reason: 'signature-missing',
  })
})

t.test('wildcards are signed with one label less', async (t) => {
  const key = deriveKey('lab.se ZSK', ALGORITHM.ED25519, ZSK_FLAGS)
  const zone = { zone: ZONE, keys: [parseDnskey(key.dnskey)!] }
  const set = rrset('*.wild A 192.0.2.1')
  const signatures = [signRrset(set, { key, signer: ZONE, span: SPAN })]
  const expanded = { ...set, owner: nameFrom('a.b.wild.lab.se'), signatures }
  const verdict = checkRrset(expanded, zone, proofParameters())
  t.equal(verdict.status, 'secure')
  t.ok(
    verdict.status === 'secure' &&
      verdict.wildcard !== undefined &&
      namesEqual(verdict.wildcard, nameFrom('wild.lab.se')),
  )
  const literal = checkRrset({ ...set, signatures }, zone, proofParameters())
  t.ok(literal.status === 'secure' && literal.wildcard === undefined)
})

t.test('two keys with one tag, found quickly and for good', async (t) => {
  const [first, second] = deriveCollidingKeys('lab', ALGORITHM.ECDSAP256SHA256, ZSK_FLAGS)
  t.equal(first.keyTag, second.keyTag)
  t.notOk(octetsEqual(first.dnskey, second.dnskey))
  t.ok(octetsEqual(deriveCollidingKeys('lab', ALGORITHM.ECDSAP256SHA256, ZSK_FLAGS)[1].dnskey, second.dnskey))
})

t.test('a key published under other flags', async (t) => {
  const key = deriveKey('lab', ALGORITHM.ED25519, KSK_FLAGS)
  const revoked = parseDnskey(asRevoked(key).dnskey)!
  t.ok(isRevoked(revoked) && isZoneKey(revoked))
  t.equal(revoked.keyTag, (key.keyTag + REVOKED_FLAG) & 0xffff, 'the tag changes by 128 (RFC 5011 2.1)')
  t.notOk(isZoneKey(parseDnskey(republishKey(key, 1).dnskey)!))
})

t.test('DS records lead to the keys, of every digest', async (t) => {
  for (const uses of [
    splitKeys('lab.se', ALGORITHM.ECDSAP384SHA384),
    combinedKey('lab.se', ALGORITHM.ED448),
  ]) {
    const soa = 'lab.se. SOA ns hostmaster 1 2 3 4 300\nlab.se. NS ns\nns A 192.0.2.53'
    const records = readZone(soa, { path: 'test', origin: ZONE, defaultTtlSeconds: 300 })
    const signed = signZone(ZONE, records, { keys: uses, denial: { kind: 'nsec' }, span: SPAN })
    const dnskeys = groupRrsets(signed).find(({ type }) => type === TYPE.DNSKEY)!
    for (const digestType of [DIGEST.SHA1, DIGEST.SHA256, DIGEST.SHA384]) {
      const ds = uses.filter((use) => use.signsKeys).map((use) => makeDs(ZONE, use.key, digestType))
      t.match(
        checkDnskeySet(dnskeys, { ds }, ZONE, proofParameters()),
        { status: 'secure' },
        `digest ${digestType}`,
      )
    }
    const foreign = makeDs(nameFrom('other.se'), uses[0]!.key, DIGEST.SHA256)
    t.match(checkDnskeySet(dnskeys, { ds: [foreign] }, ZONE, proofParameters()), { status: 'bogus' })
  }
})
