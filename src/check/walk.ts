/** Follows the delegation of a domain itself, from the root (or a stub zone) down, as RFC 1034 5.3.3 has it. */
import type { Address, Endpoint } from '../base/address.ts'
import { NS_PER_DELEGATION_MAX } from '../base/limits.ts'
import { addressToAsk } from '../resolver/address-families.ts'
import { classify, type Meaning } from '../resolver/classify.ts'
import type { ResolverSettings } from '../resolver/ports.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isStrictSubdomainOf, labelCount, lastLabels, type Name, namesEqual, ROOT } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import type { OwnResolver } from './own-resolver.ts'
import { type Prober, USUAL_EDNS } from './prober.ts'

/** A zone and where its servers are said to be. */
export interface ZoneServers {
  readonly zone: Name
  readonly servers: readonly { readonly name: Name; readonly addresses: readonly Address[] }[]
}

/** Where the walk ended. */
export interface Walk {
  readonly parent: ZoneServers | undefined
  /** The deepest zone at or above the domain. */
  readonly zone: ZoneServers
  /** The parent's servers answer for the zone as its own servers. */
  readonly servesChild: boolean
  readonly absent: Name | undefined
}

/** What the walk needs. */
export interface WalkParts {
  readonly prober: Prober
  readonly own: OwnResolver
  readonly settings: ResolverSettings
}

/** Walks to the deepest zone at or above `domain`. */
export async function walkTo(domain: Name, parts: WalkParts): Promise<Walk> {
  let walk: Walk = {
    parent: undefined,
    zone: startOf(domain, parts.settings),
    servesChild: false,
    absent: undefined,
  }
  const first = labelCount(walk.zone.zone) + 1
  for (let count = first; count <= labelCount(domain); count++) {
    const step = await stepTo(lastLabels(domain, count), walk.zone, parts)
    if (step === 'unreachable') break
    // A server may deny a name that has something below it: what is below is asked for all the same.
    if (step === 'absent') walk = { ...walk, absent: walk.absent ?? lastLabels(domain, count) }
    else if (step === 'no-cut') walk = { ...walk, absent: undefined }
    else walk = { parent: walk.zone, ...step, absent: undefined }
  }
  return walk
}

/** The deepest stub zone above the domain, or the root. */
function startOf(domain: Name, { routes, rootHints }: ResolverSettings): ZoneServers {
  const stubs = routes.filter(({ kind, name }) => kind === 'stub' && isStrictSubdomainOf(domain, name))
  const [stub] = stubs.sort((a, b) => b.name.length - a.name.length)
  if (stub === undefined || stub.addresses.length === 0) return { zone: ROOT, servers: rootHints }
  return {
    zone: stub.name,
    servers: [{ name: stub.name, addresses: stub.addresses.map(({ address }) => address) }],
  }
}

type Step = Pick<Walk, 'zone' | 'servesChild'>

/** Servers of a zone asked at once on the way down: one that is dead must not cost its time-out each time. */
const ASKED_AT_ONCE = 4

/** One label further down: a delegation there, nothing there at all, no cut, or no server that answers. */
async function stepTo(
  name: Name,
  above: ZoneServers,
  parts: WalkParts,
): Promise<Step | 'absent' | 'no-cut' | 'unreachable'> {
  const question = { name, type: TYPE.NS, class: CLASS.IN }
  const endpoints = endpointsOf(above, parts.settings)
  for (let from = 0; from < endpoints.length; from += ASKED_AT_ONCE) {
    const some = endpoints.slice(from, from + ASKED_AT_ONCE)
    const asked = { ...question, edns: USUAL_EDNS }
    const replies = await Promise.all(some.map((server) => parts.prober.fetch(server, asked)))
    for (const reply of replies) {
      if (reply.kind !== 'message') continue
      const meaning = classify(reply.message, question, above.zone)
      if (meaning.kind !== 'lame') return meaningOf(meaning, name, parts)
    }
  }
  return 'unreachable'
}

async function meaningOf(
  meaning: Meaning,
  name: Name,
  parts: WalkParts,
): Promise<Step | 'absent' | 'no-cut'> {
  if (meaning.kind === 'referral')
    return { zone: await placed(meaning.zone, meaning.ns, meaning.glue, parts), servesChild: false }
  if (meaning.kind === 'negative') return meaning.rcode === RCODE.NXDOMAIN ? 'absent' : 'no-cut'
  const ns = meaning.kind === 'records' ? meaning.answer.find(({ type }) => type === TYPE.NS) : undefined
  if (ns === undefined) return 'no-cut'
  return { zone: await placed(name, ns, [], parts), servesChild: true }
}

async function placed(
  zone: Name,
  ns: Rrset,
  glue: readonly Rrset[],
  { own }: WalkParts,
): Promise<ZoneServers> {
  const names = ns.rdatas
    .slice(0, NS_PER_DELEGATION_MAX)
    .map(targetName)
    .filter((name) => name !== undefined)
  const servers = names.map(async (name) => {
    const addresses = glue.filter(({ owner }) => namesEqual(owner, name)).flatMap(({ rdatas }) => rdatas)
    return { name, addresses: addresses.length > 0 ? addresses : (await own.addresses(name)).addresses }
  })
  return { zone, servers: await Promise.all(servers) }
}

/** Every address that may be asked, each once. */
export function endpointsOf({ servers }: ZoneServers, settings: ResolverSettings): Endpoint[] {
  const found = new Map<string, Endpoint>()
  for (const given of servers.flatMap(({ addresses }) => addresses)) {
    const address = addressToAsk(given, settings)
    if (address !== undefined) found.set(address.join(), { address, port: settings.authorityPort })
  }
  return [...found.values()]
}
