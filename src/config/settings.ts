/**
 * The settings: one table from which the validation of a configuration file, the defaults and the reference
 * `conf/sigill.yaml` follow. A setting is named by its path in the file, here and everywhere in the program.
 */
import type { Endpoint } from '../base/address.ts'
import {
  ADDRESS_LOOKUP_DEPTH_MAX,
  ALIASES_MAX,
  BACK_OFF_HIGH,
  BACK_OFF_LOW,
  BACK_OFF_QUESTIONS,
  BACK_OFF_WEIGHT,
  CLIENT_STRING_OCTETS_MAX,
  CLIENT_STRING_OPTION,
  CLIENT_STRING_OPTION_MAX,
  DENIAL_RRSETS_MAX,
  DS_TRIED_MAX,
  EXCEPTION_RECHECK_SECONDS,
  EXCEPTION_SECONDS_MAX,
  FAILED_SIGNATURES_MAX,
  GUARD_EXCEPTION_SECONDS,
  KEYS_PER_TAG_MAX,
  LATE_REPLIES_PER_CLIENT_MAX,
  MESSAGE_OCTETS_MAX,
  MINIMISED_LABELS_MAX,
  NEGATIVE_TTL_SECONDS_MAX,
  NS_LOOKUPS_MAX,
  NS_LOOKUPS_PER_DELEGATION_MAX,
  NSEC3_ITERATIONS_MAX,
  NSEC3_SHA1_CALLS_MAX,
  NSID_OCTETS_MAX,
  OUTSTANDING_PER_SERVER_MAX,
  OUTSTANDING_PER_ZONE_MAX,
  QUERY_TIME_MS_MAX,
  RATE_BURST,
  RATE_PER_SECOND_MAX,
  RATE_SLIP,
  RATE_SLIP_MAX,
  REFERRALS_MAX,
  REFRESHES_MAX,
  REPLY_MS_MAX,
  RRSIGS_PER_RRSET_MAX,
  SIGNATURE_SKEW_SECONDS_MAX,
  SIGNATURE_SKEW_SECONDS_MIN,
  SIGNATURES_MAX,
  STALE_CLIENT_TIMEOUT_MS,
  STALE_SECONDS_MAX,
  STALE_TTL_SECONDS,
  TCP_CONNECTIONS_MAX,
  TCP_CONNECTIONS_PER_CLIENT_MAX,
  TCP_IDLE_MS,
  THREAD_STALL_MS_MAX,
  TTL_SECONDS_MAX,
  UDP_PAYLOAD_OCTETS,
  UDP_PAYLOAD_OCTETS_MIN,
  UDP_REPLY_OCTETS_MAX,
  UPSTREAM_OCTETS_MAX,
  UPSTREAM_OUTSTANDING_MAX,
  UPSTREAM_QUERIES_MAX,
  UPSTREAM_QUERIES_PER_QUESTION_MAX,
  WAITING_MAX,
  WAITING_PER_CLIENT_MAX,
} from '../base/limits.ts'
import type { Prefix } from '../base/prefix.ts'
import type { Name } from '../wire/name.ts'
import type { ResourceRecord } from '../wire/record.ts'
import * as value from './values.ts'

