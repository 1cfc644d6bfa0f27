/** Label values that no other table lists. */

/** Bounds on work that a question can meet (`base/limits.ts` has their values). */
export const LIMIT_NAMES: readonly string[] = [
  'signatures',
  'failed-signatures',
  'nsec3-sha1-calls',
  'upstream-queries',
  'aliases',
  'depth',
  'name-servers',
  'referrals',
  'time',
]

/** Why a question to an authoritative server brought nothing usable: the network's reasons, then the message's. */
export const UPSTREAM_FAILURES: readonly string[] = [
  'timeout',
  'refused',
  'unreachable',
  'near-miss',
  'closed',
  'resources',
]
