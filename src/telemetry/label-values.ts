/** Label values that no other table lists. */

/** Bounds on work and on clients (`base/limits.ts` has their values). */
export const LIMIT_NAMES: readonly string[] = [
  'signatures',
  'failed-signatures',
  'nsec3-sha1-calls',
  'rrsigs-per-rrset',
  'keys-per-tag',
  'ds-tried',
  'denial-rrsets',
  'upstream-queries',
  'aliases',
  'depth',
  'name-servers',
  'referrals',
  'time',
  'waiting',
  'waiting-per-client',
  'tcp-connections',
  'tcp-connections-per-client',
  'tcp-unread',
]

/** Why a question to an authoritative server brought nothing usable: the network's reasons, then the message's. */
export const UPSTREAM_FAILURES: readonly string[] = [
  'timeout',
  'refused',
  'unreachable',
  'near-miss',
  'closed',
  'resources',
  'malformed',
  'lame',
]

/** Why a message from a client, or the answer to it, went nowhere. */
export const DROP_REASONS: readonly string[] = ['short', 'response', 'waiting', 'draining', 'send']