/** Every setting by its path, as the program reads it. */
export interface Settings {
  'server.listen': readonly Endpoint[]
  'server.front-threads': number | 'auto'
  'server.resolver-threads': number | 'auto'
  'server.udp-backend': 'auto' | 'addon' | 'dgram'
  'server.udp-payload-octets': number
  'server.user': string
  'server.identity': string
  'server.version': string
  'server.nsid': Uint8Array
  'server.cookies.mode': 'off' | 'on' | 'required'
  'server.cookies.secret-file': string
  'server.tcp.connections': number
  'server.tcp.connections-per-client': number
  'server.tcp.idle-timeout-ms': number
  'access.allow': readonly Prefix[]
  'access.deny': readonly Prefix[]
  'access.snoop': readonly Prefix[]
  'rate-limiting.answers.per-second': number
  'rate-limiting.answers.burst': number
  'rate-limiting.answers.slip': number
  'rate-limiting.answers.dry-run': boolean
  'rate-limiting.recursion.per-second': number
  'rate-limiting.recursion.burst': number
  'rate-limiting.recursion.dry-run': boolean
  'rate-limiting.exempt': readonly Prefix[]
  'local-zones.disable': readonly Name[]
  'local-zones.zones': readonly value.LocalZoneSetting[]
  'local-zones.records': readonly ResourceRecord[]
  'resolution.root-hints': string
  'resolution.authority-port': number
  'resolution.allow-loopback-authorities': boolean
  'resolution.qname-minimisation': boolean
  'resolution.qname-minimisation-strict': boolean
  'resolution.qname-minimisation-type': 'A' | 'NS'
  'resolution.stub-zones': readonly value.RouteSetting[]
  'resolution.forward-zones': readonly value.RouteSetting[]
  'resolution.root-copy.sources': readonly value.RootCopySource[]
  'resolution.nxdomain-cut': boolean
  'resolution.verify-referrals': boolean
  'resolution.verify-glue': boolean
  'resolution.foreign-glue': boolean
  'resolution.private-addresses': readonly Prefix[]
  'resolution.private-domains': readonly Name[]
  'resolution.ipv4': boolean
  'resolution.ipv6': boolean
  'resolution.nat64-prefix': Prefix | undefined
  'resolution.source-addresses': readonly Uint8Array[]
  'resolution.cookies': boolean
  'resolution.mixed-case': boolean
  'resolution.client-strings': readonly value.ClientStringSetting[]
  'resolution.client-string-option': number
  'resolution.any': 'minimal' | 'full'
  'dnssec.trust-anchor-files': readonly string[]
  'dnssec.anchor-updates': boolean
  'dnssec.anchor-bootstrap': string | undefined
  'dnssec.key-tag-signal': boolean
  'dnssec.clock': number | undefined
  'dnssec.mode': 'off' | 'observe' | 'enforce'
  'dnssec.rollout.percent': number
  'dnssec.rollout.always': readonly Prefix[]
  'dnssec.rollout.never': readonly Prefix[]
  'dnssec.rollout.always-listeners': readonly Endpoint[]
  'dnssec.rollout.never-listeners': readonly Endpoint[]
  'dnssec.rollout.ipv4-prefix-bits': number
  'dnssec.rollout.ipv6-prefix-bits': number
  'dnssec.negative-trust-anchors': readonly value.NegativeTrustAnchorSetting[]
  'dnssec.negative-trust-anchor-recheck-seconds': number
  'dnssec.guard.adds-exceptions': boolean
  'dnssec.guard.exception-seconds': number
  'dnssec.guard.exception-causes': readonly value.ExceptionCause[]
  'dnssec.insecure-zones': readonly Name[]
  'dnssec.disabled-algorithms': readonly number[]
  'dnssec.disabled-digests': readonly number[]
  'dnssec.signature-skew.min-seconds': number
  'dnssec.signature-skew.max-seconds': number
  'dnssec.nsec3-iterations-max': number
  'dnssec.aggressive-denial': boolean
  'dnssec.error-reporting': boolean
  'report.second-looks': boolean
  'report.expiry-warning-hours': number
  'cache.answers-mib': number
  'cache.rrsets-mib': number
  'cache.memory-at-start': boolean
  'cache.snapshot': string
  'cache.prefetch': boolean
  'cache.serve-original-ttl': boolean
  'cache.ttl.min-seconds': number
  'cache.ttl.max-seconds': number
  'cache.ttl.negative-max-seconds': number
  'limits.upstream-queries': number
  'limits.upstream-queries-per-question': number
  'limits.upstream-octets': number
  'limits.name-servers': number
  'limits.name-servers-per-delegation': number
  'limits.depth': number
  'limits.aliases': number
  'limits.referrals': number
  'limits.minimised-labels': number
  'limits.time-ms': number
  'limits.signatures': number
  'limits.failed-signatures': number
  'limits.nsec3-sha1-calls': number
  'limits.rrsigs-per-rrset': number
  'limits.keys-per-tag': number
  'limits.ds-tried': number
  'limits.denial-rrsets': number
  'limits.refreshes': number
  'limits.waiting': number
  'limits.waiting-per-client': number
  'limits.reply-time-ms': number
  'limits.late-replies-per-client': number
  'limits.upstream-outstanding': number
  'limits.outstanding-per-zone': number
  'limits.outstanding-per-server': number
  'limits.outstanding-back-off.questions': number
  'limits.outstanding-back-off.low': number
  'limits.outstanding-back-off.high': number
  'limits.outstanding-back-off.weight': number
  'limits.dry-run': readonly value.LimitTriedOut[]
  'limits.thread-stall-ms': number
  'dns64.prefix': Prefix | undefined
  'dns64.exclude': readonly Prefix[]
  'dns64.ignore-aaaa': readonly Name[]
  'serve-stale.enabled': boolean
  'serve-stale.client-timeout-ms': number
  'serve-stale.max-seconds': number
  'serve-stale.ttl-seconds': number
  'serve-stale.after-bogus': boolean
  'metrics.listen': Endpoint | undefined
  'tracing.percent': number
  'tracing.module': string
  'control.socket': string
  'control.socket-mode': number
  'control.listen': Endpoint | undefined
  'control.token-file': string
  'state.directory': string
  'log.level': 'debug' | 'info' | 'warn' | 'error'
  'log.format': 'auto' | 'json' | 'pretty'
}

/** Path of a setting, its parts joined by dots. */
export type SettingKey = keyof Settings

/** One row of the table. */
export interface Setting<T> {
  readonly schema: value.ValueSchema<T>
  /** As it would stand in the file. */
  readonly default: unknown
  /** For the reference: what it does, plain sentences. */
  readonly doc: string
  /** Whether a running daemon can take over a change, or has to be started anew. */
  readonly reload: 'live' | 'restart'
}

/** An hour to a few days is what clocks and time zones get wrong. */
const SKEW_SECONDS_MAX = 604_800
/** What one table of the cache can hold (`TABLE_OCTETS_MAX`). */
const CACHE_MIB_MAX = 4_095

/** What RFC 5155 10.3 once allowed for the smallest keys; validators that do more exist no longer. */
const NSEC3_ITERATIONS_SETTING_MAX = 150
/** RFC 8767 5: one to three days; a week for who must. */
const STALE_SECONDS_SETTING_MAX = 604_800

/** Ports of one address, which each question takes one of. */
const UPSTREAM_OUTSTANDING_SETTING_MAX = 60_000

