/** EDNS options: the IANA registry "DNS EDNS0 Option Codes (OPT)" (RFC 6891 9). */

/** Option codes by name. */
export const OPTION = {
  LLQ: 1,
  UPDATE_LEASE: 2,
  NSID: 3,
  DAU: 5,
  DHU: 6,
  N3U: 7,
  CLIENT_SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  CHAIN: 13,
  KEY_TAG: 14,
  EXTENDED_ERROR: 15,
  CLIENT_TAG: 16,
  SERVER_TAG: 17,
  REPORT_CHANNEL: 18,
  ZONEVERSION: 19,
  UMBRELLA_IDENT: 20292,
  DEVICE_ID: 26946,
} as const

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OPTION).map(([name, code]) => [code, name.replaceAll('_', '-')]),
)

/** The option's name, or `OPTn` where there is none. */
export function formatOptionCode(code: number): string {
  return NAMES.get(code) ?? `OPT${code}`
}
