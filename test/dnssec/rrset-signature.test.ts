/** Signatures over one RRset: which count, when they hold, and what is said when none does. */
import t from 'tap'
import { checkRrset, rrsetSteps } from '../../src/dnssec/rrset-signature.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { type ProofChoices, proofParameters } from '../support/proof.ts'
import { rrsetFrom } from '../support/records.ts'
import {
  dnskeyOf,
  makeKey,
  rrsigOver,
  type Signing,
  signed,
  type TestKey,
  withFlags,
} from '../support/sign.ts'

const ZONE = nameFrom('example')
const ZSK = makeKey('example')
const A = rrsetFrom('www.example. 3600 A 192.0.2.1\nwww.example. 3600 A 192.0.2.2\n')
const NOW = Date.parse('2026-10-04T14:15:00Z') / 1000
const HOUR = 3600

function check(
  rrset: Rrset,
  choices: ProofChoices = {},
  keys: readonly TestKey[] = [ZSK],
  zone: Name = ZONE,
) {
  return checkRrset(rrset, { zone, keys: keys.map((key) => key.dnskey) }, proofParameters(choices))
}

function reasonOf(how: Signing, choices: ProofChoices = {}): string {
  const verdict = check(signed(A, ZSK, how), choices)
  return verdict.status === 'secure' ? 'secure' : verdict.reason
}

t.test('every algorithm', async (t) => {
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    const key = makeKey('example', algorithm)
    const p = proofParameters()
    const zone = { zone: ZONE, keys: [key.dnskey] }
    t.match(checkRrset(signed(A, key), zone, p), { status: 'secure', keyTag: key.dnskey.keyTag, algorithm })
    const wrong = signed(A, key, { alter: (octets) => flip(octets, octets.length >> 1) })
    t.match(
      checkRrset(wrong, zone, p),
      { status: 'bogus', reason: 'signature-wrong' },
      `algorithm ${algorithm}`,
    )
    for (const cut of [1, 8, 31, 63]) {
      const short = signed(A, key, { alter: (octets) => octets.subarray(0, -cut) })
      t.match(checkRrset(short, zone, p), { status: 'bogus' }, `algorithm ${algorithm}, ${cut} octets short`)
    }
    const long = signed(A, key, { alter: (octets) => Buffer.concat([octets, Buffer.from([1])]) })
    t.match(checkRrset(long, zone, p), { status: 'bogus', reason: 'signature-wrong' })
    const zero = signed(A, key, { alter: (octets) => Buffer.alloc(octets.length) })
    t.match(checkRrset(zero, zone, p), { status: 'bogus', reason: 'signature-wrong' }, 'r = s = 0')
  }
})

t.test('an RSA signature may have leading zeros, or lack them (V31, RFC 3110 3)', async (t) => {
  const key = makeKey('example', ALGORITHM.RSASHA256)
  const padded = signed(A, key, { alter: (octets) => Buffer.concat([Buffer.alloc(2), octets]) })
  t.equal(check(padded, {}, [key]).status, 'secure')
  let shortened: Rrset | undefined
  for (let ttl = 0; shortened === undefined; ttl++) {
    // One signature in 256 begins with a zero octet.
    const rrset = { ...A, ttlSeconds: ttl }
    const isShort = (octets: Buffer): boolean => octets[0] === 0
    let found = false
    const candidate = signed(rrset, key, {
      alter: (octets) => {
        found = isShort(octets)
        return found ? octets.subarray(1) : octets
      },
    })
    if (found) shortened = candidate
  }
  t.equal(check(shortened, {}, [key]).status, 'secure')
})

t.test('canonical form', async (t) => {
  const rrset = rrsetFrom('wWw.ExAmple. 60 MX 10 MaIl.Example.\nwww.example. 60 MX 5 b.example.\n')
  t.equal(check(signed(rrset, ZSK)).status, 'secure', 'owner and RDATA in mixed case')
  const lower = rrsetFrom('www.example. 60 MX 10 mail.example.\nwww.example. 60 MX 5 b.example.\n')
  const crossed = { ...rrset, signatures: signed(lower, ZSK).signatures }
  t.equal(check(crossed).status, 'secure', 'signed in lower case, received in mixed case')

  const upperSigner = signed(A, ZSK, { signer: nameFrom('EXAMPLE') })
  t.equal(check(upperSigner).status, 'secure', 'the signer name is folded')

  const nsec = rrsetFrom('a.example. 60 NSEC NEXT.example. A RRSIG NSEC\n')
  t.equal(check(signed(nsec, ZSK)).status, 'secure')
  const folded = rrsetFrom('a.example. 60 NSEC next.example. A RRSIG NSEC\n')
  const recased = check({ ...nsec, signatures: signed(folded, ZSK).signatures })
  t.match(recased, { reason: 'signature-wrong' }, 'the next name of NSEC is not folded (RFC 6840 5.1)')

  const set = signed(A, ZSK)
  const reversed = { ...set, rdatas: [...set.rdatas].reverse() }
  t.equal(check(reversed).status, 'secure', 'the order received does not matter')
  const twice = { ...set, rdatas: [...set.rdatas, set.rdatas[0]!.slice()] }
  t.equal(check(twice).status, 'secure', 'a record counts once')
  const ns = rrsetFrom('example. 60 NS a.example.\nexample. 60 NS A.example.\n')
  t.equal(ns.rdatas.length, 2)
  t.equal(check(signed(ns, ZSK)).status, 'secure', 'records that differ in case only are one')
  const fewer = { ...set, rdatas: set.rdatas.slice(1) }
  t.match(check(fewer), { reason: 'signature-wrong' }, 'a record is missing')
})

