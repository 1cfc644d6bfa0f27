/** How much work the engine takes on. What holds where nobody says otherwise, and why, stands in `base/limits.ts`. */
import {
  ADDRESS_LOOKUP_DEPTH_MAX,
  ALIASES_MAX,
  MINIMISED_LABELS_MAX,
  NS_LOOKUPS_MAX,
  NS_LOOKUPS_PER_DELEGATION_MAX,
  NSEC3_ITERATIONS_MAX,
  QUERY_TIME_MS_MAX,
  REFERRALS_MAX,
  REFRESHES_MAX,
  UPSTREAM_OCTETS_MAX,
  UPSTREAM_QUERIES_MAX,
  UPSTREAM_QUERIES_PER_QUESTION_MAX,
} from '../base/limits.ts'
import { PROOF_LIMITS, type ProofLimits } from '../dnssec/budget.ts'

/** For one client query, sub-queries included, unless said otherwise. A query goes by those that it began with. */
export interface ResolverLimits {
  readonly proof: ProofLimits
  /** NSEC3 iterations above which a proof says nothing. */
  readonly nsec3Iterations: number
  readonly upstreamQueries: number
  readonly upstreamQueriesPerQuestion: number
  /** Of all replies. */
  readonly upstreamOctets: number
  /** Names of name servers looked up. */
  readonly nameServers: number
  readonly nameServersPerDelegation: number
  /** Look-ups of addresses of name servers within each other. */
  readonly depth: number
  readonly aliases: number
  /** Delegations followed for one question. */
  readonly referrals: number
  /** Questions that minimising a name may cost. */
  readonly minimisedLabels: number
  readonly timeMs: number
  /** Answers fetched again at once while nobody waits, whoever asked for them. */
  readonly refreshes: number
}

/** What holds where nobody says otherwise. */
export const RESOLVER_LIMITS: ResolverLimits = {
  proof: PROOF_LIMITS,
  nsec3Iterations: NSEC3_ITERATIONS_MAX,
  upstreamQueries: UPSTREAM_QUERIES_MAX,
  upstreamQueriesPerQuestion: UPSTREAM_QUERIES_PER_QUESTION_MAX,
  upstreamOctets: UPSTREAM_OCTETS_MAX,
  nameServers: NS_LOOKUPS_MAX,
  nameServersPerDelegation: NS_LOOKUPS_PER_DELEGATION_MAX,
  depth: ADDRESS_LOOKUP_DEPTH_MAX,
  aliases: ALIASES_MAX,
  referrals: REFERRALS_MAX,
  minimisedLabels: MINIMISED_LABELS_MAX,
  timeMs: QUERY_TIME_MS_MAX,
  refreshes: REFRESHES_MAX,
}
