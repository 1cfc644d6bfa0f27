/**
 * The catalogue: attacks on resolvers (A forging, B making others work, C processor and memory, D transports and clients),
 * and faults that validators had when they met real zones (V). A row says what is tried and what a good resolver keeps to.
 */

/** One row. */
export interface AttackRow {
  readonly id: string
  /** What is tried, or what went wrong elsewhere. */
  readonly attack: string
  /** What must hold. */
  readonly criterion: string
  /** Why no test has the row's id; says nothing once one has. */
  readonly untested?: string
}

/** Id, attack, criterion; a reason where there is no test. */
type Cells = readonly [id: string, attack: string, criterion: string, untested?: string]

const FORGING: readonly Cells[] = [
  [
    'A01',
    'Kaminsky race: forged replies with guessed ids (CVE-2008-1447)',
    'no forged answer; another way after 3 near misses; counted',
  ],
  [
    'A02',
    'ids and ports that can be predicted (CVE-2025-40780)',
    'ids and ports as chance makes them (p > 0.000001), uncorrelated, most ports distinct',
  ],
  [
    'A03',
    'each thread draws from its own slice of the ports (CVE-2026-50252)',
    "each thread's ports spread over the whole range",
  ],
  [
    'A04',
    'many equal questions outstanding at once (birthday attack)',
    'one outstanding question for a name and type, two with CD',
  ],
  [
    'A05',
    'finding the open port from elsewhere (CVE-2020-25705)',
    'a datagram of another address never reaches the resolver',
  ],
  ['A06', 'a second fragment exchanged on its way', 'EDNS size 1232; a longer datagram is not used'],
  [
    'A07',
    'records that nobody asked for (CVE-2025-11411, CVE-2025-40778)',
    'every poisoned name keeps its own data',
  ],
  [
    'A08',
    'a forwarder is believed beyond its zone (MaginotDNS)',
    'what it adds about other zones is not used',
  ],
  [
    'A09',
    'a revoked domain renews itself (ghost domains, CVE-2012-1033)',
    "gone with the parent's TTL, by NS, authority and glue",
  ],
  ['A10', 'malformed replies before the true one (TuDoor)', 'the true answer, in at most 3 questions'],
  ['A11', 'names that look alike as text', 'octets decide: entries of their own, answers as they were'],
  ['A12', 'other classes and opcodes taken for IN (CVE-2026-5946)', 'nobody is asked, nothing is cached'],
  ['A13', 'a wildcard above its zone (CVE-2026-44690)', 'bogus; names of other zones unharmed'],
  [
    'A14',
    'an NSEC range that leaves its zone (CVE-2026-13321)',
    'never used; names in the range still resolve',
  ],
  ['A15', "the child's own proof denies its DS (CVE-2026-10723)", 'bogus'],
  ['A16', 'a wildcard replayed for a name that exists (CVE-2026-46582)', 'never secure; SERVFAIL'],
  ['A17', 'local rewriting hides bogus data (CVE-2026-50243)', 'SERVFAIL with EDE 6'],
  ['A18', 'signed data made to look unsigned', 'bogus in every form'],
  ['A19', 'replies without the cookie that the server sends (RFC 7873)', 'dropped, then TCP'],
]

const OTHERS: readonly Cells[] = [
  [
    'B01',
    'a referral to 1,500 names in another zone (NXNSAttack, CVE-2020-8616)',
    'at most 10 questions to the victim, 30 in all',
  ],
  [
    'B02',
    'a referral to a crowd of dead servers (CVE-2022-3204)',
    'at most 60 questions for 50 clients, each answered in 7 s',
  ],
  ['B03', 'two zones whose servers are in each other (TsuNAME)', 'at most 40 questions for 100 clients'],
  ['B04', 'every name server needs a deeper one (CVE-2014-8500)', 'at most 50 questions, SERVFAIL in 7 s'],
  ['B05', 'chains and circles of aliases', 'at most 13 questions, 2 for a circle, SERVFAIL'],
  ['B06', 'aliases, servers and retries multiplied (CAMP, CVE-2026-50045)', 'at most 100 questions'],
  ['B07', 'a name of 120 labels', 'at most 14 questions'],
  ['B08', 'glue that leads to the resolver itself or nowhere (CVE-2026-50251)', 'no datagram, SERVFAIL'],
  ['B09', 'thirteen names for one silent address (CVE-2026-3592)', 'asked at most 3 times'],
  [
    'B10',
    'a registry signs with the wrong key (.ru 2024, .de 2026)',
    'at most 2 questions a name, EDE 6 or 9, exceptions at run time',
  ],
  [
    'B11',
    'small questions, large answers, forged clients',
    'at most 2 octets back for each when limited; closed by default',
  ],
  ['B12', 'slow answers gathered into a pulse (CVE-2024-33655)', 'waiting replies bounded for each client'],
  ['B13', 'random names below a victim', 'benign success 99 %; outstanding questions of the zone bounded'],
]

