/** A zone in one piece of memory answers as one that is kept on the heap. */
import t from 'tap'
import { answerFrom, type ZoneAnswer } from '../../src/authority/answer.ts'
import { PackedZone, packZone } from '../../src/authority/packed-zone.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { labelsOf, type Name, nameFromLabels, ROOT } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { recordsFrom } from '../support/records.ts'
import { absent, sharedOctets } from '../support/shared-data.ts'

/** A zone with all that the root does not have. */
const TEXT = `$TTL 300
@ SOA ns admin 1 2 3 4 5
@ NS ns
@ NSEC a NS SOA NSEC
ns A 192.0.2.1
a TXT "first"
a NSEC deep.ent TXT NSEC
deep.ent A 192.0.2.2
deep.ent NSEC *.wild A NSEC
*.wild TXT "any"
*.wild NSEC cut TXT NSEC
cut NS ns.cut
cut DS 1 8 2 00
cut NSEC dname NS DS NSEC
ns.cut A 192.0.2.3
x.cut NS ns.cut
dname DNAME elsewhere.test.
dname NSEC plain DNAME NSEC
plain NS ns
plain NSEC @ NS NSEC
alias CNAME a
`
const TYPES = [TYPE.A, TYPE.NS, TYPE.DS, TYPE.SOA, TYPE.TXT, TYPE.NSEC, TYPE.DNSKEY, TYPE.ANY, TYPE.CNAME]

interface Pair {
  readonly packed: PackedZone
  readonly served: ServedZone
}

function bothOf(apex: Name, records: readonly ResourceRecord[]): Pair {
  return {
    packed: new PackedZone(apex, packZone(groupRrsets(records))),
    served: new ServedZone(apex, records),
  }
}

/** Comparable: RRsets of ANY come in the order of the store. */
function shape(answer: ZoneAnswer): object {
  const text = ({ owner, type, rdatas, signatures, ttlSeconds }: Rrset): string =>
    `${formatName(owner)} ${ttlSeconds} ${formatType(type)} ${rdatas.join(' ')} / ${signatures.join(' ')}`
  const sorted = (sets: readonly Rrset[]): string[] => sets.map(text).sort()
  const { answer: records, authority, additional, ...rest } = answer
  return {
    ...rest,
    answer: sorted(records),
    authority: sorted(authority),
    additional: sorted(additional),
  }
}

/** Asks both all of it: how many questions that were, and those with different answers. */
function compare(
  { packed, served }: Pair,
  names: Iterable<Name>,
  types: readonly number[],
): { questions: number; different: string[] } {
  const different: string[] = []
  let questions = 0
  for (const name of names) {
    for (const type of types) {
      const question = { name, type, dnssec: true }
      const here = JSON.stringify(shape(answerFrom([packed], question)))
      const there = JSON.stringify(shape(answerFrom([served], question)))
      questions++
      if (here !== there) different.push(`${formatName(name)} ${formatType(type)}`)
    }
  }
  return { questions, different }
}

t.test('a zone with wildcards, empty non-terminals, cuts and aliases', async (t) => {
  const apex = nameFrom('zone.test.')
  const pair = bothOf(apex, recordsFrom(TEXT, apex))
  const names = [
    '',
    'ns',
    'a',
    'A',
    'b',
    'ent',
    'deep.ent',
    'x.ent',
    'wild',
    'y.wild',
    'q.y.wild',
    'cut',
    'ns.cut',
  ]
  names.push(
    'a.b.cut',
    'x.cut',
    'dname',
    'd.dname',
    'plain',
    'p.plain',
    'alias',
    'zz',
    '-',
    '*.wild',
    'c.a',
    'cu',
  )
  const whole = names.map((name) => nameFrom(name === '' ? 'zone.test.' : `${name}.zone.test.`))
  t.same(compare(pair, whole, TYPES), { questions: names.length * TYPES.length, different: [] })
})

t.test('one that denies nothing, and an empty one', async (t) => {
  const apex = nameFrom('zone.test.')
  const unsigned = recordsFrom(TEXT, apex).filter(({ type }) => type !== TYPE.NSEC)
  const names = [apex, nameFrom('no.zone.test.'), nameFrom('a.zone.test.')]
  t.same(compare(bothOf(apex, unsigned), names, TYPES).different, [])
  t.same(compare(bothOf(apex, []), names, TYPES).different, [])
})

const FILE = 'root/root-2020101902-signed.zone.gz'

t.test('the whole root zone of 2020-10-19', { skip: absent(FILE) }, async (t) => {
  const records = readZone(sharedOctets(FILE), { path: FILE })
  const pair = bothOf(ROOT, records)
  const owners = new Map(records.map(({ owner }) => [formatName(owner), owner]))
  const names = [...owners.values()].flatMap((owner, index) => {
    const below = nameFromLabels([Buffer.from('www'), ...labelsOf(owner)])!
    const beside = nameFrom(`x${index}-no.`)
    return index % 29 === 0 ? [owner, below, beside] : []
  })
  const { questions, different } = compare(pair, [ROOT, ...names], [TYPE.A, TYPE.DS, TYPE.NSEC])
  t.same(different, [])
  t.ok(questions > 1_000, `${questions} questions`)
  const octets = packZone(groupRrsets(records)).length
  t.ok(octets < 2_000_000, `${octets} octets`)
})
