/**
 * Every bound in the program, each with its reason. Work limits count per client query, sub-queries included,
 * and no retry resets them.
 */

// --- messages and names -------------------------------------------------------------------------------------------

/** RFC 1035 2.3.4: octets of a name, length octets and root included. */
export const NAME_OCTETS_MAX = 255
/** RFC 1035 2.3.4: octets of a label. */
export const LABEL_OCTETS_MAX = 63
/** A name of 255 octets has at most 127 labels besides the root, so an honest one needs no more pointers. */
export const POINTER_HOPS_MAX = 127
/** Octets that decompression may produce per message octet: a chain of pointers must not multiply work (attack C08). */
export const DECOMPRESSED_OCTETS_PER_OCTET_MAX = 40
/** Floor of the same budget, so that small honest messages never meet it. */
export const DECOMPRESSED_OCTETS_FLOOR = 16_384
/** Slots looked at for a label when a message is compressed; honest tables need a few (CVE-2024-8508). */
export const COMPRESSION_PROBES_MAX = 16
/** DNS flag day 2020: what crosses every path unfragmented. Offered upstream and to clients. */
export const UDP_PAYLOAD_OCTETS = 1232
/** RFC 1035 4.2.1: the size of a client that sent no OPT. */
export const UDP_PAYLOAD_OCTETS_MIN = 512
/** RFC 1035 4.2.2: the length field of TCP has two octets. */
export const MESSAGE_OCTETS_MAX = 65_535

// --- time to live -------------------------------------------------------------------------------------------------

/** A day: what every peer but BIND caps at; a wrong record outlives its mending no longer than this. */
export const TTL_SECONDS_MAX = 86_400
/** RFC 2308 5 advises 1 to 3 hours for negative answers. */
export const NEGATIVE_TTL_SECONDS_MAX = 3_600
/** RFC 6147 5.1.7: for how long an address is made where nobody says how long there is none of its family. */
export const DNS64_TTL_SECONDS_MAX_WITHOUT_SOA = 600
/** What a referral brought lives at least so long: the query that brought it needs it once. */
export const DELEGATION_TTL_SECONDS_MIN = 1
/** How long a verdict `bogus` stands before the zone is tried again (Unbound's val-bogus-ttl). */
export const BOGUS_TTL_SECONDS = 60
/** RFC 9520 3.2: a failure is remembered at least 1 s … */
export const FAILURE_TTL_SECONDS_MIN = 5
/** … and at most 5 min, doubling in between. */
export const FAILURE_TTL_SECONDS_MAX = 300
/** A question that met a limit may be asked again soon: the limit is the question's, not the zone's. */
export const LIMIT_FAILURE_TTL_SECONDS = 5

/** RFC 8767 5: time a client waits before it gets an answer that has run out. */
export const STALE_CLIENT_TIMEOUT_MS = 1_800
/** RFC 8767 5 recommends 1 to 3 days after the end of the TTL. */
export const STALE_SECONDS_MAX = 86_400
/** RFC 8767 4: the TTL of records given after their end. */
export const STALE_TTL_SECONDS = 30
/** RFC 8767 5: authorities that say nothing are asked again no sooner, and a refresh that failed is not repeated sooner. */
export const REFRESH_PAUSE_SECONDS = 30
/** What lives shorter is not fetched in advance: the last tenth of it is no time for a question. */
export const PREFETCH_TTL_SECONDS_MIN = 10
/** Refreshes under way at once: nobody waits for them, so nothing else bounds what a burst of old names starts. */
export const REFRESHES_MAX = 1_000

// --- work per client query ----------------------------------------------------------------------------------------

/** Upstream queries in all (NXNSAttack CVE-2020-8616, CAMP; BIND allows 200, PowerDNS 50). */
export const UPSTREAM_QUERIES_MAX = 100
/** Upstream queries for one of its questions. */
export const UPSTREAM_QUERIES_PER_QUESTION_MAX = 50
/** Octets of replies for a client query: four of the largest (PowerDNS: 100,000). */
export const UPSTREAM_OCTETS_MAX = 262_144
/** What a question may receive without being counted among those that hold much: referrals, keys and an answer take less. */
export const HELD_OCTETS_SPARED = 8_192
/** Octets of replies that those hold together, an engine: as records they take eight times as much, a quarter of its heap. */
export const HELD_OCTETS_MAX = 33_554_432
/** Failing signature verifications (KeyTrap CVE-2023-50387). */
export const FAILED_SIGNATURES_MAX = 16
/** Signature verifications in all. */
export const SIGNATURES_MAX = 64
/** SHA-1 calls for NSEC3, iterations counted (CVE-2023-50868). */
export const NSEC3_SHA1_CALLS_MAX = 2_000
/**
 * RRSIGs of one RRset that are taken out of a reply: an honest one has one a key, twice as many in a rollover; five hundred
 * would be read, kept and copied for each name (KeyTrap; BIND takes a hundred records of a type).
 */
export const SIGNATURES_PER_RRSET_MAX = 64
/** RRSIGs whose key tag and algorithm match a key, tried per RRset (KeyTrap). */
export const RRSIGS_PER_RRSET_MAX = 8
/** Keys of one tag and algorithm tried: an honest zone has one, a collision makes two (KeyTrap). */
export const KEYS_PER_TAG_MAX = 2
/** DS records with supported algorithm and digest tried (KeyTrap); the insecure decision reads all. */
export const DS_TRIED_MAX = 8
/** NS names without glue looked up per delegation (NXNSAttack). */
export const NS_LOOKUPS_PER_DELEGATION_MAX = 5
/** The same per client query. */
export const NS_LOOKUPS_MAX = 20
/** Name-server address look-ups nest this deep (iDNS CVE-2014-8500). */
export const ADDRESS_LOOKUP_DEPTH_MAX = 6
/** RFC 6303 3: TTL of what special zones have that are answered here; so long stands what no record of ours says shorter of. */
export const LOCAL_TTL_SECONDS = 10_800
/** Aliases followed: CNAME chains of honest content networks stay below (Unbound: 11). */
export const ALIASES_MAX = 11
/** RFC 9156 2.3: questions that a name costs at most where nothing is delegated (MAX_MINIMISE_COUNT). */
export const MINIMISED_LABELS_MAX = 10
/** A client has given up by then. */
export const QUERY_TIME_MS_MAX = 7_000
/** Where validation is not enforced, a client that asks for a verdict waits for it so long once the data is there. */
export const OBSERVED_VERDICT_MS_MAX = 200
/** RFC 9276 3.2: above this many additional iterations an NSEC3 proof says nothing: insecure. */
export const NSEC3_ITERATIONS_MAX = 50
/** Delegations followed for one question: a name has at most 127 labels, an honest one few cuts (Unbound: 130). */
export const REFERRALS_MAX = 32
/** Times one address is asked for one question: two losses in a row are an accident, a third is an outage. */
export const UPSTREAM_TRIES_PER_ADDRESS_MAX = 3
/** … and an address that has answered before: by a path that loses a tenth either way, one question in 770 stays without reply. */
export const UPSTREAM_TRIES_OF_KNOWN_MAX = 4
/**
 * Times one question is asked by TCP of servers that were silent to it by UDP: large datagrams, or all that a server's rate
 * limiter leaves out, may be lost on the way; a second server is tried where the first does not listen on TCP.
 */
