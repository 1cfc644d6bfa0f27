/** Digests of DS records: the IANA registry "DNSSEC Delegation Signer (DS) Resource Record (RR) Type Digest Algorithms". */

/** Digest type numbers by name. */
export const DIGEST = { SHA1: 1, SHA256: 2, GOST: 3, SHA384: 4, GOST12: 5, SM3: 6 } as const

const NAMES: Readonly<Record<number, string>> = {
  1: 'SHA-1',
  2: 'SHA-256',
  3: 'GOST R 34.11-94',
  4: 'SHA-384',
  5: 'GOST R 34.11-2012',
  6: 'SM3',
}

/** The digest's name as the registry has it, or the number where there is none. */
export function formatDigestType(digestType: number): string {
  return NAMES[digestType] ?? String(digestType)
}
