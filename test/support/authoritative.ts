/** The header of what an authority says. */
import type { HeaderFields } from '../../src/wire/writer.ts'

/** A reply with AA and no other flag. */
export function authoritative(id: number, rcode = 0, opcode = 0): HeaderFields {
  return { id, opcode, rcode, qr: true, aa: true, tc: false, rd: false, ra: false, ad: false, cd: false }
}
