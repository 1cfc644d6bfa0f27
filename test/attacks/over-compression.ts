/** Names compressed where they must not be. */
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { isSubdomainOf, type Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'

/** Where a name stands in RDATA, for types in which it must not be compressed (RFC 3597 4, RFC 4034 3.1.7, 4.1.1). */
const NAME_AT: ReadonlyMap<number, number> = new Map([
  [TYPE.RRSIG, 18],
  [TYPE.SRV, 6],
  [TYPE.NSEC, 0],
])

/** Writes every name that ends in the zone's as a pointer to the question. */
export function overCompressing(origin: string): Behaviour {
  const apex = nameFrom(origin)
  return (inner) => (query, transport) =>
    inner(query, transport).map((reply) => ({ ...reply, message: overCompressed(reply.message, apex) }))
}

function overCompressed(octets: Uint8Array, apex: Name): Uint8Array {
  const message = parseMessage(octets)
  const { name, type } = message.questions[0]!
  if (!isSubdomainOf(name, apex) || message.tc) return octets
  const pointer = 0xc000 | (12 + name.length - apex.length)
  const compress = (found: Uint8Array): number[] =>
    isSubdomainOf(found as Name, apex)
      ? [...found.subarray(0, found.length - apex.length), pointer >> 8, pointer & 255]
      : [...found]
  const record = ({ owner, type, ttlSeconds, rdata }: ResourceRecord): number[] => {
    const at = NAME_AT.get(type)
    let end = at ?? 0
    if (at !== undefined) while (rdata[end] !== 0) end += rdata[end]! + 1
    const short =
      at === undefined
        ? [...rdata]
        : [...rdata.subarray(0, at), ...compress(rdata.subarray(at, end + 1)), ...rdata.subarray(end + 1)]
    const ttl = [ttlSeconds >>> 24, (ttlSeconds >>> 16) & 255, (ttlSeconds >>> 8) & 255, ttlSeconds & 255]
    return [
      ...compress(owner),
      type >> 8,
      type & 255,
      0,
      1,
      ...ttl,
      short.length >> 8,
      short.length & 255,
      ...short,
    ]
  }
  const sections = [message.answer, message.authority]
  const head = [
    ...octets.subarray(0, 6),
    ...sections.flatMap(({ length }) => [length >> 8, length & 255]),
    0,
    1,
  ]
  const opt = [0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0]
  return Uint8Array.from([
    ...head,
    ...name,
    type >> 8,
    type & 255,
    0,
    1,
    ...sections.flat().flatMap(record),
    ...opt,
  ])
}
