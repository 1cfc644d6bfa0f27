/**
 * A second look at a question whose data did not validate: asked anew by a resolver that knows nothing, then of each
 * address of the zone's servers alone, by UDP and by TCP; and zones that are in order as a rule are asked beside it, to
 * see whether this resolver can validate anything. What it comes to is `blame.ts`.
 */
import { type Endpoint, formatAddress } from '../base/address.ts'
import { NS_PER_DELEGATION_MAX, SECOND_LOOK_ADDRESSES_MAX, SECOND_LOOK_MS_MAX } from '../base/limits.ts'
import type { RrsetCache } from '../cache/rrset-cache.ts'
import { type ClockOffset, clockOffset } from '../dnssec/clock-offset.ts'
import { unwrapSerialTime } from '../dnssec/serial.ts'
import { addressTypes } from '../resolver/address-families.ts'
import type { Resolver } from '../resolver/engine.ts'
import type { Clock, ResolverSettings, Upstream } from '../resolver/ports.ts'
import { Routes } from '../resolver/routes.ts'
import type { AddressTrial } from '../telemetry/report/report-data.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { mailboxText } from '../wire/mailbox.ts'
import { isRoot, isSubdomainOf, type Name, namesEqual, ROOT } from '../wire/name.ts'
import { parseRrsig } from '../wire/rdata/rrsig.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import type { OwnVerdict } from './observations.ts'
import { OneWay } from './one-way.ts'
import { OwnResolver } from './own-resolver.ts'
import { endpointsOf } from './walk.ts'

/** What failed. */
export interface Suspect {
  readonly name: Name
  readonly type: number
  /** The zone with the broken link. */
  readonly zone: Name
}

/** What this resolver makes of a zone that is in order as a rule. */
export interface Control extends Pick<OwnVerdict, 'status' | 'reason'> {
  readonly zone: Name
}

/** What was seen. */
export interface SecondLook {
  readonly suspect: Suspect
  /** What a client would get now. */
  readonly verdict: OwnVerdict
  /** An operator's forwarder stands between this resolver and the zone, so nothing was tried. */
  readonly isForwarded: boolean
  readonly trials: readonly AddressTrial[]
  /** Addresses that the bounds left out. */
  readonly untried: number
  readonly controls: readonly Control[]
  /** How the clock is wrong, if the signatures of all those zones say so. */
  readonly clock: ClockOffset | undefined
  /** When somebody last signed for one of those zones that validate: no earlier than that is it now, whatever clocks say. */
  readonly signedSeconds: number | undefined
  /** When the last signature over the suspect data or its zone's keys ended, if all have; since 1970 as above. */
  readonly endedSeconds: number | undefined
  /** To whom the zone's SOA record sends mail; nobody vouches for it. */
  readonly contact: string | undefined
}

/** What a look is taken with. */
export interface SecondLookParts {
  readonly clock: Clock
  readonly upstream: Upstream
  /** As in force. */
  readonly settings: ResolverSettings
  readonly skewSecondsMax: number
  /** Zones to hold it against, the root aside. */
  readonly wellKnown: readonly Name[]
  /** Makes a resolver that keeps records in `rrsets` and knows nothing else. */
  readonly resolver: (
    settings: ResolverSettings,
    upstream: Upstream,
  ) => Pick<Resolver, 'resolve' | 'prefetch' | 'fetchRecords'>
  /** Empty. */
  readonly rrsets: RrsetCache
}

/** Takes the look. One question after the other, in bounded time: nobody waits for it. */
export async function secondLook(suspect: Suspect, parts: SecondLookParts): Promise<SecondLook> {
  const { clock, upstream } = parts
  const deadlineMs = clock.nowMs() + SECOND_LOOK_MS_MAX
  const settings = plainSettings(parts.settings)
  const resolver = parts.resolver(settings, upstream)
  await clock.yieldTurn()
  const own = new OwnResolver(resolver, clock, settings)
  const verdict = await own.verdict(suspect.name, suspect.type)
  const controls = await askControls(suspect, own, parts)
  const times = timesIn(suspect, controls, parts)
  const route = new Routes(settings.routes).closest(suspect.zone)
  const isForwarded = route?.kind === 'forward'
  const endpoints = isForwarded ? [] : await addressesOf(suspect.zone, own, { ...parts, settings })
  const soa = await resolver.fetchRecords(suspect.zone, TYPE.SOA)
  const trials: AddressTrial[] = []
  const asked = inTurns(endpoints).slice(0, SECOND_LOOK_ADDRESSES_MAX)
  let tried = 0
  for (const endpoint of asked) {
    if (clock.nowMs() >= deadlineMs) break
    for (const transport of ['udp', 'tcp'] as const)
      trials.push(await tryAlone(suspect, endpoint, transport, { ...parts, settings }))
    tried++
  }
  return {
    suspect,
    verdict,
    isForwarded,
    trials,
    untried: endpoints.length - tried,
    controls,
    ...times,
    contact: contactIn(soa, suspect.zone),
  }
}

/** What the operator has done for clients is left out: it is to be seen what zones give. */
function plainSettings(settings: ResolverSettings): ResolverSettings {
  return {
    ...settings,
    qnameMinimisation: 'off',
    privateAddresses: [],
    aggressiveDenial: false,
    errorReporting: false,
    prefetch: false,
    dns64: undefined,
    serveStale: undefined,
  }
}

