/** Changes to a reply that mean nothing: the order of records within a section, and the letters of names. */
import type { Random } from '../../src/base/random.ts'
import type { Upstream } from '../../src/resolver/ports.ts'
import { FormatError } from '../../src/wire/format-error.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { type Name, nameLengthAt } from '../../src/wire/name.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { MessageWriter, type Section } from '../../src/wire/writer.ts'

/** What was done. */
export interface ScrambleCount {
  replies: number
}

/** A network whose replies come scrambled; the question is repeated as it was, as the protocol wants. */
export function scrambling(inner: Upstream, random: Random, count: ScrambleCount): Upstream {
  return {
    async ask(request) {
      const result = await inner.ask(request)
      if (result.kind === 'failure') return result
      const message = scrambled(result.message, random)
      if (message !== undefined) count.replies++
      return { ...result, message: message ?? result.message }
    },
  }
}

/** The reply scrambled; undefined where it cannot be read or written. */
export function scrambled(octets: Uint8Array, random: Random): Uint8Array | undefined {
  let message: Message
  try {
    message = parseMessage(octets)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
  if (message.tc) return undefined
  const writer = new MessageWriter()
  writer.header({ ...message, rcode: message.rcode & 0xf })
  for (const question of message.questions) writer.question(question)
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (!writeShuffled(writer, section, message[section], random)) return undefined
  }
  if (message.edns !== undefined && !writer.opt(message.edns, message.rcode)) return undefined
  return writer.finish()
}

function writeShuffled(
  writer: MessageWriter,
  section: Section,
  records: readonly ResourceRecord[],
  random: Random,
): boolean {
  return shuffled(records, random).every(({ owner, type, class: recordClass, ttlSeconds, rdata }) =>
    writer.record(
      section,
      recased(owner, random) as Name,
      type,
      recordClass,
      ttlSeconds,
      recasedRdata(type, rdata, random),
    ),
  )
}

/** In another order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

/** Octets of a name with letters in either case. Length octets are below the letters. */
export function recased(name: Uint8Array, random: Random): Uint8Array {
  return name.map((octet) => {
    const folded = octet | 0x20
    return folded >= 0x61 && folded <= 0x7a && random.below(2) === 0 ? octet ^ 0x20 : octet
  })
}

/**
 * Where the names begin in RDATA whose canonical form is in lower case (RFC 4034 6.2, RFC 6840 5.1), and how many there
 * are. The next name of NSEC is not among them.
 */
const NAMES_IN_RDATA: ReadonlyMap<number, readonly [at: number, count: number]> = new Map([
  [TYPE.NS, [0, 1]],
  [TYPE.CNAME, [0, 1]],
  [TYPE.DNAME, [0, 1]],
  [TYPE.PTR, [0, 1]],
  [TYPE.SOA, [0, 2]],
  [TYPE.MX, [2, 1]],
  [TYPE.AFSDB, [2, 1]],
  [TYPE.SRV, [6, 1]],
  [TYPE.RRSIG, [18, 1]],
] as const)

/** RDATA with the letters of its names in either case. */
export function recasedRdata(type: number, rdata: Uint8Array, random: Random): Uint8Array {
  const place = NAMES_IN_RDATA.get(type)
  if (place === undefined) return rdata
  const copy = rdata.slice()
  let at: number = place[0]
  for (let left: number = place[1]; left > 0; left--) {
    const length = at < rdata.length ? nameLengthAt(rdata, at, rdata.length) : 0
    if (length === 0) return rdata
    copy.set(recased(rdata.subarray(at, at + length), random), at)
    at += length
  }
  return copy
}
