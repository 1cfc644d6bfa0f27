/** Denials: right ones prove, everything else does not. */
import fc from 'fast-check'
import t from 'tap'
import { PROOF_LIMITS, ProofBudget } from '../../src/dnssec/budget.ts'
import {
  Denial,
  type DenialRecord,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcardAnswer,
} from '../../src/dnssec/denial.ts'
import type { ValidationParameters } from '../../src/dnssec/parameters.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import {
  denial,
  type Hashing,
  type NamesAndTypes,
  nsec3At,
  nsec3Zone,
  nsecZone,
} from '../support/denial-records.ts'
import { proofParameters } from '../support/proof.ts'
import { Oracle } from './denial-oracle.ts'

const ZONE = nameFrom('example')
const p = proofParameters()
const { A, AAAA, DS, NS, SOA, TXT, CNAME, ANY } = TYPE
type Limited = ValidationParameters

const NAMES: NamesAndTypes = {
  example: 'NS SOA',
  'b.c.example': 'A',
  'cut.example': 'NS',
  'signed.example': 'NS DS',
  'dname.example': 'DNAME TXT',
  'alias.example': 'CNAME',
  '*.w.example': 'TXT',
  'x.w.example': 'A',
}
const QNAMES = [
  ...Object.keys(NAMES),
  'c.example',
  'w.example',
  'a.example',
  'zz.example',
  'a.c.example',
  'x.b.c.example',
  'c.c.example',
  'a.cut.example',
  'b.a.cut.example',
  'a.signed.example',
  'a.dname.example',
  'a.alias.example',
  'a.w.example',
  'y.w.example',
  'b.a.w.example',
  'a.x.w.example',
  'a.*.w.example',
]

/** The chain with its empty non-terminals. */
function hashedZone(names: NamesAndTypes, hashing: Hashing = {}): DenialRecord[] {
  const empty = new Oracle('example', names).emptyNonTerminals().map((name) => [name, ''])
  return nsec3Zone(ZONE, { ...names, ...Object.fromEntries(empty) }, hashing)
}

/** Compares every verdict on a question with the truth. */
function compare(
  names: NamesAndTypes,
  proofs: DenialRecord[],
  qname: string,
  qtype: number,
): string | undefined {
  const truth = new Oracle('example', names).truth(qname, qtype)
  const name = nameFrom(qname)
  const proven: string[] = []
  if (proveNameError(name, ZONE, proofs, p).status === 'secure') proven.push('name-error')
  if (proveNoData(name, qtype, ZONE, proofs, p).status === 'secure') proven.push('no-data')
  for (let encloser = qname; encloser !== 'example'; ) {
    encloser = encloser.slice(encloser.indexOf('.') + 1)
    const verdict = proveWildcardAnswer(name, nameFrom(encloser), ZONE, proofs, p)
    if (truth.kind !== 'wildcard' || verdict.status !== 'secure') continue
    // From above the true encloser the wildcard does not reach; from below there is none.
    proven.push(`wildcard ${encloser}`)
  }
  const expected =
    truth.kind === 'wildcard'
      ? [`wildcard ${truth.closestEncloser}`]
      : truth.kind === 'name-error' || truth.kind === 'no-data'
        ? [truth.kind]
        : []
  const got = proven.filter((one) => truth.kind !== 'wildcard' || !isBelow(one, truth.closestEncloser))
  return `${got}` === `${expected}` ? undefined : `${qname} ${qtype}: ${got}, not ${expected}`
}

/** A next closer name that is further down than the true one does not exist either. */
function isBelow(proven: string, encloser: string): boolean {
  return proven.startsWith('wildcard ') && proven.endsWith(`.${encloser}`)
}

for (const [kind, proofs] of [
  ['NSEC', nsecZone(ZONE, NAMES)],
  ['NSEC3', hashedZone(NAMES)],
  ['NSEC3 with salt and iterations', hashedZone(NAMES, { iterations: 7, salt: 'c0ffee' })],
] as const) {
  t.test(`${kind}: what the whole chain proves is the truth`, async (t) => {
    for (const qname of QNAMES) {
      for (const qtype of [A, TXT, NS, DS, CNAME, SOA]) {
        const difference = compare(NAMES, [...proofs], qname, qtype)
        if (difference !== undefined) t.fail(difference)
      }
    }
  })
  t.test(`${kind}: cuts`, async (t) => {
    for (const [child, expected] of [
      ['cut.example', 'insecure-delegation'],
      ['signed.example', 'bogus'],
      ['b.c.example', 'not-a-cut'],
      ['c.example', 'not-a-cut'],
      ['alias.example', 'not-a-cut'],
      ['y.w.example', 'not-a-cut'],
      ['nx.example', 'name-error'],
      ['a.cut.example', 'bogus'],
      ['a.dname.example', 'bogus'],
      ['example', 'bogus'],
      ['com', 'bogus'],
    ] as const) {
      t.match(proveNoDs(nameFrom(child), ZONE, proofs, p), { kind: expected }, child)
    }
  })
}

