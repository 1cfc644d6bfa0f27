/** The observations of a zone put in order for those who judge them: servers of use, keys, DS set. */
import {
  CHECK_FAILED_SIGNATURES_MAX,
  CHECK_KEYS_MAX,
  CHECK_SHA1_CALLS_MAX,
  CHECK_SIGNATURES_MAX,
} from '../base/limits.ts'
import { mapKey } from '../base/octets.ts'
import { PROOF_LIMITS, ProofBudget } from '../dnssec/budget.ts'
import { KeyTable } from '../dnssec/keys.ts'
import type { ValidationParameters } from '../dnssec/parameters.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message } from '../wire/message.ts'
import { type Name, namesEqual } from '../wire/name.ts'
import { type Dnskey, parseDnskey } from '../wire/rdata/dnskey.ts'
import { parseSoa, type Soa } from '../wire/rdata/soa.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import type { Observations, Reply, ServerView } from './observations.ts'
import { nameText } from './text.ts'

/** What this machine and its operator can verify. */
export interface Verifiable {
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
  readonly nsec3IterationsMax: number
}

/** A DNSKEY set and who serves it. */
export interface KeySet {
  readonly rrset: Rrset
  readonly keys: readonly Dnskey[]
  readonly servers: readonly ServerView[]
}

/** One zone, as the findings look at it. */
export interface ZoneView {
  readonly seen: Observations
  readonly zone: Name
  /** The zone's name in a sentence. */
  readonly name: string
  /** Servers that answer for the zone with authority. */
  readonly working: readonly ServerView[]
  /** IPv6 addresses, where no way leads to any of them from here: that is not their fault. */
  readonly outOfReach: readonly ServerView[]
  /** Of the working ones, those that can carry DNSSEC records. */
  readonly speaking: readonly ServerView[]
  /** The DS set of the parent; undefined when it has none. */
  readonly ds: Rrset | undefined
  /** Distinct DNSKEY sets, the one of most servers first. */
  readonly keySets: readonly KeySet[]
  /** The keys of all of them. */
  readonly keys: readonly Dnskey[]
  readonly soa: Soa | undefined
  readonly parameters: ValidationParameters
}

/** Puts observations in order. */
export function viewZone(seen: Observations, verifiable: Verifiable): ZoneView {
  const { zone } = seen
  const working = seen.servers.filter((server) => isWorking(server, zone))
  const speaking = working.filter(speaksEdns)
  const keySets = distinctKeySets(zone, working)
  const keys = keySets.flatMap((set) => set.keys)
  const soa = working[0] && apexSet(working[0], zone, TYPE.SOA)
  return {
    seen,
    zone,
    name: nameText(zone),
    working,
    outOfReach: outOfReach(seen),
    speaking,
    ds: dsSet(seen),
    keySets,
    keys: [...new Map(keys.map((key) => [mapKey(key.rdata), key])).values()].slice(0, CHECK_KEYS_MAX),
    soa: soa && parseSoa(soa.rdatas[0]!),
    parameters: parametersFor(seen, verifiable),
  }
}

/** As strict as the strictest validator: no tolerance for clocks. */
function parametersFor(seen: Observations, verifiable: Verifiable): ValidationParameters {
  return {
    nowSeconds: seen.nowSeconds,
    skewSecondsMin: 0,
    skewSecondsMax: 0,
    algorithmSupported: (algorithm) => verifiable.algorithms.has(algorithm),
    digestSupported: (digestType) => verifiable.digests.has(digestType),
    nsec3IterationsMax: verifiable.nsec3IterationsMax,
    keys: new KeyTable(CHECK_KEYS_MAX),
    budget: new ProofBudget({
      ...PROOF_LIMITS,
      signatures: CHECK_SIGNATURES_MAX,
      failedSignatures: CHECK_FAILED_SIGNATURES_MAX,
      sha1Calls: CHECK_SHA1_CALLS_MAX,
    }),
  }
}

/** The message of a reply, if there is one. */
export function messageOf(reply: Reply | undefined): Message | undefined {
  return reply?.kind === 'message' ? reply.message : undefined
}

/** What a server gave for a question at the apex. */
export function apexMessage(server: ServerView, zone: Name, type: number): Message | undefined {
  return messageOf(server.data.find((data) => data.type === type && namesEqual(data.name, zone))?.reply)
}

/** The RRset of a type that a server has at the apex. */
export function apexSet(server: ServerView, zone: Name, type: number): Rrset | undefined {
  return setOf(apexMessage(server, zone, type)?.answer ?? [], zone, type)
}

/** The RRset of an owner and type among records. */
export function setOf(records: readonly ResourceRecord[], owner: Name, type: number): Rrset | undefined {
  return groupRrsets(records).find((set) => set.type === type && namesEqual(set.owner, owner))
}

/** True when the server answers for the zone as its authority. */
function isWorking(server: ServerView, zone: Name): boolean {
  const message = apexMessage(server, zone, TYPE.SOA)
  return message?.aa === true && setOf(message.answer, zone, TYPE.SOA) !== undefined
}

/** One that answers shows that there is a way. */
function outOfReach({ servers }: Observations): ServerView[] {
  const ipv6 = servers.filter(({ endpoint }) => endpoint.address.length === 16)
  const isUnreachable = ({ trials }: ServerView): boolean =>
    [...trials.values()].every((reply) => reply.kind === 'none' && reply.reason === 'unreachable')
  return ipv6.every(isUnreachable) ? ipv6 : []
}

/** True when replies carry OPT, without which there are no DNSSEC records (RFC 3225 3). */
function speaksEdns(server: ServerView): boolean {
  return server.data.some(({ reply }) => messageOf(reply)?.edns !== undefined)
}

function dsSet({ parent, zone }: Observations): Rrset | undefined {
  const records = (parent?.servers ?? []).flatMap(({ ds, delegation }) => [
    ...(messageOf(ds)?.answer ?? []),
    ...(messageOf(delegation)?.authority ?? []),
  ])
  return setOf(records, zone, TYPE.DS)
}

function distinctKeySets(zone: Name, working: readonly ServerView[]): KeySet[] {
  const sets = new Map<string, { rrset: Rrset; servers: ServerView[] }>()
  for (const server of working) {
    const rrset = apexSet(server, zone, TYPE.DNSKEY)
    if (rrset === undefined) continue
    const id = rrset.rdatas.map(mapKey).sort().join('|')
    const known = sets.get(id)
    if (known === undefined) sets.set(id, { rrset, servers: [server] })
    else known.servers.push(server)
  }
  return [...sets.values()]
    .sort((a, b) => b.servers.length - a.servers.length)
    .map(({ rrset, servers }) => ({ rrset, servers, keys: keysOf(rrset) }))
}

function keysOf({ rdatas }: Rrset): Dnskey[] {
  return rdatas
    .slice(0, CHECK_KEYS_MAX)
    .map(parseDnskey)
    .filter((key) => key !== undefined)
}
