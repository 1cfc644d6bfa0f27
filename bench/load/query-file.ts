/** Questions with what must come back, in the form that the generators read. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, nameLengthAt } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'

/** A question for addresses and the reply that its name must have. What is left out is not checked. */
export interface Expectation {
  /** Presentation form. */
  readonly name: string
  /** DNSSEC OK is set. */
  readonly do: boolean
  readonly rcode?: number
  readonly ad?: boolean
  /** Records in the answer section. */
  readonly answers?: number
  /** Four octets of the first A record. */
  readonly address?: Uint8Array
}

/** What resolvers offer each other, and clients may. */
const UDP_PAYLOAD_OCTETS = 1232

const MAGIC = 'SIGILLQ1'
/** Magic and count. */
export const FILE_HEADER_OCTETS = 12
/** Query length, answers, rcode, AD, address. */
export const RECORD_HEADER_OCTETS = 10
export const ANY_RCODE = 0xff
export const ANY_AD = 2
export const ANY_ANSWERS = 0xffff
/** Of a DNS message. */
export const DNS_HEADER_OCTETS = 12

/**
 * The file: magic, then the count and for each question a header and the octets of the query with id 0. Numbers are
 * little-endian. A header is: length of the query (16 bits), answers (16 bits, 0xffff any), rcode (8 bits, 0xff any),
 * AD (8 bits, 2 any), the address (four octets as on the wire, zeros any).
 */
export function queryFileOctets(expectations: readonly Expectation[]): Uint8Array {
  const start = Buffer.alloc(FILE_HEADER_OCTETS)
  start.write(MAGIC, 'latin1')
  start.writeUInt32LE(expectations.length, MAGIC.length)
  const parts: Uint8Array[] = [start]
  for (const expectation of expectations) {
    const query = queryOctets(expectation)
    const header = Buffer.alloc(RECORD_HEADER_OCTETS)
    header.writeUInt16LE(query.length, 0)
    header.writeUInt16LE(expectation.answers ?? ANY_ANSWERS, 2)
    header.writeUInt8(expectation.rcode ?? ANY_RCODE, 4)
    header.writeUInt8(expectation.ad === undefined ? ANY_AD : Number(expectation.ad), 5)
    header.set(expectation.address ?? [], 6)
    parts.push(header, query)
  }
  return Buffer.concat(parts)
}

export function writeQueryFile(path: string, expectations: readonly Expectation[]): void {
  writeFileSync(path, queryFileOctets(expectations))
}

function queryOctets(expectation: Expectation): Uint8Array {
  return writeQuery({
    id: 0,
    question: { name: nameFrom(expectation.name), type: TYPE.A, class: CLASS.IN },
    rd: true,
    cd: false,
    edns: {
      version: 0,
      udpPayloadOctets: UDP_PAYLOAD_OCTETS,
      do: expectation.do,
      flags: 0,
      options: [],
    },
  })
}

/** One question out of a file. */
export interface FiledQuery {
  readonly octets: Uint8Array
  readonly answers: number
  readonly rcode: number
  readonly ad: number
  readonly address: Uint8Array
}

/** Reads what `queryFileOctets` wrote. */
export function parseQueryFile(file: Buffer): FiledQuery[] {
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('not a query file')
  const count = file.readUInt32LE(MAGIC.length)
  let at = FILE_HEADER_OCTETS
  return Array.from({ length: count }, () => {
    const from = at + RECORD_HEADER_OCTETS
    const query = {
      octets: file.subarray(from, from + file.readUInt16LE(at)),
      answers: file.readUInt16LE(at + 2),
      rcode: file.readUInt8(at + 4),
      ad: file.readUInt8(at + 5),
      address: file.subarray(at + 6, from),
    }
    at = from + query.octets.length
    return query
  })
}

/** How many questions a file holds. */
export function countQueries(path: string): number {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(FILE_HEADER_OCTETS)
    readSync(file, header)
    return header.readUInt32LE(MAGIC.length)
  } finally {
    closeSync(file)
  }
}

/** The name that a query asks for, as text. */
export function nameAsked(octets: Uint8Array): string {
  const length = nameLengthAt(octets, DNS_HEADER_OCTETS, octets.length)
  return formatName(octets.subarray(DNS_HEADER_OCTETS, DNS_HEADER_OCTETS + length) as Name)
}

export const NOERROR: number = RCODE.NOERROR
