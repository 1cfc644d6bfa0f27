/** Collects what there is to see of a zone: its delegation, every address of its servers, and the resolver's own verdicts. */
import type { Address, Endpoint } from '../base/address.ts'
import { ADDRESSES_PER_DELEGATION_MAX, NS_PER_DELEGATION_MAX } from '../base/limits.ts'
import { addressToAsk } from '../resolver/address-families.ts'
import type { ResolverPolicy, ResolverPort, ResolverSettings } from '../resolver/ports.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isSubdomainOf, type Name, nameKey, namesEqual, ROOT } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import { isHidden } from './hidden-addresses.ts'
import type { NameServerView, Observations, ParentView, Reply, ServerView } from './observations.ts'
import { OwnResolver } from './own-resolver.ts'
import { Prober, type ProberParts, USUAL_EDNS } from './prober.ts'
import { dataQuestions, type MissingLabel, viewServer } from './server-questions.ts'
import { endpointsOf, type Walk, type WalkParts, walkTo, type ZoneServers } from './walk.ts'

/** What a check works with. */
export interface CheckParts extends ProberParts {
  readonly settings: ResolverSettings
  readonly policy: Pick<ResolverPolicy, 'anchors'>
  /** Looks up addresses of name servers, and judges the chain above the zone. */
  readonly resolver: ResolverPort
}

/** Looks at the zone that holds `domain`. Ends in bounded time, whatever servers do. */
export async function collect(domain: Name, parts: CheckParts): Promise<Observations> {
  const { clock, resolver, settings, policy } = parts
  const prober = new Prober(parts)
  const own = new OwnResolver(resolver, clock, settings)
  const walkParts: WalkParts = { prober, own, settings }
  const walk = await walkTo(domain, walkParts)
  const { zone } = walk.zone
  const [parent, children, parentVerdict, dsVerdict, domainVerdict, rootVerdict] = await Promise.all([
    viewParent(walk, walkParts),
    walk.absent === undefined ? viewChildren(domain, walk, walkParts, parts) : NOTHING,
    walk.parent && own.verdict(walk.parent.zone, TYPE.SOA),
    isRoot(zone) ? undefined : own.verdict(zone, TYPE.DS),
    own.verdict(domain, TYPE.A),
    own.verdict(ROOT, TYPE.SOA),
  ])
  const anchors = policy.anchors.of(zone)
  return {
    domain,
    zone,
    absent: walk.absent,
    parent,
    anchored: anchors.length > 0 ? { anchors } : undefined,
    nameServers: namesWithGlue(children.nameServers, zone, parent),
    servers: children.servers,
    verdicts: { root: rootVerdict, parent: parentVerdict, ds: dsVerdict, domain: domainVerdict },
    nowSeconds: clock.unixSeconds(),
    queries: prober.sent,
    unasked: prober.refused,
  }
}

interface Children {
  readonly nameServers: readonly NameServerView[]
  readonly servers: readonly ServerView[]
}

const NOTHING: Children = { nameServers: [], servers: [] }

async function viewParent(walk: Walk, { prober, settings }: WalkParts): Promise<ParentView | undefined> {
  const { parent, zone, servesChild } = walk
  if (parent === undefined) return undefined
  const edns = USUAL_EDNS
  const servers = endpointsOf(parent, settings)
    .slice(0, ADDRESSES_PER_DELEGATION_MAX)
    .map(async (endpoint) => {
      const [delegation, ds] = await Promise.all([
        fetchWhole(prober, endpoint, zone.zone),
        prober.fetch(endpoint, { name: zone.zone, type: TYPE.DS, edns }),
      ])
      return { endpoint, delegation, ds }
    })
  return { zone: parent.zone, servers: await Promise.all(servers), servesChild }
}

/** A referral by UDP may leave addresses out for want of room (RFC 9471 3), so TCP goes first. */
async function fetchWhole(prober: Prober, endpoint: Endpoint, name: Name): Promise<Reply> {
  const asked = { name, type: TYPE.NS, edns: USUAL_EDNS }
  const reply = await prober.ask(endpoint, { ...asked, transport: 'tcp' })
  return reply.kind === 'message' ? reply : prober.fetch(endpoint, asked)
}

/** Asks the servers that the parent names, and then those that only they name. */
async function viewChildren(
  domain: Name,
  { zone: given }: Walk,
  walkParts: WalkParts,
  parts: CheckParts,
): Promise<Children> {
  const { prober, own, settings } = walkParts
  const { zone } = given
  const missing = drawMissingLabel(parts)
  const questions = dataQuestions(domain, zone, missing)
  const view = (endpoint: Endpoint, names: readonly Name[]): Promise<ServerView> =>
    viewServer(prober, { endpoint, names, zone, questions })

  const first = await viewAll(given, settings, view)
  const childNames = namesSaid(zone, first)
  const parentNames = given.servers.map(({ name }) => name)
  const all = unique([...parentNames, ...childNames]).slice(0, NS_PER_DELEGATION_MAX)
  const nameServers = await Promise.all(
    all.map(async (name): Promise<NameServerView> => {
      const glue = given.servers.find((server) => namesEqual(server.name, name))?.addresses ?? []
      const found = isSubdomainOf(name, zone)
        ? await askOwnServers(name, first, walkParts)
        : await own.addresses(name)
      const atParent = includes(parentNames, name)
      const hidden = [...glue, ...found.addresses].filter((address) => isHidden(address, settings))
      return { name, atParent, atChild: includes(childNames, name), glue, hidden, ...found }
    }),
  )
  const known = new Set(first.map(({ endpoint }) => endpoint.address.join()))
  const further = await viewAll(
    {
      zone,
      servers: nameServers.map(({ name, addresses }) => ({
        name,
        addresses: addresses.filter(
          (address) => !known.has((addressToAsk(address, settings) ?? address).join()),
        ),
      })),
    },
    settings,
    view,
  )
  return { nameServers, servers: [...first, ...further] }
}

