/** The lab Internet: zones from a catalogue, delegated to each other, signed, and put on servers at loopback addresses. */
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, isSubdomainOf, type Name, ROOT } from '../wire/name.ts'
import { nameFrom, parseNameText } from '../wire/name-text.ts'
import { writeSoa } from '../wire/rdata/soa.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { readZone } from '../wire/zone-text.ts'
import { type Authority, authorityOf, type Rewrite } from './authority.ts'
import { type Behaviour, inOrder } from './behaviours.ts'
import { dsOf, keysOf, type LabZone, type NameServer, signingPlan } from './lab-zone.ts'
import { ServedZone } from './served-zone.ts'
import type { KeyUse } from './signer.ts'
import { wrongSignatures, type ZonePlan, zoneRecords } from './zone.ts'

/** What to build. */
export interface InternetOptions {
  /** Seconds since 1970: signatures are made around this time. */
  readonly nowSeconds: number
  /** The zones, the root among them; a parent need not come before its child. */
  readonly zones: readonly LabZone[]
  /** First two octets of every server address; 127.53 when not given. */
  readonly network?: readonly [number, number]
  /** Zones whose signatures are all made wrong. */
  readonly broken?: readonly string[]
}

/** A lab Internet, ready to be served. */
export interface LabInternet {
  /** The servers, by address in text form. */
  readonly authorities: ReadonlyMap<string, Authority>
  /** NS records of the root and the addresses of its servers. */
  readonly rootHints: readonly ResourceRecord[]
  /** DS records of the root. */
  readonly trustAnchors: readonly ResourceRecord[]
  /** The records of every zone as its servers have them, by name. */
  readonly zones: ReadonlyMap<string, readonly ResourceRecord[]>
}

const TTL_SECONDS = 3600
const SERIAL = 1

/** A zone on its way: the plan and where it is served. */
interface Site {
  readonly zone: LabZone
  readonly apex: Name
  readonly servers: readonly PlacedServer[]
  readonly keys: readonly KeyUse[]
}

interface PlacedServer {
  readonly name: Name
  /** Text form; undefined for a server without an address. */
  readonly address: string | undefined
  readonly own: boolean
  readonly behaviour: Behaviour | undefined
}

/** Builds it all. The same options give the same zones, to the octet. */
export function buildInternet(options: InternetOptions): LabInternet {
  const sites = placeZones(options)
  const children = childrenOf(sites)
  const plans = new Map(sites.map((site) => [site, planOf(site, children.get(site) ?? [], options)]))
  const zones = new Map(sites.map((site) => [site, zoneRecords(plans.get(site)!)]))
  const root = sites.find(({ apex }) => isRoot(apex))
  if (root === undefined) throw new RangeError('the catalogue has no root')
  return {
    authorities: serve(sites, plans, zones),
    rootHints: [...nsRecords(root), ...addressRecords(root.servers)],
    trustAnchors: dsOf(root.zone, ROOT, root.keys).map((rdata) => record(ROOT, TYPE.DS, rdata)),
    zones: new Map(sites.map((site) => [site.zone.name, zones.get(site)!])),
  }
}

// --- addresses ----------------------------------------------------------------------------------------------------

/** Gives every server its name and address: the n-th own address is network.(n / 256).(n mod 256). */
function placeZones({ zones, network = [127, 53] }: InternetOptions): Site[] {
  let count = 0
  const nextAddress = (): string => {
    count++
    return [...network, count >> 8, count & 0xff].join('.')
  }
  const own = new Map<string, string>()
  for (const zone of zones) {
    for (const server of serversOf(zone)) {
      if ((server.address ?? 'own') === 'own') own.set(`${zone.name} ${server.name}`, nextAddress())
    }
  }
  const firstOf = (name: string): string | undefined => {
    const zone = zones.find((candidate) => candidate.name === name)
    return zone && own.get(`${name} ${serversOf(zone)[0]!.name}`)
  }
  return zones.map((zone) => {
    const apex = nameFrom(zone.name)
    const servers = serversOf(zone).map((server): PlacedServer => {
      const place = server.address ?? 'own'
      const ownAddress = own.get(`${zone.name} ${server.name}`)
      const address = typeof place === 'object' ? firstOf(place.of) : ownAddress
      if (address === undefined && place !== 'none')
        throw new RangeError(`${zone.name}: nowhere to put ${server.name}`)
      return { name: serverName(server, apex), address, own: place === 'own', behaviour: server.behaviour }
    })
    return { zone, apex, servers, keys: keysOf(zone) }
  })
}

const USUAL_SERVERS: readonly NameServer[] = [{ name: 'ns' }]

function serversOf(zone: LabZone): readonly NameServer[] {
  return zone.servers ?? USUAL_SERVERS
}

