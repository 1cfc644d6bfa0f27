/** NSEC3 parameters (RFC 9276), and the TTL of denials (RFC 9077). */
import { formatHex, octetsEqual } from '../../base/octets.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { isSubdomainOf } from '../../wire/name.ts'
import { type Nsec3, parseNsec3, parseNsec3param } from '../../wire/rdata/nsec3.ts'
import { groupRrsets, type Rrset } from '../../wire/record.ts'
import { type Finding, finding } from '../finding.ts'
import type { ServerView } from '../observations.ts'
import { rrsetText, serverTexts } from '../text.ts'
import { apexSet, messageOf, type ZoneView } from '../zone-view.ts'

const HASH_SHA1 = 1
const RIGHT = '"1 0 0 -": no additional iterations, no salt, no opt-out'
const CHANGE = `Set the NSEC3 parameters to ${RIGHT} ("nsec3param iterations 0 optout no salt-length 0" in a dnssec-policy of BIND; "nsec3-iterations: 0" and "nsec3-salt-length: 0" in Knot DNS), or use NSEC.`

/** Parameters as the records of the answers have them. */
export function findNsec3(view: ZoneView): Finding[] {
  const seen = view.speaking.flatMap((server) => nsec3sOf(server, view))
  return [...parameters(view, seen), ...stated(view, seen), ...ttls(view)]
}

interface SeenNsec3 {
  readonly server: ServerView
  readonly nsec3: Nsec3
}

function denialSets(server: ServerView, { zone }: ZoneView): Rrset[] {
  return server.data
    .flatMap(({ reply }) => groupRrsets(messageOf(reply)?.authority ?? []))
    .filter(({ type, owner }) => (type === TYPE.NSEC || type === TYPE.NSEC3) && isSubdomainOf(owner, zone))
}

function nsec3sOf(server: ServerView, view: ZoneView): SeenNsec3[] {
  return denialSets(server, view)
    .filter(({ type }) => type === TYPE.NSEC3)
    .flatMap(({ rdatas }) => rdatas.map(parseNsec3))
    .flatMap((nsec3) => (nsec3 === undefined ? [] : [{ server, nsec3 }]))
}

function textOf({
  hashAlgorithm,
  flags,
  iterations,
  salt,
}: Omit<Nsec3, 'nextHash' | 'types' | 'optOut'>): string {
  return `${hashAlgorithm} ${flags} ${iterations} ${salt.length === 0 ? '-' : formatHex(salt)}`
}

function parameters(view: ZoneView, seen: readonly SeenNsec3[]): Finding[] {
  const found: Finding[] = []
  const [first] = seen
  if (first === undefined) return found
  const evidence = seen.map(({ nsec3 }) => `NSEC3 parameters ${textOf(nsec3)}`)
  if (seen.every(({ nsec3 }) => nsec3.hashAlgorithm !== HASH_SHA1)) {
    const problem = `${view.name} uses NSEC3 with hash algorithm ${first.nsec3.hashAlgorithm}, which nobody has defined.`
    return [finding('nsec3-hash-unknown', { problem, evidence, fix: CHANGE })]
  }
  const most = Math.max(...seen.map(({ nsec3 }) => nsec3.iterations))
  if (most > 0) {
    const excessive = most > view.parameters.nsec3IterationsMax
    const code = excessive ? 'nsec3-iterations-excessive' : 'nsec3-iterations'
    const problem = `${view.name} uses NSEC3 with ${most} additional iterations${excessive ? `, more than resolvers compute (${view.parameters.nsec3IterationsMax})` : ''}.`
    found.push(finding(code, { problem, evidence, fix: CHANGE }))
  }
  if (seen.some(({ nsec3 }) => nsec3.salt.length > 0)) {
    const problem = `${view.name} uses NSEC3 with a salt.`
    found.push(finding('nsec3-salt', { problem, evidence, fix: CHANGE }))
  }
  // Registries with many unsigned delegations are what opt-out was made for.
  if (seen.some(({ nsec3 }) => nsec3.optOut) && !isRegistry(view)) {
    const problem = `${view.name} uses NSEC3 with opt-out.`
    found.push(finding('nsec3-opt-out', { problem, evidence, fix: CHANGE }))
  }
  return found
}

/** A top-level domain. */
function isRegistry({ zone }: ZoneView): boolean {
  return zone.length > 1 && zone[zone[0]! + 1] === 0
}

/** NSEC3PARAM beside the records themselves. */
function stated(view: ZoneView, seen: readonly SeenNsec3[]): Finding[] {
  const differing = view.speaking.filter((server) => {
    const own = seen.filter((one) => one.server === server)
    const rdatas = apexSet(server, view.zone, TYPE.NSEC3PARAM)?.rdatas ?? []
    const params = rdatas.map(parseNsec3param).filter((param) => param !== undefined)
    if (own.length === 0) return false
    return !own.every(({ nsec3 }) =>
      params.some((param) => param.iterations === nsec3.iterations && octetsEqual(param.salt, nsec3.salt)),
    )
  })
  if (differing.length === 0) return []
  return [
    finding('nsec3param-differs', {
      problem: `The NSEC3PARAM record of ${view.name} is not that of its NSEC3 records, or is missing.`,
      evidence: differing.flatMap((server) => {
        const rdatas = apexSet(server, view.zone, TYPE.NSEC3PARAM)?.rdatas ?? []
        const params = rdatas.map(parseNsec3param).filter((param) => param !== undefined)
        return [
          `NSEC3PARAM ${params.map(textOf).join(', ') || 'missing'}`,
          ...seen.filter((one) => one.server === server).map(({ nsec3 }) => `NSEC3 ${textOf(nsec3)}`),
        ]
      }),
      servers: differing.length === view.speaking.length ? [] : serverTexts(differing),
      fix: `Sign the zone again so that chain and NSEC3PARAM are made together, best with ${RIGHT}.`,
    }),
  ]
}

/** RFC 9077 3: no longer than the lesser of the SOA's TTL and its MINIMUM. */
function ttls(view: ZoneView): Finding[] {
  if (view.soa === undefined) return []
  const { minimumSeconds } = view.soa
  const long = view.speaking.flatMap((server) => {
    const soaTtl = apexSet(server, view.zone, TYPE.SOA)?.ttlSeconds ?? minimumSeconds
    const most = Math.min(soaTtl, minimumSeconds)
    return denialSets(server, view)
      .filter(({ ttlSeconds }) => ttlSeconds > most)
      .map((set) => ({ set, most }))
  })
  const [first] = long
  if (first === undefined) return []
  return [
    finding('nsec-ttl-long', {
      problem: `Denials of ${view.name} may be kept for longer than its SOA record allows.`,
      evidence: long.map(({ set, most }) => `${rrsetText(set)}: TTL ${set.ttlSeconds}, SOA allows ${most}`),
      fix: `Update the signer to one that follows RFC 9077, or set MINIMUM and TTL of the SOA record to the TTL that is used, here ${first.set.ttlSeconds}.`,
    }),
  ]
}
