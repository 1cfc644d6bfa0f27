/** The example answers of RFC 4035 appendix B and RFC 5155 appendix B, signatures and all. */
import t from 'tap'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import {
  type DenialRecord,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcardAnswer,
} from '../../src/dnssec/denial.ts'
import { checkRrset, type ZoneKeys } from '../../src/dnssec/rrset-signature.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { proofParameters } from '../support/proof.ts'
import { pick, rrsetsFrom } from '../support/records.ts'
import { RFC4035_ZONE, RFC5155_ZONE } from './example-zones.ts'

const EXAMPLE = nameFrom('example')
const MX = TYPE.MX
const W = nameFrom('w.example')

t.test('RFC 4035', async (t) => {
  const p = proofParameters({ at: '2004-04-20T00:00:00Z' })
  const sets = rrsetsFrom(RFC4035_ZONE)
  const dnskeys = pick(sets, EXAMPLE, TYPE.DNSKEY)
  const ksk = dnskeys.rdatas.find((rdata) => parseDnskey(rdata)!.keyTag === 9465)!
  const verdict = checkDnskeySet(dnskeys, { anchors: [{ zone: EXAMPLE, dnskey: ksk }] }, EXAMPLE, p)
  t.match(verdict, { status: 'secure', keyTag: 9465, algorithm: 5 })
  const keys = (verdict as { keys: ZoneKeys }).keys
  const nsec = (...owners: string[]): DenialRecord[] =>
    owners.map((owner) => verified(pick(sets, owner, TYPE.NSEC), keys, p))

  t.test('every RRset of the zone verifies', async (t) => {
    for (const set of sets.filter(({ signatures }) => signatures.length > 0)) {
      t.match(checkRrset(set, keys, p), { status: 'secure', wildcard: undefined })
    }
  })
  t.test('B.2 name error', async (t) => {
    const ml = nameFrom('ml.example')
    t.match(proveNameError(ml, EXAMPLE, nsec('b.example', 'example'), p), {
      status: 'secure',
      closestEncloser: EXAMPLE,
    })
    t.match(proveNameError(ml, EXAMPLE, nsec('b.example'), p), { reason: 'denial-missing' })
    t.match(proveNameError(ml, EXAMPLE, nsec('example'), p), { reason: 'denial-missing' })
    t.match(proveNameError(ml, EXAMPLE, [], p), { reason: 'denial-missing' })
  })
  t.test('B.3 no data', async (t) => {
    const ns1 = nameFrom('ns1.example')
    t.same(proveNoData(ns1, MX, EXAMPLE, nsec('ns1.example'), p), { status: 'secure' })
    t.match(proveNoData(ns1, TYPE.A, EXAMPLE, nsec('ns1.example'), p), { reason: 'denial-wrong' })
  })
  t.test('B.5 referral to an unsigned zone', async (t) => {
    const b = nameFrom('b.example')
    t.same(proveNoDs(b, EXAMPLE, nsec('b.example'), p), {
      kind: 'insecure-delegation',
      reason: 'unsigned-delegation',
      detail: '',
    })
    const below = proveNoDs(nameFrom('mc.b.example'), EXAMPLE, nsec('b.example'), p)
    t.match(below, { kind: 'bogus' }, 'the cut says nothing of names below it')
  })
  t.test('B.6 wildcard expansion', async (t) => {
    const qname = nameFrom('a.z.w.example')
    const expanded = checkRrset({ ...pick(sets, '*.w.example', MX), owner: qname }, keys, p)
    t.match(expanded, { status: 'secure', wildcard: W })
    t.match(proveWildcardAnswer(qname, W, EXAMPLE, nsec('x.y.w.example'), p), { status: 'secure' })
    const without = proveWildcardAnswer(qname, W, EXAMPLE, nsec('b.example'), p)
    t.match(without, { reason: 'wildcard-proof-missing' })
  })
  t.test('B.7 wildcard no data', async (t) => {
    const qname = nameFrom('a.z.w.example')
    const proofs = nsec('x.y.w.example', '*.w.example')
    t.same(proveNoData(qname, TYPE.AAAA, EXAMPLE, proofs, p), { status: 'secure', closestEncloser: W })
    t.match(proveNoData(qname, MX, EXAMPLE, proofs, p), { reason: 'denial-wrong' }, 'the wildcard has MX')
    t.match(proveNoData(qname, TYPE.AAAA, EXAMPLE, nsec('x.y.w.example'), p), { reason: 'denial-missing' })
    t.match(proveNoData(qname, TYPE.AAAA, EXAMPLE, nsec('*.w.example'), p), { reason: 'denial-missing' })
  })
  t.test('B.8 the child denies its own DS', async (t) => {
    t.match(proveNoData(EXAMPLE, TYPE.DS, EXAMPLE, nsec('example'), p), { reason: 'denial-wrong' })
    t.match(proveNoDs(EXAMPLE, EXAMPLE, nsec('example'), p), { kind: 'bogus', reason: 'denial-wrong' })
  })
  t.test('an empty non-terminal has no data but exists', async (t) => {
    const w = nameFrom('w.example')
    const proof = nsec('ns1.example')
    // ns1 to ns2 does not reach w: only the NSEC before *.w does, which the examples do not show.
    t.match(proveNoData(w, TYPE.A, EXAMPLE, proof, p), { reason: 'denial-missing' })
  })
})

