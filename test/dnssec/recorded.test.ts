/** Data recorded from the real DNS, judged at the time it was recorded. */
import t from 'tap'
import { checkDnskeySet } from '../../src/dnssec/delegation.ts'
import { proveNameError, proveNoData } from '../../src/dnssec/denial.ts'
import { checkRrset, type ZoneKeys } from '../../src/dnssec/rrset-signature.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { type Name, namesEqual, ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'
import { figure } from '../attacks/row.ts'
import { proofParameters } from '../support/proof.ts'
import { pick, recordsFrom, rrsetsFrom } from '../support/records.ts'
import { absent, capturedMessage, sharedLines } from '../support/shared-data.ts'

const CAPTURES = 'captures-2026-10-04'
const KSK_2017 = '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n'
const KSK_2024 = '. DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n'
const COM = nameFrom('com')
const CLOUDFLARE = nameFrom('cloudflare.com')

function anchors(text: string): TrustAnchor[] {
  return anchorsFromRecords(recordsFrom(text))
}

function setsOf(file: string): Rrset[] {
  const { answer, authority } = parseMessage(capturedMessage(`${CAPTURES}/${file}.hex`))
  return groupRrsets([...answer, ...authority])
}

t.test('packets of 2026-10-04', { skip: absent(CAPTURES) }, async (t) => {
  const p = proofParameters()
  const rootKeys = keysOf(pick(setsOf('root-dnskey'), ROOT, TYPE.DNSKEY), ROOT, {
    anchors: anchors(KSK_2017 + KSK_2024),
  })
  const comDs = pick(setsOf('root-referral-com'), COM, TYPE.DS)
  const comKeys = keysOf(pick(setsOf('com-dnskey'), COM, TYPE.DNSKEY), COM, { ds: comDs.rdatas })

  function keysOf(set: Rrset, zone: Name, trust: Parameters<typeof checkDnskeySet>[1]): ZoneKeys {
    const verdict = checkDnskeySet(set, trust, zone, p)
    if (verdict.status !== 'secure') throw new Error(JSON.stringify(verdict))
    return verdict.keys
  }

  /** The NSEC and NSEC3 RRsets of a capture, each verified. */
  function verified(sets: readonly Rrset[], keys: ZoneKeys): { rrset: Rrset; wildcard: Name | undefined }[] {
    return sets
      .filter((set) => set.type === TYPE.NSEC || set.type === TYPE.NSEC3 || set.type === TYPE.SOA)
      .map((rrset) => {
        const verdict = checkRrset(rrset, keys, p)
        if (verdict.status !== 'secure') throw new Error(verdict.detail)
        return { rrset, wildcard: verdict.wildcard }
      })
  }

  t.test('the root DNSKEY set is vouched for by KSK-2017; KSK-2024 has not signed it yet', async (t) => {
    const set = pick(setsOf('root-dnskey'), ROOT, TYPE.DNSKEY)
    t.match(checkDnskeySet(set, { anchors: anchors(KSK_2017) }, ROOT, p), { status: 'secure', keyTag: 20326 })
    t.match(checkDnskeySet(set, { anchors: anchors(KSK_2024) }, ROOT, p), {
      status: 'bogus',
      reason: 'dnskey-missing',
      detail: /signed by tag 20326, not by the key of its trust anchor \(tag 38696\)/,
    })
    const all = set.rdatas.map((rdata) => parseDnskey(rdata)!.keyTag)
    t.ok(all.includes(38696), 'both are in the set')
    t.equal(rootKeys.keys.length, all.length)
  })

  t.test('the DS set of com is signed by the root', async (t) => {
    t.match(checkRrset(comDs, rootKeys, p), { status: 'secure', wildcard: undefined })
    t.match(checkRrset(comDs, comKeys, p), { status: 'bogus' })
  })

  t.test('NXDOMAIN of the root, by NSEC', async (t) => {
    const proofs = verified(setsOf('root-nxdomain'), rootKeys)
    const qname = nameFrom('no-such-tld')
    t.same(proveNameError(qname, ROOT, proofs, p), { status: 'secure', closestEncloser: ROOT })
    for (const left of proofs.filter(({ rrset }) => rrset.type === TYPE.NSEC)) {
      const verdict = proveNameError(qname, ROOT, [left], p)
      t.match(verdict, { status: 'bogus', reason: 'denial-missing' }, 'both records are needed')
    }
    t.match(proveNameError(nameFrom('se'), ROOT, proofs, p), { status: 'bogus' })
  })

  t.test('NXDOMAIN of com, by NSEC3 with opt-out: never secure (RFC 5155 9.2)', async (t) => {
    const proofs = verified(setsOf('com-nxdomain-nsec3-optout'), comKeys)
    const qname = nameFrom('no-such-name-dnsbox-1234.com')
    const verdict = proveNameError(qname, COM, proofs, p)
    t.match(verdict, { status: 'insecure', reason: 'opt-out' })
    t.match(proveNameError(nameFrom('another-name.com'), COM, proofs, p), { status: 'bogus' })
  })

  t.test('compact denial of cloudflare.com (V35, RFC 9824)', async (t) => {
    const set = pick(setsOf('cloudflare-com-dnskey'), CLOUDFLARE, TYPE.DNSKEY)
    const trust = { anchors: set.rdatas.map((dnskey) => ({ zone: CLOUDFLARE, dnskey })) }
    const keys = keysOf(set, CLOUDFLARE, trust)
    const message = parseMessage(capturedMessage(`${CAPTURES}/cloudflare-com-compact-denial.hex`))
    const proofs = verified(groupRrsets(message.authority), keys)
    const { name } = message.questions[0]!
    t.same(proveNoData(name, TYPE.A, CLOUDFLARE, proofs, p), { status: 'secure', nxname: true })
    t.same(proveNameError(name, CLOUDFLARE, proofs, p), { status: 'secure', nxname: true })
    t.match(proveNoData(CLOUDFLARE, TYPE.A, CLOUDFLARE, proofs, p), { status: 'bogus' })
  })

  t.test('one flipped bit anywhere in a signed RRset is bogus', async (t) => {
    for (let octet = 0; octet < comDs.rdatas[0]!.length; octet++) {
      const rdata = comDs.rdatas[0]!.slice()
      rdata[octet]! ^= 1 << (octet % 8)
      const verdict = checkRrset({ ...comDs, rdatas: [rdata] }, rootKeys, p)
      if (verdict.status !== 'bogus') t.fail(`octet ${octet} of the DS record`)
    }
    for (let octet = 0; octet < comDs.signatures[0]!.length; octet++) {
      const rrsig = comDs.signatures[0]!.slice()
      rrsig[octet]! ^= 1 << (octet % 8)
      const verdict = checkRrset({ ...comDs, signatures: [rrsig] }, rootKeys, p)
      if (verdict.status !== 'bogus') t.fail(`octet ${octet} of the RRSIG`)
    }
  })
})

