/** Servers beside the delegated ones, for scenarios with routes. */
import { parseAddress } from '../../src/base/address.ts'
import { type Authority, authorityOf, type Rewrite } from '../../src/lab/authority.ts'
import { failing } from '../../src/lab/behaviours.ts'
import { buildInternet, type LabInternet } from '../../src/lab/internet.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import type { Endpoint, Route } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { targetName } from '../../src/wire/rdata/target.ts'
import { CLOCK, catalogue, type World } from './world.ts'

const FLAG_RD = 0x01
const FLAG_AA = 0x04
const FLAG_RA = 0x80

/** A resolver that knows all zones of an Internet: RA, no AA, whole chains of aliases; REFUSED without RD. */
export function forwarderOf(internet: LabInternet, ...rewrites: readonly Rewrite[]): Authority {
  const resolves = authorityOf(servedZones(internet), rewrites)
  const refuses = failing(RCODE.REFUSED)(resolves)
  return (query, transport) => {
    if ((query[2]! & FLAG_RD) === 0) return refuses(query, transport)
    return resolves(query, transport).map(({ message, delayMs }) => {
      const reply = message.slice()
      reply[2] = reply[2]! & ~FLAG_AA
      reply[3] = reply[3]! | FLAG_RA
      return { message: reply, delayMs }
    })
  }
}

/** Zones on servers of their own that the world's root knows nothing of. */
export interface PrivateZones {
  readonly internet: LabInternet
  /** Where a zone is served. */
  addressOf(zone: string): string
  attachTo(world: World): void
}

/** Puts zones, which may delegate to each other, on servers of their own. */
export function privateZones(zones: readonly LabZone[]): PrivateZones {
  const internet = buildInternet({ nowSeconds: CLOCK, zones: catalogue(zones), network: [127, 54] })
  return {
    internet,
    addressOf: (zone) => {
      const records = internet.zones.get(zone)!
      const ns = records.find(({ type, owner }) => type === TYPE.NS && formatName(owner) === zone)!
      const server = targetName(ns.rdata)!
      return records.find(({ type, owner }) => type === TYPE.A && namesEqual(owner, server))!.rdata.join('.')
    },
    attachTo: (world) => {
      for (const [address, authority] of internet.authorities) world.network.attach(address, authority)
    },
  }
}

function servedZones(internet: LabInternet): ServedZone[] {
  return [...internet.zones].map(([name, records]) => new ServedZone(nameFrom(name), records))
}

/** A route; addresses as in the configuration. */
export function route(
  kind: Route['kind'],
  name: string,
  addresses: readonly string[],
  change: Partial<Omit<Route, 'servers'>> & { readonly servers?: readonly string[] } = {},
): Route {
  const { servers = [], ...rest } = change
  return {
    kind,
    name: nameFrom(name),
    addresses: addresses.map(endpoint),
    fallback: false,
    cache: true,
    ...rest,
    servers: servers.map((server) => nameFrom(server)),
  }
}

/** An endpoint out of `address` or `address@port`. */
export function endpoint(text: string): Endpoint {
  const [address, port = '53'] = text.split('@')
  return { address: parseAddress(address!)!, port: Number(port) }
}