t.test('a large RRset', async (t) => {
  const text = Array.from({ length: 3000 }, (_, i) => `www.example. 60 A 10.0.${i >> 8}.${i & 255}`).join(
    '\n',
  )
  t.equal(check(signed(rrsetFrom(`${text}\n`), ZSK)).status, 'secure')
  t.equal(check(signed(A, ZSK)).status, 'secure', 'and a small one after it')
})

t.test('time', async (t) => {
  t.test('both ends belong to the validity', async (t) => {
    t.equal(reasonOf({ inception: NOW, expiration: NOW + HOUR }), 'secure')
    t.equal(reasonOf({ inception: NOW - HOUR, expiration: NOW }), 'secure')
    t.equal(reasonOf({ inception: NOW + 1, expiration: NOW + HOUR }), 'signature-not-yet-valid')
    t.equal(reasonOf({ inception: NOW - HOUR, expiration: NOW - 1 }), 'signature-expired')
    t.equal(reasonOf({ inception: NOW, expiration: NOW - 1 }), 'signature-expired-before-valid')
  })
  t.test('the detail names RRset, zone, tag and time', async (t) => {
    const verdict = check(signed(A, ZSK, { inception: NOW - 2 * HOUR, expiration: NOW - HOUR }))
    const detail = `www.example. A in example.: RRSIG by tag ${ZSK.dnskey.keyTag} expired 2026-10-04T13:15:00Z`
    t.match(verdict, { reason: 'signature-expired', detail, keyTag: ZSK.dnskey.keyTag, algorithm: 15 })
    const early = check(signed(A, ZSK, { inception: NOW + HOUR, expiration: NOW + 2 * HOUR }))
    t.match(early, { detail: /is valid only from 2026-10-04T15:15:00Z$/ })
  })
  t.test('tolerance: a tenth of the lifetime, within bounds', async (t) => {
    const outcomes = (skewMin: number, skewMax: number, how: Signing): string => {
      const p = { ...proofParameters(), skewSecondsMin: skewMin, skewSecondsMax: skewMax }
      const verdict = checkRrset(signed(A, ZSK, how), { zone: ZONE, keys: [ZSK.dnskey] }, p)
      return verdict.status === 'secure' ? 'secure' : verdict.reason
    }
    const month = 30 * 24 * HOUR
    const late = (by: number): Signing => ({ inception: NOW - by - month, expiration: NOW - by })
    t.equal(outcomes(HOUR, 24 * HOUR, late(24 * HOUR)), 'secure', 'a tenth is more than a day: a day')
    t.equal(outcomes(HOUR, 24 * HOUR, late(24 * HOUR + 1)), 'signature-expired')
    const short = (by: number): Signing => ({ inception: NOW - by - HOUR, expiration: NOW - by })
    t.equal(outcomes(HOUR, 24 * HOUR, short(HOUR)), 'secure', 'a tenth is less than an hour: an hour')
    t.equal(outcomes(HOUR, 24 * HOUR, short(HOUR + 1)), 'signature-expired')
    const middle = (by: number): Signing => ({ inception: NOW + by, expiration: NOW + by + 100 * HOUR })
    t.equal(outcomes(HOUR, 24 * HOUR, middle(10 * HOUR)), 'secure', 'a tenth')
    t.equal(outcomes(HOUR, 24 * HOUR, middle(10 * HOUR + 1)), 'signature-not-yet-valid')
    t.equal(outcomes(0, 0, short(1)), 'signature-expired', 'none')
  })
  t.test('serial arithmetic over 2106 (RFC 4034 3.1.5)', async (t) => {
    const wrapped: Signing = { inception: 2 ** 32 - 100, expiration: 1000 }
    for (const [at, expected] of [
      [2 ** 32 - 101, 'signature-not-yet-valid'],
      [2 ** 32 - 100, 'secure'],
      [2 ** 32 + 500, 'secure'],
      [2 ** 32 + 1001, 'signature-expired'],
      [Date.parse('2106-02-07T06:28:16Z') / 1000, 'secure'],
    ] as const) {
      t.equal(reasonOf(wrapped, { at }), expected, `at ${at}`)
    }
    const in2038: Signing = { inception: '2038-01-18T00:00:00Z', expiration: '2038-01-20T00:00:00Z' }
    t.equal(reasonOf(in2038, { at: '2038-01-19T03:14:08Z' }), 'secure')
    const verdict = check(signed(A, ZSK, wrapped), { at: 2 ** 32 + 5000 })
    t.match(verdict, { detail: /expired 2106-02-07T06:44:56Z$/ }, 'told as the time it means')
  })
})