const WORK: readonly Cells[] = [
  [
    'C01',
    'colliding keys and signatures (KeyTrap, CVE-2023-50387)',
    'at most 32 verifications, 30 ms, SERVFAIL',
  ],
  ['C02', 'keys that cannot be imported (CVE-2025-8677)', 'each import once, charged as a failure'],
  ['C03', 'huge RSA moduli and exponents', 'such keys are unusable; 5 ms'],
  [
    'C04',
    'NSEC3 iterations and deep names (CVE-2023-50868)',
    'at most 2,000 hashes and 30 ms; none beyond the limit',
  ],
  ['C05', 'a denial padded with proofs (CVE-2026-11605)', 'at most 16 verifications'],
  [
    'C06',
    'an NSEC3 walk that leaves the zone (RUSTSEC-2026-0118)',
    'ends at once; bogus, or no answer at all',
  ],
  ['C07', 'names that are hard to compress (CVE-2024-8508)', 'written within 10 ms'],
  ['C08', 'chains of compression pointers (RFC 9267)', 'read within 10 ms'],
  ['C09', 'floods of EDNS options (CVE-2026-41292)', 'within 2 ms; FORMERR or ignored'],
  ['C10', 'giant RRsets (CVE-2024-1737)', 'not cached or SERVFAIL; 20 ms; 64 KiB an entry'],
  ['C11', 'names in RDATA that are looked up (CVE-2024-11187)', 'none, or at most 13'],
  ['C12', 'fresh names push out what is used (CacheFlush)', 'benign hit share 80 %; memory within its bound'],
  ['C13', 'memory lost over wrong signatures (CVE-2022-38177)', 'the heap is level after 100,000'],
  ['C14', 'meanings that differ between resolvers (ResolverFuzz)', 'no unexplained difference to Unbound'],
  ['C15', 'a packet that ends the process', 'no uncaught exception in any packet'],
  [
    'C16',
    'RDATA shorter than its type needs (CVE-2024-25583)',
    'rejected or opaque, for every type and length',
  ],
  ['C17', 'a key slipped into the DNSKEY set (CVE-2025-25188)', 'bogus'],
]

const TRANSPORTS: readonly Cells[] = [
  ['D01', 'half messages on 2,000 connections (slow loris)', 'UDP and new connections unaffected'],
  ['D02', 'a client that never reads (CVE-2024-0760)', 'memory bounded, closed in 10 s'],
  ['D03', 'thousands of questions on one connection (CVE-2019-6477)', 'bounded work for each'],
  [
    'D04',
    'HTTP/2 resets and headers (CVE-2023-44487)',
    'GOAWAY; memory and delays bounded',
    'DNS over HTTPS is not there yet',
  ],
  ['D05', 'odd DoH requests', 'the status that RFC 8484 says', 'DNS over HTTPS is not there yet'],
  ['D06', 'TLS handshakes', 'benign clients unaffected', 'DNS over TLS is not there yet'],
  ['D07', 'slow questions hold all places (CVE-2026-42534)', 'benign success 99 %'],
  ['D08', 'texts of EDEs too long (CVE-2024-1931)', 'the answer fits'],
  ['D09', 'stale data in place of bogus (CVE-2022-3924)', 'bogus is never replaced by what was once secure'],
  ['D10', 'a forged PROXY header (CVE-2026-54478)', 'dropped', 'the PROXY protocol is not there yet'],
  ['D11', 'messages that empty the cache (CVE-2025-59030)', 'NOTIMP or REFUSED; the cache as it was'],
  [
    'D12',
    'configurations that nobody would write (CVE-2024-43167)',
    'an exit code and a line, never a trace',
  ],
  ['D13', 'the HTTP server for metrics (CVE-2026-33256)', '413 or 431; memory bounded'],
]

