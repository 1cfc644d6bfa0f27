/** What the lab's authority answers, verified by the validator's own code: signatures, and every kind of denial. */
import t, { type Test } from 'tap'
import {
  type DenialRecord,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcardAnswer,
} from '../../src/dnssec/denial.ts'
import { checkRrset, type ZoneKeys } from '../../src/dnssec/rrset-signature.ts'
import { authorityOf } from '../../src/lab/authority.ts'
import type { Denial } from '../../src/lab/denial-chain.ts'
import type { ServedZone } from '../../src/lab/served-zone.ts'
import { makeDs } from '../../src/lab/signer.ts'
import { buildZone, combinedKey, splitKeys } from '../../src/lab/zone.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { lastLabels, type Name, namesEqual } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { targetName } from '../../src/wire/rdata/target.ts'
import { groupRrsets, type ResourceRecord } from '../../src/wire/record.ts'
import { writeQuery } from '../../src/wire/writer.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { proofParameters } from '../support/proof.ts'

const NOW = Date.parse('2026-10-04T14:15:00Z') / 1000
const SPAN = { inception: NOW - 86_400, expiration: NOW + 86_400 }
const APEX = nameFrom('lab.se')
const CHILD = nameFrom('signed.lab.se')
const KEYS = splitKeys('lab.se', ALGORITHM.ECDSAP256SHA256)

const CONTENT = `
@ SOA ns hostmaster 1 3600 900 604800 300
@ NS ns
ns A 192.0.2.53
www A 192.0.2.80
*.wild A 192.0.2.81
host.wild A 192.0.2.82
a.ent A 192.0.2.83
alias CNAME www
chain CNAME alias
out CNAME www.elsewhere.nu.
*.any CNAME www
tree DNAME branch
leaf.branch A 192.0.2.84
long DNAME ${'x'.repeat(63)}.${'y'.repeat(63)}.lab.se.
signed NS ns.signed
ns.signed A 192.0.2.54
unsigned NS ns.unsigned
ns.unsigned A 192.0.2.55
below.mid NS ns.unsigned
large TXT ${`"${'z'.repeat(200)}" `.repeat(8)}
`

function makeZone(denial: Denial): ServedZone {
  const records = readZone(CONTENT, { path: 'test', origin: APEX, defaultTtlSeconds: 300 })
  const childKey = combinedKey('signed.lab.se', ALGORITHM.ED25519)[0]!.key
  const ds: ResourceRecord = {
    owner: CHILD,
    type: TYPE.DS,
    class: CLASS.IN,
    ttlSeconds: 300,
    rdata: makeDs(CHILD, childKey, DIGEST.SHA256),
  }
  return buildZone({ apex: APEX, records: [...records, ds], signing: { keys: KEYS, denial, span: SPAN } })
}

const NSEC3 = { kind: 'nsec3', iterations: 1, salt: Uint8Array.of(0xaa), optOut: false } as const
const DENIALS = new Map<string, Denial>([
  ['NSEC', { kind: 'nsec' }],
  ['NSEC3', NSEC3],
  ['NSEC3 opt-out', { ...NSEC3, optOut: true }],
])
const ZONE_KEYS: ZoneKeys = { zone: APEX, keys: KEYS.map(({ key }) => parseDnskey(key.dnskey)!) }

interface QueryChoices {
  readonly dnssec?: boolean
  readonly edns?: boolean
  readonly transport?: 'udp' | 'tcp'
  readonly class?: number
}

function ask(zones: readonly ServedZone[], name: string, type: number, choices: QueryChoices = {}): Message {
  const { dnssec = true, edns = true, transport = 'udp' } = choices
  const query = writeQuery({
    id: 4711,
    question: { name: nameFrom(name), type, class: choices.class ?? CLASS.IN },
    rd: false,
    cd: false,
    ...(edns ? { edns: { version: 0, udpPayloadOctets: 1232, do: dnssec, flags: 0, options: [] } } : {}),
  })
  const [reply] = authorityOf(zones)(query, transport)
  return parseMessage(reply!.message)
}

/** Verifies every RRset that the zone must have signed; returns the denial records. */
function verified(t: Test, records: readonly ResourceRecord[]): DenialRecord[] {
  const proofs: DenialRecord[] = []
  for (const rrset of groupRrsets(records)) {
    const referral = rrset.type === TYPE.NS && !namesEqual(rrset.owner, APEX)
    if (referral || isSynthesized(rrset.owner, rrset.type)) continue
    const verdict = checkRrset(rrset, ZONE_KEYS, proofParameters())
    t.equal(verdict.status, 'secure', `${formatName(rrset.owner)} ${formatType(rrset.type)} is signed`)
    if (verdict.status !== 'secure') continue
    if (rrset.type === TYPE.NSEC || rrset.type === TYPE.NSEC3)
      proofs.push({ rrset, wildcard: verdict.wildcard })
  }
  return proofs
}