interface KeySetLine {
  readonly serial: string
  readonly ttl: number
  readonly committed: string
  readonly dnskey: readonly string[]
  readonly rrsig: readonly string[]
}

interface SoaLine {
  readonly serial: string
  readonly ttl: number
  readonly soa: string
  readonly rrsig: readonly string[]
}

const KEY_HISTORY = 'root/dnskey-history-2023-2025.jsonl.gz'
const SOA_HISTORY = 'root/soa-history-2023-2025.jsonl.gz'

t.test('two years of root keys', { skip: absent(KEY_HISTORY) || absent(SOA_HISTORY) }, async (t) => {
  const history = sharedLines<KeySetLine>(KEY_HISTORY).map((line) => {
    const texts = [
      ...line.dnskey.map((rdata) => `DNSKEY ${rdata}`),
      ...line.rrsig.map((rdata) => `RRSIG ${rdata}`),
    ]
    const [set] = rrsetsFrom(texts.map((text) => `. ${line.ttl} IN ${text}\n`).join(''))
    return { serial: Number(line.serial), committed: line.committed, set: set! }
  })

  t.test('each DNSKEY set is vouched for by KSK-2017 at its time, and not a month later', async (t) => {
    let secure = 0
    for (const { committed, set } of history) {
      const at = Date.parse(committed) / 1000
      const trust = { anchors: anchors(KSK_2017) }
      const now = checkDnskeySet(set, trust, ROOT, proofParameters({ at }))
      if (now.status === 'secure' && now.keyTag === 20326) secure++
      const late = checkDnskeySet(set, trust, ROOT, proofParameters({ at: at + 31 * 86_400 }))
      t.match(late, { status: 'bogus', reason: 'signature-expired' })
    }
    t.equal(secure, 78)
  })

  t.test('each SOA verifies with the keys of its time', async (t) => {
    const lines = sharedLines<SoaLine>(SOA_HISTORY)
    let secure = 0
    for (const line of lines) {
      const texts = [`SOA ${line.soa}`, ...line.rrsig.map((rdata) => `RRSIG ${rdata}`)]
      const [set] = rrsetsFrom(texts.map((text) => `. ${line.ttl} IN ${text}\n`).join(''))
      const keySet = history.findLast(({ serial }) => serial <= Number(line.serial))!.set
      const keys = keySet.rdatas.map((rdata) => parseDnskey(rdata)!)
      const { inception } = parseRrsig(set!.signatures[0]!)!
      const p = proofParameters({ at: inception + 3600 })
      const verdict = checkRrset(set!, { zone: ROOT, keys }, p)
      if (verdict.status === 'secure') secure++
      else t.fail(verdict.detail)
    }
    t.equal(secure, lines.length)
    t.equal(secure, 1978)
  })
})

