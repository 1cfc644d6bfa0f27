/** Messages put together by hand, right and wrong. */
import { octetsFromHex } from '../../src/base/octets.ts'

/** Counts of the four sections, flags and rcode of a header. */
export interface HandMadeHeader {
  readonly flags?: number
  readonly counts: readonly [number, number, number, number]
}

/** A header (id 0x1234, a response unless `flags` says otherwise) and the pieces after it: hexadecimal or octets. */
export function handMade(header: HandMadeHeader, ...pieces: readonly (string | Uint8Array)[]): Uint8Array {
  const words = [0x1234, header.flags ?? 0x8180, ...header.counts]
  const head = words.map((word) => word.toString(16).padStart(4, '0')).join('')
  return new Uint8Array(Buffer.concat([head, ...pieces].map(octets)))
}

function octets(piece: string | Uint8Array): Uint8Array {
  const value = typeof piece === 'string' ? octetsFromHex(piece) : piece
  if (value === undefined) throw new RangeError(`${piece} is not hexadecimal`)
  return value
}

/** `example.com. IN A` as a question. */
export const QUESTION = '076578616d706c6503636f6d00 0001 0001'

/** A record: owner (a pointer to offset 12 when left out), type, RDATA in hexadecimal, and what RDLENGTH claims. */
export function handMadeRecord(
  type: number,
  rdata: string,
  options: {
    readonly owner?: string
    readonly rdlength?: number
    readonly ttl?: string
    readonly class?: string
  } = {},
): string {
  const length = options.rdlength ?? rdata.replace(/\s+/g, '').length / 2
  const number = (value: number): string => value.toString(16).padStart(4, '0')
  return [
    options.owner ?? 'c00c',
    number(type),
    options.class ?? '0001',
    options.ttl ?? '00000e10',
    number(length),
    rdata,
  ].join(' ')
}