function isSynthesized(owner: Name, type: number): boolean {
  const dnames = [nameFrom('tree.lab.se'), nameFrom('long.lab.se')]
  return (
    type === TYPE.CNAME &&
    dnames.some((dname) => owner.length > dname.length && namesEqual(lastLabels(owner, 3), dname))
  )
}

for (const [label, denial] of DENIALS) {
  const zone = makeZone(denial)
  const optOut = label === 'NSEC3 opt-out'
  const p = proofParameters
  const hidden = optOut ? 'insecure' : 'secure'

  t.test(`${label}: positive answers`, async (t) => {
    for (const [name, type] of [
      ['lab.se', TYPE.SOA],
      ['lab.se', TYPE.NS],
      ['lab.se', TYPE.DNSKEY],
      ['www.lab.se', TYPE.A],
      ['signed.lab.se', TYPE.DS],
      ['*.wild.lab.se', TYPE.A],
    ] as const) {
      const reply = ask([zone], name, type)
      t.match(reply, { id: 4711, qr: true, aa: true, tc: false, rcode: RCODE.NOERROR })
      t.ok(reply.answer.some((record) => record.type === type))
      const answer =
        type === TYPE.DNSKEY || type === TYPE.DS ? reply.answer : [...reply.answer, ...reply.authority]
      if (type !== TYPE.DNSKEY) verified(t, answer)
    }
  })

  t.test(`${label}: name errors`, async (t) => {
    for (const name of [
      'none.lab.se',
      'zzz.lab.se',
      'aaa.lab.se',
      'deep.below.none.lab.se',
      'x.www.lab.se',
      'b.ent.lab.se',
    ]) {
      const reply = ask([zone], name, TYPE.A)
      t.match(reply, { aa: true, rcode: RCODE.NXDOMAIN })
      const verdict = proveNameError(nameFrom(name), APEX, verified(t, reply.authority), p())
      t.equal(verdict.status, hidden, name)
    }
  })

  t.test(`${label}: no data`, async (t) => {
    for (const [name, status] of [
      ['www.lab.se', 'secure'],
      ['lab.se', 'secure'],
      ['ent.lab.se', 'secure'],
      // An empty non-terminal above nothing but an unsigned delegation is not in an opt-out chain.
      ['mid.lab.se', hidden],
    ] as const) {
      const reply = ask([zone], name, TYPE.MX)
      t.match(reply, { aa: true, rcode: RCODE.NOERROR })
      t.same(reply.answer, [])
      const verdict = proveNoData(nameFrom(name), TYPE.MX, APEX, verified(t, reply.authority), p())
      t.equal(verdict.status, status, name)
    }
  })

  t.test(`${label}: wildcards`, async (t) => {
    for (const name of ['a.wild.lab.se', 'a.b.wild.lab.se']) {
      const found = ask([zone], name, TYPE.A)
      t.ok(found.answer.some((record) => namesEqual(record.owner, nameFrom(name))))
      verified(t, found.answer)
      const encloser = nameFrom('wild.lab.se')
      const proofs = verified(t, found.authority)
      t.equal(proveWildcardAnswer(nameFrom(name), encloser, APEX, proofs, p()).status, hidden, name)
      const missing = ask([zone], name, TYPE.MX)
      t.match(missing, { rcode: RCODE.NOERROR, answer: [] })
      const denied = proveNoData(nameFrom(name), TYPE.MX, APEX, verified(t, missing.authority), p())
      t.equal(denied.status, hidden, `${name} MX`)
    }
    t.equal(ask([zone], 'host.wild.lab.se', TYPE.A).authority.length, 0, 'a name that exists needs no proof')
    t.match(
      ask([zone], 'x.host.wild.lab.se', TYPE.A),
      { rcode: RCODE.NXDOMAIN },
      'no wildcard below an existing name',
    )
  })

  t.test(`${label}: delegations`, async (t) => {
    const signed = ask([zone], 'www.signed.lab.se', TYPE.A)
    t.match(signed, { aa: false, rcode: RCODE.NOERROR, answer: [] })
    t.ok(signed.authority.some((record) => record.type === TYPE.DS))
    verified(t, signed.authority)
    t.ok(
      signed.additional.some((record) => record.type === TYPE.A),
      'glue',
    )
    for (const [name, kind] of [
      ['unsigned.lab.se', optOut ? 'opt-out' : 'insecure-delegation'],
      ['below.mid.lab.se', optOut ? 'opt-out' : 'insecure-delegation'],
    ] as const) {
      const referral = ask([zone], `www.${name}`, TYPE.A)
      t.notOk(referral.aa)
      t.equal(
        proveNoDs(nameFrom(name), APEX, verified(t, referral.authority), p()).kind,
        kind,
        `referral to ${name}`,
      )
      const ds = ask([zone], name, TYPE.DS)
      t.ok(ds.aa)
      t.equal(proveNoDs(nameFrom(name), APEX, verified(t, ds.authority), p()).kind, kind, `${name} DS`)
    }
    const notACut = ask([zone], 'www.lab.se', TYPE.DS)
    t.equal(proveNoDs(nameFrom('www.lab.se'), APEX, verified(t, notACut.authority), p()).kind, 'not-a-cut')
  })

  t.test(`${label}: aliases`, async (t) => {
    const types = (reply: Message): string[] =>
      reply.answer.filter(({ type }) => type !== TYPE.RRSIG).map(({ type }) => formatType(type))
    const chain = ask([zone], 'chain.lab.se', TYPE.A)
    t.same(types(chain), ['CNAME', 'CNAME', 'A'])
    verified(t, chain.answer)
    t.same(types(ask([zone], 'chain.lab.se', TYPE.CNAME)), ['CNAME'])
    t.same(types(ask([zone], 'out.lab.se', TYPE.A)), ['CNAME'], 'a target elsewhere is left to the resolver')
    const wild = ask([zone], 'x.any.lab.se', TYPE.A)
    t.same(types(wild), ['CNAME', 'A'])
    verified(t, [...wild.answer, ...wild.authority])
    const tree = ask([zone], 'leaf.tree.lab.se', TYPE.A)
    t.same(types(tree), ['DNAME', 'CNAME', 'A'])
    verified(t, tree.answer)
    const cname = tree.answer.find(({ type }) => type === TYPE.CNAME)!
    t.ok(namesEqual(targetName(cname.rdata)!, nameFrom('leaf.branch.lab.se')))
    const long = ask([zone], `${'q'.repeat(63)}.${'r'.repeat(63)}.long.lab.se`, TYPE.A)
    t.match(long, { rcode: RCODE.YXDOMAIN })
    t.same(types(long), ['DNAME'])
  })
}