export const UPSTREAM_TCP_AFTER_SILENCE_MAX = 2
/** … each for so long at most: two round trips to anywhere. Who is dead is not waited for until the system repeats the first packet. */
export const UPSTREAM_TCP_AFTER_SILENCE_MS_MAX = 1_000
/**
 * Turns given to a zone's servers before that is tried of those that were asked already: two losses in a row are an accident.
 * One that has never answered has its last turn by TCP.
 */
export const TURNS_BEFORE_TCP = 3
/** … and before it is tried of servers that were not asked: where there are many, nobody is asked twice. */
export const TURNS_BEFORE_TCP_OF_OTHERS = 8
/** Time-outs of one question to one zone before its servers count as silent: three of three servers, and one (B02). */
export const UPSTREAM_SILENCES_MAX = 10
/** Questions for a part of the name that may be left out: when so many are late it is. Some servers drop what has no records itself. */
export const UPSTREAM_LATE_OF_PART_MAX = 2
/** Replies heard that another server may know better (empty ones, second-hand ones), before the best of them is believed. */
export const DOUBTFUL_REPLIES_MAX = 3
/** Other servers asked after data that did not validate, before `bogus` is said: zones have four servers or fewer mostly (Unbound asks five times in all). */
export const BOGUS_RETRIES_MAX = 3
/** Questions of one zone in a row for which other servers had nothing better: then the zone is at fault (B10), and for a minute nobody else is asked. */
export const VAIN_RETRIES_MAX = 5
/** NSEC or NSEC3 RRsets of one negative answer looked at (CVE-2026-11605); a full NSEC3 proof has three. */
export const DENIAL_RRSETS_MAX = 10
/** The same taken out of a reply, one more than may be looked at; one has room for thousands, and who waits for the end of an alias holds them meanwhile. */
export const DENIAL_RRSETS_KEPT_MAX = 65

/** NSEC or NSEC3 RRsets beside an alias, about its end, that are verified at all; a full NSEC3 proof has three. */
export const TARGET_PROOFS_MAX = 4

// --- keys ---------------------------------------------------------------------------------------------------------

/** RFC 3110, RFC 8301's floor rounded down for what the root once used; larger moduli cost CPU without gain. */
export const RSA_MODULUS_BITS_MIN = 512
export const RSA_MODULUS_BITS_MAX = 4096
/** Octets of an RSA exponent: 65537 fits in three; a long one makes verification slow (attack C03). */
export const RSA_EXPONENT_OCTETS_MAX = 4
/** Octets of a public key looked at: the largest usable RSA key has 519; the table of keys must not hold messages. */
export const PUBLIC_KEY_OCTETS_MAX = 1_024
/** Zones whose keys (or whose lack of them, by proof) are remembered. */
export const ZONES_TRUSTED_MAX = 50_000
/**
 * Octets of heap that their keys take, about: room for so many honest zones, which have two or three keys each. Somebody may sign a set of
 * three thousand, and delegate as many zones as he likes.
 */
export const ZONES_TRUSTED_OCTETS_MAX: number = 128 << 20
/** Key handles kept (about 1 KiB of native memory each). */
export const KEY_HANDLES_MAX = 10_000
/**
 * Good signatures by a key of P-256, before a table of its multiples is made: that takes 30 ms, and saves 30 µs a signature.
 * Keys of registries come to it.
 */
export const P256_USES_BEFORE_TABLE = 1_000

// --- trust anchors that are followed (RFC 5011) --------------------------------------------------------------------

/** RFC 5011 2.4.1: a new key is a trust anchor no sooner. */
export const ADD_HOLD_DOWN_SECONDS = 2_592_000
/** RFC 5011 2.4.2: a revoked key is held so long before it counts as removed. */
export const REMOVE_HOLD_DOWN_SECONDS = 2_592_000
/** A key that its zone dropped without revoking it is believed for a year more (Unbound's keep-missing): it may come back. */
export const MISSING_KEY_SECONDS_MAX = 31_622_400
/** Proven sets that must have shown a new key, so that one short mistake of a zone is not taken up. */
export const NEW_KEY_SIGHTINGS_MIN = 2
/** RFC 5011 2.3: a zone's keys are looked at no more often, and tried again no sooner … */
export const PROBE_SECONDS_MIN = 3_600
/** … no less often than this … */
export const PROBE_SECONDS_MAX = 1_296_000
/** … and tried again no later. */
export const PROBE_RETRY_SECONDS_MAX = 86_400
/** Keys of a zone that are followed: RFC 5011 6.1 wants five and more; who publishes hundreds gets no further. */
export const FOLLOWED_KEYS_MAX = 32
/** Keys of a zone that were revoked and are remembered beside those, so that no old file brings them back: of as many rolls. */
export const REMOVED_KEYS_MAX = 32

// --- clock --------------------------------------------------------------------------------------------------------

/** Least tolerance at both ends of a signature's validity (Unbound's val-sig-skew-min). */
export const SIGNATURE_SKEW_SECONDS_MIN = 3_600
/** Most tolerance; between them a tenth of the signature's lifetime. */
export const SIGNATURE_SKEW_SECONDS_MAX = 86_400
/** How often the wall clock is held against the monotonic one. */
export const CLOCK_CHECK_MS = 10_000
/** A wall clock that moved this far was set; time servers slew less, and no verdict hangs on less. */
export const CLOCK_JUMP_SECONDS = 60