function serverName(server: NameServer, apex: Name): Name {
  const name = parseNameText(server.name, apex)
  if (!(name instanceof Uint8Array)) throw new RangeError(`${server.name}: ${name.fault}`)
  return name
}

// --- zones --------------------------------------------------------------------------------------------------------

function planOf(site: Site, children: readonly Site[], options: InternetOptions): ZonePlan {
  const { zone, apex, keys } = site
  const signing = signingPlan(zone, keys, options.nowSeconds)
  const records = [...contentOf(site), ...children.flatMap(delegationOf)]
  const wrong = options.broken?.includes(zone.name) === true ? [wrongSignatures({})] : []
  const defects = [...(zone.defects ?? []), ...wrong]
  return { apex, records, defects, ...(signing === undefined ? {} : { signing }) }
}

function contentOf(site: Site): ResourceRecord[] {
  const { zone, apex, servers } = site
  const soa = writeSoa({
    mname: servers[0]!.name,
    rname: serverName({ name: 'hostmaster' }, apex),
    serial: SERIAL,
    refresh: 3600,
    retry: 900,
    expire: 604_800,
    minimumSeconds: TTL_SECONDS,
  })
  const options = { path: zone.name, origin: apex, defaultTtlSeconds: TTL_SECONDS }
  const inZone = servers.filter(({ name }) => isSubdomainOf(name, apex))
  return [
    record(apex, TYPE.SOA, soa),
    ...nsRecords(site),
    ...addressRecords(inZone),
    ...readZone(zone.content ?? '', options),
  ]
}

/** NS, DS and glue for `child`. */
function delegationOf(child: Site): ResourceRecord[] {
  // A name server below the cut cannot be found without its address (RFC 1034 4.2.1).
  const glue = child.servers.filter(({ name }) => isSubdomainOf(name, child.apex))
  const ds = dsOf(child.zone, child.apex, child.keys).map((rdata) => record(child.apex, TYPE.DS, rdata))
  return [...nsRecords(child), ...ds, ...addressRecords(glue)]
}

/** The zones right below each. */
function childrenOf(sites: readonly Site[]): Map<Site, Site[]> {
  const children = new Map<Site, Site[]>()
  for (const child of sites) {
    const parent = parentOf(child, sites)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child])
  }
  return children
}

function parentOf(child: Site, sites: readonly Site[]): Site | undefined {
  const above = sites.filter(({ apex }) => isStrictSubdomainOf(child.apex, apex))
  return above.sort((a, b) => b.apex.length - a.apex.length)[0]
}

function nsRecords({ apex, servers }: Site): ResourceRecord[] {
  return servers.map(({ name }) => record(apex, TYPE.NS, name))
}

function addressRecords(servers: readonly PlacedServer[]): ResourceRecord[] {
  return servers.flatMap(({ name, address }) => {
    return address === undefined ? [] : [record(name, TYPE.A, Uint8Array.from(address.split('.'), Number))]
  })
}

function record(owner: Name, type: number, rdata: Uint8Array): ResourceRecord {
  return { owner, type, class: CLASS.IN, ttlSeconds: TTL_SECONDS, rdata }
}

// --- servers ------------------------------------------------------------------------------------------------------

function serve(
  sites: readonly Site[],
  plans: ReadonlyMap<Site, ZonePlan>,
  zones: ReadonlyMap<Site, readonly ResourceRecord[]>,
): Map<string, Authority> {
  const served = new Map(sites.map((site) => [site, new ServedZone(site.apex, zones.get(site)!)]))
  const authorities = new Map<string, Authority>()
  const addresses = new Set(sites.flatMap(({ servers }) => servers.map(({ address }) => address)))
  for (const address of addresses) {
    if (address === undefined) continue
    const here = sites.filter(({ servers }) => servers.some((server) => server.address === address))
    const rewrites = here.flatMap((site) => rewritesOf(site, plans.get(site)!, served.get(site)!))
    const authority = authorityOf(
      here.map((site) => served.get(site)!),
      rewrites,
    )
    authorities.set(address, behaviourAt(address, here)(authority))
  }
  return authorities
}

/** A zone's rewrites see only the answers that come from it. */
function rewritesOf(site: Site, plan: ZonePlan, zone: ServedZone): Rewrite[] {
  const rewrites = site.zone.rewrites?.(plan) ?? []
  return rewrites.map((rewrite) => (answer, question, from) => {
    return from === zone ? rewrite(answer, question, from) : answer
  })
}

function behaviourAt(address: string, here: readonly Site[]): Behaviour {
  const servers = here
    .flatMap((site) => site.servers)
    .filter((server) => server.own && server.address === address)
  return inOrder(...servers.map(({ behaviour }) => behaviour).filter((behaviour) => behaviour !== undefined))
}
