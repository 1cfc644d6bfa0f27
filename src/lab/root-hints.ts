/** The root servers of a lab in the form that the engine wants. */
import type { ResolverSettings } from '../resolver/ports.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, namesEqual } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { ResourceRecord } from '../wire/record.ts'

/** Names and addresses out of the root's NS records and the address records beside them. */
export function hintsOf(records: readonly ResourceRecord[]): ResolverSettings['rootHints'] {
  const servers = records.filter(({ type, owner }) => type === TYPE.NS && isRoot(owner))
  return servers.flatMap(({ rdata }) => {
    const name = targetName(rdata)
    if (name === undefined) return []
    const own = records.filter(({ type, owner }) => type === TYPE.A && namesEqual(owner, name))
    return [{ name, addresses: own.map((address) => address.rdata) }]
  })
}
