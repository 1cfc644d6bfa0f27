/** Label values that no other table lists, each with what it stands for. The compiler holds the engine's complete. */
import type { ProofLimit } from '../dnssec/budget.ts'
import type { Reason } from '../dnssec/reasons.ts'
import type { UpstreamFailure } from '../resolver/ports.ts'
import type { Cause } from './report/diagnosis.ts'

type NameOfReason<R> = R extends `limit-${infer Name}` ? Name : never
type EngineLimit = ProofLimit | NameOfReason<Reason> | 'refreshes'
type FrontLimit =
  | 'waiting'
  | 'waiting-per-client'
  | 'handover'
  | 'reply-time'
  | 'late-replies-per-client'
  | 'tcp-connections'
  | 'tcp-connections-per-client'
  | 'tcp-unread'
  | 'answers-per-prefix'
  | 'recursion-per-prefix'

type ThreadLimit = 'set-aside'

/** Bounds on work, each met because of a zone; `base/limits.ts` has their values. */
const WORK_LIMITS: Readonly<Record<EngineLimit | ThreadLimit, string>> = {
  signatures: 'signature verifications for a client query',
  'failed-signatures': 'signature verifications that failed, for a client query',
  'nsec3-sha1-calls': 'SHA-1 calls for NSEC3, for a client query',
  'rrsigs-per-rrset': 'RRSIGs tried for an RRset',
  'keys-per-tag': 'keys of one tag and algorithm tried',
  'ds-tried': 'DS records tried for a zone',
  'denial-rrsets': 'NSEC and NSEC3 RRsets of a negative answer',
  'upstream-queries': 'upstream queries for a client query, or for one of its questions',
  'upstream-octets': 'octets of replies for a client query, or for all that received many',
  aliases: 'aliases followed',
  depth: 'nesting of look-ups of name-server addresses',
  'name-servers': 'name-server names looked up',
  referrals: 'delegations followed',
  time: 'time for a client query',
  'outstanding-per-zone': 'questions to the servers of a zone in work',
  'outstanding-per-server': 'questions out to a server',
  'outstanding-per-client': 'questions of one client out to servers',
  'fair-share': 'time of a resolver thread that a client has while others wait',
  refreshes: 'answers fetched again while nobody waits',
  'set-aside': 'questions not tried because they ended a resolver thread',
}

/** Bounds on clients. */
const CLIENT_LIMITS: Readonly<Record<FrontLimit, string>> = {
  waiting: 'questions that wait for the resolver',
  'waiting-per-client': 'questions of one client that wait',
  'reply-time': 'time that a question by UDP may wait for its reply',
  'late-replies-per-client': 'late replies to one client in a tenth of a second',
  handover: 'questions on their way to a resolver thread',
  'tcp-connections': 'TCP connections of clients',
  'tcp-connections-per-client': 'TCP connections of one client',
  'tcp-unread': 'octets of replies that a client does not read',
  'answers-per-prefix': 'answers a second by UDP to the clients of a network',
  'recursion-per-prefix': 'questions a second of the clients of a network that have to be resolved',
}

/** Whatever can be met too often. */
export const LIMITS: Readonly<Record<EngineLimit | ThreadLimit | FrontLimit, string>> = {
  ...WORK_LIMITS,
  ...CLIENT_LIMITS,
}

/** True for a limit that a client meets, false for one that a zone causes. */
export function isLimitOfClients(limit: string): boolean {
  return Object.hasOwn(CLIENT_LIMITS, limit)
}

/** Why a question to an authoritative server brought nothing usable. */
export const UPSTREAM_FAILURES: Readonly<
  Record<UpstreamFailure | 'malformed' | 'lame' | 'cookie' | 'letters', string>
> = {
  timeout: 'nothing that matched came in time',
  refused: 'the host said that nothing listens',
  unreachable: 'no route, or the address family is off',
  'near-miss': 'too many datagrams from the right address did not match',
  cookie: 'the reply lacked the cookie that its server always sends, or had another one',
  letters: 'the reply had the name in other letters than the question (resolution.mixed-case)',
  closed: 'the stream ended before a whole reply',
  resources: 'no socket could be had here',
  malformed: 'the reply could not be read',
  lame: 'the server does not serve the zone',
}

/** What lies behind many bogus answers at once. */
export const ALERT_CAUSES: Readonly<Record<Cause, string>> = {
  clock: 'the clock of this machine',
  anchor: 'the trust anchors',
  path: 'the way to all servers, or the resolver',
  'top-level': 'a top-level domain',
  zones: 'many zones below one name',
  zone: 'one zone',
}

/** Why a message from a client, or the answer to it, went nowhere. */
export const DROPS: Readonly<
  Record<'short' | 'response' | 'waiting' | 'draining' | 'send' | 'denied' | 'rate' | 'late', string>
> = {
  short: 'shorter than a header',
  response: 'a response, not a query',
  waiting: 'too many questions wait',
  draining: 'the daemon stops',
  send: 'the reply could not be sent',
  denied: 'a local zone gives no reply',
  rate: 'the client asks too much',
  late: 'the question waited too long, or too many late replies go to its client at once',
}

/** What cookies that clients show are found to be. */
export const COOKIE_OUTCOMES: Readonly<Record<'good' | 'new' | 'outdated' | 'bad' | 'malformed', string>> = {
  good: 'a server cookie of ours',
  new: 'a client cookie alone: it gets its first server cookie',
  outdated: 'a server cookie that is too old or not valid yet',
  bad: 'a server cookie that was not made here for this client',
  malformed: 'no cookie has such a length',
}
