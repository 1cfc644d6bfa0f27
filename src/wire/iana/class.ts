/** Classes: the IANA registry "DNS CLASSes" (RFC 6895 3.2). */

/** Class numbers by mnemonic. */
export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

const MNEMONICS: ReadonlyMap<number, string> = new Map(
  Object.entries(CLASS).map(([mnemonic, number]) => [number, mnemonic]),
)

/** The mnemonic, or `CLASSn` where there is none (RFC 3597 5). */
export function formatClass(recordClass: number): string {
  return MNEMONICS.get(recordClass) ?? `CLASS${recordClass}`
}

/** The number of a mnemonic or of `CLASSn`, whatever the case; undefined for anything else. */
export function parseClass(text: string): number | undefined {
  const upper = text.toUpperCase()
  for (const [number, mnemonic] of MNEMONICS) if (mnemonic === upper) return number
  if (!/^CLASS[0-9]{1,5}$/.test(upper)) return undefined
  const number = Number(upper.slice(5))
  return number <= 0xffff ? number : undefined
}
