/**
 * Addresses of a host by our own engine, unjudged: where the trust anchors are out of date, a system that resolves by
 * this very resolver would learn nothing.
 */
import type { LookupFunction } from 'node:net'
import { formatAddress } from '../../base/address.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { foldName, type Name, namesEqual } from '../../wire/name.ts'
import { parseNameText } from '../../wire/name-text.ts'
import type { Rrset } from '../../wire/record.ts'
import type { HostLookup } from '../download.ts'

/** Aliases followed: IANA's host has two. */
const ALIASES_MAX = 8

/** Gets records past the cache: see `Resolver.fetchRecords`. */
export type FetchRecords = (name: Name, type: number) => Promise<readonly Rrset[] | string>

/** For `node:http`, which asks by text and hears of errors by a call. */
export function hostLookup(fetch: FetchRecords): HostLookup {
  return (host, { all }, callback: Parameters<LookupFunction>[2]) => {
    void addressesOf(fetch, host).then((found) => {
      const [first] = found
      if (first === undefined) callback(notFound(host), '', 0)
      else if (all === true) callback(null, [...found])
      else callback(null, first.address, first.family)
    })
  }
}

interface HostAddress {
  readonly address: string
  readonly family: number
}

async function addressesOf(fetch: FetchRecords, host: string): Promise<readonly HostAddress[]> {
  const name = parseNameText(host)
  if (!(name instanceof Uint8Array)) return []
  const [ipv4, ipv6] = await Promise.all([recordsAt(fetch, name, TYPE.A), recordsAt(fetch, name, TYPE.AAAA)])
  return [
    ...ipv4.map((octets) => ({ address: formatAddress(octets), family: 4 })),
    ...ipv6.map((octets) => ({ address: formatAddress(octets), family: 6 })),
  ]
}

async function recordsAt(fetch: FetchRecords, host: Name, type: number): Promise<readonly Uint8Array[]> {
  let name = foldName(host)
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    const sets = await fetch(name, type)
    if (typeof sets === 'string') return []
    const own = (wanted: number): Rrset | undefined =>
      sets.find((set) => set.type === wanted && namesEqual(set.owner, name))
    const found = own(type)
    if (found !== undefined) return found.rdatas
    const alias = own(TYPE.CNAME)?.rdatas[0]
    if (alias === undefined) return []
    name = foldName(alias as Name)
  }
  return []
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host}: no address`), { code: 'ENOTFOUND' })
}
