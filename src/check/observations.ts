/** What a check has seen: everything that findings are made of, and nothing that anybody concluded from it. */
import type { Address, Endpoint } from '../base/address.ts'
import type { Trust } from '../dnssec/delegation.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import type { UpstreamFailure } from '../resolver/ports.ts'
import type { Message } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'

/** What came of one question. */
export type Reply =
  | {
      readonly kind: 'message'
      readonly message: Message
      readonly octets: number
      readonly transport: 'udp' | 'tcp'
      readonly rttMs: number
    }
  /** A reply that cannot be read. */
  | { readonly kind: 'garbled'; readonly fault: string; readonly transport: 'udp' | 'tcp' }
  /** `not-asked`: the bounds of the check were reached. */
  | { readonly kind: 'none'; readonly reason: UpstreamFailure | 'not-asked' }

/** A question about the zone's data, put as a resolver puts it: EDNS with DO, by TCP where truncated. */
export interface DataReply {
  readonly name: Name
  readonly type: number
  /**
   * - `apex`: records at the apex, `sample`: names that people use
   * - `missing-name`: a name that nobody made, `missing-type`: a type that the apex does not have
   * - `ancestor`: a name between the apex and the domain that was asked for
   */
  readonly about: 'apex' | 'sample' | 'missing-name' | 'missing-type' | 'ancestor'
  readonly reply: Reply
}

/** Questions for SOA that try out the server rather than the zone. */
export type Trial =
  /** By UDP, with EDNS and DO. */
  | 'udp'
  | 'tcp'
  /** By UDP, without OPT. */
  | 'plain'
  /** EDNS version 1. */
  | 'edns-version'
  /** An option that nobody knows. */
  | 'edns-option'
  /** Flags that nobody knows. */
  | 'edns-flags'
  /** The name in capitals and small letters. */
  | 'mixed-case'
  /** Recursion desired. */
  | 'recursion'

/** One address of the zone's servers. */
export interface ServerView {
  readonly endpoint: Endpoint
  /** The name servers that have this address. */
  readonly names: readonly Name[]
  readonly trials: ReadonlyMap<Trial, Reply>
  readonly data: readonly DataReply[]
  /** DNSKEY by UDP with 512 octets offered, with what the check offers, and with 4096. */
  readonly sizes: readonly { readonly offeredOctets: number; readonly reply: Reply }[]
  /** The first message of a zone transfer. */
  readonly transfer: Reply
}

/** One server of the parent. */
export interface ParentServerView {
  readonly endpoint: Endpoint
  /** NS of the zone. */
  readonly delegation: Reply
  /** DS of the zone. */
  readonly ds: Reply
}

/** The zone above. */
export interface ParentView {
  readonly zone: Name
  readonly servers: readonly ParentServerView[]
  /** The servers of the parent have the zone too, so they show no referral. */
  readonly servesChild: boolean
}

/** One name server of the zone, by name. */
export interface NameServerView {
  readonly name: Name
  readonly atParent: boolean
  readonly atChild: boolean
  /** Addresses in referrals of the parent. */
  readonly glue: readonly Address[]
  /** Addresses that the zone of the name gives. */
  readonly addresses: readonly Address[]
  /** Of all these, the ones that only a private network can reach. */
  readonly hidden: readonly Address[]
  /** The name is an alias (RFC 2181 10.3). */
  readonly isAlias: boolean
  /** The zone of the name could not be asked. */
  readonly isUnknown: boolean
}

/** What the resolver itself makes of a question. */
export interface OwnVerdict {
  readonly status: SecurityStatus
  readonly rcode: number
  /** Slug of `dnssec/reasons.ts`. */
  readonly reason: string
  /** The extended errors' texts. */
  readonly detail: string
}

/** All of it. */
export interface Observations {
  /** As it was asked for. */
  readonly domain: Name
  /** The zone that holds it, or the deepest that is delegated. */
  readonly zone: Name
  /** The name that does not exist, where the delegation ends before the domain. */
  readonly absent: Name | undefined
  /** Undefined for the root. */
  readonly parent: ParentView | undefined
  /** Anchors of the zone itself, where it is one of the trust anchors. */
  readonly anchored: Trust | undefined
  readonly nameServers: readonly NameServerView[]
  readonly servers: readonly ServerView[]
  /** What validation here says of the root, of the parent's apex, of the zone's DS, and of the addresses of the domain. */
  readonly verdicts: {
    readonly root: OwnVerdict
    readonly parent: OwnVerdict | undefined
    readonly ds: OwnVerdict | undefined
    readonly domain: OwnVerdict
  }
  /** Seconds since 1970 at which signatures are judged. */
  readonly nowSeconds: number
  readonly queries: number
  /** Questions that the bounds of the check left out. */
  readonly unasked: number
}
