/** Damage to messages: blind, and aimed at what a message is made of. */

import { concatOctets } from '../../src/base/octets.ts'
import type { Random } from '../../src/base/random.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Field, type FieldKind, type Outline, outlineOf, type Part } from './outline.ts'

/** A message to start from; its outline is made once. */
export interface Seed {
  readonly octets: Uint8Array
  readonly outline: Outline
}

export function seedOf(octets: Uint8Array): Seed {
  return { octets, outline: outlineOf(octets) }
}

const HEADER_OCTETS = 12
const MESSAGE_OCTETS_MAX = 65_535
/** Octets at which something changes its meaning: label lengths, pointers, types, signs. */
const ODD_OCTETS = [
  0, 1, 2, 5, 6, 11, 12, 39, 41, 43, 46, 47, 48, 50, 63, 64, 65, 90, 127, 128, 191, 192, 193, 250, 255,
]
const ODD_LENGTHS = [0, 1, 2, 3, 4, 10, 16, 255, 256, 512, 0x7fff, 0x8000, 0xffff]
const ODD_TTLS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 604_801]
const TYPES = Object.values(TYPE)
/** How often one part is repeated at most: enough to pass every bound on records. */
const REPEATS_MAX = 300

/** Changes `count` things about the message. `others` lend their records. */
export function mutate(seed: Seed, others: readonly Seed[], random: Random, count: number): Uint8Array {
  let octets: Uint8Array = seed.octets.slice()
  let { outline } = seed
  for (let i = 0; i < count; i++) {
    const before = octets.length
    octets = change(octets, outline, others, random)
    if (octets.length < HEADER_OCTETS) break
    if (octets.length !== before && i + 1 < count) outline = outlineOf(octets)
  }
  return octets.length > MESSAGE_OCTETS_MAX ? octets.slice(0, MESSAGE_OCTETS_MAX) : octets
}

function change(octets: Uint8Array, outline: Outline, others: readonly Seed[], random: Random): Uint8Array {
  const kind = random.below(20)
  if (kind < 4) return blind(octets, kind, random)
  if (kind < 12) return aimed(octets, outline, AIMS[kind - 4]!, random)
  if (kind < 17) return rearranged(octets, outline, others, kind, random)
  if (kind === 17) return octets.slice(0, random.below(octets.length + 1))
  if (kind === 18) return concatOctets(octets, noise(random, 1 + random.below(40)))
  return withOption(octets, outline, random)
}

// --- blind --------------------------------------------------------------------------------------------------------

function blind(octets: Uint8Array, kind: number, random: Random): Uint8Array {
  const at = random.below(octets.length)
  if (kind === 0) octets[at]! ^= 1 << random.below(8)
  else if (kind === 1) octets[at] = pick(ODD_OCTETS, random)
  else if (kind === 2) octets[random.below(Math.min(HEADER_OCTETS, octets.length))] = random.below(256)
  else return spliced(octets, at, at + random.below(5), noise(random, random.below(5)))
  return octets
}

/** Random octets. */
export function noise(random: Random, length: number): Uint8Array {
  const octets = new Uint8Array(length)
  for (let i = 0; i < length; i++) octets[i] = random.below(256)
  return octets
}

function spliced(octets: Uint8Array, from: number, to: number, put: Uint8Array): Uint8Array {
  return concatOctets(octets.subarray(0, from), put, octets.subarray(Math.min(to, octets.length)))
}

// --- aimed at a field ---------------------------------------------------------------------------------------------

const AIMS: readonly (FieldKind | 'count')[] = [
  'count',
  'label',
  'pointer',
  'type',
  'class',
  'ttl',
  'rdlength',
  'rdata',
]

function aimed(
  octets: Uint8Array,
  { fields }: Outline,
  aim: FieldKind | 'count',
  random: Random,
): Uint8Array {
  if (aim === 'count') {
    const at = 4 + 2 * random.below(4)
    setU16(octets, at, near(getU16(octets, at), random))
    return octets
  }
  const field = pickField(fields, aim, random)
  return field === undefined ? octets : AT_FIELD[aim](octets, field, random)
}

/** Looks for a field of the kind from a random place on, so that no list of them need be made. */
function pickField(fields: readonly Field[], kind: FieldKind, random: Random): Field | undefined {
  if (fields.length === 0) return undefined
  const start = random.below(fields.length)
  for (let i = 0; i < fields.length; i++) {
    const field = fields[(start + i) % fields.length]!
    if (field.kind === kind) return field
  }
  return undefined
}

type FieldChange = (octets: Uint8Array, field: Field, random: Random) => Uint8Array

const AT_FIELD: Readonly<Record<FieldKind, FieldChange>> = {
  label: (octets, { at, octets: length }, random) => {
    const kind = random.below(5)
    if (kind === 0) octets[at] = pick(ODD_OCTETS, random)
    else if (kind === 1) octets[at] = octets[at]! + random.below(3) - 1
    else if (kind === 2) return spliced(octets, at, at, manyLabels(random))
    else if (kind === 3) return spliced(octets, at, at + length, Uint8Array.of(0xc0, random.below(64)))
    else if (length > 1) octets[at + 1 + random.below(length - 1)] = pick(ODD_OCTETS, random)
    return octets
  },
  pointer: (octets, { at }, random) => {
    const targets = [at, at + 2, at - 2, 0, 12, octets.length - 1, random.below(octets.length), 0x3fff]
    setU16(octets, at, 0xc000 | (pick(targets, random) & 0x3fff))
    return octets
  },
  type: (octets, { at }, random) => {
    setU16(octets, at, random.below(4) === 0 ? random.below(0x1_0000) : pick(TYPES, random))
    return octets
  },
  class: (octets, { at }, random) => {
    setU16(octets, at, pick([0, 1, 3, 4, 254, 255, 512, 1232, 0xffff], random))
    return octets
  },
  ttl: (octets, { at }, random) => {
    const ttl = pick(ODD_TTLS, random)
    setU16(octets, at, ttl >>> 16)
    setU16(octets, at + 2, ttl & 0xffff)
    return octets
  },
  rdlength: (octets, { at }, random) => {
    setU16(octets, at, near(getU16(octets, at), random))
    return octets
  },
  rdata: (octets, { at, octets: length }, random) => {
    if (length > 0 && random.below(2) === 0) {
      octets[at + random.below(length)] = pick(ODD_OCTETS, random)
      return octets
    }
    // Another length that is told truly.
    const from = at + random.below(length + 1)
    const to = Math.min(at + length, from + random.below(6))
    const put = noise(random, random.below(6))
    const changed = spliced(octets, from, to, put)
    setU16(changed, at - 2, length - (to - from) + put.length)
    return changed
  },
}