// --- servers ------------------------------------------------------------------------------------------------------

/** Name servers kept of one delegation; the root has 13, honest zones rarely more. */
export const NS_PER_DELEGATION_MAX = 20
/** Addresses tried of one delegation. */
export const ADDRESSES_PER_DELEGATION_MAX = 40
/** Time allowed to a server nothing is known of. */
export const UPSTREAM_TIMEOUT_MS_INITIAL = 400
export const UPSTREAM_TIMEOUT_MS_MIN = 50
export const UPSTREAM_TIMEOUT_MS_MAX = 2_000
/**
 * Each time-out in a row lets the next take this many times as long: a datagram lost costs little, and a server that
 * is busy for a second is still heard (50, 200, 800 ms).
 */
export const UPSTREAM_TIMEOUT_GROWTH = 4
/** Servers that must have replied before it is known what such servers usually take … */
export const FIRST_REPLIES_BEFORE_USUAL = 16
/** … and the least that is waited for one that never did: it may be far, whoever else is near (round half the world). */
export const UNKNOWN_LATE_MS_MIN = 150
/**
 * From the third on, each question beside those that are late waits this many times as long for its turn: two losses in
 * a row are an accident, and where a server is busy rather than out of reach, questions do not come in a heap.
 */
export const LATE_GROWTH = 2
/** By how much longer than by UDP another server is waited for by TCP: it takes two round trips, and a larger answer. */
export const TCP_LATE_GROWTH = 4
/** A forwarder may have to resolve first; a time-out made from its cached answers would give up on it (BIND: 800 ms). */
export const FORWARDER_TIMEOUT_MS_MIN = 1_000
/** Time-outs of the servers of a stub or forward zone before those that it falls back to are asked: none is waited for longer than a second, and the question has seven. */
export const SILENCES_BEFORE_FALLBACK = 2
/** Characters of a forwarder's own complaint that are repeated beside ours. */
export const FORWARDER_TEXT_CHARACTERS_MAX = 80
/** A TCP exchange, connection included: the system repeats the first packet of a connection after a second. */
export const UPSTREAM_TCP_TIMEOUT_MS_MIN = 1_500
export const UPSTREAM_TCP_TIMEOUT_MS_MAX = 3_000
/** Connections to servers that are kept for the next question: few servers are asked by TCP, and each costs a descriptor. */
export const UPSTREAM_TCP_KEPT_MAX = 100
/** Questions out on one of them at once: servers commonly take no more (RFC 7766 6.2.1.1). */
export const UPSTREAM_TCP_PIPELINED_MAX = 32
/** One without a question is closed: servers close theirs after ten seconds and more (RFC 7766 6.2.3). */
export const UPSTREAM_TCP_IDLE_MS = 8_000
/** One question out by UDP to so many servers at once: each that is late gives whoever guesses one more reply to forge (A04). */
export const RACERS_MAX = 3
/** One in so many questions is also put to a server that is late or slower than others, so that nobody waits for it, … */
export const LOOK_ONE_IN = 16
/** … and which was not asked for so long. */
export const LOOK_PAUSE_MS = 2_000
/** Late servers of one address family in a row, none of it answering, before the other family goes first. */
export const LATE_BEFORE_FAMILY_ASIDE = 3
/** Such a family is looked at no more often. */
export const FAMILY_LOOK_PAUSE_MS = 10_000
/** Datagrams that came from the right address but did not match, before the question moves to TCP (attack A01). */
export const NEAR_MISSES_MAX = 3
/** Error reports on their way at once (RFC 9567): nobody waits for one, and one that is not sent is no loss. */
export const REPORTS_AT_ONCE_MAX = 8
/** An agent gets one report in so long, however many names of a zone are bogus: who chose it may mean it harm. */
export const REPORT_PAUSE_MS = 1_000
/** Agents remembered for that. */
export const REPORT_AGENTS_MAX = 1_000
/** Servers remembered (RTT, EDNS, lameness). */
export const SERVERS_REMEMBERED_MAX = 50_000
/** Pairs of server and zone remembered as lame; a hoster's server may be lame for thousands of zones. */
export const LAME_REMEMBERED_MAX = 50_000
/** What is known of a server is forgotten when it was not asked for so long (Unbound's infra-host-ttl). */
export const SERVER_MEMORY_MS = 900_000
/** A lame server is tried for the zone again after a quarter of an hour (BIND had 10 min). */
export const LAME_MS = 900_000
/** A server that broke EDNS, or answered only by TCP, is tried the proper way again after a quarter of an hour. */
export const SERVER_QUIRK_MS = 900_000
/** Questions in mixed letters that a server which has answered such may leave unanswered in a row before it is asked in lower case. */
export const MIXED_UNANSWERED_MAX = 3
/** Time-outs in a row before a server is left alone: loss of single datagrams is nothing. */
export const TIMEOUTS_BEFORE_BACK_OFF = 3
/**
 * … and it has been silent for so long. Until then it is up: a busy second of a server must not fail everything that waits
 * for it, and boxes in front of servers drop questions for some names, of which there may be many for each good one.
 */
export const SILENCE_MS_BEFORE_BACK_OFF = 60_000
/**
 * A zone of whose servers none may be asked at present is not looked into anew for so long: each name below it would come
 * to the same, and a flood of them must cost hardly more than its answers. Its servers are paused for as long or longer.
 */
export const ZONE_LEFT_ALONE_MS = 1_000
/** Questions to the servers of one zone in work at once: those of a busy resolver to the busiest zones are some dozens. */
export const OUTSTANDING_PER_ZONE_MAX = 400
/** Questions out to one server at once, of all zones that it serves. */
export const OUTSTANDING_PER_SERVER_MAX = 400
/** The bound of a server is looked at after so many questions to it (this and what follows as BIND's fetch-quota-params), … */
export const BACK_OFF_QUESTIONS = 100
/** … grows where less than this share of them was not answered: loss of single datagrams is nothing, … */
export const BACK_OFF_LOW = 0.1
/** … shrinks where more than this share was not: no path loses so many, … */
export const BACK_OFF_HIGH = 0.3
/** … on an average in which the last look has this weight: a server that dies shows in one, one bad moment does not. */
export const BACK_OFF_WEIGHT = 0.7
/** What is left of that for a server that never answers: enough to see it come back (8 of 400). */
export const SERVER_QUOTA_SHARE_MIN = 0.02
/** Each look at a server that does not answer takes so much of its quota; each at one that does gives it back. */
export const SERVER_QUOTA_STEP = 0.5
/** First and longest pause for a server that does not answer; doubled in between, then one query probes it. */
export const BACK_OFF_MS_MIN = 1_000
export const BACK_OFF_MS_MAX = 60_000

