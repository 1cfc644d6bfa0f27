/** Every fault that a check knows: how grave it is, who can mend it, why it matters to users, and where it is written. */

/**
 * - `error`: names fail to resolve or to validate for some users now, or will at a validator that follows the RFCs
 * - `warning`: works today, and is one step from failing, or fails for a few
 * - `notice`: worth changing when the zone is touched next
 */
export type Severity = 'error' | 'warning' | 'notice'

/** Who can mend it: who signs the zone, who registers it with the parent, who runs its servers, somebody above, or we. */
export type Party = 'signer' | 'registrant' | 'servers' | 'parent' | 'resolver'

/** What words a help desk has for it. */
export type Theme =
  | 'keys'
  | 'dates'
  | 'signatures'
  | 'denial'
  | 'servers'
  | 'delegation'
  | 'above'
  | 'ourselves'
  | 'upkeep'

/** One row. */
export interface Fault {
  readonly severity: Severity
  readonly party: Party
  readonly theme: Theme
  readonly impact: string
  /** RFC sections and the like. */
  readonly references: readonly string[]
}

function row(
  severity: Severity,
  party: Party,
  theme: Theme,
  impact: string,
  ...references: readonly string[]
): Fault {
  return { severity, party, theme, impact, references }
}

/** What no valid DNSKEY set means. */
export const EVERYTHING_FAILS: string =
  'Validating resolvers answer SERVFAIL for every name of the zone: web sites and mail are unreachable for their users.'
const SOME_FAIL =
  'Validating resolvers answer SERVFAIL for the names concerned; users of other resolvers notice nothing, which makes the fault hard to find.'
const UNPROTECTED =
  'Resolvers treat the zone as unsigned: it works, but nothing protects its users from forged answers.'
const BY_CHANCE =
  'Whether a name resolves depends on which server a resolver happens to ask: users see failures that come and go.'
const SLOW =
  'Resolvers wait for a time-out before they ask another server: names of the zone are slow to resolve now and then.'

/** A code of the table. Codes never change their meaning: programs compare them. */
export type FaultCode =
  | 'resolver-fails'
  | 'domain-missing'
  | 'chain-above-broken'
  | 'parent-unsigned'
  | 'ns-only-at-parent'
  | 'ns-only-at-child'
  | 'ns-differs'
  | 'single-server'
  | 'ns-is-alias'
  | 'ns-without-address'
  | 'ns-address-private'
  | 'glue-missing'
  | 'glue-differs'
  | 'parents-disagree'
  | 'no-server-answers'
  | 'server-silent'
  | 'server-refuses'
  | 'server-fails'
  | 'server-not-authoritative'
  | 'reply-garbled'
  | 'tcp-missing'
  | 'udp-missing'
  | 'truncates-everything'
  | 'recursion-offered'
  | 'transfer-open'
  | 'case-changed'
  | 'edns-rejected'
  | 'edns-ignored'
  | 'edns-dropped'
  | 'edns-version'
  | 'edns-option'
  | 'edns-flags'
  | 'udp-oversize'
  | 'udp-fragments'
  | 'dnskey-large'
  | 'serial-differs'
  | 'soa-expire-short'
  | 'soa-retry-long'
  | 'negative-ttl-long'
  | 'soa-expire-beyond-signatures'
  | 'apex-alias'
  | 'not-signed'
  | 'ds-missing'
  | 'dnskey-missing'
  | 'ds-matches-nothing'
  | 'ds-orphan'
  | 'ds-digest-wrong'
  | 'ds-key-revoked'
  | 'ds-key-no-zone-key'
  | 'ds-key-not-signing'
  | 'ds-key-not-sep'
  | 'ds-unsupported'
  | 'ds-sha1-only'
  | 'ds-sha1-beside'
  | 'ds-ttl-long'
  | 'dnskey-differs'
  | 'algorithm-forbidden'
  | 'algorithm-sha1'
  | 'algorithm-discouraged'
  | 'algorithm-unknown'
  | 'algorithm-incomplete'
  | 'rsa-key-small'
  | 'dnskey-unusable'
  | 'key-tags-collide'
  | 'signature-expired'
  | 'signature-not-yet-valid'
  | 'signature-inverted'
  | 'signature-missing'
  | 'signature-wrong'
  | 'signature-key-missing'
  | 'signature-key-unfit'
  | 'signature-foreign'
  | 'signature-malformed'
  | 'signature-expiring'
  | 'signature-lifetime-long'
  | 'signature-lifetime-short'
  | 'signatures-expire-together'
  | 'ttl-above-original'
  | 'dnskey-ttl-long'
  | 'name-denial-missing'
  | 'name-denial-wrong'
  | 'type-denial-missing'
  | 'type-denial-wrong'
  | 'wildcard-proof-missing'
  | 'wildcard-proof-wrong'
  | 'bitmap-denies-type'
  | 'empty-non-terminal-denied'
  | 'nsec3-iterations'
  | 'nsec3-iterations-excessive'
  | 'nsec3-salt'
  | 'nsec3-opt-out'
  | 'nsec3-hash-unknown'
  | 'nsec3param-differs'
  | 'nsec-ttl-long'
  | 'cds-pending'
  | 'cds-without-key'
  | 'cds-cdnskey-disagree'
  | 'cds-delete'
  | 'cds-delete-mixed'
  | 'cds-differs'
  | 'domain-fails'
  | 'check-incomplete'

