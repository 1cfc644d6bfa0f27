/**
 * Whatever was asked before, an engine that answers from proofs it has (RFC 8198) says what one says that asks: the
 * same rcode, the same records, the same AD. Over random zones, with the lab's own signer and servers.
 */
import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { Denial } from '../../src/lab/denial-chain.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { foldName } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { formatRdata } from '../../src/wire/rdata/rdata.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, SIGNED, type World, zone } from '../support/world.ts'

const RUNS = 40
const APEX = 'z.test.'
const LABELS = ['a', 'b', 'w', '*']
const TYPES = [TYPE.A, TYPE.TXT, TYPE.DS, TYPE.NS]

const label = fc.constantFrom(...LABELS)
const relative = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const cut = fc
  .array(fc.constantFrom('a', 'b', 'w'), { minLength: 1, maxLength: 2 })
  .map((all) => all.join('.'))

const denial: fc.Arbitrary<Denial> = fc.oneof(
  fc.constant<Denial>({ kind: 'nsec' }),
  fc.record({
    kind: fc.constant('nsec3' as const),
    iterations: fc.constantFrom(0, 2),
    salt: fc.constantFrom(Uint8Array.of(), Uint8Array.of(0xab, 0xcd)),
    optOut: fc.boolean(),
  }),
)

/** What a name holds. An alias leads to a name that may be there or not, in this zone or in none. */
const data = fc.constantFrom(
  ['A 192.0.2.1'],
  ['TXT "x"'],
  ['A 192.0.2.2', 'TXT "y"'],
  ['CNAME b'],
  ['CNAME a.w'],
  ['CNAME none.test.'],
  ['DNAME w'],
)

interface Plan {
  readonly names: Readonly<Record<string, readonly string[]>>
  readonly children: Readonly<Record<string, Denial | 'unsigned'>>
  readonly denial: Denial
}

const plan: fc.Arbitrary<Plan> = fc.record({
  names: fc.dictionary(relative, data, { maxKeys: 6 }),
  children: fc.dictionary(cut, fc.oneof(denial, fc.constant('unsigned' as const)), { maxKeys: 2 }),
  denial,
})

/** The parent and its children, each child with a name of its own besides the apex. */
function zonesOf({ names, children, denial }: Plan): LabZone[] {
  const cuts = Object.keys(children)
  const isBelow = (name: string): boolean => cuts.some((cut) => name === cut || name.endsWith(`.${cut}`))
  const entries = Object.entries(names).filter(([name]) => !isBelow(name))
  const content = entries
    .flatMap(([name, records]) => records.map((record) => `${name} ${record}\n`))
    .join('')
  const own = cuts.filter((cut) => !cuts.some((other) => cut.endsWith(`.${other}`)))
  return [
    zone(APEX, { content, signing: { ...SIGNED, denial } }),
    ...own.map((cut) => childZone(`${cut}.${APEX}`, children[cut]!)),
  ]
}

function childZone(name: string, denial: Denial | 'unsigned'): LabZone {
  const content = '@ TXT "child"\na A 192.0.2.3\n*.b A 192.0.2.4\n'
  if (denial !== 'unsigned') return zone(name, { content, signing: { ...SIGNED, denial } })
  const { signing: _, ...plain } = zone(name, { content })
  return plain
}

/** Names of up to two labels in the zone, some of three, and names of the same kind that nobody has. */
const UNIVERSE = [
  '',
  ...LABELS,
  'c',
  'ns',
  ...LABELS.flatMap((first) => LABELS.map((second) => `${first}.${second}`)),
  ...[
    'c.a',
    'c.b',
    'c.w',
    'x.c',
    'c.ns',
    'x.y.c',
    'c.c.a',
    'a.b.w',
    'b.a.b',
    'w.a.b',
    'a.w.a',
    '*.a.b',
    'c.b.a',
    'ns.a',
  ],
].map((name) => (name === '' ? APEX : `${name}.${APEX}`))

const QUESTIONS = UNIVERSE.flatMap((name) => TYPES.map((type) => ({ name, type })))

/** What a client sees of an answer, TTLs and order aside. */
function seen(reply: EntryReply): unknown {
  const { rcode, authenticated, status, message } = reply
  const records = message.answer
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(
      ({ owner, type, rdata }) =>
        `${formatName(foldName(owner))} ${formatType(type)} ${formatRdata(type, rdata)}`,
    )
  return { rcode, authenticated, status, records: records.sort() }
}

/** RFC 4035 3.1, RFC 5155 7.2: a denial brings SOA and proofs, each with a signature, unless it is not secure. */
function lacksProof({ status, message }: EntryReply): boolean {
  if (status !== 'secure' || message.answer.length > 0) return false
  const types = message.authority.map(({ type }) => type)
  const proofs = types.filter((type) => type === TYPE.NSEC || type === TYPE.NSEC3 || type === TYPE.SOA).length
  const signatures = types.filter((type) => type === TYPE.RRSIG).length
  return !types.includes(TYPE.SOA) || proofs < 2 || signatures < proofs
}

function synthesised({ counts }: World): number {
  return ['nxdomain', 'nodata', 'wildcard'].reduce(
    (sum, kind) => sum + (counts.get(`synthesised ${kind}`) ?? 0),
    0,
  )
}

t.test('the same answers as without', async (t) => {
  const made = { nxdomain: 0, nodata: 0, wildcard: 0 }
  let spared = 0
  const property = fc.asyncProperty(
    plan,
    fc.shuffledSubarray(QUESTIONS, { minLength: 60, maxLength: 140 }),
    async (plan, questions) => {
      const zones = zonesOf(plan)
      const [asking, making] = [false, true].map((aggressiveDenial) =>
        makeWorld(zones, { settings: { aggressiveDenial } }),
      ) as [World, World]
      for (const { name, type } of questions) {
        const expected = await asking.ask(name, type)
        const before = synthesised(making)
        const got = await making.ask(name, type)
        const how = synthesised(making) > before ? 'made' : 'asked for'
        const question = `${name} ${formatType(type)}, ${how}`
        deepStrictEqual(seen(got), seen(expected), question)
        if (how === 'made') deepStrictEqual(lacksProof(got), false, `${question}: proofs`)
      }
      for (const kind of Object.keys(made) as (keyof typeof made)[])
        made[kind] += making.counts.get(`synthesised ${kind}`) ?? 0
      spared += asking.asked().length - making.asked().length
    },
  )
  await fc.assert(property, {
    numRuns: RUNS,
    seed: 8198,
  })
  t.comment(made, { spared })
  for (const [kind, count] of Object.entries(made)) t.ok(count > 20, `${kind}: ${count}`)
  t.ok(spared > 0, `${spared} questions fewer`)
})