// --- caches -------------------------------------------------------------------------------------------------------

/** Least octets of a cache table: room for some entries of each kind. */
export const TABLE_OCTETS_MIN = 2_048
/** Most octets of one table: positions stay exact and within what every supported Node can allocate at once. */
export const TABLE_OCTETS_MAX = 0xffff_fff8
/** Octets of one entry of a table: the largest message and all that is noted beside it. Every reader has room for one. */
export const TABLE_ENTRY_OCTETS_MAX = 131_072
/** Slots that a reader in another thread looks at: many times what a table needs, and never endless beside a writer. */
export const TABLE_PROBES_MAX = 4_096
/** Octets of one RRset or one negative answer in the cache: what fits a message; larger ones are not kept (C10). */
export const CACHED_OCTETS_MAX = 65_535
/** Failed questions remembered (RFC 9520). */
export const FAILURES_REMEMBERED_MAX = 20_000
/** Octets of the text of one extended error in an answer: a line or two; the reply needs the room for data. */
export const EDE_TEXT_OCTETS_MAX = 200
/** Extended errors of one answer: the most exact one, and one that explains it. */
export const EDE_PER_ANSWER_MAX = 2

/** Zones whose NSEC and NSEC3 records are kept for denying more than they were asked for (RFC 8198). */
export const DENIAL_ZONES_MAX = 10_000
/** Such records of one zone: all of the root's and of most others; a large registry must not push out all else. */
export const DENIAL_RANGES_PER_ZONE_MAX = 10_000
/** … of which the longest unused quarter goes when there are more, so that the order is built anew seldom. */
export const DENIAL_RANGES_KEPT_OF_FULL = 0.75
/** Octets of heap for all of them: some 60,000 records. They lie on the heap in order, so they are kept few. */
export const DENIAL_OCTETS_MAX = 33_554_432
/** Octets of one such record with its signatures: two names, a bitmap and two RSA signatures; a giant is not kept (C10). */
export const DENIAL_RECORD_OCTETS_MAX = 2_048

// --- snapshot of the caches ---------------------------------------------------------------------------------------

/** Octets gathered before they are written: some 600 records, which is a millisecond or two of work when they are read. */
export const SNAPSHOT_BLOCK_OCTETS = 131_072
/** Octets of a block that is read: room for one that is written and the largest record, and for other versions to differ. */
export const SNAPSHOT_BODY_OCTETS_MAX = 524_288
/** Octets of a record: a message of 64 KiB with what stands before it takes 80 KiB at most. */
export const SNAPSHOT_RECORD_OCTETS_MAX = 131_072
/** Slots of a table looked at before others have their turn, however few of them hold anything. */
export const SNAPSHOT_SLOTS_PER_SLICE = 8_192
/** From one writing to the next: what a crash costs is worth less than writing hundreds of megabytes more often. */
export const SNAPSHOT_PAUSE_MS = 300_000
/**
 * Serving begins when the answers are loaded, or after this time: who asks too early has his question sent on to
 * authorities, but a snapshot of many gigabytes must not keep the resolver from its work.
 */
export const SNAPSHOT_WAIT_MS_MAX = 10_000
/** Time to write it at the end; the older one stays else. Service managers give a minute and a half, or ten seconds. */
export const SNAPSHOT_STOP_MS_MAX = 60_000

// --- state --------------------------------------------------------------------------------------------------------

/** From one try to store what could not be stored to the next. */
export const STATE_RETRY_MS = 60_000
/** Octets of a file of the state folder that is read: a thousand negative trust anchors with their reasons, many times over. */
export const STATE_FILE_OCTETS_MAX = 4_194_304
/** Octets of JSON that are indented: an eighth of what is read again, since no list of ours gets eight times as long by it. */
export const JSON_INDENTED_OCTETS_MAX = 524_288

// --- the copy of the root zone --------------------------------------------------------------------------------------

/** Octets of a root zone that is read, as text or in a transfer: it has some 2.3 million. */
export const ROOT_COPY_OCTETS_MAX = 16_777_216
/** Records of it: there are some 25,000. */
export const ROOT_COPY_RECORDS_MAX = 200_000
/** Time to get it: a line of 200 kbit/s is enough. */
export const ROOT_COPY_TRANSFER_MS_MAX = 120_000
/** A transfer in which nothing comes for so long has ended. */
export const ROOT_COPY_SILENCE_MS_MAX = 10_000
/** Time to read and prove it, which takes about a second. */
export const ROOT_COPY_PREPARE_MS_MAX = 60_000
/** Heap for that: ten times what the root of today takes. */
export const ROOT_COPY_HEAP_MIB_MAX = 512
/** The SOA's REFRESH and RETRY are followed within these bounds: no more than a look a minute, no less than one a day. */
export const ROOT_COPY_REFRESH_SECONDS_MIN = 60
export const ROOT_COPY_REFRESH_SECONDS_MAX = 86_400
/** Where no copy was had yet: the first look again, and the longest pause that doubling leads to. */
export const ROOT_COPY_RETRY_SECONDS_MIN = 60
export const ROOT_COPY_RETRY_SECONDS_MAX = 3_600
/** The SOA's EXPIRE counts up to this: the root has a week. */
export const ROOT_COPY_EXPIRE_SECONDS_MAX = 1_209_600

// --- the rollout report -------------------------------------------------------------------------------------------

