/** Fields that are one number, or a number with a mnemonic. */
import { parseAlgorithm } from '../iana/dnssec-algorithm.ts'
import { formatType, parseType } from '../iana/rrtype.ts'
import { readU16, readU32 } from '../integers.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, type TokenCursor } from '../text-token.ts'
import { formatTime, parseTime, parseTtl } from '../time-text.ts'
import type { FieldKind } from './field.ts'

/** 8 bits, decimal. */
export const U8: FieldKind = fixed(1, {
  format: (octets, at) => String(octets[at]),
  parse: (text, out) => out.u8(text.takeNumber(0xff, 'a number up to 255')),
})

/** 16 bits, decimal. */
export const U16: FieldKind = fixed(2, {
  format: (octets, at) => String(readU16(octets, at)),
  parse: (text, out) => out.u16(text.takeNumber(0xffff, 'a number up to 65535')),
})

/** 32 bits, decimal. */
export const U32: FieldKind = fixed(4, {
  format: (octets, at) => String(readU32(octets, at)),
  parse: (text, out) => out.u32(text.takeNumber(0xffff_ffff, 'a number up to 4294967295')),
})

/** 64 bits, decimal. */
export const U64: FieldKind = fixed(8, {
  format: (octets, at) =>
    Buffer.from(octets.subarray(at, at + 8))
      .readBigUInt64BE()
      .toString(),
  parse(text, out) {
    const token = text.take('a number up to 18446744073709551615')
    const value = /^[0-9]{1,20}$/.test(token.text) ? BigInt(token.text) : -1n
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn)
      throw notAs('a number up to 18446744073709551615', token)
    out.u32(Number(value >> 32n))
    out.u32(Number(value & 0xffff_ffffn))
  },
})

/** 32 bits, seconds; text may use units (`1h30m`). */
export const SECONDS: FieldKind = fixed(4, {
  format: (octets, at) => String(readU32(octets, at)),
  parse(text, out) {
    const token = text.take('a time in seconds')
    const seconds = parseTtl(token.text)
    if (seconds === undefined) throw notAs('a time in seconds', token)
    out.u32(seconds)
  },
})

/** 32 bits, seconds since 1970 modulo 2^32; text is YYYYMMDDHHmmSS or a number (RFC 4034 3.2). */
export const TIME: FieldKind = fixed(4, {
  format: (octets, at) => formatTime(readU32(octets, at)),
  parse(text, out) {
    const token = text.take('a time as YYYYMMDDHHmmSS')
    const time = parseTime(token.text)
    if (time === undefined) throw notAs('a time as YYYYMMDDHHmmSS', token)
    out.u32(time)
  },
})

/** 16 bits, a record type. */
export const RRTYPE: FieldKind = fixed(2, {
  format: (octets, at) => formatType(readU16(octets, at)),
  parse(text, out) {
    const token = text.take('a record type')
    const type = parseType(token.text)
    if (type === undefined) throw notAs('a record type', token)
    out.u16(type)
  },
})

/** 8 bits, a DNSSEC algorithm: written as a number, read as number or mnemonic (RFC 4034 2.2). */
export const ALGORITHM_NUMBER: FieldKind = fixed(1, {
  format: (octets, at) => String(octets[at]),
  parse(text, out) {
    const token = text.take('a DNSSEC algorithm')
    const algorithm = parseAlgorithm(token.text)
    if (algorithm === undefined) throw notAs('a DNSSEC algorithm', token)
    out.u8(algorithm)
  },
})

const CERTIFICATE_TYPES: readonly (readonly [number, string])[] = [
  [1, 'PKIX'],
  [2, 'SPKI'],
  [3, 'PGP'],
  [4, 'IPKIX'],
  [5, 'ISPKI'],
  [6, 'IPGP'],
  [7, 'ACPKIX'],
  [8, 'IACPKIX'],
  [253, 'URI'],
  [254, 'OID'],
]

/** 16 bits, a certificate type (RFC 4398 2.1). */
export const CERTIFICATE_TYPE: FieldKind = mnemonic(2, CERTIFICATE_TYPES, 'a certificate type')

/** 8 bits, a DSYNC scheme (RFC 9859 2.1). */
export const DSYNC_SCHEME: FieldKind = mnemonic(1, [[1, 'NOTIFY']], 'a DSYNC scheme')

type Text = Pick<FieldKind, 'format' | 'parse'>

function fixed(length: number, text: Text): FieldKind {
  return { reading: 'plain', end: (_, at, to) => (at + length <= to ? at + length : -1), ...text }
}

function mnemonic(length: 1 | 2, table: readonly (readonly [number, string])[], expected: string): FieldKind {
  const words = new Map(table)
  const max = length === 1 ? 0xff : 0xffff
  const value = (octets: Uint8Array, at: number): number => (length === 1 ? octets[at]! : readU16(octets, at))
  const put = (out: OctetSink, number: number): void => (length === 1 ? out.u8(number) : out.u16(number))
  return fixed(length, {
    format: (octets, at) => words.get(value(octets, at)) ?? String(value(octets, at)),
    parse(text: TokenCursor, out: OctetSink) {
      const word = text.peek()?.text.toUpperCase()
      const known = table.find(([, name]) => name === word)
      if (known !== undefined) text.take(expected)
      put(out, known?.[0] ?? text.takeNumber(max, expected))
    },
  })
}
