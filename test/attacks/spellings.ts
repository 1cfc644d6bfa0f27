/** Answers in another order, in other letters, twice, and beside wrong signatures. */
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { alteredSignatures, type Defect, spoilt } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { recased, scrambled } from '../metamorphic/scramble.ts'

/** Every section of every reply in another order, record by record; as it was where there is no randomness. */
export function reordering(randomOf: () => Random | undefined): Behaviour {
  return (inner) => (query, transport) =>
    inner(query, transport).map((reply) => {
      const random = randomOf()
      return { ...reply, message: (random && scrambled(reply.message, random)) ?? reply.message }
    })
}

/** A rewrite of the RDATA of one type, signatures as they were. */
function altered(type: number, alter: (rdata: Uint8Array) => Uint8Array): Rewrite {
  const change = (set: Rrset): Rrset =>
    set.type === type ? { ...set, rdatas: set.rdatas.map((rdata) => alter(rdata)) } : set
  return (answer) => ({
    ...answer,
    answer: answer.answer.map(change),
    authority: answer.authority.map(change),
  })
}

/** Capitals from an offset on; the octets there are names alone. */
export function capitals(from: number, octets = 0xffff): (rdata: Uint8Array) => Uint8Array {
  return (rdata) =>
    rdata.map((octet, i) =>
      i >= from && i < from + octets && octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet,
    )
}

/** The Signer's Name stands at octet 18 of RRSIG. */
export const signerInCapitals: Defect = alteredSignatures({}, (rdata) => {
  const copy = rdata.slice()
  for (let at = 18; copy[at] !== 0; at += copy[at]! + 1) {
    for (let i = at + 1; i <= at + copy[at]!; i++) if (copy[i]! >= 0x61 && copy[i]! <= 0x7a) copy[i]! -= 0x20
  }
  return copy
})

const ownersInCapitals: Rewrite = (answer) => ({
  ...answer,
  answer: answer.answer.map((set) => ({ ...set, owner: capitals(0)(set.owner) as Name })),
})

/** Names in other letters, and what a validator has to make of a denial by such a zone. */
export const RESPELT: readonly (readonly [what: string, rewrite: Rewrite, status: 'secure' | 'bogus'])[] = [
  ['signer and owner', ownersInCapitals, 'secure'],
  ['CNAME', altered(TYPE.CNAME, capitals(0)), 'secure'],
  ['MX', altered(TYPE.MX, capitals(2)), 'secure'],
  [
    'SOA',
    altered(TYPE.SOA, (rdata) =>
      Uint8Array.from([...capitals(0)(rdata.subarray(0, -20)), ...rdata.subarray(-20)]),
    ),
    'secure',
  ],
  ['the next name of NSEC', altered(TYPE.NSEC, (rdata) => recased(rdata, seededRandom(3))), 'bogus'],
]

/** Every answer with its first record twice, in a set that comes twice. */
export const twice: Rewrite = (answer) => ({
  ...answer,
  answer: answer.answer.flatMap((set) => [set, { ...set, rdatas: [...set.rdatas, set.rdatas[0]!.slice()] }]),
})

/** A wrong signature before or behind each right one. */
export function wrongBeside(wrongFirst: boolean): Defect {
  return (records) =>
    records.flatMap((record) => {
      if (record.type !== TYPE.RRSIG) return [record]
      const wrong = { ...record, rdata: spoilt(record.rdata) }
      return wrongFirst ? [wrong, record] : [record, wrong]
    })
}
