/** What a field of RDATA is. Everything the program does with RDATA follows from these few properties. */
import type { OctetSink } from '../octet-sink.ts'
import type { TokenCursor } from '../text-token.ts'

/** A kind of field: its extent in wire form, its text both ways, and the name in it. */
export interface FieldKind {
  /** Offset after the field that starts at `at`; -1 when what stands there is not one. RDATA ends at `to`. */
  end(octets: Uint8Array, at: number, to: number): number
  /** Text of a field that is known to be well formed; may be several words, or none. */
  format(octets: Uint8Array, at: number, end: number): string
  /** Reads the words of the field. Throws TextFault. */
  parse(text: TokenCursor, out: OctetSink): void
  /** Present when the field is, or ends in, a domain name. */
  readonly name?: NameRule
  /**
   * How a message is read: `checked` fields must be well formed or the message is not, an `opaque` one takes the
   * rest of the RDATA as it is; what a `plain` one says matters only if its type has a `checked` field.
   */
  readonly reading: 'checked' | 'plain' | 'opaque'
}

/** How the name of a field is treated. */
export interface NameRule {
  /** Offset of the name in the field that starts at `at`; -1 when there is no name this time or no room. */
  start(octets: Uint8Array, at: number, to: number): number
  /** Lower case in canonical form (RFC 4034 6.2, RFC 6840 5.1). */
  readonly folded: boolean
  /** May be compressed when written: the types of RFC 1035 only (RFC 3597 4). */
  readonly compressible: boolean
  /** Any number of such names follows one another to the end of the RDATA. */
  readonly repeated: boolean
}