/** Distinct clients that are counted one by one; above, registers take no more room however many come. */
export const DISTINCT_EXACT_MAX = 1_024
/** Failing domains in the report: some hundred are broken at any time, and the lightest give way to others. */
export const REPORT_DOMAINS_MAX = 1_000
/** Ways in which one domain fails that are told apart; … */
export const REPORT_FAULTS_PER_DOMAIN_MAX = 4
/** … and names of it that are shown. */
export const REPORT_NAMES_PER_DOMAIN_MAX = 5
/** Names whose domain a front thread need not work out again: of one batch of counts, which lasts seconds. */
export const REPORT_NAMES_KNOWN_MAX = 4_096
/** A domain that has not failed for so long is left out: who mended it a month ago is done. */
export const REPORT_SECONDS_MAX = 2_592_000
/** Top-level domains that are told apart: there are some 1,440. */
export const REPORT_TLDS_MAX = 2_048
/** How often threads hand over what they counted. */
export const REPORT_COLLECT_MS = 5_000
/** How often the report is written to the folder for state: a crash loses so much of it. */
export const REPORT_SAVE_MS = 300_000
/** After the wall clock was set nothing is left out for its age for a day: set a month ahead, everything would be at once. */
export const REPORT_AGE_PAUSE_MS = 86_400_000
/** The guard looks at so much of the past: bogus data is kept for a minute. */
export const GUARD_WINDOW_SECONDS = 60
/** Bogus answers in that time, and … */
export const GUARD_BOGUS_MIN = 50
/** … clients who got them, below which nobody is woken. */
export const GUARD_CLIENTS_MIN = 10
/** A jump must last so long: the first zone to fail says little of what they have in common. */
export const GUARD_CONFIRM_SECONDS = 10
/** After so long without a jump, the next one is another incident. */
export const GUARD_QUIET_SECONDS = 600
/** Characters of a text in that file: an extended error has 200, a sentence of ours with a name in it 1,300. */
export const REPORT_TEXT_CHARACTERS_MAX = 2_048
/** Resolvers whose reports are made one: more than any provider has. */
export const REPORT_SOURCES_MAX = 1_000
/** Sentences that say why somebody is blamed: there are up to four. */
export const REPORT_SENTENCES_MAX = 8
/** Octets of that file: with all domains there are room for as many clients as a large provider has. */
export const REPORT_FILE_OCTETS_MAX = 3_145_728

// --- sockets to authorities ---------------------------------------------------------------------------------------

/** RFC 6056 3.2: source ports are drawn from all that are not well known. */
export const UPSTREAM_PORT_MIN = 1024
/** Draws of a source port: with half of all ports taken, one question in 65,536 finds none. */
export const PORT_DRAWS_MAX = 16
/** Questions on their way at once; each holds a descriptor, of which a process commonly may have thousands. */
export const UPSTREAM_OUTSTANDING_MAX = 4_000
/**
 * Work on new questions that a resolver thread begins in a turn, milliseconds: few enough that replies to those begun come
 * first, and who waits is chosen late; enough that turns cost little.
 */
export const ENTRANCE_SLICE_MS = 0.25
/** Verifications in a turn of the event loop, milliseconds: what else the thread does waits so long for them at most, and one of them more. */
export const PROOF_SLICE_MS = 1
/**
 * Questions begun in a turn: what beginning one takes is not seen before the turn ends. A quarter of the replies that are
 * handled in one (`UPSTREAM_REPLIES_PER_TURN_MAX`), so that replies are not left lying while ever more is asked.
 */
export const ENTRANCE_QUESTIONS_PER_TURN_MAX = 4
/** A question that waited so long to be begun is not, and fails: its client will have asked again (RFC 8767 5: 1.8 s). */
export const ENTRANCE_MS_MAX = 1_900
/** Clients that wait, or have had more than others who wait; beyond, what they had is forgotten. */
export const ENTRANCE_CLIENTS_MAX = 20_000
/** Replies of authorities handled before the rest of the event loop has its turn: a few milliseconds of work. */
export const UPSTREAM_REPLIES_PER_TURN_MAX = 16

/** Octets of a text of `resolution.client-strings`: with the longest question and OPT it still fits 512 octets. */
export const CLIENT_STRING_OCTETS_MAX = 200
/** The first EDNS option code for local use (RFC 6891 9); `resolution.client-string-option`. */
export const CLIENT_STRING_OPTION = 65_001
/** The last of these codes. */
export const CLIENT_STRING_OPTION_MAX = 65_534

// --- files that the operator writes -------------------------------------------------------------------------------

/** Octets of a configuration file and of the files it names: ten thousand access prefixes take a third of it. */
export const CONFIG_FILE_OCTETS_MAX = 1_048_576
/** Levels of a configuration file: the reference has four; the YAML reader recurses, so the stack is at stake. */
export const CONFIG_DEPTH_MAX = 32

// --- the log ------------------------------------------------------------------------------------------------------

/** Octets of the log that may wait for a reader; beyond, lines are dropped rather than the daemon held up. */
export const LOG_WAITING_OCTETS_MAX = 1_048_576
/** Time that the last lines of the log get when the daemon ends and nobody reads them. */
export const LOG_FLUSH_MS_MAX = 1_000
/** How often it is told which limits were met: once a minute each, since whoever meets them can do so a thousand times a second. */
export const LIMITS_TOLD_MS = 60_000
/** Zones or clients remembered of each limit in between: whoever causes one hit in 32 is among them. */
export const LIMIT_CAUSES_KEPT = 32
/** Resolutions that wait for spans to be made of them; more are not told of, for they take memory and are a share anyhow. */
export const TRACED_WAITING_MAX = 1_000
/** Heap for the operator's module that traces and the SDK that it brings: batches of spans take a few MiB. */
export const TRACING_HEAP_MIB_MAX = 256
/** Faults of our own told in a minute: each has a stack, and one that every client can cause must not fill the disk. */
export const FAULTS_TOLD_PER_MINUTE_MAX = 5

// --- the HTTP listener for metrics and health ---------------------------------------------------------------------

/** Connections at a time: a few scrapers and probes, and room for one that hangs (CVE-2026-33256 and its kin). */
export const HTTP_CONNECTIONS_MAX = 64
/** Octets of request line and header fields; a scraper sends some hundred. */
export const HTTP_HEADER_OCTETS_MAX = 8_192
/** Time for a request to arrive whole. */
export const HTTP_REQUEST_MS_MAX = 5_000
/** Time that an idle connection is kept for the next request: longer than a scrape interval would hold them all. */
export const HTTP_KEEP_ALIVE_MS = 5_000

// --- master files -------------------------------------------------------------------------------------------------

/** $INCLUDE within $INCLUDE, so that a file that includes itself ends. */
export const INCLUDE_DEPTH_MAX = 8
/** Files that one master file may pull in, directly or not: files that include each other multiply. */
export const INCLUDES_MAX = 1_000

// --- clients ------------------------------------------------------------------------------------------------------

