/** Response codes: the IANA registry "DNS RCODEs" (RFC 6895 2.3). */

/** Response codes of messages, the upper eight bits in OPT (RFC 6891 6.1.3). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  /** RFC 6891 9: the EDNS version is not supported. TSIG's BADSIG has the same number. */
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const

const MNEMONICS: ReadonlyMap<number, string> = new Map(
  Object.entries(RCODE).map(([mnemonic, number]) => [number, mnemonic]),
)

/** The mnemonic, or `RCODEn` where there is none. */
export function formatRcode(rcode: number): string {
  return MNEMONICS.get(rcode) ?? `RCODE${rcode}`
}