t.test('TTL: the least of received, original and what is left', async (t) => {
  const ttlOf = (ttlSeconds: number, how: Signing, choices: ProofChoices = {}): number => {
    const verdict = check(signed({ ...A, ttlSeconds }, ZSK, how), choices)
    return verdict.status === 'secure' ? verdict.ttlSeconds : -1
  }
  const ahead = (seconds: number): Signing => ({ inception: NOW - HOUR, expiration: NOW + seconds })
  t.equal(ttlOf(300, { ...ahead(HOUR), originalTtlSeconds: 3600 }), 300)
  t.equal(ttlOf(86_400, { ...ahead(HOUR), originalTtlSeconds: 60 }), 60)
  t.equal(ttlOf(86_400, { ...ahead(10), originalTtlSeconds: 86_400 }), 10)
  t.equal(
    ttlOf(300, { ...ahead(-60), originalTtlSeconds: 300 }, { skewSeconds: HOUR }),
    0,
    'within the tolerance',
  )
})

t.test('labels and wildcards', async (t) => {
  const expanded = (owner: string, wildcard: string): Rrset => {
    const rrset = { ...A, owner: nameFrom(owner) }
    return signed(rrset, ZSK, { signedOwner: nameFrom(wildcard) })
  }
  t.match(check(expanded('a.b.w.example', '*.w.example')), {
    status: 'secure',
    wildcard: nameFrom('w.example'),
  })
  t.match(check(expanded('a.example', '*.example')), { status: 'secure', wildcard: ZONE })
  const literal = { ...A, owner: nameFrom('*.w.example') }
  t.match(
    check(signed(literal, ZSK)),
    { status: 'secure', wildcard: undefined },
    'the wildcard asked for itself',
  )
  const starred = expanded('*.a.w.example', '*.w.example')
  t.match(check(starred), { status: 'secure', wildcard: nameFrom('w.example') }, 'a star made from a star')
  const inside = signed({ ...A, owner: nameFrom('a.*.example') }, ZSK)
  t.match(check(inside), { status: 'secure', wildcard: undefined }, 'a star within is a label like others')

  t.match(
    check(signed(A, ZSK, { labels: 3 })),
    { reason: 'signature-malformed' },
    'more labels than the owner',
  )
  const outside = signed(A, ZSK, { signedOwner: nameFrom('*.'), labels: 0 })
  t.match(check(outside), { reason: 'signature-malformed' }, 'fewer labels than the signer (A13)')
  const evil = makeKey('evil.test')
  const victim = { ...A, owner: nameFrom('other.test') }
  const forged = signed(victim, evil, { signedOwner: nameFrom('*.test') })
  t.match(check(forged, {}, [evil], evil.zone), { status: 'bogus' }, 'a name outside the zone (A13)')
  const own = { ...A, owner: nameFrom('www.evil.test') }
  const wide = signed(own, evil, { signedOwner: nameFrom('*.test') })
  t.match(check(wide, {}, [evil], evil.zone), { reason: 'signature-malformed' })

  const ds = rrsetFrom('child.example. 60 DS 1 8 2 00112233\n')
  const wildDs = signed(ds, ZSK, { signedOwner: nameFrom('*.example') })
  t.match(check(wildDs), { reason: 'signature-malformed' }, 'no wildcard makes delegations')
  const root = makeKey('.')
  t.match(check(signed({ ...A, owner: ROOT }, root), {}, [root], ROOT), {
    status: 'secure',
    wildcard: undefined,
  })
})