/** The table, in the order of the reference. */
export const SETTINGS: { readonly [Key in SettingKey]: Setting<Settings[Key]> } = {
  'server.listen': {
    schema: value.endpoints(),
    default: ['127.0.0.1@5300', '::1@5300'],
    doc: 'Where clients are served, by UDP and TCP: address@port. 0.0.0.0 and :: stand for all addresses. Addresses with a scope (fe80::1%eth0) are not taken.',
    reload: 'restart',
  },
  'server.front-threads': {
    schema: value.autoOrWhole(1, 64),
    default: 'auto',
    doc: 'Threads that talk to clients; auto: half of the cores, or what resolver-threads leaves of them. More than one share their ports, which needs the addon or Node 22.12; without them there is one.',
    reload: 'restart',
  },
  'server.resolver-threads': {
    schema: value.autoOrWhole(0, 64),
    default: 'auto',
    doc: 'Threads that resolve and validate; auto: the cores that front-threads leaves. 0, and auto on a machine with one core, puts everything in one thread.',
    reload: 'restart',
  },
  'server.udp-backend': {
    schema: value.oneOf('auto', 'addon', 'dgram'),
    default: 'auto',
    doc: 'The way to UDP sockets: addon (Linux, batches of datagrams of clients, one handle for all questions to authorities; built with the program where a C compiler is), dgram (what Node has), auto (the addon where it can be had). With addon and none to be had the daemon does not start.',
    reload: 'restart',
  },
  'server.udp-payload-octets': {
    schema: value.whole(UDP_PAYLOAD_OCTETS_MIN, UDP_REPLY_OCTETS_MAX),
    default: UDP_PAYLOAD_OCTETS,
    doc: 'Largest answer by UDP, whatever larger size a client offers. 1232 crosses every path unfragmented.',
    reload: 'restart',
  },
  'server.user': {
    schema: value.text('the name of a user'),
    default: '',
    doc: 'The user that a daemon started by root becomes before it opens anything; only the right to ports below 1024 stays. The program, this file and the folders of control.socket, state.directory and cache.snapshot have to be its to use. Takes the addon. Empty: it stays who started it.',
    reload: 'restart',
  },
  'server.identity': {
    schema: value.text('a text of one line'),
    default: '',
    doc: 'Answer to id.server and hostname.bind (CH TXT). Empty: such questions are refused.',
    reload: 'live',
  },
  'server.version': {
    schema: value.text('a text of one line'),
    default: '',
    doc: 'Answer to version.server and version.bind (CH TXT). Empty: such questions are refused.',
    reload: 'live',
  },
  'server.nsid': {
    schema: value.octets(NSID_OCTETS_MAX),
    default: '',
    doc: 'Given to clients that ask for the name of this server (NSID, RFC 5001): a text such as ns1, or octets in hex: "0x6e7331", in quotes. Empty: none.',
    reload: 'live',
  },
  'server.cookies.mode': {
    schema: value.oneOf('off', 'on', 'required'),
    default: 'on',
    doc:
      'Server cookies (RFC 7873, RFC 9018): a client that shows the one it was given has not forged its address. off: the ' +
      'option is passed over. required: a client that knows of cookies has to show one to be answered by UDP; one that ' +
      'does not is answered as ever.',
    reload: 'live',
  },
  'server.cookies.secret-file': {
    schema: value.path(),
    default: '',
    doc:
      'File with the secret of server cookies, for servers that share an address: a line of 32 hexadecimal digits, which no ' +
      'one else may read. On a second line the secret that goes or comes: cookies are made with the first and accepted with ' +
      'both; a reload reads it again. Empty: a secret is drawn here, kept in state.directory, and followed by another every day.',
    reload: 'live',
  },
  'server.tcp.connections': {
    schema: value.whole(1, 65_535),
    default: TCP_CONNECTIONS_MAX,
    doc: 'TCP connections of clients at a time.',
    reload: 'restart',
  },
  'server.tcp.connections-per-client': {
    schema: value.whole(1, 65_535),
    default: TCP_CONNECTIONS_PER_CLIENT_MAX,
    doc:
      'TCP connections of one client address at a time. Each front thread allows an even part of them, and the system says ' +
      'which one a connection comes to: where there are many, leave room.',
    reload: 'restart',
  },
  'server.tcp.idle-timeout-ms': {
    schema: value.whole(100, 600_000),
    default: TCP_IDLE_MS,
    doc: 'A TCP connection without a question for so long is closed (RFC 7766 6.2.3); one with a message that has begun and is not whole, after 3 seconds.',
    reload: 'restart',
  },
  'access.allow': {
    schema: value.prefixes(),
    default: ['127.0.0.0/8', '::1/128'],
    doc: 'Networks that are served. Everyone else gets REFUSED. Never open a resolver to the whole Internet.',
    reload: 'live',
  },
  'access.deny': {
    schema: value.prefixes(),
    default: [],
    doc: 'Networks inside those that are not served. The longest prefix that covers a client decides; where both lists have it, this one.',
    reload: 'live',
  },
  'access.snoop': {
    schema: value.prefixes(),
    default: [],
    doc: 'Clients that may look into the cache: questions without RD are answered from it. Others are REFUSED.',
    reload: 'live',
  },
  'rate-limiting.answers.per-second': {
    schema: value.whole(0, RATE_PER_SECOND_MAX),
    default: 0,
    doc:
      'Answers by UDP in a second to one client: an IPv4 address or an IPv6 /64. Networks are limited as well: a /24 to ' +
      '32 times as many, a /20 to 256, a /18 to 768 times; an IPv6 /56 to twice, a /48 to 32, a /40 to 768 times as ' +
      'many. Keeps forged questions from becoming a flood for those whose addresses they bear. Never limits TCP or ' +
      'clients with a valid cookie. 0: no limit.',
    reload: 'live',
  },
  'rate-limiting.answers.burst': {
    schema: value.whole(1, RATE_PER_SECOND_MAX),
    default: RATE_BURST,
    doc: 'Answers that a client which was quiet may have at once; of its networks as many times more.',
    reload: 'live',
  },
  'rate-limiting.answers.slip': {
    schema: value.whole(0, RATE_SLIP_MAX),
    default: RATE_SLIP,
    doc:
      'Of the questions beyond rate limits every so manieth is told to come by TCP: an answer with TC and no data, no ' +
      'larger than the question. The others get none. 1: all of them; 0: none.',
    reload: 'live',
  },
  'rate-limiting.answers.dry-run': {
    schema: value.flag(),
    default: false,
    doc: 'Only counts (sigill_limit_dry_runs_total) and logs what would be limited.',
    reload: 'live',
  },
  'rate-limiting.recursion.per-second': {
    schema: value.whole(0, RATE_PER_SECOND_MAX),
    default: 0,
    doc:
      'Questions in a second of one client, and in proportion of its networks, that the answer cache cannot answer. ' +
      'Clients by TCP or with a valid cookie are counted apart from those whose address may be forged, and get SERVFAIL ' +
      '(EDE 32) beyond it; the others are told to come by TCP, see slip. 0: no limit.',
    reload: 'live',
  },
  'rate-limiting.recursion.burst': {
    schema: value.whole(1, RATE_PER_SECOND_MAX),
    default: RATE_BURST,
    doc: 'Such questions that a client which was quiet may ask at once.',
    reload: 'live',
  },
  'rate-limiting.recursion.dry-run': {
    schema: value.flag(),
    default: false,
    doc: 'Only counts (sigill_limit_dry_runs_total) and logs what would be limited.',
    reload: 'live',
  },
  'rate-limiting.exempt': {
    schema: value.prefixes(),
    default: [],
    doc: 'Networks that are never limited: load balancers and other resolvers, behind which there are many clients.',
    reload: 'live',
  },
  'local-zones.disable': {
    schema: value.names(),
    default: [],
    doc:
      'Special-use and private reverse zones (RFC 6761, RFC 6303 and others) are answered here and never asked ' +
      'upstream. A zone named in this list is resolved like any other.',
    reload: 'live',
  },
  'local-zones.zones': {
    schema: value.localZones(),
    default: [],
    doc:
      'Zones answered here. Each entry: { name: corp.example, type: static }. Types: static (what has no record does ' +
      'not exist), transparent and type-transparent (names, or types, without a record are resolved), redirect (the ' +
      'records of the zone for all names in it), refuse (REFUSED), deny (no reply).',
    reload: 'live',
  },
  'local-zones.records': {
    schema: value.records(),
    default: [],
    doc:
      'Records of local zones, each a line of a master file: "www.corp.example. 3600 A 10.0.0.80". One outside all ' +
      'local zones stands for itself: its name has no other records, the names below are resolved.',
    reload: 'live',
  },
  'resolution.root-hints': {
    schema: value.path(),
    default: '',
    doc: 'Master file with the root NS records and their addresses. Empty: the built-in list of the 13 root servers.',
    reload: 'restart',
  },
  'resolution.authority-port': {
    schema: value.whole(1, 65_535),
    default: 53,
    doc: 'Port at which authoritative servers are asked. For labs only.',
    reload: 'restart',
  },
  'resolution.allow-loopback-authorities': {
    schema: value.flag(),
    default: false,
    doc: 'Lets authoritative servers have loopback addresses. For labs only.',
    reload: 'restart',
  },
  'resolution.qname-minimisation': {
    schema: value.flag(),
    default: true,
    doc: 'Tells each server only as much of the name as it needs (RFC 9156).',
    reload: 'restart',
  },
  'resolution.qname-minimisation-strict': {
    schema: value.flag(),
    default: false,
    doc:
      'Never shows a server the whole name because it failed on a part: one that denies a name on the way is believed, ' +
      'signed or not, and one that cannot answer for it is of no use. Breaks misconfigured zones.',
    reload: 'restart',
  },
  'resolution.qname-minimisation-type': {
    schema: value.oneOf('A', 'NS'),
    default: 'A',
    doc: 'Type of the shortened questions. A looks like any other question (RFC 9156 2.1); NS is what the first resolvers asked.',
    reload: 'restart',
  },
  'resolution.stub-zones': {
    schema: value.routes('stub'),
    default: [],
    doc:
      'Zones whose servers are given here, not by delegation: { name: corp.example, addresses: [10.0.0.53] }. An ' +
      'address may carry a port (10.0.0.53@5353). servers: names of servers, looked up. fallback: true asks the ' +
      'delegated servers when these fail. Answers are judged; see dnssec.insecure-zones for zones without a chain. ' +
      'A zone that is otherwise answered locally (10.in-addr.arpa) is resolved when it is named here.',
    reload: 'restart',
  },
  'resolution.forward-zones': {
    schema: value.routes('forward'),
    default: [],
    doc:
      'Zones asked of another resolver (with RD): as stub-zones, and cache: false keeps nothing of what it says. ' +
      'name: . forwards everything.',
    reload: 'restart',
  },
  'resolution.root-copy.sources': {
    schema: value.rootCopySources(),
    default: [],
    doc:
      'Keeps a copy of the root zone that answers in place of the root servers (RFC 8806), from the first of these that ' +
      'gives one: { url: "https://www.internic.net/domain/root.zone" }, { axfr: 192.0.32.132 } or { file: root.zone }. It ' +
      'is used only when its signatures and its digest (ZONEMD, RFC 8976) are proven by the trust anchors, looked at as ' +
      'its SOA says, and kept in state.directory; the root servers are asked where there is none. Of a file somebody else ' +
      'takes care: it runs out, as the SOA says, counted from when it was written. Empty: no copy.',
    reload: 'restart',
  },
  'resolution.nxdomain-cut': {
    schema: value.flag(),
    default: true,
    doc: 'Takes a proven NXDOMAIN for all names below it (RFC 8020).',
    reload: 'restart',
  },
  'resolution.verify-referrals': {
    schema: value.flag(),
    default: false,
    doc:
      "Asks a zone's own servers for its NS set and the addresses in it before they are used, and uses neither where it " +
      'is bogus. Costs questions.',
    reload: 'restart',
  },
  'resolution.verify-glue': {
    schema: value.flag(),
    default: false,
    doc:
      'Looks up addresses of name servers outside the delegated zone rather than take those of a referral, which serve ' +
      'where nothing else is found. Costs questions.',
    reload: 'restart',
  },
  'resolution.foreign-glue': {
    schema: value.flag(),
    default: false,
    doc:
      'Uses the addresses that a referral has for servers outside the zone that gave it, where no others are known: for ' +
      'that delegation and that question alone. Reaches zones whose servers are named in each other.',
    reload: 'restart',
  },
  'resolution.private-addresses': {
    schema: value.prefixes(),
    default: [],
    doc:
      'Addresses that public names must not have (DNS rebinding): records with them are removed from answers, hints of ' +
      'SVCB and HTTPS included. Such an answer has no AD and says why (EDE 15).',
    reload: 'live',
  },
  'resolution.private-domains': {
    schema: value.names(),
    default: [],
    doc: 'Domains, with all below, that may have private addresses.',
    reload: 'live',
  },
  'resolution.ipv4': {
    schema: value.flag(),
    default: true,
    doc: 'Asks authoritative servers over IPv4.',
    reload: 'restart',
  },
  'resolution.ipv6': {
    schema: value.flag(),
    default: true,
    doc: 'Asks authoritative servers over IPv6. Harmless where the machine has none.',
    reload: 'restart',
  },
  'resolution.nat64-prefix': {
    schema: value.translationPrefixOrNone(),
    default: '',
    doc:
      'Prefix of a NAT64 translator (RFC 6052), such as 64:ff9b::/96: where ipv4 is false, servers with IPv4 addresses ' +
      'are asked through it. Empty: none.',
    reload: 'restart',
  },
  'resolution.source-addresses': {
    schema: value.addresses(),
    default: [],
    doc: 'Addresses from which authoritative servers are asked, one at random. Empty: the system chooses.',
    reload: 'restart',
  },
  'resolution.cookies': {
    schema: value.flag(),
    default: true,
    doc:
      'Shows each server a cookie and keeps the one that it gives (RFC 7873), so that a reply by UDP that lacks it is ' +
      'known to be forged.',
    reload: 'restart',
  },
  'resolution.mixed-case': {
    schema: value.flag(),
    default: false,
    doc:
      'Asks servers for names in randomly mixed upper and lower case, which replies have to repeat: some ten bits more to ' +
      'guess for who forges replies of servers without cookies. A server that changes the letters, which TCP shows, or drops ' +
      'such questions, is asked in lower case for a quarter of an hour.',
    reload: 'restart',
  },
  'resolution.client-strings': {
    schema: value.clientStrings(CLIENT_STRING_OCTETS_MAX),
    default: [],
    doc:
      'Texts by which servers are to know this resolver, sent in an EDNS option: { network: 192.0.2.0/24, text: ' +
      '"customer 17" }. The longest network that covers a server decides; an empty text sends none.',
    reload: 'restart',
  },
  'resolution.client-string-option': {
    schema: value.whole(CLIENT_STRING_OPTION, CLIENT_STRING_OPTION_MAX),
    default: CLIENT_STRING_OPTION,
    doc: 'Code of that option, one of those for local use (RFC 6891 9).',
    reload: 'restart',
  },
  'resolution.any': {
    schema: value.oneOf('minimal', 'full'),
    default: 'minimal',
    doc: 'Questions of type ANY over UDP: minimal answers with one RRset (RFC 8482), full with all. Over TCP all.',
    reload: 'live',
  },
  'dnssec.trust-anchor-files': {
    schema: value.listOf('paths', value.path(), String),
    default: [],
    doc:
      "Files with DS or DNSKEY records in master-file form. Empty: the root's KSK-2017 and KSK-2024 that come " +
      'with Sigill.',
    reload: 'live',
  },
  'dnssec.anchor-updates': {
    schema: value.flag(),
    default: true,
    doc:
      'Follows the zones with trust anchors as they change their keys (RFC 5011): new keys are believed after thirty days, ' +
      'revoked ones no more. What is learnt is kept in state.directory.',
    reload: 'restart',
  },
  'dnssec.anchor-bootstrap': {
    schema: value.webAddressOrNone(),
    default: 'https://data.iana.org/root-anchors/',
    doc:
      'Where root-anchors.xml and its signature are got when the keys of the root match no anchor: believed only as far as ' +
      "ICANN's signature goes (RFC 9718). Empty: nowhere.",
    reload: 'restart',
  },
  'dnssec.key-tag-signal': {
    schema: value.flag(),
    default: true,
    doc: 'Tells the servers of zones with trust anchors which keys are believed here (RFC 8145), about once a day.',
    reload: 'restart',
  },
  'dnssec.clock': {
    schema: value.timeOrNone(),
    default: '',
    doc: 'Judges signatures as if it were this time for ever. For labs only. Empty: the clock of the machine.',
    reload: 'restart',
  },
  'dnssec.mode': {
    schema: value.oneOf('off', 'observe', 'enforce'),
    default: 'enforce',
    doc: 'off: nothing is judged. observe: everything is judged and counted, answers stay as they came. enforce: bogus data is SERVFAIL.',
    reload: 'live',
  },
  'dnssec.rollout.percent': {
    schema: value.whole(0, 100),
    default: 100,
    doc:
      'Percent of clients for whom mode enforce is enforced; the others are answered as in mode observe. Who is among ' +
      'them hangs on a secret kept in state.directory: a higher percentage adds clients, and takes none away.',
    reload: 'live',
  },
  'dnssec.rollout.always': {
    schema: value.prefixes(),
    default: [],
    doc: 'Networks for whom mode enforce is enforced whatever the percentage: the staff first.',
    reload: 'live',
  },
  'dnssec.rollout.never': {
    schema: value.prefixes(),
    default: [],
    doc: 'Networks for whom it never is. Of these two lists the longer prefix decides, of two equal ones this.',
    reload: 'live',
  },
  'dnssec.rollout.always-listeners': {
    schema: value.endpointsOrNone(),
    default: [],
    doc: 'Addresses of server.listen at which it is enforced for everybody whom the lists of networks do not name.',
    reload: 'live',
  },
  'dnssec.rollout.never-listeners': {
    schema: value.endpointsOrNone(),
    default: [],
    doc: 'Addresses of server.listen at which it is not.',
    reload: 'live',
  },
  'dnssec.rollout.ipv4-prefix-bits': {
    schema: value.whole(8, 32),
    default: 32,
    doc: 'Leading bits of an IPv4 address that make a client, where percent counts them.',
    reload: 'restart',
  },
  'dnssec.rollout.ipv6-prefix-bits': {
    schema: value.whole(16, 128),
    default: 56,
    doc: 'The same of an IPv6 address: what a customer is given.',
    reload: 'restart',
  },
  'dnssec.negative-trust-anchors': {
    schema: value.negativeTrustAnchors(),
    default: [],
    doc:
      'Zones that are broken for now and not judged (RFC 7646). Each entry: ' +
      '{ name: example.se, reason: "expired signatures", author: noc, expires: 2026-12-01T12:00:00Z }. ' +
      'The end is within a week from the start or the reload. sigill control nta adds them while the daemon runs.',
    reload: 'live',
  },
  'dnssec.negative-trust-anchor-recheck-seconds': {
    schema: value.whole(1, 86_400),
    default: EXCEPTION_RECHECK_SECONDS,
    doc: 'How often it is looked whether their zones validate again. One whose zone does is removed.',
    reload: 'restart',
  },
  'dnssec.guard.adds-exceptions': {
    schema: value.flag(),
    default: false,
    doc:
      'A jump in the share of bogus answers is one line in the log that begins with ALERT. This has a negative trust ' +
      'anchor added besides, where validation is enforced and such an anchor helps: not where the fault lies with ' +
      'this machine, its trust anchors or its network.',
    reload: 'live',
  },
  'dnssec.guard.exception-seconds': {
    schema: value.whole(60, EXCEPTION_SECONDS_MAX),
    default: GUARD_EXCEPTION_SECONDS,
    doc: 'How long it lasts at most. It ends before that as soon as the zone validates.',
    reload: 'live',
  },
  'dnssec.guard.exception-causes': {
    schema: value.exceptionCauses(),
    default: ['zone'],
    doc:
      'What it is added for. zone: one zone. zones: many zones below one name. top-level: a top-level domain, of which ' +
      'none is excepted without this word.',
    reload: 'live',
  },
  'dnssec.insecure-zones': {
    schema: value.names(),
    default: [],
    doc: 'Zones that are never judged: private ones that the public tree does not have.',
    reload: 'live',
  },
  'dnssec.disabled-algorithms': {
    schema: value.algorithms(),
    default: [],
    doc: 'DNSKEY algorithms that count as unsupported (RFC 9905): zones signed only with them are insecure.',
    reload: 'live',
  },
  'dnssec.disabled-digests': {
    schema: value.digests(),
    default: [],
    doc: 'DS digest types that count as unsupported (RFC 9905).',
    reload: 'live',
  },
  'dnssec.signature-skew.min-seconds': {
    schema: value.whole(0, SKEW_SECONDS_MAX),
    default: SIGNATURE_SKEW_SECONDS_MIN,
    doc: "Tolerance at both ends of a signature's validity is a tenth of its lifetime, but at least so much,",
    reload: 'live',
  },
  'dnssec.signature-skew.max-seconds': {
    schema: value.whole(0, SKEW_SECONDS_MAX),
    default: SIGNATURE_SKEW_SECONDS_MAX,
    doc: 'and at most so much.',
    reload: 'live',
  },
  'dnssec.nsec3-iterations-max': {
    schema: value.whole(0, NSEC3_ITERATIONS_SETTING_MAX),
    default: NSEC3_ITERATIONS_MAX,
    doc: 'Additional iterations above which an NSEC3 proof says nothing, so that the answer is insecure (RFC 9276 3.2).',
    reload: 'live',
  },
  'dnssec.aggressive-denial': {
    schema: value.flag(),
    default: true,
    doc: 'Answers from cached NSEC and NSEC3 records what they deny (RFC 8198).',
    reload: 'restart',
  },
  'dnssec.error-reporting': {
    schema: value.flag(),
    default: true,
    doc:
      'Tells the agent that a zone names for it when data of the zone does not validate (DNS error reporting, RFC 9567). ' +
      'The report holds the name and type that were asked for, and nothing of the client.',
    reload: 'restart',
  },
  'report.second-looks': {
    schema: value.flag(),
    default: true,
    doc:
      'Domains that fail are asked again beside the questions of clients, one at a time: every address of their servers, by ' +
      'UDP and TCP, and zones that are in order. The rollout report says by that whose fault it is.',
    reload: 'live',
  },
  'report.expiry-warning-hours': {
    schema: value.whole(0, 720),
    default: 48,
    doc:
      'Zones in use are told of whose signatures end within so many hours and are not being renewed: in the report, in the log ' +
      'once a day, and as a metric. The caches are looked through for it, nobody is asked. 0 for none.',
    reload: 'live',
  },
  'cache.answers-mib': {
    schema: value.whole(1, CACHE_MIB_MAX),
    default: 256,
    doc: 'Memory for finished answers.',
    reload: 'restart',
  },
  'cache.rrsets-mib': {
    schema: value.whole(1, CACHE_MIB_MAX),
    default: 256,
    doc: 'Memory for the records they are made of, delegations and keys.',
    reload: 'restart',
  },
  'cache.memory-at-start': {
    schema: value.flag(),
    default: true,
    doc:
      'Takes that memory before clients are served, if twice as much is free, so that none of them waits for it later. What ' +
      'is not there after a second, and otherwise all of it, is taken as the caches fill. Linux 5.14 and later, with the addon.',
    reload: 'restart',
  },
  'cache.snapshot': {
    schema: value.path(),
    default: '',
    doc:
      'File that keeps the caches over a restart: written every few minutes and at the end, loaded at start. What it ' +
      'holds is what clients asked; only the owner can read it. Empty: none.',
    reload: 'restart',
  },
  'cache.prefetch': {
    schema: value.flag(),
    default: true,
    doc: 'Fetches anew what is asked for in the last tenth of its lifetime, so that popular names never wait.',
    reload: 'restart',
  },
  'cache.serve-original-ttl': {
    schema: value.flag(),
    default: false,
    doc:
      'Gives records with the TTL that their zone gave them, not with what remains of it (a day at most); they are kept ' +
      'no longer for that. min-seconds and max-seconds below have no effect then. For caches behind this one that learn ' +
      'of changes in another way.',
    reload: 'restart',
  },
  'cache.ttl.min-seconds': {
    schema: value.whole(0, 3_600),
    default: 0,
    doc:
      'Least time that records and denials are kept. More than 0 keeps them longer than their zone wants; signed ' +
      'ones never for longer than their signatures allow.',
    reload: 'restart',
  },
  'cache.ttl.max-seconds': {
    schema: value.whole(0, TTL_SECONDS_MAX),
    default: TTL_SECONDS_MAX,
    doc: 'Most time that records are kept.',
    reload: 'restart',
  },
  'cache.ttl.negative-max-seconds': {
    schema: value.whole(0, TTL_SECONDS_MAX),
    default: NEGATIVE_TTL_SECONDS_MAX,
    doc: 'Most time that a denial is kept (RFC 2308 5).',
    reload: 'restart',
  },
  'limits.upstream-queries': {
    schema: value.whole(20, 1_000),
    default: UPSTREAM_QUERIES_MAX,
    doc: 'Questions to authoritative servers for one question of a client (NXNSAttack). CNAME chains of content networks in signed zones take some forty from a cold cache.',
    reload: 'live',
  },
  'limits.upstream-queries-per-question': {
    schema: value.whole(10, 1_000),
    default: UPSTREAM_QUERIES_PER_QUESTION_MAX,
    doc: 'The same for one of the questions that it leads to: one name and type, from the root down.',
    reload: 'live',
  },
  'limits.upstream-octets': {
    schema: value.whole(MESSAGE_OCTETS_MAX, 16_777_216),
    default: UPSTREAM_OCTETS_MAX,
    doc: 'Octets of all replies for one question of a client. Questions that have received much are bounded together as well.',
    reload: 'live',
  },
  'limits.name-servers': {
    schema: value.whole(1, 200),
    default: NS_LOOKUPS_MAX,
    doc: 'Names of name servers looked up for one question of a client (NXNSAttack), …',
    reload: 'live',
  },
  'limits.name-servers-per-delegation': {
    schema: value.whole(1, 20),
    default: NS_LOOKUPS_PER_DELEGATION_MAX,
    doc: '… and for one delegation.',
    reload: 'live',
  },
  'limits.depth': {
    schema: value.whole(1, 16),
    default: ADDRESS_LOOKUP_DEPTH_MAX,
    doc: 'Look-ups of name-server addresses within each other (iDNS).',
    reload: 'live',
  },
  'limits.aliases': {
    schema: value.whole(1, 64),
    default: ALIASES_MAX,
    doc: 'Aliases (CNAME and DNAME) followed.',
    reload: 'live',
  },
  'limits.referrals': {
    schema: value.whole(8, 127),
    default: REFERRALS_MAX,
    doc: 'Delegations followed for one name.',
    reload: 'live',
  },
  'limits.minimised-labels': {
    schema: value.whole(2, 127),
    default: MINIMISED_LABELS_MAX,
    doc: 'Questions that hiding parts of a name may cost where nothing is delegated (RFC 9156 2.3).',
    reload: 'live',
  },
  'limits.time-ms': {
    schema: value.whole(1_000, 30_000),
    default: QUERY_TIME_MS_MAX,
    doc: 'Time for one question of a client: then it gets SERVFAIL.',
    reload: 'live',
  },
  'limits.signatures': {
    schema: value.whole(8, 10_000),
    default: SIGNATURES_MAX,
    doc: 'Signatures verified for one question of a client (KeyTrap), …',
    reload: 'live',
  },
  'limits.failed-signatures': {
    schema: value.whole(1, 1_000),
    default: FAILED_SIGNATURES_MAX,
    doc: '… and of these, such that fail.',
    reload: 'live',
  },
  'limits.nsec3-sha1-calls': {
    schema: value.whole(200, 100_000),
    default: NSEC3_SHA1_CALLS_MAX,
    doc: 'SHA-1 calls for NSEC3 for one question of a client, each iteration being one (CVE-2023-50868).',
    reload: 'live',
  },
  'limits.rrsigs-per-rrset': {
    schema: value.whole(1, 64),
    default: RRSIGS_PER_RRSET_MAX,
    doc: 'RRSIGs with a matching key that are tried for one RRset.',
    reload: 'live',
  },
  'limits.keys-per-tag': {
    schema: value.whole(1, 16),
    default: KEYS_PER_TAG_MAX,
    doc: 'Keys of one tag and algorithm that are tried for one RRSIG or DS record.',
    reload: 'live',
  },
  'limits.ds-tried': {
    schema: value.whole(1, 64),
    default: DS_TRIED_MAX,
    doc: 'DS records of one zone that are tried.',
    reload: 'live',
  },
  'limits.denial-rrsets': {
    schema: value.whole(3, 64),
    default: DENIAL_RRSETS_MAX,
    doc: 'NSEC and NSEC3 RRsets of one denial that are looked at; a full proof by NSEC3 has three.',
    reload: 'live',
  },
  'limits.refreshes': {
    schema: value.whole(0, 100_000),
    default: REFRESHES_MAX,
    doc: 'Answers fetched again at once while nobody waits for them, in each thread that resolves.',
    reload: 'live',
  },
  'limits.waiting': {
    schema: value.whole(10, 1_000_000),
    default: WAITING_MAX,
    doc:
      'Questions of clients that may wait to be resolved, in all; each takes some kilobytes. Beside them four times as many ' +
      'may wait for the answer to what their own client asks already.',
    reload: 'live',
  },
  'limits.waiting-per-client': {
    schema: value.whole(1, 1_000_000),
    default: WAITING_PER_CLIENT_MAX,
    doc:
      'The same of one client, an IPv6 /56 counting as one. Its questions for the same name and type count once, so this is ' +
      'enough for a load balancer as well. Nobody may have more than there are places free. Clients by TCP, or with a server ' +
      'cookie, are told of it (SERVFAIL, EDE 32); others get no reply and will ask again. Each front thread allows an even part ' +
      'of it: who asks by one TCP connection, or from one port, comes to one of them.',
    reload: 'live',
  },
  'limits.reply-time-ms': {
    schema: value.whole(0, 60_000),
    default: REPLY_MS_MAX,
    doc:
      'A question by UDP that waited longer gets no reply, if this is not 0: an address may be forged, and answers to it gathered ' +
      'into a pulse (DNSBomb); 1900 leaves old answers their time (serve-stale). What was found is cached for when the client asks ' +
      'again. Clients by TCP, or with a server cookie, get all answers.',
    reload: 'live',
  },
  'limits.late-replies-per-client': {
    schema: value.whole(0, 1_000_000),
    default: LATE_REPLIES_PER_CLIENT_MAX,
    doc:
      'Replies by UDP to one client in a tenth of a second, of those that waited longer than that; each question that comes ' +
      'from it meanwhile allows one more. 0: no bound.',
    reload: 'live',
  },
  'limits.upstream-outstanding': {
    schema: value.whole(16, UPSTREAM_OUTSTANDING_SETTING_MAX),
    default: UPSTREAM_OUTSTANDING_MAX,
    doc: 'Questions on their way to authoritative servers at once, in all threads together; each takes a descriptor.',
    reload: 'restart',
  },
  'limits.outstanding-per-zone': {
    schema: value.whole(0, UPSTREAM_OUTSTANDING_SETTING_MAX),
    default: OUTSTANDING_PER_ZONE_MAX,
    doc:
      'Questions to the servers of one zone in work at once, in each resolver thread: all names of a zone below a ' +
      'top-level domain are in one. More fail at once (SERVFAIL, EDE 32), so that random names below a dead zone hold up ' +
      'nothing else; no client has more of these places than are free. Stub and forward zones have no such bound. 0: none.',
    reload: 'live',
  },
  'limits.outstanding-per-server': {
    schema: value.whole(0, UPSTREAM_OUTSTANDING_SETTING_MAX),
    default: OUTSTANDING_PER_SERVER_MAX,
    doc:
      'Questions out to one server at once, in each resolver thread, while it answers; as few as a fiftieth of it ' +
      'while it does not, of which no zone and no client has more than are free. Other servers of the zone are asked then, or the question fails (SERVFAIL, EDE 32). 0: no bound.',
    reload: 'live',
  },
  'limits.outstanding-back-off.questions': {
    schema: value.whole(1, 10_000),
    default: BACK_OFF_QUESTIONS,
    doc: 'How often outstanding-per-server is looked at anew for a server: after so many questions to it, …',
    reload: 'live',
  },
  'limits.outstanding-back-off.low': {
    schema: value.fraction(0, 1),
    default: BACK_OFF_LOW,
    doc: '… doubled, up to the whole of it, where less than this share of them was not answered, …',
    reload: 'live',
  },
  'limits.outstanding-back-off.high': {
    schema: value.fraction(0, 1),
    default: BACK_OFF_HIGH,
    doc: '… and halved where more than this share was not, …',
    reload: 'live',
  },
  'limits.outstanding-back-off.weight': {
    schema: value.fraction(0.01, 1),
    default: BACK_OFF_WEIGHT,
    doc: '… by an average in which the last of these looks has this weight.',
    reload: 'live',
  },
  'limits.dry-run': {
    schema: value.limitsTriedOut(),
    default: [],
    doc:
      'Limits that are tried out: what they would do is counted (sigill_limit_dry_runs_total) and not done. Words: ' +
      'fair-share (of several clients that wait for a resolver thread, the one that used it least goes first), ' +
      'outstanding-per-zone, outstanding-per-server, outstanding-per-client (a client has no more questions out than are left), ' +
      'waiting, waiting-per-client, reply-time, late-replies-per-client, tcp-connections, tcp-connections-per-client. Of ' +
      'waiting and of tcp-connections only less than the default is tried out: memory and descriptors hold no more.',
    reload: 'live',
  },
  'limits.thread-stall-ms': {
    schema: value.whole(1_000, 600_000),
    default: THREAD_STALL_MS_MAX,
    doc:
      'A thread that is stuck in one piece of work for so long is ended and started again, and the question in work is not ' +
      'tried for a minute. The log tells of it after two seconds. Where one thread does everything, nobody in the process can.',
    reload: 'restart',
  },
  'dns64.prefix': {
    schema: value.translationPrefixOrNone(),
    default: '',
    doc:
      "Gives names without AAAA records addresses behind this prefix, that of the clients' NAT64 translator, such as " +
      '64:ff9b::/96 (DNS64, RFC 6147), and maps PTR questions for them. Clients that set CD get none. Empty: off.',
    reload: 'restart',
  },
  'dns64.exclude': {
    schema: value.prefixes(),
    default: ['::ffff:0:0/96'],
    doc: 'AAAA records with these addresses count as none, and are not given (RFC 6147 5.1.4).',
    reload: 'restart',
  },
  'dns64.ignore-aaaa': {
    schema: value.names(),
    default: [],
    doc: 'Names, with all below, whose AAAA records are given only where there is no A record to translate.',
    reload: 'restart',
  },
  'serve-stale.enabled': {
    schema: value.flag(),
    default: false,
    doc: 'Gives answers that have run out when their zone cannot be reached (RFC 8767).',
    reload: 'restart',
  },
  'serve-stale.client-timeout-ms': {
    schema: value.whole(0, 10_000),
    default: STALE_CLIENT_TIMEOUT_MS,
    doc: 'Time that a client waits for the zone before it gets the old answer. 0: gives it at once and asks the zone after.',
    reload: 'restart',
  },
  'serve-stale.max-seconds': {
    schema: value.whole(1, STALE_SECONDS_SETTING_MAX),
    default: STALE_SECONDS_MAX,
    doc: 'How long after its end an answer may be given.',
    reload: 'restart',
  },
  'serve-stale.ttl-seconds': {
    schema: value.whole(1, 3_600),
    default: STALE_TTL_SECONDS,
    doc: 'TTL of the records of such an answer.',
    reload: 'restart',
  },
  'serve-stale.after-bogus': {
    schema: value.flag(),
    default: false,
    doc: 'Gives what was secure and has run out also when the zone is bogus now, without AD. Else bogus is bogus.',
    reload: 'restart',
  },
  'metrics.listen': {
    schema: value.endpointOrNone(),
    default: '127.0.0.1@9153',
    doc: 'Where /metrics (Prometheus), /live and /ready are served over HTTP. Empty: nowhere.',
    reload: 'restart',
  },
  'tracing.percent': {
    schema: value.fraction(0, 100),
    default: 0,
    doc: 'Share of resolutions of which spans are made for OpenTelemetry, in percent; answers from the cache have none.',
    reload: 'restart',
  },
  'tracing.module': {
    schema: value.path(),
    default: '',
    doc:
      'A module (JavaScript) that registers an OpenTelemetry SDK, loaded in a thread of its own beside each that resolves: one ' +
      'that fails ends the spans and nothing else. Sigill brings the API alone.',
    reload: 'restart',
  },
  'control.socket': {
    schema: value.path(),
    default: '/run/sigill/control.sock',
    doc:
      'Unix socket for commands to the running daemon (sigill control). Who may write to it may command. The folder has ' +
      'to be there. Empty: none.',
    reload: 'restart',
  },
  'control.socket-mode': {
    schema: value.fileMode(),
    default: '0660',
    doc: 'File mode of that socket, in octal, in quotes.',
    reload: 'restart',
  },
  'control.listen': {
    schema: value.endpointOrNone(),
    default: '',
    doc:
      'Where the same commands are taken by HTTP over TCP, such as 127.0.0.1@9154, from who shows the token. It is not ' +
      'encrypted: for loopback, or a network that nobody else sees. Empty: nowhere.',
    reload: 'restart',
  },
  'control.token-file': {
    schema: value.path(),
    default: '',
    doc: 'File whose first line is the token, of 16 characters or more.',
    reload: 'restart',
  },
  'state.directory': {
    schema: value.path(),
    default: '/var/lib/sigill',
    doc:
      'Folder for what the daemon learns, such as the keys of zones with trust anchors, and for what is changed while it ' +
      'runs. One that the file names is made where it is missing, the default one is used where it exists. Empty: ' +
      'nothing is kept.',
    reload: 'restart',
  },
  'log.level': {
    schema: value.oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    doc: 'Least weight of a line in the log.',
    reload: 'live',
  },
  'log.format': {
    schema: value.oneOf('auto', 'json', 'pretty'),
    default: 'auto',
    doc: 'json: one object a line. pretty: for eyes. auto: pretty on a terminal, json elsewhere.',
    reload: 'restart',
  },
}

/** Every path, in the order of the reference. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS) as SettingKey[]
