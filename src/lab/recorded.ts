/** Authorities that serve recorded packets: the Internet as it was at one moment, to be resolved at that moment's clock. */

import type { ZoneAnswer } from '../authority/answer.ts'
import { UDP_PAYLOAD_OCTETS_MIN } from '../base/limits.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { parseMessage } from '../wire/message.ts'
import { isRoot, isSubdomainOf, type Name, nameKey, ROOT } from '../wire/name.ts'
import { skipName } from '../wire/name-reader.ts'
import { formatName, nameFrom, parseNameText } from '../wire/name-text.ts'
import { targetName } from '../wire/rdata/target.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import { type Authority, failure, readQuery, writeReply } from './authority.ts'
import { truncated } from './behaviours.ts'
import { type Found, positive, RecordedAnswers, type Relocate } from './recorded-answers.ts'
import type { Recording } from './recordings.ts'

/** Recorded servers at lab addresses. */
export interface RecordedInternet {
  readonly authorities: ReadonlyMap<string, Authority>
  /** NS records of the root and the lab addresses of its recorded servers. */
  readonly rootHints: readonly ResourceRecord[]
}

const TTL_SECONDS = 86_400
const ROOT_SERVERS = nameFrom('root-servers.net')
const FLAG_RD = 0x01
const FLAG_AA = 0x04
const FLAG_CD = 0x10
const FLAG_AD = 0x20
/** A resolver that was recorded set RA; what it repeated is served as its source would serve it. */
const FLAG_RA = 0x80

/**
 * Gives every recorded server the address network.0.n. Only the addresses of servers are changed to these; everything
 * else goes out as it was recorded, id and spelling of the question aside.
 */
export function recordedInternet(
  recordings: readonly Recording[],
  network: readonly [number, number] = [127, 54],
): RecordedInternet {
  const servers = [...groupBy(recordings, ({ server }) => server)]
  const places = new Map(servers.map(([server], i) => [server, placeOf(network, i + 1)]))
  const relocate: Relocate = (address, cut) => {
    const place = places.get(address.join('.')) ?? places.get(formatName(cut))
    return place === undefined ? undefined : octetsOf(place)
  }
  const hosts = hostsOf(recordings, places)
  const zones = zonesOf(recordings, relocate)
  const authorities = new Map<string, Authority>()
  for (const [server, own] of servers) {
    const names = new Set(own.map(({ host }) => host.toLowerCase()))
    const siblings = zones.filter(
      (zone) => [...names].some((name) => zone.hosts.has(name)) || zone.text === server,
    )
    authorities.set(places.get(server)!, serverOf(new RecordedAnswers(own, relocate), siblings, hosts))
  }
  const roots = hosts.filter(({ name }) => isSubdomainOf(name, ROOT_SERVERS))
  const rootHints = [nsRrset(ROOT, roots), ...roots.map(addressRrset)].flatMap(recordsOf)
  return { authorities, rootHints }
}

function placeOf(network: readonly [number, number], n: number): string {
  return [...network, n >> 8, n & 0xff].join('.')
}

function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** A recorded server by name, and where the lab has it. */
interface Host {
  readonly name: Name
  readonly address: Uint8Array
}

/** One address for each host, though it may have been recorded by IPv4 and IPv6. */
function hostsOf(recordings: readonly Recording[], places: ReadonlyMap<string, string>): Host[] {
  const hosts = new Map<string, Host>()
  for (const { host, server } of recordings) {
    const name = parseNameText(host)
    if (!(name instanceof Uint8Array) || isRoot(name) || hosts.has(nameKey(name))) continue
    hosts.set(nameKey(name), { name, address: octetsOf(places.get(server)!) })
  }
  return [...hosts.values()]
}

/** A zone as its NS records name it, and all that its servers said: what one was asked, the others know as well. */
interface RecordedZone {
  readonly apex: Name
  readonly text: string
  readonly hosts: ReadonlySet<string>
  readonly ns: Rrset
  /** Put together when first wanted: one server may have a thousand zones. */
  answers(): RecordedAnswers
}

function zonesOf(recordings: readonly Recording[], relocate: Relocate): RecordedZone[] {
  const byHost = groupBy(recordings, ({ host }) => host.toLowerCase())
  const records = recordings.flatMap(({ message }) => [...message.answer, ...message.authority])
  const delegations = groupBy(
    records.filter(({ type }) => type === TYPE.NS),
    ({ owner }) => nameKey(owner),
  )
  return [...delegations.values()].map((ns) => {
    const apex = ns[0]!.owner
    const targets = new Map(ns.map(({ rdata }) => [nameKey(rdata as Name), rdata]))
    const names = [...targets.values()].map((rdata) => targetName(rdata)).filter((name) => name !== undefined)
    const hosts = new Set(names.map((name) => formatName(name).slice(0, -1).toLowerCase()))
    let answers: RecordedAnswers | undefined
    return {
      apex,
      text: formatName(apex),
      hosts,
      ns: rrset(apex, TYPE.NS, names),
      answers: () => {
        const said = (): Recording[] => [...hosts].flatMap((host) => byHost.get(host) ?? [])
        answers ??= new RecordedAnswers(said(), relocate)
        return answers
      },
    }
  })
}