t.test('random zones', async (t) => {
  const label = fc.constantFrom('a', 'b', 'w', '*')
  const relative = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
  const types = fc.constantFrom('A', 'TXT', 'CNAME', 'A TXT', 'NS', 'NS DS', 'DNAME')
  const zone = fc.dictionary(relative, types, { minKeys: 1, maxKeys: 3 })
  const property = fc.property(zone, relative, fc.constantFrom(A, TXT, DS), (entries, question, qtype) => {
    const names = zoneOf(entries)
    const qname = `${question}.example`
    for (const proofs of [nsecZone(ZONE, names), hashedZone(names)]) {
      const difference = compare(names, proofs, qname, qtype)
      if (difference !== undefined) throw new Error(`${difference} in ${JSON.stringify(names)}`)
    }
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_004, numRuns: 3000 }))
})

/** A consistent zone: nothing below a cut or a DNAME, no wildcard that delegates. */
function zoneOf(entries: Readonly<Record<string, string>>): NamesAndTypes {
  const names: Record<string, string> = { example: 'NS SOA' }
  const relative = Object.keys(entries)
  for (const [name, types] of Object.entries(entries)) {
    const blocked = relative.some((above) => name.endsWith(`.${above}`) && /NS|DNAME/.test(entries[above]!))
    if (!blocked) names[`${name}.example`] = name.startsWith('*') && /NS|DNAME/.test(types) ? 'A' : types
  }
  return names
}

t.test('whichever hash is the one too many, a verdict is as ever or says so', async (t) => {
  const { 'cut.example': _, ...secured } = NAMES
  const optedOut = hashedZone(secured, { optOut: true })
  let refused = 0
  for (const proofs of [optedOut, nsec3Zone(ZONE, NAMES)])
    for (const name of ['cut.example', 'nx.example', 'y.w.example', 'a.b.nx.example', 'b.c.example'].map(
      nameFrom,
    ))
      for (const prove of [
        (limited: Limited) => proveNameError(name, ZONE, proofs, limited),
        (limited: Limited) => proveNoData(name, A, ZONE, proofs, limited),
        (limited: Limited) => proveNoData(name, DS, ZONE, proofs, limited),
        (limited: Limited) => proveNoDs(name, ZONE, proofs, limited),
        (limited: Limited) => proveWildcardAnswer(name, nameFrom('example'), ZONE, proofs, limited),
      ]) {
        const asEver = prove(p)
        for (let sha1Calls = 0; sha1Calls <= 12; sha1Calls++) {
          const budget = new ProofBudget({ ...PROOF_LIMITS, sha1Calls })
          const found = prove(proofParameters({ budget }))
          if (budget.exceeded === undefined) t.same(found, asEver)
          else {
            refused++
            t.match(found, { reason: 'too-much-work' }, `${formatName(name)}, ${sha1Calls} calls`)
          }
        }
      }
  t.ok(refused > 100)
})

t.test('all that is tried on the same records hashes a name once', async (t) => {
  const proofs = nsec3Zone(ZONE, NAMES)
  const qname = nameFrom('a.b.nx.example')
  const hashes = (prove: (limited: Limited) => unknown): number => {
    const budget = new ProofBudget(PROOF_LIMITS)
    prove(proofParameters({ budget }))
    return budget.counts.sha1Calls
  }
  const alone = hashes((limited) => proveNameError(qname, ZONE, proofs, limited))
  t.ok(alone >= 3, `${alone} names`)
  const together = hashes((limited) => {
    const known = new Denial(ZONE, proofs, limited)
    t.equal(known.nameError(qname).status, 'secure')
    t.equal(known.noData(qname, A).status, 'bogus')
    t.equal(known.noDs(qname).kind, 'name-error')
  })
  // The name itself is none of those that a name error is proven by.
  t.equal(together, alone + 1)
})