/** Questions of clients that wait for the resolver; each costs some kilobytes of heap until it is answered. */
export const WAITING_MAX = 10_000
/**
 * Questions that may wait beside each place for the answer to what their own client asks already: each costs a kilobyte.
 * Half a second of a busy provider's questions, all of them for names that are not cached.
 */
export const SEATS_PER_PLACE = 4
/** Places of one client, an IPv6 /56 counting as one: what waits can be let loose at once (DNSBomb, B12; Unbound 1000). */
export const WAITING_PER_CLIENT_MAX = 1_000
/** None: a question by UDP is answered however long it waited, since the reason for a failure is worth more than silence. Unbound has 1,900 (B12). */
export const REPLY_MS_MAX = 0
/** A reply that waited so long is late: those that come as they were asked for are no pulse in such a time. */
export const LATE_REPLY_MS = 100
/** Late replies by UDP to one client in such a time: a town behind one address has fewer, a pulse of 300 kB hurts nobody. */
export const LATE_REPLIES_PER_CLIENT_MAX = 250
/** Octets of an IPv6 address that name a client in all bounds of one: a /56, the common size of a customer's network (RFC 6177 2). */
export const CLIENT_IPV6_OCTETS = 7
/**
 * How often it is looked without the addon whether interfaces have got other addresses, where a wildcard is listened on: a
 * machine may have its own only moments after the daemon starts, and who changes it by hand tries at once.
 */
export const WILDCARD_LOOK_MS = 10_000
/** Octets that name a network whose clients have one share of a resolver thread: what somebody is given who runs many machines, or can forge. */
export const NEIGHBOURS_IPV4_OCTETS = 3
/** The same of IPv6: a /48, the largest network that an end site has (RFC 6177 2). */
export const NEIGHBOURS_IPV6_OCTETS = 6
/**
 * How many times what is free of the ring to a resolver thread a network of clients may have, where each client may have as much as
 * is free: one that fills its share leaves its neighbours a third as much, and a whole network leaves a third of the ring to others.
 */
export const RING_NETWORK_SHARES = 2
/**
 * Networks whose questions are counted together, by length of prefix, and how many times the rate of one client each may
 * have: a customer (RFC 6177 2 for IPv6: a /64 of his, or his /56), a street, a town. Neighbours do not ask at once, so
 * it is less than their number; who forges addresses of a whole network meets the bound of that (Knot Resolver does alike).
 */
export const RATE_PREFIXES_IPV4 = [
  { bits: 32, times: 1 },
  { bits: 24, times: 32 },
  { bits: 20, times: 256 },
  { bits: 18, times: 768 },
] as const
/** The same for IPv6: see RATE_PREFIXES_IPV4. */
export const RATE_PREFIXES_IPV6 = [
  { bits: 64, times: 1 },
  { bits: 56, times: 2 },
  { bits: 48, times: 32 },
  { bits: 40, times: 768 },
] as const
/**
 * Buckets of such networks (1 MiB). One is of no use any more when it has drained, after milliseconds as a rule, so
 * these are enough for 100,000 forged addresses a second; with more, those go that are nearly empty.
 */
export const RATE_BUCKETS = 65_536
/** Largest `rate-limiting.*.per-second` and `burst`: what one thread can answer. */
export const RATE_PER_SECOND_MAX = 1_000_000
/** `rate-limiting.*.burst`: opening a page of many names, all devices of a home at once after a power cut. */
export const RATE_BURST = 500
/** `rate-limiting.answers.slip`: as BIND and Knot Resolver have it. An honest client that asks twice has then heard of TCP … */
export const RATE_SLIP = 2
/** … and one that asks ten times has at the most that makes sense. */
export const RATE_SLIP_MAX = 10
/** Networks over a limit that each front thread keeps apart for the log. */
export const LIMITED_PREFIXES_MAX = 256
/** A network over a limit is told of in the log once in so long … */
export const LIMITED_TOLD_AGAIN_MS = 60_000
/** … within so long of its first question too many … */
export const LIMITED_LOOK_MS = 1_000
/** … and so many of them in that minute: those with most questions. */
export const LIMITED_TOLD_PER_MINUTE_MAX = 20
/** Socket buffer for datagrams not read yet: half a second of a busy resolver; the kernel may give less. */
export const UDP_RECEIVE_BUFFER_OCTETS = 4_194_304
/** Octets of a question by UDP: the longest name, OPT and its options take a quarter; what is longer gets FORMERR. */
export const UDP_REQUEST_OCTETS_MAX = 2_048
/** Largest value of `server.udp-payload-octets`: what resolvers offered before the flag day of 2020. */
export const UDP_REPLY_OCTETS_MAX = 4_096
/** Datagrams taken and answered by one call of the system: from 32 on, what a call costs no longer shows. */
export const UDP_BATCH_MAX = 64
/** Batches answered before the rest of the event loop has its turn: half a millisecond of hits. */
export const UDP_BATCHES_PER_TURN_MAX = 8
/** Replies kept for a socket while the system takes no more; those behind them would come too late to be of use. */
export const UDP_UNSENT_MAX = 1_024
/** Octets of `server.nsid`: a reply of 512 octets must hold it beside the longest question. */
export const NSID_OCTETS_MAX = 128
/** TCP connections at a time (attack D01); `server.tcp.connections`. */
export const TCP_CONNECTIONS_MAX = 1_000
/** The same of one client; `server.tcp.connections-per-client`. */
export const TCP_CONNECTIONS_PER_CLIENT_MAX = 50
/** Questions of one connection in work; more are read when some are answered (attack D03; Knot Resolver 100). */
export const TCP_IN_FLIGHT_MAX = 100
/** A connection without a question is closed (RFC 7766 6.2.3: a few seconds); `server.tcp.idle-timeout-ms`. */
export const TCP_IDLE_MS = 10_000
/** A message that has begun must be whole by then (slow loris, D01). */
export const TCP_MESSAGE_MS_MAX = 3_000
/** Replies not taken by the client yet: above this no more of its questions are read (attack D02). */
export const TCP_UNREAD_OCTETS_PAUSE = 65_536
/** Above this the connection is closed. */
export const TCP_UNREAD_OCTETS_MAX = 1_048_576
/** The same of all connections of a front together: then those with most are closed until a quarter of this is free. */
export const TCP_UNREAD_OCTETS_ALL_MAX = 67_108_864
/** A client that takes nothing of its replies for so long is cut off. */
export const TCP_UNREAD_MS_MAX = 8_000
/** How often connections are looked at for the bounds in time. */
export const TCP_SWEEP_MS = 250