function serverOf(
  own: RecordedAnswers,
  siblings: readonly RecordedZone[],
  hosts: readonly Host[],
): Authority {
  const deepestFirst = [...siblings].sort((a, b) => b.apex.length - a.apex.length)
  return (octets, transport) => {
    const query = readQuery(octets)
    const question = query?.questions[0]
    if (query === undefined || question === undefined) return []
    const { name, type } = question
    const dnssec = query.edns?.do === true
    const zone = deepestFirst.find(({ apex }) => isSubdomainOf(name, apex))
    const found =
      primingOf(own, hosts, name, type, dnssec) ??
      addressOf(hosts, name, type) ??
      own.find(name, type, dnssec) ??
      zone?.answers().find(name, type, dnssec) ??
      records(inventedAnswer(zone, hosts, name, type))
    if (found.kind === 'records')
      return [{ message: writeReply(query, query, found.answer, transport), delayMs: 0 }]
    const limit = Math.max(UDP_PAYLOAD_OCTETS_MIN, query.edns?.udpPayloadOctets ?? 0)
    const message = asReplyTo(octets, found.octets)
    return [
      { message: transport === 'tcp' || message.length <= limit ? message : truncated(message), delayMs: 0 },
    ]
  }
}

/** A recorded NS set of the root, with the lab's addresses beside it instead of the Internet's. */
function primingOf(
  own: RecordedAnswers,
  hosts: readonly Host[],
  name: Name,
  type: number,
  dnssec: boolean,
): Found | undefined {
  const found = isRoot(name) && type === TYPE.NS ? own.find(name, type, dnssec) : undefined
  if (found?.kind !== 'packet') return found
  const roots = hosts.filter((host) => isSubdomainOf(host.name, ROOT_SERVERS))
  const answer = groupRrsets(parseMessage(found.octets).answer)
  return records({
    ...failure(RCODE.NOERROR),
    authoritative: true,
    answer,
    additional: roots.map(addressRrset),
  })
}

/** The lab's address of a recorded server, whatever address was recorded. */
function addressOf(hosts: readonly Host[], name: Name, type: number): Found | undefined {
  const key = nameKey(name)
  const host = type === TYPE.A ? hosts.find((candidate) => nameKey(candidate.name) === key) : undefined
  return host && records(positive(addressRrset(host)))
}

function records(answer: ZoneAnswer): Found {
  return { kind: 'records', answer }
}

/** Priming and the zone's own NS records, unsigned, where nobody asked for them; SERVFAIL for what nothing is known of. */
function inventedAnswer(
  zone: RecordedZone | undefined,
  hosts: readonly Host[],
  name: Name,
  type: number,
): ZoneAnswer {
  const roots = hosts.filter((host) => isSubdomainOf(host.name, ROOT_SERVERS))
  if (isRoot(name) && type === TYPE.NS) {
    return { ...positive(nsRrset(ROOT, roots)), additional: roots.map(addressRrset) }
  }
  if (zone !== undefined && nameKey(zone.apex) === nameKey(name) && type === TYPE.NS) return positive(zone.ns)
  const leadsToHost = hosts.some((host) => isSubdomainOf(host.name, name))
  return leadsToHost ? { ...failure(RCODE.NOERROR), authoritative: true } : failure(RCODE.SERVFAIL)
}

function nsRrset(zone: Name, servers: readonly Host[]): Rrset {
  return rrset(
    zone,
    TYPE.NS,
    servers.map(({ name }) => name),
  )
}

function addressRrset({ name, address }: Host): Rrset {
  return rrset(name, TYPE.A, [address])
}

function rrset(owner: Name, type: number, rdatas: readonly Uint8Array[]): Rrset {
  return { owner, type, class: CLASS.IN, ttlSeconds: TTL_SECONDS, rdatas, signatures: [] }
}

function recordsOf({ owner, type, class: recordClass, ttlSeconds, rdatas }: Rrset): ResourceRecord[] {
  return rdatas.map((rdata) => ({ owner, type, class: recordClass, ttlSeconds, rdata }))
}

function octetsOf(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number)
}

/** The recorded message under the id, the question's spelling and the flags of a query for the same question. */
function asReplyTo(query: Uint8Array, recorded: Uint8Array): Uint8Array {
  const message = recorded.slice()
  const questionEnd = skipName(query, HEADER_OCTETS) + 4
  message.set(query.subarray(0, 2))
  message.set(query.subarray(HEADER_OCTETS, questionEnd), HEADER_OCTETS)
  const fromResolver = (recorded[3]! & FLAG_RA) !== 0
  message[2] = (recorded[2]! & ~FLAG_RD) | (query[2]! & FLAG_RD) | (fromResolver ? FLAG_AA : 0)
  message[3] = (recorded[3]! & ~(FLAG_RA | FLAG_AD | FLAG_CD)) | (query[3]! & FLAG_CD)
  return message
}
