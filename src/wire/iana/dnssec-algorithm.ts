/** Signing algorithms: the IANA registry "DNS Security Algorithm Numbers". */

/** Algorithm numbers by mnemonic; a hyphen of the mnemonic is an underscore here. */
export const ALGORITHM = {
  DELETE: 0,
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  DSA_NSEC3_SHA1: 6,
  RSASHA1_NSEC3_SHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECC_GOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  SM2SM3: 17,
  ECC_GOST12: 23,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
} as const

const MNEMONICS: ReadonlyMap<number, string> = new Map(
  Object.entries(ALGORITHM).map(([key, number]) => [number, key.replaceAll('_', '-')]),
)

/** Names that BIND's tools write for algorithms 6 and 7. */
const ALIASES: ReadonlyMap<string, number> = new Map([
  ['NSEC3DSA', ALGORITHM.DSA_NSEC3_SHA1],
  ['NSEC3RSASHA1', ALGORITHM.RSASHA1_NSEC3_SHA1],
  ['ECCGOST', ALGORITHM.ECC_GOST],
])

/** The mnemonic, or the number where there is none. */
export function formatAlgorithm(algorithm: number): string {
  return MNEMONICS.get(algorithm) ?? String(algorithm)
}

/** The number of a mnemonic (whatever the case) or of a decimal number up to 255; undefined for anything else. */
export function parseAlgorithm(text: string): number | undefined {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : undefined
  const upper = text.toUpperCase()
  for (const [number, mnemonic] of MNEMONICS) if (mnemonic === upper) return number
  return ALIASES.get(upper)
}
