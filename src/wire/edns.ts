/** EDNS (RFC 6891): the OPT pseudo-record and its options, all of them kept as they came. */

import { OPTION } from './iana/edns-option.ts'
import { TYPE } from './iana/rrtype.ts'
import { readU16, writeU16 } from './integers.ts'

/** One option, its content untouched. */
export interface EdnsOption {
  readonly code: number
  readonly octets: Uint8Array
}

/** What the OPT record says, its share of the rcode aside. */
export interface Edns {
  readonly version: number
  /** Requestor's UDP payload size, as sent; values below 512 mean 512 (RFC 6891 6.2.3). */
  readonly udpPayloadOctets: number
  /** DNSSEC OK (RFC 3225). */
  readonly do: boolean
  /** The other 15 bits of the flags. */
  readonly flags: number
  readonly options: readonly EdnsOption[]
}

const FLAG_DO = 0x8000
/** The one that there is (RFC 6891). */
const EDNS_VERSION = 0
/** Octets of an OPT record without options. */
const OPT_OCTETS = 11

/**
 * Reads the variable and fixed part of an OPT record; undefined when an option overruns the RDATA. What the RDATA of a later
 * version is nobody knows yet: it need not be options.
 */
export function parseOpt(recordClass: number, ttl: number, rdata: Uint8Array): Edns | undefined {
  const version = (ttl >>> 16) & 0xff
  const options = parseOptions(rdata) ?? (version > EDNS_VERSION ? [] : undefined)
  const fixed = { version, udpPayloadOctets: recordClass, do: (ttl & FLAG_DO) !== 0, flags: ttl & 0x7fff }
  return options && { ...fixed, options }
}

function parseOptions(rdata: Uint8Array): EdnsOption[] | undefined {
  const options: EdnsOption[] = []
  let at = 0
  while (at < rdata.length) {
    if (at + 4 > rdata.length) return undefined
    const end = at + 4 + readU16(rdata, at + 2)
    if (end > rdata.length) return undefined
    options.push({ code: readU16(rdata, at), octets: rdata.subarray(at + 4, end) })
    at = end
  }
  return options
}

/** Octets that `writeOpt` takes. */
export function optLength(edns: Edns): number {
  let length = OPT_OCTETS
  for (const option of edns.options) length += 4 + option.octets.length
  return length
}

/** Writes a whole OPT record at `at`; `rcode` lends its upper eight bits (RFC 6891 6.1.3). Returns the end. */
export function writeOpt(octets: Uint8Array, at: number, edns: Edns, rcode: number): number {
  octets[at] = 0
  writeU16(octets, at + 1, TYPE.OPT)
  writeU16(octets, at + 3, edns.udpPayloadOctets)
  octets[at + 5] = rcode >> 4
  octets[at + 6] = edns.version
  writeU16(octets, at + 7, (edns.do ? FLAG_DO : 0) | (edns.flags & 0x7fff))
  writeU16(octets, at + 9, optLength(edns) - OPT_OCTETS)
  let end = at + OPT_OCTETS
  for (const option of edns.options) {
    writeU16(octets, end, option.code)
    writeU16(octets, end + 2, option.octets.length)
    octets.set(option.octets, end + 4)
    end += 4 + option.octets.length
  }
  return end
}

/** The first option of a code. */
export function findOption(edns: Edns, code: number): EdnsOption | undefined {
  return edns.options.find((option) => option.code === code)
}

/** An Extended DNS Error (RFC 8914 2): INFO-CODE and UTF-8 text. */
export interface ExtendedError {
  readonly code: number
  readonly text: string
}

/** The option that carries an extended error. */
export function edeOption(code: number, text: string): EdnsOption {
  const extra = Buffer.from(text, 'utf8')
  const octets = new Uint8Array(2 + extra.length)
  writeU16(octets, 0, code)
  octets.set(extra, 2)
  return { code: OPTION.EXTENDED_ERROR, octets }
}

/** Reads an extended error; undefined for other options and for one that is too short. A final NUL is dropped. */
export function parseEde(option: EdnsOption): ExtendedError | undefined {
  if (option.code !== OPTION.EXTENDED_ERROR || option.octets.length < 2) return undefined
  const extra = Buffer.from(option.octets.subarray(2)).toString('utf8')
  return { code: readU16(option.octets, 0), text: extra.endsWith('\0') ? extra.slice(0, -1) : extra }
}