// --- cookies of clients ---------------------------------------------------------------------------------------------

/** RFC 9018 4.3: a server cookie that is older is not valid any more … */
export const COOKIE_SECONDS_MAX = 3_600
/** … one that is older than this is renewed … */
export const COOKIE_RENEW_SECONDS = 1_800
/** … and one from farther ahead is not valid yet: clocks of servers at one address may differ so much. */
export const COOKIE_AHEAD_SECONDS_MAX = 300
/** RFC 9018 5: while servers at one address go over to another secret they know two. */
export const COOKIE_SECRETS_MAX = 2
/** RFC 7873 7.1: the default lifetime of a secret is one day. */
export const COOKIE_SECRET_SECONDS = 86_400
/** How often it is looked whether a secret has had its time; the clock may have been set meanwhile. */
export const COOKIE_SECRET_WATCH_MS = 600_000

// --- second looks at failing domains ------------------------------------------------------------------------------

/**
 * Entries of each small table of an engine that lives for one domain. What it asks has some dozens of servers and a few
 * zones; a table takes its memory when it is made, and twenty of a thousand took three milliseconds.
 */
export const LONE_TABLE_ENTRIES_MAX = 100
/** Addresses of a zone that are asked alone: most zones have four to eight, and both families are among these. */
export const SECOND_LOOK_ADDRESSES_MAX = 16
/** Time of one look, after which no further address is asked: nobody waits for it, but the next domain does. */
export const SECOND_LOOK_MS_MAX = 60_000
/** From the end of a look to the beginning of the next: a resolver must not be a burden to those whose zones fail. */
export const SECOND_LOOK_PAUSE_MS = 10_000
/** A domain that failed at its last look is looked at again after so long, to see it heal. */
export const SECOND_LOOK_AGAIN_SECONDS = 1_800
/** A domain that nobody has asked for in so long is not looked at any more. */
export const SECOND_LOOK_QUIET_SECONDS = 86_400
/** Zones beside the root that a look is held against: those of the top-level domains that customers ask for most. */
export const SECOND_LOOK_CONTROLS_MAX = 4

// --- signatures that end ------------------------------------------------------------------------------------------

/** Zones with a signature that ends within the time of the warning: those with short-lived signatures always have. */
export const EXPIRING_ZONES_MAX = 4_096
/** RRsets of such a zone that are followed: those that end first. */
export const EXPIRING_SETS_PER_ZONE_MAX = 8
/** How often the caches are looked through for them: hours are told of, so a quarter of one does. */
export const EXPIRY_WATCH_MS = 900_000
/** Slots of a table looked at before others have their turn: this may be the thread that answers. */
export const EXPIRY_SLOTS_PER_SLICE = 1_024
/** Zones shown: nobody writes to more owners before their signatures end. */
export const EXPIRY_SHOWN_MAX = 100
/** A zone is told of in the log once in so long. */
export const EXPIRY_TOLD_AGAIN_SECONDS = 86_400

// --- health checks ------------------------------------------------------------------------------------------------

/** Questions of one check of a domain: forty addresses with thirty questions each, and the way to them. */
export const CHECK_QUERIES_MAX = 2_000
/** Time of one check: a person waits for it; what is not known by then is told as not looked at. */
export const CHECK_TIME_MS_MAX = 60_000
/** Questions of a check on their way at once: servers of a hoster share a network, and none of this is urgent. */
export const CHECK_PARALLEL_MAX = 32
/** The same to one server, or its rate limit would be what is measured. */
export const CHECK_PARALLEL_PER_SERVER_MAX = 4
/** Patience with one datagram: twice round the world, and a busy server. */
export const CHECK_UDP_TIMEOUT_MS = 1_500
/** Datagrams sent before a server counts as silent: one lost says nothing. */
export const CHECK_TRIES_MAX = 3
/** Signatures verified in a check: all servers give the same ones, as a rule, and each is verified once. */
export const CHECK_SIGNATURES_MAX = 1_000
/** Of these, failing ones. */
export const CHECK_FAILED_SIGNATURES_MAX = 200
/** SHA-1 calls for NSEC3 in a check: three proofs of each of forty servers, some names each. */
export const CHECK_SHA1_CALLS_MAX = 20_000
/** Lines of evidence of one finding; more are counted. */
export const CHECK_EVIDENCE_MAX = 8
/** DS and DNSKEY records of the zone looked at: honest zones have fewer than ten. */
export const CHECK_KEYS_MAX = 64

// --- lab ----------------------------------------------------------------------------------------------------------

/** Odd numbers looked at per prime of a lab key: primes of 512 bits lie so close that all of them in vain cannot happen. */
export const LAB_PRIME_CANDIDATES_MAX = 30_000
/** Keys drawn in search of two with one tag of 65,536: some 300 are enough on average. */
export const LAB_KEYS_DRAWN_MAX = 2_000
/** Aliases that an authority follows within its own zones: more than a resolver accepts, so that the lab can try it. */
export const AUTHORITY_ALIASES_FOLLOWED_MAX = 16
/** Ports drawn for one that is free at every address of the lab. */
export const LAB_PORT_DRAWS_MAX = 20
/** A stream to a lab authority that says nothing for so long is closed. */
export const LAB_TCP_IDLE_MS = 10_000
/** Unpacked octets of a file of recorded packets: a small file may unpack to more than memory holds. */
export const RECORDING_FILE_OCTETS_MAX = 67_108_864

// --- threads ------------------------------------------------------------------------------------------------------

/** Octets of a shard of the answer cache: what every supported Node allocates as one piece of shared memory. */
export const ANSWER_SHARD_OCTETS_MAX = 1_073_741_824
/** Octets of questions on their way from one front to one resolver thread: a thousand; some hundred milliseconds of cold names. */
export const MISS_RING_OCTETS = 65_536
/** Octets of answers on their way back; one that finds no room goes by message. */
export const REPLY_RING_OCTETS = 262_144
/** Records taken from a ring before the rest of the event loop has its turn. */
export const RING_RECORDS_PER_TURN_MAX = 64
/**
 * A question handed to a resolver thread is answered so soon after its own time is over, or that thread is stuck: it may
 * have waited in front of it until it had its turn, and a busy thread is late.
 */