t.test('DS is answered by the parent, also where both zones are on one server', async (t) => {
  const parent = makeZone({ kind: 'nsec' })
  const records = readZone('@ SOA ns hostmaster 1 2 3 4 300\n@ NS ns\nns A 192.0.2.54\nwww A 192.0.2.80', {
    path: 'test',
    origin: CHILD,
    defaultTtlSeconds: 300,
  })
  const keys = combinedKey('signed.lab.se', ALGORITHM.ED25519)
  const child = buildZone({ apex: CHILD, records, signing: { keys, denial: { kind: 'nsec' }, span: SPAN } })
  const both = ask([parent, child], 'signed.lab.se', TYPE.DS)
  t.ok(both.answer.some(({ type }) => type === TYPE.DS))
  t.ok(ask([parent, child], 'www.signed.lab.se', TYPE.A).aa, 'no referral to itself')
  const alone = ask([child], 'signed.lab.se', TYPE.DS)
  t.match(alone, { aa: true, answer: [] }, 'the child alone can only deny it')
})

t.test('DO, EDNS, size and odd queries', async (t) => {
  const zone = makeZone({ kind: 'nsec' })
  const plain = ask([zone], 'none.lab.se', TYPE.A, { dnssec: false })
  t.same(
    plain.authority.map(({ type }) => type),
    [TYPE.SOA],
    'without DO there is no proof',
  )
  t.ok(plain.edns && !plain.edns.do)
  t.equal(ask([zone], 'www.lab.se', TYPE.A, { edns: false }).edns, undefined, 'no OPT unasked (RFC 6891 7)')
  const cut = ask([zone], 'large.lab.se', TYPE.TXT)
  t.match(cut, { tc: true, answer: [] })
  const whole = ask([zone], 'large.lab.se', TYPE.TXT, { transport: 'tcp' })
  t.equal(whole.tc, false)
  verified(t, whole.answer)
  t.match(ask([zone], 'other.nu', TYPE.A), { rcode: RCODE.REFUSED, aa: false })
  t.match(ask([zone], 'www.lab.se', TYPE.A, { class: CLASS.CH }), { rcode: RCODE.REFUSED })
  t.match(ask([zone], 'lab.se', TYPE.AXFR), { rcode: RCODE.REFUSED })
  const authority = authorityOf([zone])
  t.same(authority(new Uint8Array(11), 'udp'), [], 'too short for a header: silence')
  const [formErr] = authority(new Uint8Array(13).fill(1, 4, 6), 'udp')
  t.match(parseMessage(formErr!.message), { rcode: RCODE.FORMERR, qr: true })
  t.same(authority(formErr!.message, 'udp'), [], 'a reply is not answered')
})