t.test('opt-out', async (t) => {
  const hashing = { optOut: true }
  const { 'cut.example': _, ...secured } = NAMES
  const proofs = hashedZone(secured, hashing)
  const opted = { status: 'insecure', reason: 'opt-out' }
  t.match(proveNoDs(nameFrom('cut.example'), ZONE, proofs, p), { kind: 'opt-out', reason: 'opt-out' })
  t.match(proveNoDs(nameFrom('nx.example'), ZONE, proofs, p), { kind: 'opt-out' })
  t.match(proveNoDs(nameFrom('signed.example'), ZONE, proofs, p), { kind: 'bogus' })
  t.match(proveNameError(nameFrom('nx.example'), ZONE, proofs, p), opted, 'never AD (RFC 5155 9.2)')
  t.match(proveNoData(nameFrom('cut.example'), DS, ZONE, proofs, p), opted)
  t.match(
    proveNoData(nameFrom('cut.example'), A, ZONE, proofs, p),
    opted,
    'a hidden empty non-terminal (V02)',
  )
  t.match(proveNoData(nameFrom('y.w.example'), A, ZONE, proofs, p), opted, 'wildcard NODATA (V04)')
  t.match(proveNoData(nameFrom('y.w.example'), TXT, ZONE, proofs, p), { reason: 'denial-wrong' })
  t.match(proveWildcardAnswer(nameFrom('y.w.example'), nameFrom('w.example'), ZONE, proofs, p), opted)
  t.match(
    proveNoData(nameFrom('b.c.example'), TXT, ZONE, proofs, p),
    { status: 'secure' },
    'at the name itself',
  )
  t.match(proveNoData(nameFrom('c.example'), TXT, ZONE, proofs, p), { status: 'secure' })
  t.match(proveNameError(nameFrom('a.dname.example'), ZONE, proofs, p), { reason: 'denial-wrong' })

  const plain = nsec3Zone(ZONE, secured)
  t.match(proveNoData(nameFrom('cut.example'), DS, ZONE, plain.slice(0, 10), p), { status: 'bogus' })
})

t.test('ends of the zone (V14, V41)', async (t) => {
  const chain = nsecZone(ZONE, { example: 'NS SOA', 'm.example': 'A' })
  t.equal(proveNameError(nameFrom('z.example'), ZONE, chain, p).status, 'secure', 'after the last name')
  t.equal(proveNameError(nameFrom('a.example'), ZONE, chain, p).status, 'secure', 'after the apex')
  const single = nsecZone(ZONE, { example: 'NS SOA' })
  t.equal(proveNameError(nameFrom('a.b.example'), ZONE, single, p).status, 'secure', 'NSEC to itself')
  t.equal(proveNoData(ZONE, A, ZONE, single, p).status, 'secure')
  const root = [denial('. 60 NSEC aaa. NS SOA RRSIG NSEC'), denial('zzz. 60 NSEC . NS RRSIG NSEC')]
  const ROOT = nameFrom('.')
  t.equal(proveNameError(nameFrom('zzzz'), ROOT, root, p).status, 'secure')
  t.equal(proveNameError(nameFrom('a.zzz'), ROOT, root, p).status, 'bogus', 'below a cut')
  const one = nsec3Zone(ZONE, { example: 'NS SOA' })
  t.equal(proveNameError(nameFrom('a.b.example'), ZONE, one, p).status, 'secure')
})