/** A zone at or below the suspect one tells nothing but what is known. */
async function askControls(
  { zone }: Suspect,
  own: OwnResolver,
  { wellKnown }: SecondLookParts,
): Promise<Control[]> {
  const others = wellKnown.filter((name) => !isRoot(name) && (isRoot(zone) || !isSubdomainOf(name, zone)))
  const controls: Control[] = []
  for (const name of [ROOT, ...others]) {
    const { status, reason } = await own.verdict(name, TYPE.SOA)
    controls.push({ zone: name, status, reason })
  }
  return controls
}

/** What the signatures say of the time, those that were fetched just now. */
function timesIn(
  { name, type, zone }: Suspect,
  controls: readonly Control[],
  { clock, rrsets, skewSecondsMax }: SecondLookParts,
): Pick<SecondLook, 'clock' | 'signedSeconds' | 'endedSeconds'> {
  const nowSeconds = clock.unixSeconds()
  const sets = (owner: Name, types: readonly number[]): Rrset[] =>
    types.map((one) => rrsets.get(owner, one)?.rrset).filter((set) => set !== undefined)
  const offset = (found: readonly Rrset[]): ClockOffset | undefined =>
    clockOffset(found, nowSeconds, skewSecondsMax)
  const apex = [TYPE.SOA, TYPE.DNSKEY]
  const validating = controls.filter(({ status }) => status === 'secure')
  const inceptions = validating
    .flatMap((control) => sets(control.zone, apex).flatMap(({ signatures }) => signatures))
    .map(parseRrsig)
    .map((rrsig) => rrsig && unwrapSerialTime(rrsig.inception, nowSeconds))
    .filter((inception) => inception !== undefined)
  const ended = [sets(name, [type]), sets(zone, [TYPE.DNSKEY])].map(offset)
  const ends = ended.flatMap((one) => (one?.side === 'ahead' ? [one.edgeSeconds] : []))
  return {
    clock: offset(controls.flatMap((control) => sets(control.zone, apex))),
    signedSeconds: inceptions.length === 0 ? undefined : Math.max(...inceptions),
    endedSeconds: ends.length === 0 ? undefined : Math.max(...ends),
  }
}

/** The operator's servers for a stub zone; else those of the delegation that the first question came by. */
async function addressesOf(
  zone: Name,
  own: OwnResolver,
  { settings, rrsets }: Pick<SecondLookParts, 'settings' | 'rrsets'>,
): Promise<Endpoint[]> {
  const stub = settings.routes.find((route) => route.kind === 'stub' && namesEqual(route.name, zone))
  if (stub !== undefined && stub.addresses.length > 0) return [...stub.addresses]
  const ns = rrsets.getDelegation(zone)?.rrset.rdatas ?? []
  const names = ns.map(targetName).filter((name) => name !== undefined)
  const servers = []
  for (const name of names.slice(0, NS_PER_DELEGATION_MAX)) {
    const glue = addressTypes(settings).map((type) => rrsets.getGlue(name, type)?.rrset.rdatas)
    const more = glue.includes(undefined) ? (await own.addresses(name)).addresses : []
    servers.push({ name, addresses: [...glue.flatMap((some) => some ?? []), ...more] })
  }
  return endpointsOf({ zone, servers }, settings)
}

/** IPv4 and IPv6 by turns, so that both are seen where not all can be. */
function inTurns(endpoints: readonly Endpoint[]): Endpoint[] {
  const of = (length: number): Endpoint[] => endpoints.filter(({ address }) => address.length === length)
  const [ipv4, ipv6] = [of(4), of(16)]
  const rounds = Math.max(ipv4.length, ipv6.length)
  return Array.from({ length: rounds }, (_, i) => [ipv4[i], ipv6[i]])
    .flat()
    .filter((endpoint) => endpoint !== undefined)
}

/** Has the whole question resolved and judged with the zone at this one address. */
async function tryAlone(
  { name, type, zone }: Suspect,
  endpoint: Endpoint,
  transport: 'udp' | 'tcp',
  { clock, settings, upstream, resolver, rrsets }: SecondLookParts,
): Promise<AddressTrial> {
  rrsets.flush(zone)
  const others = settings.routes.filter((route) => !namesEqual(route.name, zone))
  const here = { kind: 'stub', name: zone, addresses: [endpoint], servers: [] } as const
  const routes = [...others, { ...here, fallback: false, cache: true }]
  // A resolver takes milliseconds to make, in a thread that may be the one that answers clients.
  await clock.yieldTurn()
  const alone = resolver({ ...settings, routes }, new OneWay(upstream, endpoint, transport))
  await clock.yieldTurn()
  const { status, reason } = await new OwnResolver(alone, clock, settings).verdict(name, type)
  const outcome =
    status === 'secure' || status === 'insecure'
      ? 'good'
      : status === 'bogus' && reason !== 'dnskey-unreachable'
        ? 'bad'
        : 'silent'
  return { address: formatAddress(endpoint.address), transport, outcome, reason }
}

function contactIn(found: Awaited<ReturnType<Resolver['fetchRecords']>>, zone: Name): string | undefined {
  if (typeof found === 'string') return undefined
  const soa = found.find(({ owner, type }) => type === TYPE.SOA && namesEqual(owner, zone))
  const rname = soa && parseSoa(soa.rdatas[0]!)?.rname
  return rname && mailboxText(rname)
}