export const HANDOVER_MS: number = ENTRANCE_MS_MAX + 1_000
/** How often a front looks for such questions. */
export const HANDOVER_SWEEP_MS = 500
/**
 * Heap of a thread, in MiB: caches lie outside of it, so this is many times what it needs. One that leaks ends by that and
 * is started again, long before the system ends the whole process.
 */
export const THREAD_HEAP_MIB_MAX = 1_024
/** Slice that a front thread asks of the scheduler: the least that Linux grants; a batch of hits takes as long. */
export const FRONT_SLICE_MICROSECONDS = 100
/**
 * By how much a thread that resolves is nicer than one that talks to clients: a third of its weight. The scheduler lets a
 * thread that wakes go first only while it has had less than its share (EEVDF), and with four busy threads on a core a
 * quarter of that is little for thousands of hits a second.
 */
export const RESOLVER_NICENESS = 5
/** By how much V8's helpers are nicer than the threads that answer: a tenth of their weight, so that they starve nowhere. */
export const HELPER_NICENESS = 10
/**
 * MiB for new objects in a thread, three times what one collection looks through: it takes below a millisecond then, and
 * four to six with V8's 48 MiB, for no more processor time in all.
 */
export const YOUNG_GENERATION_MIB_MAX = 6
/**
 * Octets of bytecode that V8 may inline into one function; its own limit is 920. Resolving is wide rather than deep, and what
 * is compiled for the first names is thrown away often, as they show new paths: small pieces are compiled, and compiled
 * again, for less. A cold name costs a tenth less by it, the hit path no more.
 */
export const INLINED_BYTECODE_OCTETS_MAX = 350
/**
 * Octets of bytecode that a function runs, a few times over, before V8 11 looks whether to compile it thoroughly; half of its own
 * bound. The second thousand names cost a tenth less by it, what comes after the tenth thousand no less and no more.
 */
export const INTERRUPT_BUDGET = 33_792
/** Caches are given all their memory where so many times as much is free at the start; elsewhere as they fill. */
export const CACHE_PAGES_SPARE = 2
/**
 * Nobody is served until they have it, or so long: a gigabyte takes a part of a second, as a guest some. The rest comes as
 * it is used.
 */
export const CACHE_PAGES_WAIT_MS = 1_000
/** How often it is looked whether they have. */
export const CACHE_PAGES_LOOK_MS = 10
/** A thread that ends after it lived so long is started again at once; one that ends sooner waits … */
export const THREAD_STEADY_MS = 1_000
/** … so long at first, and twice as long each time, … */
export const THREAD_RESTART_MS_MIN = 100
/** … but never longer. */
export const THREAD_RESTART_MS_MAX = 5_000
/** Time for a thread to say what it was asked; the longest work without a pause is to flush the caches. */
export const THREAD_ANSWER_MS_MAX = 10_000
/** Time for a thread to end of itself when the daemon stops. */
export const THREAD_STOP_MS_MAX = 1_000
/** Time for a thread to close its sockets before it is ended; what is not stuck needs a turn of its event loop. */
export const THREAD_CLOSE_MS_MAX = 5_000
/** Time for a thread to take over a change of policy; one that does not is stuck, and started anew with it. */
export const POLICY_CHANGE_MS_MAX = 5_000
/** How often a thread shows that its event loop turns: a word of memory that is raised. */
export const THREAD_BEAT_MS = 250
/** One that shows it no more for so long is told of: no question takes a hundredth of it, no collection of garbage a tenth. */
export const THREAD_STALL_TOLD_MS = 2_000
/** … and is ended after so long, which a busy machine or the flush of large caches does not take. */
export const THREAD_STALL_MS_MAX = 10_000
/** A question that ended a resolver thread is not tried for so long: long enough to be seen, short enough for an accident. */
export const SET_ASIDE_MS = 60_000
/** Such questions remembered of one thread. */
export const SET_ASIDE_MAX = 1_000

// --- a restart without a gap ----------------------------------------------------------------------------------------

/** A process that takes over has to be heard of again by then: it loads the snapshot and validates the root meanwhile. */
export const TAKE_OVER_MS_MAX = 60_000
/** Time for it to validate the root: a network that works needs less than a second, and nobody is without service. */
export const TAKE_OVER_ROOT_MS_MAX = 20_000
/** How long the daemon that was taken over from serves clients that are connected, however seldom these are idle. */
export const TAKE_OVER_LEAVE_MS_MAX = 30_000
/** Where the running daemon has to end first: its last answers, its last snapshot, and a little. */
export const TAKE_OVER_END_MS_MAX = 90_000

// --- control and what operators change ----------------------------------------------------------------------------

/** Octets of the journal of changes before it is put aside as the older one: some five thousand changes. */
export const JOURNAL_OCTETS_MAX = 1_048_576
/** Changes shown of it, and remembered where there is no folder for it. */
export const JOURNAL_ENTRIES_SHOWN_MAX = 1_000
/** Octets of the body of a command: a list of thousands of networks. */
export const CONTROL_BODY_OCTETS_MAX = 262_144
/** Octets of an answer to a command that a client of it takes: the report of a large provider, many times over. */
export const CONTROL_REPLY_OCTETS_MAX = 67_108_864
/** Time that a command may take, and a client of it waits: the longest one writes the snapshot. */
export const CONTROL_MS_MAX = 90_000
/** Characters of a token: 16 of the 64 usual ones are 96 bits. */
export const CONTROL_TOKEN_CHARACTERS_MIN = 16
/** RFC 7646 2: a negative trust anchor lasts no longer than a week. */
export const EXCEPTION_SECONDS_MAX = 604_800
/** What it lasts when nobody says: long enough to call the zone's owner. */
export const EXCEPTION_SECONDS = 3_600
/** Negative trust anchors whose answers are counted; an operator who needs more has switched validation off. */
export const EXCEPTIONS_MAX = 256
/** What one lasts that the guard adds: who is woken by its alert is up within the hour. */
export const GUARD_EXCEPTION_SECONDS = 3_600
/** How often it is looked which of them end soon. */
export const EXCEPTION_WATCH_MS = 60_000
/** They are told of so long before. */
export const EXCEPTION_EXPIRY_WARNING_SECONDS = 600
/** From one look whether their zones validate again to the next (BIND's nta-recheck). */
export const EXCEPTION_RECHECK_SECONDS = 300