t.test('records that prove nothing', async (t) => {
  const qname = nameFrom('b.example')
  const apex = denial('example. 60 NSEC a.example. NS SOA RRSIG NSEC')
  const good = denial('a.example. 60 NSEC c.example. A RRSIG NSEC')
  const outcome = (...proofs: DenialRecord[]) => proveNameError(qname, ZONE, [apex, ...proofs], p)
  t.equal(outcome(good).status, 'secure')
  for (const [title, record, detail] of [
    [
      'expanded from a wildcard (CVE-2017-15105)',
      { ...good, wildcard: ZONE },
      /was expanded from a wildcard/,
    ],
    [
      'next name out of the zone (A14)',
      denial('a.example. 60 NSEC z.org. A RRSIG NSEC'),
      /reaches out of its zone/,
    ],
    ['owner out of the zone', denial('a.org. 60 NSEC c.example. A RRSIG NSEC'), /reaches out of its zone/],
    ['backwards', denial('c.example. 60 NSEC a.example. A RRSIG NSEC'), /runs backwards/],
    ['to itself, not at the apex', denial('a.example. 60 NSEC a.example. A RRSIG NSEC'), /runs backwards/],
    ['bit maps in wrong order (V18)', malformed([1, 1, 0x40, 0, 1, 0x40]), /is malformed/],
    ['empty bit map', malformed([0, 0]), /is malformed/],
    ['bit map of 33 octets', malformed([0, 33, ...Array(33).fill(1)]), /is malformed/],
    ['bit map cut off', malformed([0, 6, 1]), /is malformed/],
    ['no next name', { ...good, rrset: { ...good.rrset, rdatas: [new Uint8Array(0)] } }, /is malformed/],
  ] as const) {
    t.match(outcome(record), { status: 'bogus', reason: 'denial-wrong', detail }, title)
  }
  const two = { ...good, rrset: { ...good.rrset, rdatas: [...good.rrset.rdatas, ...apex.rrset.rdatas] } }
  t.match(outcome(two), { reason: 'denial-wrong', detail: /is not one record/ })

  function malformed(bitmap: readonly number[]): DenialRecord {
    const rdata = Uint8Array.from([...nameFrom('c.example'), ...bitmap])
    return { ...good, rrset: { ...good.rrset, rdatas: [rdata] } }
  }
})

t.test('NSEC3 records that prove nothing', async (t) => {
  const qname = nameFrom('b.example')
  const chain = nsec3Zone(ZONE, { example: 'NS SOA' })
  const [record] = chain as [DenialRecord]
  const outcome = (changed: DenialRecord) => proveNameError(qname, ZONE, [changed], p)
  t.equal(outcome(record).status, 'secure')
  const rdata = record.rrset.rdatas[0]!
  const withRdata = (octets: Uint8Array): DenialRecord => ({
    ...record,
    rrset: { ...record.rrset, rdatas: [octets] },
  })
  const owner = Buffer.from(record.rrset.owner.subarray(1, 33)).toString()
  const renamed = (text: string): DenialRecord => ({
    ...record,
    rrset: { ...record.rrset, owner: nameFrom(text) },
  })
  for (const [title, changed, detail] of [
    ['another hash algorithm (RFC 5155 8.1)', withRdata(rdata.with(0, 2)), /unknown hash algorithm/],
    ['unknown flags (RFC 5155 8.2)', withRdata(rdata.with(1, 2)), /unknown flags/],
    [
      'a shorter next hash',
      withRdata(Uint8Array.from([...rdata.subarray(0, 5), 19, ...rdata.subarray(6, 25)])),
      /wrong length/,
    ],
    ['cut off', withRdata(rdata.subarray(0, 10)), /malformed/],
    ['owner not below the apex', renamed(`${owner}.a.example`), /not right below/],
    ['owner of another zone', renamed(`${owner}.com`), /not right below/],
    ['owner no hash', renamed('www.example'), /wrong length/],
    ['from a wildcard', { ...record, wildcard: ZONE }, /wildcard/],
  ] as const) {
    t.match(outcome(changed), { status: 'bogus', reason: 'denial-wrong', detail }, title)
  }
  const upper = renamed(`${owner.toUpperCase()}.EXAMPLE`)
  t.equal(outcome(upper).status, 'secure', 'case does not matter')
})

t.test('the right side of a cut (RFC 6840 4.1, A15)', async (t) => {
  const child = nameFrom('child.example')
  for (const kind of ['NSEC', 'NSEC3'] as const) {
    const chainOf = (zone: string, names: NamesAndTypes): DenialRecord[] =>
      kind === 'NSEC' ? nsecZone(nameFrom(zone), names) : nsec3Zone(nameFrom(zone), names)
    const parentSide = chainOf('example', { example: 'NS SOA', 'child.example': 'NS' })
    const childSide = chainOf('child.example', { 'child.example': 'NS SOA' })
    t.match(proveNoDs(child, ZONE, parentSide, p), { kind: 'insecure-delegation' })
    t.equal(proveNoData(child, DS, ZONE, parentSide, p).status, 'secure')
    t.match(proveNoData(child, A, ZONE, parentSide, p), { reason: 'denial-wrong' }, 'A lies in the child')
    t.match(proveNoDs(child, child, childSide, p), { kind: 'bogus' }, 'asked of the child')
    t.match(proveNoData(child, DS, child, childSide, p), { reason: 'denial-wrong' })
    t.equal(proveNoData(child, A, child, childSide, p).status, 'secure')
    t.match(proveNoDs(child, ZONE, childSide, p), { kind: 'bogus' }, "the child's record as the parent's")
    const apexInParent = chainOf('example', { example: 'NS SOA', 'child.example': 'NS SOA' })
    t.match(proveNoDs(child, ZONE, apexInParent, p), { kind: 'bogus', reason: 'denial-wrong' })
  }
})