function viewAll(
  given: ZoneServers,
  settings: ResolverSettings,
  view: (endpoint: Endpoint, names: readonly Name[]) => Promise<ServerView>,
): Promise<ServerView[]> {
  const isAt = (addresses: readonly Address[], endpoint: Endpoint): boolean =>
    addresses.some((address) => addressToAsk(address, settings)?.join() === endpoint.address.join())
  const endpoints = endpointsOf(given, settings).slice(0, ADDRESSES_PER_DELEGATION_MAX)
  return Promise.all(
    endpoints.map((endpoint) => {
      const here = given.servers.filter(({ addresses }) => isAt(addresses, endpoint))
      return view(
        endpoint,
        here.map(({ name }) => name),
      )
    }),
  )
}

/** The zone's own NS set, as any of its servers has it. */
function namesSaid(zone: Name, servers: readonly ServerView[]): Name[] {
  const said = servers.flatMap(({ data }) => data.filter(({ type }) => type === TYPE.NS))
  const records = said.flatMap(({ reply }) => (reply.kind === 'message' ? reply.message.answer : []))
  const ns = records.filter(({ type, owner }) => type === TYPE.NS && namesEqual(owner, zone))
  return unique(ns.map(({ rdata }) => targetName(rdata)).filter((name) => name !== undefined))
}

/** Addresses of a server whose name lies in the zone, as the zone's servers give them. */
async function askOwnServers(
  name: Name,
  servers: readonly ServerView[],
  { prober, own }: WalkParts,
): Promise<Pick<NameServerView, 'addresses' | 'isAlias' | 'isUnknown'>> {
  for (const { endpoint, trials } of servers) {
    if (trials.get('udp')?.kind !== 'message' && trials.get('tcp')?.kind !== 'message') continue
    const replies = await Promise.all(
      [TYPE.A, TYPE.AAAA].map((type) => prober.fetch(endpoint, { name, type, edns: USUAL_EDNS })),
    )
    if (!replies.some(isAuthoritative)) continue
    const records = replies.flatMap((reply) => (reply.kind === 'message' ? reply.message.answer : []))
    const here = records.filter(({ owner }) => namesEqual(owner, name))
    return {
      addresses: here.filter(({ type }) => type === TYPE.A || type === TYPE.AAAA).map(({ rdata }) => rdata),
      isAlias: here.some(({ type }) => type === TYPE.CNAME),
      isUnknown: false,
    }
  }
  // A zone below may hold it.
  return own.addresses(name)
}

function isAuthoritative(reply: Reply): boolean {
  return reply.kind === 'message' && reply.message.aa
}

/** The walk looks addresses up where the parent gave none; what counts as glue is what the parent's servers sent. */
function namesWithGlue(
  nameServers: readonly NameServerView[],
  zone: Name,
  parent: ParentView | undefined,
): NameServerView[] {
  const referrals = (parent?.servers ?? []).flatMap(({ delegation }) =>
    delegation.kind === 'message' && !delegation.message.aa ? [delegation.message] : [],
  )
  const said = referrals.flatMap(({ authority }) => authority)
  const ns = said.filter(({ type, owner }) => type === TYPE.NS && namesEqual(owner, zone))
  const delegated = ns.map(({ rdata }) => targetName(rdata)).filter((name) => name !== undefined)
  const addresses = referrals
    .flatMap(({ additional }) => additional)
    .filter(({ type }) => type === TYPE.A || type === TYPE.AAAA)
  return nameServers.map((server) => {
    const own = addresses.filter(({ owner }) => namesEqual(owner, server.name))
    const glue = [...new Map(own.map(({ rdata }) => [rdata.join(), rdata])).values()]
    return { ...server, glue, atParent: server.atParent || includes(delegated, server.name) }
  })
}

function unique(names: readonly Name[]): Name[] {
  return [...new Map(names.map((name) => [nameKey(name), name])).values()]
}

function includes(names: readonly Name[], name: Name): boolean {
  return names.some((other) => namesEqual(other, name))
}

/** A label that nobody has made, so that the zone has to deny it. */
function drawMissingLabel({ random }: CheckParts): MissingLabel {
  const digits = Array.from({ length: 16 }, () => random.below(16).toString(16)).join('')
  return Buffer.from(`sigill-${digits}`, 'latin1')
}