t.test('RFC 5155', async (t) => {
  const p = proofParameters({ at: '2010-01-01T00:00:00Z' })
  const sets = rrsetsFrom(RFC5155_ZONE)
  const keys = { zone: EXAMPLE, keys: [parseDnskey(pick(sets, EXAMPLE, TYPE.DNSKEY).rdatas[0]!)!] }
  const nsec3 = (...hashes: string[]): DenialRecord[] =>
    hashes.map((hash) => {
      const set = sets.find((one) => one.type === TYPE.NSEC3 && ownerText(one).startsWith(hash))!
      return verified(set, keys, p)
    })

  t.test('B.1 name error; the next closer name lies in an opt-out span', async (t) => {
    const qname = nameFrom('a.c.x.w.example')
    const proofs = nsec3('0p9m', 'b4um', '35mt')
    const verdict = proveNameError(qname, EXAMPLE, proofs, p)
    t.match(verdict, { status: 'insecure', reason: 'opt-out', closestEncloser: nameFrom('x.w.example') })
    for (const left of ['b4um', '35mt', '0p9m']) {
      const some = nsec3(...['0p9m', 'b4um', '35mt'].filter((hash) => hash !== left))
      t.match(proveNameError(qname, EXAMPLE, some, p), { reason: 'denial-missing' }, `without ${left}`)
    }
  })
  t.test('B.2 no data', async (t) => {
    const ns1 = nameFrom('ns1.example')
    t.same(proveNoData(ns1, MX, EXAMPLE, nsec3('2t7b'), p), { status: 'secure' })
    t.match(proveNoData(ns1, TYPE.A, EXAMPLE, nsec3('2t7b'), p), { reason: 'denial-wrong' })
  })
  t.test('B.2.1 no data at an empty non-terminal', async (t) => {
    const y = nameFrom('y.w.example')
    t.same(proveNoData(y, TYPE.A, EXAMPLE, nsec3('ji6n'), p), { status: 'secure' })
    t.match(proveNameError(y, EXAMPLE, nsec3('ji6n', '0p9m', 'k8ud'), p), { status: 'bogus' })
    t.match(proveNoDs(y, EXAMPLE, nsec3('ji6n'), p), { kind: 'not-a-cut' })
  })
  t.test('B.3 referral to an unsigned zone within an opt-out span', async (t) => {
    const c = nameFrom('c.example')
    t.match(proveNoDs(c, EXAMPLE, nsec3('35mt', '0p9m'), p), { kind: 'opt-out', reason: 'opt-out' })
    t.match(proveNoDs(c, EXAMPLE, nsec3('35mt'), p), { kind: 'bogus', reason: 'denial-missing' })
    t.match(proveNoData(c, TYPE.DS, EXAMPLE, nsec3('35mt', '0p9m'), p), { status: 'insecure' })
  })
  t.test('B.4 wildcard expansion', async (t) => {
    const qname = nameFrom('a.z.w.example')
    const expanded = checkRrset({ ...pick(sets, '*.w.example', MX), owner: qname }, keys, p)
    t.match(expanded, { status: 'secure', wildcard: W })
    const proof = proveWildcardAnswer(qname, W, EXAMPLE, nsec3('q04j'), p)
    t.match(proof, { status: 'insecure', reason: 'opt-out' })
    t.match(proveWildcardAnswer(qname, W, EXAMPLE, nsec3('b4um'), p), { reason: 'wildcard-proof-missing' })
  })
  t.test('B.5 wildcard no data', async (t) => {
    const qname = nameFrom('a.z.w.example')
    const proofs = nsec3('k8ud', 'q04j', 'r53b')
    t.match(proveNoData(qname, TYPE.AAAA, EXAMPLE, proofs, p), { status: 'insecure', reason: 'opt-out' })
    t.match(proveNoData(qname, MX, EXAMPLE, proofs, p), { reason: 'denial-wrong' })
  })
  t.test('B.6 the child denies its own DS', async (t) => {
    t.match(proveNoData(EXAMPLE, TYPE.DS, EXAMPLE, nsec3('0p9m'), p), { reason: 'denial-wrong' })
  })
})

function ownerText(set: Rrset): string {
  return Buffer.from(set.owner.subarray(1, 33)).toString('latin1').toLowerCase()
}

function verified(rrset: Rrset, keys: ZoneKeys, p: ReturnType<typeof proofParameters>): DenialRecord {
  const verdict = checkRrset(rrset, keys, p)
  if (verdict.status !== 'secure') throw new Error(verdict.detail)
  return { rrset, wildcard: verdict.wildcard }
}