function manyLabels(random: Random): Uint8Array {
  const count = 1 + random.below(140)
  const length = 1 + random.below(3)
  const label = Uint8Array.of(length, ...noise(random, length))
  return concatOctets(...Array.from({ length: count }, () => label))
}

/** A count or length close to the true one, or far from it. */
function near(value: number, random: Random): number {
  return random.below(2) === 0 ? (value + random.below(5) - 2) & 0xffff : pick(ODD_LENGTHS, random)
}

// --- parts moved about --------------------------------------------------------------------------------------------

function rearranged(
  octets: Uint8Array,
  { parts }: Outline,
  others: readonly Seed[],
  kind: number,
  random: Random,
): Uint8Array {
  if (parts.length === 0) return octets
  const part = pick(parts, random)
  const own = octets.subarray(part.at, part.end)
  if (kind === 12) return withParts(octets, part, own, 1)
  if (kind === 13) return withParts(octets, part, own, 1 + random.below(REPEATS_MAX))
  if (kind === 14) return withoutPart(octets, part)
  if (kind === 15) {
    const lender = pick(others, random)
    const lent = lender.outline.parts.length === 0 ? undefined : pick(lender.outline.parts, random)
    return lent === undefined ? octets : withParts(octets, part, lender.octets.subarray(lent.at, lent.end), 1)
  }
  // Records change their section without moving.
  const [from, to] = [random.below(4), random.below(4)]
  const count = getU16(octets, 4 + 2 * from)
  if (count > 0 && from !== to) {
    setU16(octets, 4 + 2 * from, count - 1)
    setU16(octets, 4 + 2 * to, getU16(octets, 4 + 2 * to) + 1)
  }
  return octets
}

/** Puts octets behind a part, `times` over, and counts them. */
function withParts(octets: Uint8Array, { section, end }: Part, put: Uint8Array, times: number): Uint8Array {
  const room = Math.max(1, Math.min(times, Math.floor((MESSAGE_OCTETS_MAX - octets.length) / put.length)))
  const many = concatOctets(...Array.from({ length: room }, () => put))
  const changed = spliced(octets, end, end, many)
  setU16(changed, 4 + 2 * section, (getU16(octets, 4 + 2 * section) + room) & 0xffff)
  return changed
}

function withoutPart(octets: Uint8Array, { section, at, end }: Part): Uint8Array {
  const changed = spliced(octets, at, end, new Uint8Array(0))
  setU16(changed, 4 + 2 * section, (getU16(octets, 4 + 2 * section) - 1) & 0xffff)
  return changed
}

// --- EDNS ---------------------------------------------------------------------------------------------------------

/** Puts options into OPT, or a whole OPT behind the message, with lengths that may lie. */
function withOption(octets: Uint8Array, { fields }: Outline, random: Random): Uint8Array {
  const options = concatOctets(
    ...Array.from({ length: 1 + random.below(4) }, () => {
      const length = random.below(24)
      const told = random.below(6) === 0 ? near(length, random) : length
      const code = random.below(3) === 0 ? random.below(0x1_0000) : random.below(20)
      const head = Uint8Array.of(code >> 8, code & 0xff, told >> 8, told & 0xff)
      return concatOctets(head, noise(random, length))
    }),
  )
  const typeAt = fields.findIndex(({ kind, at }) => kind === 'type' && getU16(octets, at) === TYPE.OPT)
  const rdata = typeAt < 0 ? undefined : fields[typeAt + 4]
  if (rdata?.kind === 'rdata') {
    const changed = spliced(octets, rdata.at + rdata.octets, rdata.at + rdata.octets, options)
    setU16(changed, rdata.at - 2, (rdata.octets + options.length) & 0xffff)
    return changed
  }
  const flags = pick([0, 0x80, 0x40], random)
  const size = pick([0, 511, 512, 1232, 4096, 0xffff], random)
  const version = random.below(8) === 0 ? random.below(256) : 0
  const head = [
    0,
    0,
    TYPE.OPT,
    size >> 8,
    size & 0xff,
    0,
    version,
    flags,
    0,
    options.length >> 8,
    options.length & 0xff,
  ]
  const changed = concatOctets(octets, Uint8Array.from(head), options)
  setU16(changed, 10, (getU16(changed, 10) + 1) & 0xffff)
  return changed
}

// --- octets -------------------------------------------------------------------------------------------------------

export function pick<T>(items: readonly T[], random: Random): T {
  return items[random.below(items.length)]!
}

function getU16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
}

/** Writes nothing past the end: a message may have been cut short. */
function setU16(octets: Uint8Array, at: number, value: number): void {
  if (at + 1 >= octets.length) return
  octets[at] = (value >> 8) & 0xff
  octets[at + 1] = value & 0xff
}
