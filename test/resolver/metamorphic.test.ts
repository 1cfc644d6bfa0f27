/** The order of records and the case of names mean nothing (V07, V08): whatever they are, the verdict is the same. */
import t from 'tap'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { strippedDenial } from '../../src/lab/rewrites.ts'
import { wrongSignatures } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { makeWorld, plainZone, SIGNED, type WorldOptions, WWW, zone } from '../support/world.ts'

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

/** Letters of a name in any case. Length octets are below the letters. */
function recased(name: Name, random: Random): Name {
  return name.map((octet) =>
    /[a-z]/i.test(String.fromCharCode(octet)) && random.below(2) === 0 ? octet ^ 0x20 : octet,
  ) as Name
}

/** Every RRset in another order, twice now and then, its owner in other letters. */
function scrambled(random: Random): Rewrite {
  const scramble = (sets: readonly Rrset[]): Rrset[] =>
    shuffled(sets, random).map((set) => ({
      ...set,
      owner: recased(set.owner, random),
      rdatas: shuffled(random.below(3) === 0 ? [...set.rdatas, ...set.rdatas] : set.rdatas, random),
      signatures: shuffled(set.signatures, random),
    }))
  return (answer) => ({
    ...answer,
    answer: scramble(answer.answer),
    authority: scramble(answer.authority),
    additional: scramble(answer.additional),
  })
}

const CONTENT = `${WWW}www A 192.0.2.81\nwww A 192.0.2.82\na CNAME b\nb CNAME x.wild\n*.wild CNAME www\n@ MX 10 www\n@ MX 20 a\nx.y A 192.0.2.83\ntree DNAME y\n`

const QUESTIONS: readonly (readonly [string, number])[] = [
  ['www', TYPE.A],
  ['a', TYPE.A],
  ['free.wild', TYPE.A],
  ['x.tree', TYPE.A],
  ['none', TYPE.A],
  ['www', TYPE.TXT],
  ['y', TYPE.A],
  ['x.wild', TYPE.MX],
  ['', TYPE.MX],
  ['', TYPE.DS],
  ['', TYPE.DNSKEY],
]

async function verdicts(random: Random | undefined, options: WorldOptions = {}): Promise<string[]> {
  const rewrites = random === undefined ? () => [] : () => [scrambled(random)]
  const world = makeWorld(
    [
      zone('.', { content: '', servers: [{ name: 'a.root-servers.test.' }], rewrites }),
      zone('test.', { content: '', rewrites }),
      zone('nsec.test.', { content: CONTENT, rewrites }),
      zone('nsec3.test.', { content: CONTENT, signing: { ...SIGNED, denial: PLAIN_NSEC3 }, rewrites }),
      plainZone('plain.test.', { content: CONTENT, rewrites }),
      zone('wrong.test.', { content: CONTENT, defects: [wrongSignatures({ type: TYPE.A })], rewrites }),
      zone('bare.test.', { content: CONTENT, rewrites: () => [strippedDenial, ...rewrites()] }),
    ],
    options,
  )
  const lines: string[] = []
  for (const origin of ['nsec', 'nsec3', 'plain', 'wrong', 'bare']) {
    for (const [owner, type] of QUESTIONS) {
      const name = owner === '' ? `${origin}.test` : `${owner}.${origin}.test`
      const { status, rcode, ede, message } = await world.ask(name, type)
      const data = message.answer.map((record) => record.type).sort((a, b) => a - b)
      lines.push(`${name} ${type}: ${status} ${rcode} ${ede?.code} ${data}`)
    }
  }
  return lines
}

t.test('twenty orders and spellings, one set of verdicts', async (t) => {
  const expected = await verdicts(undefined)
  t.ok(
    expected.some((line) => line.includes(' secure ')) && expected.some((line) => line.includes(' bogus ')),
  )
  for (let seed = 1; seed <= 20; seed++) {
    t.same(await verdicts(seededRandom(seed), { seed }), expected, `seed ${seed}`)
  }
})

t.test('losing one datagram in ten changes no verdict', async (t) => {
  const expected = await verdicts(undefined)
  for (let seed = 1; seed <= 3; seed++) {
    t.same(await verdicts(undefined, { seed, network: { lostPerThousand: 100 } }), expected, `seed ${seed}`)
  }
})