/** The table, by code. */
export const FAULTS: Readonly<Record<FaultCode, Fault>> = {
  // --- ourselves
  'resolver-fails': row(
    'error',
    'resolver',
    'ourselves',
    'Every name fails that this resolver has to validate, whatever state its zone is in.',
    'RFC 4033 4',
  ),

  // --- the way to the zone
  'domain-missing': row('error', 'registrant', 'delegation', 'Nobody can resolve the name.', 'RFC 8020'),
  'chain-above-broken': row('error', 'parent', 'above', EVERYTHING_FAILS, 'RFC 4035 5'),
  'parent-unsigned': row('notice', 'parent', 'above', UNPROTECTED, 'RFC 4035 5.2'),

  // --- delegation
  'ns-only-at-parent': row(
    'warning',
    'registrant',
    'delegation',
    'Resolvers ask servers that the zone itself does not name. Sooner or later somebody switches such a server off, and resolution fails by chance.',
    'RFC 1034 4.2.2',
    'RFC 7477',
  ),
  'ns-only-at-child': row(
    'warning',
    'registrant',
    'delegation',
    'The servers that only the zone names get little of the load and help little when others fail; resolvers disagree on which set counts.',
    'RFC 1034 4.2.2',
    'RFC 7477',
  ),
  'ns-differs': row(
    'warning',
    'servers',
    'delegation',
    'Resolvers learn another set of servers from each server that they ask: a copy of the zone is out of date.',
    'RFC 1034 4.2.2',
  ),
  'single-server': row(
    'warning',
    'servers',
    'delegation',
    'When this one server or its network fails, the whole domain fails.',
    'RFC 1034 4.1',
    'RFC 2182 5',
  ),
  'ns-is-alias': row(
    'error',
    'registrant',
    'delegation',
    'Many resolvers do not follow an alias here, and do not find the server.',
    'RFC 2181 10.3',
  ),
  'ns-without-address': row('error', 'registrant', 'delegation', SLOW, 'RFC 1034 4.2.1'),
  'ns-address-private': row(
    'error',
    'registrant',
    'delegation',
    'Nobody outside the network of that address can reach the server, and whoever has the same address inside may answer in its place.',
    'RFC 1918',
    'RFC 6890',
  ),
  'glue-missing': row(
    'error',
    'registrant',
    'delegation',
    'A resolver cannot learn where a server is whose name lies in the very zone that it wants to reach.',
    'RFC 1034 4.2.1',
    'RFC 9471',
  ),
  'glue-differs': row('warning', 'registrant', 'delegation', BY_CHANCE, 'RFC 1034 4.2.2'),
  'parents-disagree': row(
    'warning',
    'parent',
    'delegation',
    'Depending on which server of the parent is asked, another delegation or another DS set is learnt.',
    'RFC 1034 4.2.2',
  ),

  // --- servers
  'no-server-answers': row(
    'error',
    'servers',
    'servers',
    'Nobody can resolve any name of the zone.',
    'RFC 1034 4.1',
  ),
  'server-silent': row('warning', 'servers', 'servers', SLOW, 'RFC 8906 3'),
  'server-refuses': row(
    'error',
    'servers',
    'servers',
    'A part of all questions goes to a server that does not have the zone; with the others slow or down, names fail.',
    'RFC 1912 2.8',
  ),
  'server-fails': row(
    'error',
    'servers',
    'servers',
    'A part of all questions meets a server that cannot answer: its copy of the zone has expired or was not loaded.',
    'RFC 1034 4.3.5',
  ),
  'server-not-authoritative': row(
    'error',
    'servers',
    'servers',
    'Resolvers do not believe a server that is no authority for the zone, and go on to the next one.',
    'RFC 1034 4.3.1',
    'RFC 2181 5.4.1',
  ),
  'reply-garbled': row(
    'error',
    'servers',
    'servers',
    'Resolvers throw the reply away, and wait or fail.',
    'RFC 1035 4.1',
  ),
  'tcp-missing': row(
    'error',
    'servers',
    'servers',
    'Answers that do not fit into a datagram, signed ones above all, cannot be had from the server.',
    'RFC 7766 5',
    'RFC 9210 3',
  ),
  'udp-missing': row('error', 'servers', 'servers', SLOW, 'RFC 1123 6.1.3.2'),
  'truncates-everything': row(
    'warning',
    'servers',
    'servers',
    'Every question costs three round trips in place of one, and fails where TCP is blocked.',
    'RFC 2181 9',
  ),
  'recursion-offered': row(
    'warning',
    'servers',
    'servers',
    'A server that resolves for everybody can be used in attacks on others, and its cache can be poisoned.',
    'RFC 5358',
  ),
  'transfer-open': row(
    'notice',
    'servers',
    'servers',
    'Anybody can copy the whole zone, and such copies are used to find targets.',
    'RFC 5936 5',
  ),
  'case-changed': row(
    'warning',
    'servers',
    'servers',
    'Resolvers that write names in mixed case to keep forgers out take the reply for a forgery and ask again by TCP, or fail.',
    'RFC 1035 7.3',
    'RFC 4343',
  ),

  // --- EDNS and sizes
  'edns-rejected': row(
    'error',
    'servers',
    'servers',
    'The server cannot carry signatures: from a signed zone its answers count as forged.',
    'RFC 6891 7',
    'RFC 3225',
  ),
  'edns-ignored': row(
    'error',
    'servers',
    'servers',
    'The server cannot carry signatures: from a signed zone its answers count as forged.',
    'RFC 6891 6.1.1',
    'RFC 3225',
  ),
  'edns-dropped': row(
    'error',
    'servers',
    'servers',
    'Resolvers take the server for dead: names resolve slowly, and validation fails where no other server helps.',
    'RFC 6891 7',
    'RFC 8906 3',
  ),
  'edns-version': row(
    'notice',
    'servers',
    'servers',
    'A resolver that tries a later version of EDNS gets no usable answer.',
    'RFC 6891 6.1.3',
  ),
  'edns-option': row(
    'warning',
    'servers',
    'servers',
    'Resolvers that send options, DNS cookies for instance, get no usable answer and have to guess why.',
    'RFC 6891 6.1.2',
    'RFC 8906 3.2.2',
  ),
  'edns-flags': row(
    'notice',
    'servers',
    'servers',
    'The next use of an EDNS flag will not work with this server.',
    'RFC 6891 6.1.4',
  ),
  'udp-oversize': row(
    'error',
    'servers',
    'servers',
    'Resolvers and firewalls throw away a datagram that is longer than was asked for.',
    'RFC 6891 6.2.3',
    'RFC 1035 4.2.1',
  ),
  'udp-fragments': row(
    'notice',
    'servers',
    'servers',
    'Datagrams this long travel in fragments, which firewalls drop and forgers can replace.',
    'DNS flag day 2020',
    'RFC 9715',
  ),
  'dnskey-large': row(
    'notice',
    'signer',
    'upkeep',
    'Each resolver has to fetch the keys by TCP, which is slower and fails where TCP is blocked.',
    'DNS flag day 2020',
    'RFC 9715',
  ),

  // --- SOA
  'serial-differs': row(
    'warning',
    'servers',
    'servers',
    'Users get old or new data, depending on which server was asked.',
    'RFC 1034 4.3.5',
  ),
  'soa-expire-short': row(
    'notice',
    'servers',
    'upkeep',
    'When the primary is unreachable for longer, all secondaries stop answering.',
    'RFC 1912 2.2',
  ),
  'soa-retry-long': row(
    'notice',
    'servers',
    'upkeep',
    'A secondary that misses one refresh tries again no sooner than it would have anyway, and so runs into expiry.',
    'RFC 1912 2.2',
  ),
  'negative-ttl-long': row(
    'warning',
    'signer',
    'upkeep',
    'Who asked too early for a new name, a new type or (as a parent) a new DS hears that it does not exist for longer than a day.',
    'RFC 2308 5',
  ),
  'soa-expire-beyond-signatures': row(
    'warning',
    'servers',
    'upkeep',
    'A secondary cut off from its primary goes on serving signatures that have expired: SERVFAIL for validating users, who would be better off without it.',
    'RFC 6781 4.4.2',
  ),
  'apex-alias': row(
    'error',
    'signer',
    'delegation',
    'Resolvers follow the alias instead of finding SOA, NS, MX and DNSKEY: mail and validation fail for some of them.',
    'RFC 1912 2.4',
    'RFC 2181 10.1',
  ),

  // --- from the DS set to the keys
  'not-signed': row(
    'notice',
    'signer',
    'upkeep',
    'Nothing protects users of the zone from forged answers.',
    'RFC 9364',
  ),
  'ds-missing': row('warning', 'registrant', 'keys', UNPROTECTED, 'RFC 4035 2.4'),
  'dnskey-missing': row('error', 'registrant', 'keys', EVERYTHING_FAILS, 'RFC 4035 5.2'),
  'ds-matches-nothing': row('error', 'registrant', 'keys', EVERYTHING_FAILS, 'RFC 4035 5.2'),
  'ds-orphan': row(
    'warning',
    'registrant',
    'keys',
    'The record is a leftover, or a key that should be there is missing. It lets whoever holds the lost key sign for the zone, and some checkers refuse the set.',
    'RFC 6781 4.3',
  ),
  'ds-digest-wrong': row('error', 'registrant', 'keys', EVERYTHING_FAILS, 'RFC 4034 5.1.4', 'RFC 4509 3'),
  'ds-key-revoked': row('error', 'registrant', 'keys', EVERYTHING_FAILS, 'RFC 5011 2.1'),
  'ds-key-no-zone-key': row('error', 'signer', 'keys', EVERYTHING_FAILS, 'RFC 4034 2.1.1'),
  'ds-key-not-signing': row('error', 'signer', 'keys', EVERYTHING_FAILS, 'RFC 4035 5.2'),
  'ds-key-not-sep': row(
    'notice',
    'signer',
    'upkeep',
    'Tools that roll keys by the SEP flag overlook this key and may take it away.',
    'RFC 4034 2.1.1',
    'RFC 6781 3.2.3',
  ),
  'ds-unsupported': row('warning', 'registrant', 'keys', UNPROTECTED, 'RFC 4035 5.2', 'RFC 9904'),
  'ds-sha1-only': row(
    'warning',
    'registrant',
    'keys',
    'Validators that follow RFC 9905 ignore the record and treat the zone as unsigned.',
    'RFC 9905',
    'RFC 9904',
  ),
  'ds-sha1-beside': row(
    'notice',
    'registrant',
    'upkeep',
    'Nobody uses the record where there is one by SHA-256; it only makes answers longer.',
    'RFC 9905',
    'RFC 4509 3',
  ),
  'ds-ttl-long': row(
    'notice',
    'parent',
    'upkeep',
    'A wrong DS, or one of a lost key, stays in caches for days after it was mended.',
    'RFC 6781 4.4.2',
  ),

  // --- keys
  'dnskey-differs': row(
    'error',
    'servers',
    'keys',
    'A resolver with the keys of one server cannot verify what the other signs: failures that come and go.',
    'RFC 8901 2',
    'RFC 6781 4.3.5',
  ),
  'algorithm-forbidden': row('error', 'signer', 'keys', UNPROTECTED, 'RFC 9904', 'RFC 8624 3.1'),
  'algorithm-sha1': row(
    'warning',
    'signer',
    'keys',
    'Current validators treat the zone as unsigned, and some platforms make it fail.',
    'RFC 9905',
  ),
  'algorithm-discouraged': row(
    'notice',
    'signer',
    'upkeep',
    'It gives no more security than RSASHA256, and fewer resolvers verify it.',
    'RFC 9904',
    'RFC 8624 3.1',
  ),
  'algorithm-unknown': row('warning', 'signer', 'keys', UNPROTECTED, 'RFC 4035 5.2', 'RFC 9904'),
  'algorithm-incomplete': row(
    'warning',
    'signer',
    'signatures',
    'A validator that insists on every algorithm, as the standard lets it while an algorithm is rolled, takes the data for tampered with.',
    'RFC 4035 2.2',
    'RFC 6840 5.11',
  ),
  'rsa-key-small': row(
    'warning',
    'signer',
    'upkeep',
    'Keys this short can be broken by those who have the means; some platforms refuse them already.',
    'NIST SP 800-131A',
    'RFC 6781 3.4.2',
  ),
  'dnskey-unusable': row('error', 'signer', 'keys', SOME_FAIL, 'RFC 3110', 'RFC 6605', 'RFC 8080'),
  'key-tags-collide': row(
    'notice',
    'signer',
    'upkeep',
    'Validators try one key after the other, and those that guard against abuse may stop early.',
    'RFC 4034 B',
    'CVE-2023-50387',
  ),

  // --- signatures
  'signature-expired': row('error', 'signer', 'dates', SOME_FAIL, 'RFC 4035 5.3.1'),
  'signature-not-yet-valid': row('error', 'signer', 'dates', SOME_FAIL, 'RFC 4035 5.3.1'),
  'signature-inverted': row('error', 'signer', 'dates', SOME_FAIL, 'RFC 4034 3.1.5'),
  'signature-missing': row('error', 'signer', 'signatures', SOME_FAIL, 'RFC 4035 2.2'),
  'signature-wrong': row('error', 'signer', 'signatures', SOME_FAIL, 'RFC 4035 5.3.3'),
  'signature-key-missing': row('error', 'signer', 'keys', SOME_FAIL, 'RFC 4035 5.3.1', 'RFC 6781 4.1.1'),
  'signature-key-unfit': row('error', 'signer', 'keys', SOME_FAIL, 'RFC 4034 2.1.1', 'RFC 5011 2.1'),
  'signature-foreign': row('error', 'signer', 'signatures', SOME_FAIL, 'RFC 4035 5.3.1'),
  'signature-malformed': row('error', 'signer', 'signatures', SOME_FAIL, 'RFC 4034 3.1'),
  'signature-expiring': row(
    'warning',
    'signer',
    'dates',
    'When nobody signs the zone before then, every name of it fails for users of validating resolvers.',
    'RFC 6781 4.4.2',
  ),
  'signature-lifetime-long': row(
    'notice',
    'signer',
    'upkeep',
    'Who recorded an old answer can replay it for as long as its signature lasts, whatever the zone says now.',
    'RFC 6781 4.4.2',
  ),
  'signature-lifetime-short': row(
    'notice',
    'signer',
    'upkeep',
    'An outage of the signer of a few hours takes the whole zone down.',
    'RFC 6781 4.4.2',
  ),
  'signatures-expire-together': row(
    'notice',
    'signer',
    'upkeep',
    'One signing run that is missed takes everything down in the same second, and every run changes the whole zone at once.',
    'RFC 6781 4.4.2',
  ),
  'ttl-above-original': row(
    'warning',
    'servers',
    'signatures',
    'The TTL was changed after signing. Validators put it back to what was signed; other caches keep the data for longer than the signer meant.',
    'RFC 4035 2.2',
    'RFC 4035 5.3.3',
  ),
  'dnskey-ttl-long': row(
    'notice',
    'signer',
    'upkeep',
    'A key roll has to wait for so long at each step, and a mistake with keys stays in caches for so long.',
    'RFC 6781 4.4.2',
    'RFC 7583 3.3',
  ),

  // --- denial of existence
  'name-denial-missing': row(
    'error',
    'signer',
    'denial',
    'Mistyped and missing names give SERVFAIL in place of "no such name"; mail servers that look names up retry for days.',
    'RFC 4035 3.1.3.2',
    'RFC 5155 7.2.2',
  ),
  'name-denial-wrong': row(
    'error',
    'signer',
    'denial',
    'Mistyped and missing names give SERVFAIL in place of "no such name"; mail servers that look names up retry for days.',
    'RFC 4035 5.4',
    'RFC 5155 8.4',
  ),
  'type-denial-missing': row(
    'error',
    'signer',
    'denial',
    'Names that lack a type, AAAA for instance, give SERVFAIL: for many clients the name then fails altogether.',
    'RFC 4035 3.1.3.1',
    'RFC 5155 7.2.3',
  ),
  'type-denial-wrong': row(
    'error',
    'signer',
    'denial',
    'Names that lack a type, AAAA for instance, give SERVFAIL: for many clients the name then fails altogether.',
    'RFC 4035 5.4',
    'RFC 5155 8.5',
  ),
  'wildcard-proof-missing': row(
    'error',
    'signer',
    'denial',
    'Names that are made from the wildcard give SERVFAIL.',
    'RFC 4035 3.1.3.3',
    'RFC 5155 7.2.6',
  ),
  'wildcard-proof-wrong': row(
    'error',
    'signer',
    'denial',
    'Names that are made from the wildcard give SERVFAIL.',
    'RFC 4035 5.3.4',
    'RFC 5155 8.8',
  ),
  'bitmap-denies-type': row(
    'error',
    'signer',
    'denial',
    'Resolvers that answer from cached proofs deny a type that is there: it disappears for their users by chance.',
    'RFC 4034 4.1.2',
    'RFC 8198 5',
  ),
  'empty-non-terminal-denied': row(
    'error',
    'servers',
    'denial',
    'A resolver that asks label by label, or takes the denial at its word, finds nothing below: names that exist do not resolve.',
    'RFC 8020 2',
    'RFC 9156 2.3',
  ),
  'nsec3-iterations': row(
    'warning',
    'signer',
    'denial',
    'The extra work protects nothing and costs every resolver; limits have come down from year to year.',
    'RFC 9276 3.1',
  ),
  'nsec3-iterations-excessive': row(
    'error',
    'signer',
    'denial',
    'Resolvers treat denials of the zone as unproven, and some answer SERVFAIL.',
    'RFC 9276 3.2',
    'CVE-2023-50868',
  ),
  'nsec3-salt': row(
    'notice',
    'signer',
    'upkeep',
    'A salt protects nothing, and changing it means signing the whole zone anew.',
    'RFC 9276 3.1',
  ),
  'nsec3-opt-out': row(
    'notice',
    'signer',
    'upkeep',
    'Missing names cannot be proven to be missing, so forged delegations can be slipped in; only registries of many unsigned domains gain by it.',
    'RFC 9276 3.1',
    'RFC 5155 12.2',
  ),
  'nsec3-hash-unknown': row(
    'error',
    'signer',
    'denial',
    'No resolver can read the proofs: missing names and types give SERVFAIL.',
    'RFC 5155 8.1',
  ),
  'nsec3param-differs': row(
    'warning',
    'servers',
    'denial',
    'Secondaries take the parameters for making proofs from the record: some make proofs that nobody can verify.',
    'RFC 5155 4',
  ),
  'nsec-ttl-long': row(
    'notice',
    'signer',
    'upkeep',
    'Denials stay in caches for longer than the SOA allows, so new names are invisible to some users for so long.',
    'RFC 9077 3',
  ),

  // --- CDS and CDNSKEY
  'cds-pending': row(
    'notice',
    'registrant',
    'keys',
    'A change of keys is not finished: taking the old key away now would break the zone for everybody.',
    'RFC 7344 4',
    'RFC 8078 2',
  ),
  'cds-without-key': row(
    'error',
    'signer',
    'keys',
    'A parent that follows the record would publish a DS that matches nothing, and the zone would fail for everybody.',
    'RFC 7344 4.1',
  ),
  'cds-cdnskey-disagree': row(
    'error',
    'signer',
    'keys',
    'Parents that read the one and parents that read the other come to different DS sets; careful ones do nothing.',
    'RFC 7344 4',
  ),
  'cds-delete': row(
    'warning',
    'signer',
    'keys',
    'The zone asks its parent to take the DS set away: it will count as unsigned.',
    'RFC 8078 4',
  ),
  'cds-delete-mixed': row(
    'error',
    'signer',
    'keys',
    'The request contradicts itself, so no parent can follow it.',
    'RFC 8078 4',
  ),
  'cds-differs': row(
    'warning',
    'servers',
    'keys',
    'Parents that ask every server do nothing while they disagree; others act on whichever answer they got.',
    'RFC 7344 6.1',
    'RFC 9615 4.2',
  ),

  // --- what is left
  'domain-fails': row(
    'error',
    'signer',
    'signatures',
    'Users of this resolver get SERVFAIL for the name.',
    'RFC 4035 5',
  ),

  // --- the check itself
  'check-incomplete': row('notice', 'servers', 'upkeep', 'Something may be wrong that was not seen.'),
}