t.test('wildcard replay (A16)', async (t) => {
  const w = nameFrom('w.example')
  const names = { example: 'NS SOA', '*.w.example': 'A', 'x.w.example': 'A', 'a.y.w.example': 'A' }
  const chain = nsecZone(ZONE, names)
  const outcome = (qname: string, proofs: DenialRecord[] = chain) =>
    proveWildcardAnswer(nameFrom(qname), w, ZONE, proofs, p)
  t.equal(outcome('b.w.example').status, 'secure')
  t.equal(outcome('c.b.w.example').status, 'secure')
  t.match(outcome('x.w.example'), { reason: 'denial-wrong' }, 'the name itself exists')
  t.match(outcome('b.x.w.example'), { reason: 'denial-wrong' }, 'the next closer name exists')
  t.match(
    outcome('b.y.w.example'),
    { reason: 'denial-wrong' },
    'the next closer name is an empty non-terminal',
  )
  t.match(outcome('b.w.example', []), { reason: 'wildcard-proof-missing' })
  const foreign = nsecZone(w, { 'w.example': 'NS SOA' })
  t.match(outcome('b.w.example', foreign), { reason: 'denial-wrong' }, 'the proof of another zone')
  const own = denial('b.w.example. 60 NSEC x.w.example. A RRSIG NSEC', w)
  t.match(outcome('c.w.example', [own]), { reason: 'denial-wrong' }, 'an NSEC that is itself expanded')
  const hashed = { ...names, 'w.example': '', 'y.w.example': '' }
  const three = (qname: string): object =>
    proveWildcardAnswer(nameFrom(qname), w, ZONE, nsec3Zone(ZONE, hashed), p)
  t.match(three('c.b.w.example'), { status: 'secure' })
  t.match(three('b.x.w.example'), { reason: 'wildcard-proof-missing' })
  t.match(three('b.y.w.example'), { reason: 'wildcard-proof-missing' })
  t.match(proveWildcardAnswer(nameFrom('a.org'), nameFrom('org'), ZONE, chain, p), { status: 'bogus' })
  t.match(proveWildcardAnswer(w, w, ZONE, chain, p), { status: 'bogus' })
})

t.test('compact denial (RFC 9824)', async (t) => {
  const qname = nameFrom('nx.example')
  const proofs = [denial('nx.example. 60 NSEC \\000.nx.example. RRSIG NSEC NXNAME')]
  t.same(proveNoData(qname, A, ZONE, proofs, p), { status: 'secure', nxname: true })
  t.same(proveNoData(qname, ANY, ZONE, proofs, p), { status: 'secure', nxname: true })
  t.same(
    proveNameError(qname, ZONE, proofs, p),
    { status: 'secure', nxname: true },
    'rcode NXDOMAIN restored',
  )
  t.match(proveNoDs(qname, ZONE, proofs, p), { kind: 'name-error' })
  t.match(proveNoData(nameFrom('a.nx.example'), A, ZONE, proofs, p), { status: 'bogus' })
  const empty = [denial('ent.example. 60 NSEC \\000.ent.example. RRSIG NSEC')]
  t.same(proveNoData(nameFrom('ent.example'), A, ZONE, empty, p), { status: 'secure' })
  t.match(proveNameError(nameFrom('ent.example'), ZONE, empty, p), { reason: 'denial-wrong' })
  const lie = [denial('www.example. 60 NSEC \\000.www.example. A TXT RRSIG NSEC')]
  t.equal(proveNoData(nameFrom('www.example'), AAAA, ZONE, lie, p).status, 'secure')
  t.match(proveNoData(nameFrom('www.example'), ANY, ZONE, lie, p), { reason: 'denial-wrong' })
  t.equal(parseType('NXNAME'), 128)
})

