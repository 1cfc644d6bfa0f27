/** Referrals that an attacker makes up. */
import type { Rewrite } from '../../src/lab/authority.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isSubdomainOf, type Name } from '../../src/wire/name.ts'
import type { Rrset } from '../../src/wire/record.ts'

function rrset(owner: Name, type: number, rdatas: readonly Uint8Array[]): Rrset {
  return { owner, type, class: 1, ttlSeconds: 3600, rdatas, signatures: [] }
}

/** A referral for everything below `owner`, with or without addresses of its servers. */
export function delegatingTo(
  owner: Name,
  servers: readonly Name[],
  addresses: readonly Uint8Array[] = [],
): Rewrite {
  return (answer, question) => {
    if (!isSubdomainOf(question.name, owner)) return answer
    const additional = addresses.map((address, i) => rrset(servers[i]!, TYPE.A, [address]))
    const authority = [rrset(owner, TYPE.NS, servers)]
    return { rcode: RCODE.NOERROR, authoritative: false, answer: [], authority, additional }
  }
}
