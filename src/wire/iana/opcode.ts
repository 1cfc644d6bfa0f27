/** Kinds of query: the IANA registry "DNS OpCodes" (RFC 6895 2.2). */

/** Opcodes by mnemonic. */
export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const

const MNEMONICS: ReadonlyMap<number, string> = new Map(
  Object.entries(OPCODE).map(([mnemonic, number]) => [number, mnemonic]),
)

/** The mnemonic, or `OPCODEn` where there is none. */
export function formatOpcode(opcode: number): string {
  return MNEMONICS.get(opcode) ?? `OPCODE${opcode}`
}