t.test('who signs', async (t) => {
  const other = makeKey('com')
  t.match(check(signed(A, other)), { reason: 'signature-missing', detail: /only an RRSIG by com\./ })
  t.match(check(A), { reason: 'signature-missing', detail: 'www.example. A in example.: no RRSIG' })
  const child = makeKey('child.example')
  const ds = rrsetFrom('child.example. 60 DS 1 8 2 00112233\n')
  const byChild = check(signed(ds, child), {}, [child], child.zone)
  t.match(byChild, { reason: 'signature-missing', detail: /comes from the child/ })
  t.equal(check(signed(ds, ZSK)).status, 'secure')
  const unknown = signed(A, ZSK, { algorithm: 200 })
  t.match(
    check(unknown),
    { reason: 'signature-missing', detail: /unsupported algorithm/ },
    'stripped by renumbering (A18)',
  )
  const garbage = { ...A, signatures: [Uint8Array.of(0, 1, 15, 2)] }
  t.match(check(garbage), { reason: 'signature-malformed' })
  const offType = { ...A, signatures: [rrsigOver({ ...A, type: TYPE.TXT }, ZSK)] }
  t.match(check(offType), { reason: 'signature-malformed' })
})

t.test('keys that must not sign', async (t) => {
  const revoked = withFlags(ZSK, 0x0181)
  t.match(check(signed(A, revoked), {}, [revoked]), { reason: 'key-revoked' })
  const noZone = withFlags(ZSK, 0x0001)
  t.match(check(signed(A, noZone), {}, [noZone]), { reason: 'no-zone-key' })
  const protocol = withFlags(ZSK, 257, 4)
  t.match(check(signed(A, protocol), {}, [protocol]), { reason: 'no-zone-key' })
  const withoutSep = withFlags(ZSK, 256)
  t.equal(check(signed(A, withoutSep), {}, [withoutSep]).status, 'secure', 'SEP is a hint')
  const stranger = makeKey('example')
  t.match(check(signed(A, stranger)), { reason: 'dnskey-missing', detail: /matches no DNSKEY$/ })
  const broken = { ...ZSK, dnskey: dnskeyOf(257, 3, ALGORITHM.ED25519, new Uint8Array(31)) }
  t.match(check(signed(A, broken), {}, [broken]), { reason: 'dnskey-unusable' })
})

t.test('several signatures', async (t) => {
  const flipLast = (octets: Buffer): Buffer => flip(octets, octets.length - 1)
  const good = signed(A, ZSK).signatures[0]!
  const wrong = signed(A, ZSK, { alter: flipLast }).signatures[0]!
  const expired = signed(A, ZSK, { inception: NOW - 9 * HOUR, expiration: NOW - HOUR }).signatures[0]!
  const foreign = signed(A, makeKey('com')).signatures[0]!
  const unpublished = signed(A, makeKey('example')).signatures[0]!
  t.test('one valid one is enough, in any order', async (t) => {
    for (const signatures of [
      [good, wrong],
      [wrong, good],
      [expired, foreign, unpublished, wrong, good],
    ]) {
      t.equal(check({ ...A, signatures }).status, 'secure')
    }
  })
  t.test('the most telling fault is reported, in any order', async (t) => {
    const ladder = [foreign, unpublished, wrong, expired]
    const reasons = ['signature-missing', 'dnskey-missing', 'signature-wrong', 'signature-expired']
    for (let i = 0; i < ladder.length; i++) {
      for (let j = 0; j <= i; j++) {
        for (const signatures of [
          [ladder[i]!, ladder[j]!],
          [ladder[j]!, ladder[i]!],
        ]) {
          t.match(check({ ...A, signatures }), { reason: reasons[i] })
        }
      }
    }
  })
})

t.test('in steps: one ends after each signature that is wrong', async (t) => {
  const flipLast = (octets: Buffer): Buffer => flip(octets, octets.length - 1)
  const good = signed(A, ZSK).signatures[0]!
  const wrong = signed(A, ZSK, { alter: flipLast }).signatures[0]!
  for (const count of [0, 1, 5]) {
    const rrset = { ...A, signatures: [...Array.from({ length: count }, () => wrong), good] }
    const steps = rrsetSteps(rrset, { zone: ZONE, keys: [ZSK.dnskey] }, proofParameters({}))
    for (let i = 0; i < count; i++) t.same(steps.next(), { done: false, value: undefined })
    t.match(steps.next(), { done: true, value: { status: 'secure' } })
  }
})

t.test('an unpublished key of the same tag: bogus, not missing (V23)', async (t) => {
  const stranger = makeKey('example')
  const verdict = check(signed(A, stranger, { keyTag: ZSK.dnskey.keyTag }))
  t.match(verdict, { reason: 'signature-wrong', keyTag: ZSK.dnskey.keyTag })
})

function flip(octets: Buffer, at: number): Buffer {
  const changed = Buffer.from(octets)
  changed[at]! ^= 1
  return changed
}