t.test('white lies (RFC 4470)', async (t) => {
  const proofs = [
    denial('nw.example. 60 NSEC \\000.nx.example. RRSIG NSEC'),
    denial('\\)\\255.example. 60 NSEC +.example. RRSIG NSEC'),
  ]
  t.equal(
    proveNameError(nameFrom('nx.example'), ZONE, proofs, p).status,
    'bogus',
    'nx would be an empty non-terminal',
  )
  const right = [denial('nw\\255.example. 60 NSEC nx\\000.example. RRSIG NSEC'), proofs[1]!]
  t.equal(proveNameError(nameFrom('nx.example'), ZONE, right, p).status, 'secure')
})

t.test('types above 255 (V18) and unsigned knowledge (V43)', async (t) => {
  const proofs = [denial('www.example. 60 NSEC zz.example. A RRSIG NSEC CAA TYPE32769')]
  const www = nameFrom('www.example')
  t.match(proveNoData(www, parseType('CAA')!, ZONE, proofs, p), { reason: 'denial-wrong' })
  t.match(proveNoData(www, 32_769, ZONE, proofs, p), { reason: 'denial-wrong' })
  t.equal(proveNoData(www, AAAA, ZONE, proofs, p).status, 'secure')
  t.equal(proveNoData(www, 32_768, ZONE, proofs, p).status, 'secure')
})

t.test('NSEC3 chains side by side', async (t) => {
  const names = { example: 'NS SOA', 'a.example': 'A' }
  const qname = nameFrom('nx.example')
  const oldChain = nsec3Zone(ZONE, names, { iterations: 3, salt: 'aa' })
  const newChain = nsec3Zone(ZONE, names)
  t.equal(proveNameError(qname, ZONE, newChain, p).status, 'secure')
  t.equal(proveNameError(qname, ZONE, [...oldChain, ...newChain], p).status, 'secure')
  const apex = nsec3At(ZONE, names, {}, 'example')
  // Of the other chain one record spans everything, but only in its own order of hashes.
  const all = nsec3Zone(ZONE, { example: 'NS SOA' }, { salt: 'bb' })
  const uncovered = [...Array(50)]
    .map((_, i) => nameFrom(`n${i}.example`))
    .filter((name) => {
      return proveNameError(name, ZONE, apex, p).status === 'bogus'
    })
  t.ok(uncovered.length > 0)
  for (const name of uncovered) {
    const mixed = proveNameError(name, ZONE, [...apex, ...all], p)
    t.match(mixed, { reason: 'denial-missing' }, 'one chain does not complete another')
  }
  const dear = nsec3Zone(ZONE, names, { iterations: 51 })
  t.match(proveNameError(qname, ZONE, dear, p), { status: 'insecure', reason: 'nsec3-iterations' })
  t.match(proveNoDs(qname, ZONE, dear, p), { kind: 'nsec3-iterations', reason: 'nsec3-iterations' })
  t.match(proveWildcardAnswer(qname, ZONE, ZONE, dear, p), { reason: 'nsec3-iterations' })
  const cut = nsec3At(ZONE, names, {}, 'a.example')
  t.match(
    proveNoData(qname, A, ZONE, [...dear, ...cut], p),
    { status: 'bogus' },
    'a dear record excuses nothing',
  )
  const starred = nsec3Zone(ZONE, { ...names, '*.example': 'A' })
  const hidden = proveNameError(qname, ZONE, starred, p)
  t.match(
    hidden,
    { reason: 'denial-wrong', detail: /\*\.example\. exists$/ },
    'a wildcard stands for the name',
  )
  const both = [...nsecZone(ZONE, names), ...newChain]
  t.equal(proveNameError(qname, ZONE, both, p).status, 'secure', 'NSEC and NSEC3 at once')
})

t.test('a name outside the zone ends at once (C06)', async (t) => {
  const chain = nsec3Zone(nameFrom('other.test'), { 'other.test': 'NS SOA' })
  const zone = nameFrom('other.test')
  t.match(proveNameError(nameFrom('a.example'), zone, chain, p), { status: 'bogus', reason: 'denial-wrong' })
  t.match(proveNoData(nameFrom('a.example'), A, zone, chain, p), { status: 'bogus', reason: 'denial-wrong' })
  t.match(proveNoDs(nameFrom('a.example'), zone, chain, p), { kind: 'bogus' })
})