interface PacketLine {
  readonly time: number
  readonly wire: string
}

const PACKETS = 'zonemaster/real-se-2025-11-14.jsonl.gz'

t.test(
  'the chain root, se of 2025-11-14, and nic.se, afnic.fr by their own keys (V49)',
  {
    skip: absent(PACKETS) || absent(KEY_HISTORY),
  },
  async (t) => {
    const at = '2025-11-14T10:13:53Z'
    const p = proofParameters({ at })
    const sets = sharedLines<PacketLine>(PACKETS)
      .map((line) => parseMessage(Buffer.from(line.wire, 'base64')))
      .flatMap(({ answer, authority }) => groupRrsets([...answer, ...authority]))
    const line = sharedLines<KeySetLine>(KEY_HISTORY).findLast(({ serial }) => serial <= '2025111000')!
    const texts = [
      ...line.dnskey.map((rdata) => `DNSKEY ${rdata}`),
      ...line.rrsig.map((rdata) => `RRSIG ${rdata}`),
    ]
    const [rootSet] = rrsetsFrom(texts.map((text) => `. ${line.ttl} IN ${text}\n`).join(''))
    const keysOf = (set: Rrset, trust: Parameters<typeof checkDnskeySet>[1], zone: Name): ZoneKeys => {
      const verdict = checkDnskeySet(set, trust, zone, p)
      if (verdict.status !== 'secure') throw new Error(JSON.stringify(verdict))
      return verdict.keys
    }
    const signedSet = (zone: Name, type: number): Rrset =>
      pick(
        sets.filter((set) => set.signatures.length > 0),
        zone,
        type,
      )

    const SE = nameFrom('se')
    const rootKeys = keysOf(rootSet!, { anchors: anchors(KSK_2017) }, ROOT)
    const ds = signedSet(SE, TYPE.DS)
    t.match(checkRrset(ds, rootKeys, p), { status: 'secure' })
    const zones = new Map([['se', keysOf(signedSet(SE, TYPE.DNSKEY), { ds: ds.rdatas }, SE)]])
    for (const text of ['nic.se', 'afnic.fr']) {
      const zone = nameFrom(text)
      const set = signedSet(zone, TYPE.DNSKEY)
      zones.set(text, keysOf(set, { anchors: set.rdatas.map((dnskey) => ({ zone, dnskey })) }, zone))
    }
    for (const [zone, keys] of zones) {
      const types = new Set<number>()
      let flipped = 0
      for (const set of sets) {
        if (!set.signatures.some((rdata) => namesEqual(parseRrsig(rdata)!.signer, keys.zone))) continue
        const verdict = checkRrset(set, keys, p)
        if (verdict.status !== 'secure') t.fail(verdict.detail)
        types.add(set.type)
        const rdata = set.rdatas[0]!.slice()
        // The last octet: no name ends there with a letter, whose case would not matter.
        rdata[rdata.length - 1]! ^= 1
        const changed = checkRrset({ ...set, rdatas: [rdata, ...set.rdatas.slice(1)] }, keys, p)
        if (changed.status === 'secure') t.fail(`${zone} ${set.type} with a flipped bit`)
        flipped++
      }
      t.ok(
        types.has(TYPE.SOA) && types.has(TYPE.DNSKEY),
        `${zone}: ${flipped} RRsets of types ${[...types].join(' ')}`,
      )
      figure(t, 'V49', `${zone}: ${flipped} RRsets secure, each bogus with a bit flipped`)
    }
  },
)
