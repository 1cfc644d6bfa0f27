/**
 * Why an answer has its status, or why there is none. One table serves the engine, answer entries, metrics, the log
 * and Extended DNS Errors.
 */

/** One reason. */
export interface ReasonEntry {
  /** What answer entries store; stable over versions, because snapshots hold it. One octet. */
  readonly number: number
  /** INFO-CODE of RFC 8914 (and its registry), or undefined when there is nothing to complain of. */
  readonly ede: number | undefined
  /** A few plain words for people. */
  readonly text: string
}

// Numbers: 0-15 in order, 16-47 proven insecure or bogus, 64 and above no answer at all. A number is never reused.
// The EDE numbers are literals so that the type of the table can be written out; a test compares them with the registry.

/** Every reason, by its slug. The slugs are label values of metrics and never change their meaning. */
export const REASONS = {
  'not-judged': { number: 0, ede: undefined, text: 'not validated' },
  secure: { number: 1, ede: undefined, text: 'proven by signatures' },
  'local-data': { number: 2, ede: undefined, text: 'answered locally' },
  synthesised: { number: 5, ede: 29, text: 'made from proofs that were cached' },
  'no-trust-anchor': { number: 3, ede: undefined, text: 'no trust anchor at or above the name' },
  'private-address': { number: 4, ede: 15, text: 'private addresses were taken out of the answer' },
  blocked: { number: 8, ede: 15, text: 'blocked here' },
  'stale-answer': { number: 6, ede: 3, text: 'the answer has run out and there is no newer one' },
  'stale-name-error': { number: 7, ede: 19, text: 'the denial has run out and there is no newer one' },

  'unsigned-delegation': {
    number: 16,
    ede: undefined,
    text: 'the parent proves that the zone is not signed',
  },
  'opt-out': { number: 17, ede: undefined, text: 'an NSEC3 opt-out span may hide unsigned delegations' },
  'negative-trust-anchor': { number: 18, ede: 33, text: 'a negative trust anchor covers the name' },
  'unsupported-algorithm': { number: 19, ede: 1, text: 'signed only with unsupported algorithms' },
  'unsupported-digest': { number: 20, ede: 2, text: 'only DS digests of unsupported types' },
  'insecure-zone': { number: 22, ede: 0, text: 'dnssec.insecure-zones of this resolver has the zone' },
  'nsec3-iterations': { number: 21, ede: 27, text: 'NSEC3 with more iterations than are computed' },

  'signature-missing': { number: 32, ede: 10, text: 'a signature is missing' },
  'signature-expired': { number: 33, ede: 7, text: 'the signature has expired' },
  'signature-not-yet-valid': { number: 34, ede: 8, text: 'the signature is not valid yet' },
  'signature-expired-before-valid': {
    number: 35,
    ede: 25,
    text: 'the signature expires before it becomes valid',
  },
  'signature-wrong': { number: 36, ede: 6, text: 'the signature does not match the data' },
  'signature-malformed': { number: 37, ede: 6, text: 'the signature record is malformed' },
  'dnskey-missing': { number: 38, ede: 9, text: 'the key that should be there is not' },
  'dnskey-unusable': { number: 39, ede: 6, text: 'the key cannot be used' },
  'no-zone-key': { number: 40, ede: 11, text: 'the key is not a zone key' },
  'key-revoked': { number: 41, ede: 9, text: 'the key is revoked' },
  'anchor-revoked': { number: 87, ede: 6, text: 'the trust anchor is revoked' },
  'denial-missing': { number: 42, ede: 12, text: 'the proof of absence is missing' },
  'denial-wrong': { number: 43, ede: 6, text: 'the proof of absence contradicts the answer' },
  'wildcard-proof-missing': { number: 44, ede: 12, text: 'nothing proves that the wildcard applies' },
  'cname-wrong': { number: 46, ede: 6, text: 'the CNAME is not what the DNAME above it makes' },
  'too-much-work': { number: 45, ede: 0, text: 'validation would take more work than is allowed' },

  'no-reachable-authority': { number: 64, ede: 22, text: 'no authority could be reached' },
  'lame-servers': { number: 66, ede: 22, text: 'no name server answers for the zone' },
  'alias-loop': { number: 68, ede: 0, text: 'aliases lead in a circle' },
  'address-loop': { number: 69, ede: 22, text: 'the addresses of name servers depend on each other' },
  'no-server-address': { number: 70, ede: 22, text: 'no address of a name server is known' },
  'invalid-data': { number: 71, ede: 0, text: 'what the authority sent is malformed' },
  'cached-failure': { number: 72, ede: 13, text: 'failed a moment ago' },
  'limit-upstream-queries': { number: 74, ede: 0, text: 'too many upstream queries' },
  'limit-upstream-octets': { number: 92, ede: 0, text: 'the replies have too many octets' },
  'limit-aliases': { number: 75, ede: 0, text: 'too many aliases' },
  'limit-depth': { number: 76, ede: 0, text: 'address look-ups nest too deep' },
  'limit-name-servers': { number: 77, ede: 0, text: 'too many name-server names to look up' },
  'limit-time': { number: 78, ede: 22, text: 'took too long' },
  'limit-referrals': { number: 79, ede: 0, text: 'too many delegations' },
  'limit-outstanding-per-zone': {
    number: 88,
    ede: 32,
    text: 'too many questions wait for the servers of the zone',
  },
  'limit-outstanding-per-server': {
    number: 89,
    ede: 32,
    text: 'too many questions wait for the servers that could be asked',
  },
  'limit-outstanding-per-client': { number: 90, ede: 32, text: 'too many questions of the client wait' },
  'limit-fair-share': { number: 91, ede: 32, text: 'the resolver is busy, and the client has had its share' },
  overload: { number: 80, ede: 0, text: 'too much to do' },
  internal: { number: 81, ede: 0, text: 'internal fault' },
  'server-failure': { number: 83, ede: 23, text: 'the authority answers with an error' },
  'dnskey-unreachable': { number: 84, ede: 9, text: 'the keys of a signed zone could not be fetched' },
  'thread-lost': { number: 85, ede: 0, text: 'the thread that worked on it ended' },
  'set-aside': { number: 86, ede: 0, text: 'not tried: a thread that worked on it ended a moment ago' },
  'not-cached': { number: 82, ede: 0, text: 'not in the cache, and nobody was to be asked (no RD)' },
} as const

/** A slug of the table. */
export type Reason = keyof typeof REASONS

const BY_NUMBER: ReadonlyMap<number, Reason> = new Map(
  Object.entries(REASONS).map(([slug, entry]) => [entry.number, slug as Reason]),
)

/** The reason with this number, or undefined when a newer version wrote it. */
export function reasonFromNumber(number: number): Reason | undefined {
  return BY_NUMBER.get(number)
}
