/** The whole signed root zone of 2020-10-19: every signature, every gap between its names. */
import t from 'tap'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import { proveNameError, proveNoData, proveNoDs } from '../../src/dnssec/denial.ts'
import { checkRrset, type ZoneKeys } from '../../src/dnssec/rrset-signature.ts'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { labelCount, labelsOf, type Name, nameFromLabels, namesEqual, ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { parseNsec } from '../../src/wire/rdata/nsec.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { proofParameters } from '../support/proof.ts'
import { pick, recordsFrom } from '../support/records.ts'
import { absent, sharedOctets } from '../support/shared-data.ts'

const FILE = 'root/root-2020101902-signed.zone.gz'
const KSK_2017 = '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
const p = proofParameters({ at: '2020-10-20T00:00:00Z' })

function readRoot(): { sets: Rrset[]; keys: ZoneKeys } {
  const sets = groupRrsets(readZone(sharedOctets(FILE), { path: FILE }))
  const anchors = anchorsFromRecords(recordsFrom(KSK_2017))
  const verdict = checkDnskeySet(pick(sets, ROOT, TYPE.DNSKEY), { anchors }, ROOT, p)
  if (verdict.status !== 'secure') throw new Error(JSON.stringify(verdict))
  return { sets, keys: verdict.keys }
}

t.test('root zone 2020101902', { skip: absent(FILE) }, async (t) => {
  const { sets, keys } = readRoot()
  const signed = sets.filter((set) => set.signatures.length > 0)

  t.test('all 2,884 signatures verify', async (t) => {
    let count = 0
    for (const set of signed) {
      for (const signature of set.signatures) {
        const verdict = checkRrset({ ...set, signatures: [signature] }, keys, p)
        if (verdict.status !== 'secure') t.fail(verdict.detail)
        count++
      }
    }
    t.equal(count, 2884)
    t.equal(p.keys.importCount, 2, 'two keys, each imported once')
  })

  t.test('one flipped bit in a record or in its signature is bogus', async (t) => {
    let caught = 0
    let tried = 0
    for (let i = 0; i < signed.length; i += 20) {
      const set = signed[i]!
      for (const part of ['rdatas', 'signatures'] as const) {
        const octets = set[part][0]!.slice()
        // The last octet: of the bitmap, the digest, the key, the signature.
        octets[octets.length - 1]! ^= 1
        tried++
        const verdict = checkRrset({ ...set, [part]: [octets, ...set[part].slice(1)] }, keys, p)
        if (verdict.status === 'bogus' && verdict.reason === 'signature-wrong') caught++
      }
    }
    t.ok(tried > 250)
    t.equal(caught, tried)
  })

  t.test('every gap denies a name, a wildcard and nothing else', async (t) => {
    const nsecs = sets.filter((set) => set.type === TYPE.NSEC)
    const apex = pick(sets, ROOT, TYPE.NSEC)
    let proven = 0
    for (const set of nsecs) {
      const proofs = [set, apex].map((rrset) => ({ rrset, wildcard: undefined }))
      const inside = after(set.owner)
      const verdict = proveNameError(inside, ROOT, proofs, p)
      if (verdict.status !== 'secure') t.fail(JSON.stringify(verdict))
      const only = proveNameError(inside, ROOT, [proofs[1]!], p)
      if (set !== apex && only.status !== 'bogus') t.fail(`${formatName(inside)} is denied by the apex alone`)
      const next = parseNsec(set.rdatas[0]!)!.next
      for (const existing of [set.owner, next]) {
        if (proveNameError(existing, ROOT, proofs, p).status !== 'bogus') t.fail(formatName(existing))
      }
      proven++
    }
    t.equal(proven, nsecs.length)
    t.ok(proven > 1500)
  })

  t.test('every delegation is seen as what it is', async (t) => {
    let signedCuts = 0
    let unsigned = 0
    for (const set of sets) {
      if (set.type !== TYPE.NS || labelCount(set.owner) === 0) continue
      const proofs = [{ rrset: pick(sets, set.owner, TYPE.NSEC), wildcard: undefined }]
      const hasDs = sets.some((other) => other.type === TYPE.DS && namesEqual(other.owner, set.owner))
      const { kind } = proveNoDs(set.owner, ROOT, proofs, p)
      if (kind !== (hasDs ? 'bogus' : 'insecure-delegation')) t.fail(`${formatName(set.owner)} ${kind}`)
      // RFC 6840 4.1: the parent's record denies nothing but DS.
      if (proveNoData(set.owner, TYPE.A, ROOT, proofs, p).status !== 'bogus') t.fail(formatName(set.owner))
      const below = nameFromLabels([Buffer.from('www'), ...labelsOf(set.owner)])!
      if (proveNameError(below, ROOT, proofs, p).status !== 'bogus') t.fail(formatName(below))
      if (hasDs) signedCuts++
      else unsigned++
    }
    t.equal(signedCuts, 1372)
    t.equal(signedCuts + unsigned, 1508)
  })

  t.test('NODATA at the apex', async (t) => {
    const proofs = [{ rrset: pick(sets, ROOT, TYPE.NSEC), wildcard: undefined }]
    t.equal(proveNoData(ROOT, TYPE.A, ROOT, proofs, p).status, 'secure')
    t.equal(proveNoData(ROOT, TYPE.DS, ROOT, proofs, p).status, 'secure', 'the root alone denies its own DS')
    t.match(proveNoData(ROOT, TYPE.SOA, ROOT, proofs, p), { status: 'bogus', reason: 'denial-wrong' })
    const foreign = proveNameError(nameFrom('no-such-tld'), nameFrom('com'), proofs, p)
    t.match(foreign, { status: 'bogus', reason: 'denial-wrong' })
  })
})

/** The name right after a top-level name, without room for another between. */
function after(owner: Name): Name {
  const label = labelsOf(owner)[0] ?? new Uint8Array(0)
  return nameFromLabels([Uint8Array.from([...label, 0])])!
}