const VALIDATORS: readonly Cells[] = [
  ['V01', 'an alias into an unsigned zone counted as secure', 'no AD, whichever link is unsigned'],
  ['V02', 'an alias to no data in an unsigned zone under opt-out called bogus', 'NOERROR without AD'],
  ['V03', 'AD on a denial or a wildcard within an opt-out span', 'never AD (RFC 5155 9.2)'],
  ['V04', 'no data at a wildcard under opt-out called bogus', 'no AD, not bogus'],
  ['V05', 'ANY at an alias called bogus', 'what is there is validated, nothing is followed'],
  ['V06', 'a retry forgets that the server knows no EDNS', 'unsigned zone resolves; signed zone SERVFAIL'],
  ['V07', 'the order of records decides', 'the same verdict in every order'],
  [
    'V08',
    'the letters of signer, owner and RDATA names',
    'they do not matter, those of the next name of NSEC do',
  ],
  ['V09', 'the TTLs of NSEC3 records mixed up', 'no verdict depends on what is cached'],
  ['V10', 'a question for DS itself', "the parent's proof, whatever stands there"],
  ['V11', 'a secure alias to a denial without proof', 'SERVFAIL'],
  ['V12', 'an alias and one made from a wildcard in one answer', 'secure, with both proofs'],
  ['V13', 'the proof that the wildcard lacks the type is left out', 'SERVFAIL'],
  [
    'V14',
    'ends of the chain and empty non-terminals',
    'no data at an empty non-terminal, NXDOMAIN behind the last name',
  ],
  ['V15', 'wildcards beside delegations', 'a wildcard makes nothing below a cut'],
  ['V16', 'the same record twice', 'counts once, is given once'],
  ['V17', 'a good and a wrong RRSIG over one set', 'one valid RRSIG is enough, in any order'],
  [
    'V18',
    'type bit maps: high windows, wrong order, wrong length',
    'read to the bit; a malformed one proves nothing',
  ],
  ['V19', 'clocks that are a little off', 'a tolerance that can be set; EDE 7 and 8'],
  ['V20', 'times are serial numbers (RFC 4034 3.1.5)', 'right in 2038 and over 2106'],
  ['V21', 'expiration before inception', 'bogus with EDE 25'],
  ['V22', 'TTLs longer than signed, or than the signature lives', 'the least of all'],
  [
    'V23',
    'two keys with one tag (.ru 2024, .de 2026)',
    'published: secure; not published: bogus, cached, EDE 6',
  ],
  ['V24', 'a revoked key as anchor or signer', 'it signs its own revocation and nothing else'],
  [
    'V25',
    'RFC 5011 through the real roll of the root',
    '38696 pending on 2025-01-11, valid from 2025-02-10, through restarts',
  ],
  [
    'V26',
    'the signature of the published anchors runs out',
    'refused after its day; the built-in anchors serve',
  ],
  ['V27', 'DS digests side by side (RFC 4509)', 'the stronger one counts'],
  ['V28', 'unknown algorithms and digests', 'insecure alone, harmless beside known ones (RFC 6840 5.11)'],
  [
    'V29',
    'old algorithms, and a platform without them',
    '5 and 7 validate; switched off or unknown: insecure with EDE 1',
  ],
  ['V30', 'flags and protocol of keys', 'no zone key: EDE 11; SEP is a hint; one key may do all'],
  ['V31', 'forms of RSA keys and signatures (RFC 3110)', 'what the RFC allows verifies, nothing throws'],
  ['V32', 'lengths and values of ECDSA signatures', 'bogus, nothing throws'],
  ['V33', 'a wildcard asked for itself', 'secure without a proof of absence'],
  ['V34', 'the Labels field of RRSIG', 'right at a star, within stars and at the root'],
  ['V35', 'denials made for the question (RFC 9824, RFC 4470)', 'secure, AD'],
  ['V36', 'servers that change the letters of the question', 'resolved'],
  ['V37', 'TTL 0 everywhere', 'served once, bounded questions'],
  ['V38', 'names compressed where they must not be', 'read; canonical form as if they were not'],
  ['V39', 'parent and child on one server', 'DS comes from the parent'],
  ['V40', 'DNAME and the aliases it makes', 'an alias counts only if the DNAME makes it'],
  ['V41', 'ranges at the root, and of a zone with one name', 'secure'],
  ['V42', 'keys and algorithms that roll', 'never bogus where TTLs were obeyed'],
  ['V43', 'a bit map that lacks a type', 'that type is denied, the others are not touched'],
  ['V44', 'what a client with CD got is given to others', 'SERVFAIL without CD; no AD with it'],
  ['V45', 'exceptions and islands (RFC 7646)', 'the closest anchor decides'],
  ['V46', 'NXDOMAIN above a zone that the operator gave (CVE-2026-44687)', "the operator's zone answers"],
  ['V47', 'trailing octets, OPT twice or elsewhere, no question or two', 'FORMERR or passed over'],
  ['V48', 'the keys of the root do not fit a datagram', 'fetched by TCP; one clear line without it'],
  ['V49', 'a real chain of one day, from two sources', 'secure; bogus with one bit flipped'],
  ['V50', 'the root after its roll', 'secure in every step; bogus with the old anchor alone'],
]

/** All rows, in order. */
export const ROWS: readonly AttackRow[] = [...FORGING, ...OTHERS, ...WORK, ...TRANSPORTS, ...VALIDATORS].map(
  ([id, attack, criterion, untested]) => ({
    id,
    attack,
    criterion,
    ...(untested === undefined ? {} : { untested }),
  }),
)

/** The row with this id. */
export function rowOf(id: string): AttackRow {
  const row = ROWS.find((each) => each.id === id)
  if (row === undefined) throw new RangeError(`${id} is no row`)
  return row
}
