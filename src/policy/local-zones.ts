/**
 * Answers from the zones that we serve ourselves: those of RFC 6303 and RFC 6761, and what the operator adds. Nothing
 * about them goes upstream, but where a zone of the operator's says so.
 */
import { parseAddress } from '../base/address.ts'
import { LOCAL_TTL_SECONDS } from '../base/limits.ts'
import { aliasByDname } from '../resolver/classify.ts'
import type { LocalAnswer } from '../resolver/ports.ts'
import { cappedTo } from '../resolver/ttl-limits.ts'
import { CLASS } from '../wire/iana/class.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  isRoot,
  isWildcard,
  type Name,
  nameKey,
  parentOf,
  ROOT,
  replaceSuffix,
  wildcardOf,
} from '../wire/name.ts'
import { formatName, nameFrom } from '../wire/name-text.ts'
import { parseSoa, writeSoa } from '../wire/rdata/soa.ts'
import { targetName } from '../wire/rdata/target.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import { SPECIAL_ZONES, type SpecialKind, type SpecialZone } from './special-names.ts'
import { NOT_COVERED, SuffixTable } from './suffix-table.ts'

/**
 * What becomes of a name in a zone of the operator's. Its records are given in every one.
 *
 * - `static`: what has no record does not exist
 * - `transparent`: a name without a record is resolved; one with records has no others
 * - `type-transparent`: a type without a record is resolved
 * - `redirect`: every name has the records of the apex
 * - `refuse`, `deny`: what has no record is refused, or gets no reply
 */
export type LocalZoneType = 'static' | 'transparent' | 'type-transparent' | 'redirect' | 'refuse' | 'deny'

/** A zone of the operator's. */
export interface LocalZone {
  readonly name: Name
  readonly type: LocalZoneType
}

/** Which zones are served. */
export interface LocalZonesOptions {
  /**
   * Names resolved in the ordinary way: a zone named exactly so is not served, and a name inside a served zone is cut
   * out of it with all below.
   */
  readonly off?: readonly Name[]
  /** Zones of the operator's; they come before the special ones of the same name. */
  readonly zones?: readonly LocalZone[]
  /** Records of local zones. One that lies in none makes a transparent zone of its owner. */
  readonly records?: readonly ResourceRecord[]
}

/** RFC 6303 3: SOA timers and RNAME of an empty zone; the MNAME and the NS are the apex itself. */
const RNAME = nameFrom('nobody.invalid.')
const LOOPBACK: Readonly<Record<number, Uint8Array>> = {
  [TYPE.A]: parseAddress('127.0.0.1')!,
  [TYPE.AAAA]: parseAddress('::1')!,
}

interface Zone {
  readonly apex: Name
  readonly kind: SpecialKind | LocalZoneType
  /** What denials carry; undefined when the operator gave none. */
  soa: Rrset | undefined
  /** What is at each name, by its folded octets; nothing at an empty non-terminal. */
  readonly nodes: Map<string, readonly Rrset[]>
}

/** The zones served locally. */
export class LocalZones {
  readonly #zones: readonly (Zone | undefined)[]
  readonly #table: SuffixTable

  constructor({ off = [], zones = [], records = [] }: LocalZonesOptions = {}) {
    const special = SPECIAL_ZONES.map(specialZone)
    const own = zones.map(({ name, type }) => emptyZone(name, type))
    // Of two equal names the table takes the later.
    const served = [...special, ...off.map(() => undefined), ...own]
    const names = [...special.map(({ apex }) => apex), ...off, ...own.map(({ apex }) => apex)]
    const table = new SuffixTable(names)
    const implicit = new Map<string, Zone>()
    for (const rrset of groupRrsets(records)) {
      const index = table.find(rrset.owner)
      const zone = index === NOT_COVERED ? undefined : served[index]
      addTo(zone ?? implicitZone(implicit, rrset.owner), rrset)
    }
    const more = [...implicit.values()]
    this.#zones = [...served, ...more]
    this.#table = more.length === 0 ? table : new SuffixTable([...names, ...more.map(({ apex }) => apex)])
  }

  /** The answer in class IN, or undefined when the question is to be resolved. */
  answer(name: Name, type: number): LocalAnswer | undefined {
    const zone = this.#zoneOf(name)
    if (zone === undefined) return undefined
    const sets = setsAt(zone, name)
    if (type === TYPE.DS && name.length === zone.apex.length && BELOW_A_CUT.has(zone.kind)) {
      const ds = sets?.filter((set) => set.type === TYPE.DS) ?? []
      return ds.length > 0 ? data(ds) : this.#denyDs(zone.apex)
    }
    const alias = aliasOf(zone, name, sets, type)
    if (alias !== undefined) return alias
    const answer = type === TYPE.ANY ? (sets ?? []) : (sets ?? []).filter((set) => set.type === type)
    return answer.length > 0 ? data(answer) : denial(zone, sets)
  }

  #zoneOf(name: Name): Zone | undefined {
    const index = this.#table.find(name)
    return index === NOT_COVERED ? undefined : this.#zones[index]
  }

  /** The parent answers for the DS of an apex (RFC 4035 3.1.4.1), be it a local zone itself or somebody upstream. */
  #denyDs(apex: Name): LocalAnswer | undefined {
    const parent = isRoot(apex) ? undefined : this.#zoneOf(parentOf(apex))
    return parent === undefined ? undefined : denial(parent, [])
  }
}

/** Kinds of zone whose DS is the parent's affair. The others are answered here whatever is asked. */
const BELOW_A_CUT: ReadonlySet<Zone['kind']> = new Set([
  'empty',
  'no-data',
  'static',
  'redirect',
  'transparent',
  'type-transparent',
])

function data(answer: readonly Rrset[]): LocalAnswer {
  return { kind: 'data', rcode: RCODE.NOERROR, answer, authority: [], ede: [] }
}

/** @param sets what the name has; undefined when the zone does not know it */
function denial(zone: Zone, sets: readonly Rrset[] | undefined): LocalAnswer | undefined {
  switch (zone.kind) {
    case 'type-transparent':
      return undefined
    case 'transparent':
      if (sets === undefined || sets.length === 0) return undefined
      break
    case 'refuse':
    case 'deny':
      return { kind: zone.kind }
    default:
  }
  const rcode = sets === undefined ? RCODE.NXDOMAIN : RCODE.NOERROR
  return { kind: 'data', rcode, answer: [], authority: zone.soa === undefined ? [] : [zone.soa], ede: [] }
}

// --- what is at a name ----------------------------------------------------------------------------------------------

/** The RRsets of a name; none at one that exists without; undefined when it does not exist. */
function setsAt(zone: Zone, name: Name): readonly Rrset[] | undefined {
  const { kind, nodes } = zone
  if (kind === 'redirect') return ownedBy(name, nodes.get(nameKey(zone.apex)) ?? [])
  const own = nodes.get(nameKey(name))
  if (kind === 'loopback') {
    const made = [TYPE.A, TYPE.AAAA].filter((type) => own?.some((set) => set.type === type) !== true)
    return [...(own ?? []), ...made.map((type) => rrsetOf(name, type, [LOOPBACK[type]!]))]
  }
  if (own !== undefined) return own
  return kind === 'no-data' ? [] : expansion(zone, name)
}

/** What the wildcard at the closest encloser gives the name (RFC 4592 3.3.1). */
function expansion({ apex, nodes }: Zone, name: Name): readonly Rrset[] | undefined {
  for (let above = name; above.length > apex.length; ) {
    above = parentOf(above)
    if (!nodes.has(nameKey(above))) continue
    const wildcard = wildcardOf(above)
    const sets = wildcard && nodes.get(nameKey(wildcard))
    return sets && ownedBy(name, sets)
  }
  return undefined
}

function ownedBy(owner: Name, sets: readonly Rrset[]): Rrset[] {
  return sets.map((set) => ({ ...set, owner }))
}

/** The alias that the name is, for a question that follows it. */
function aliasOf(
  zone: Zone,
  name: Name,
  sets: readonly Rrset[] | undefined,
  type: number,
): LocalAnswer | undefined {
  const dname = zone.kind === 'redirect' ? undefined : dnameAbove(zone, name)
  if (dname !== undefined) {
    const made = aliasByDname(name, dname)
    if (made === undefined) return undefined
    if (made.target === undefined) return tooLong(made.answer, name)
    return type === TYPE.CNAME
      ? data(made.answer)
      : { kind: 'alias', answer: made.answer, target: made.target }
  }
  const cname = sets?.find((set) => set.type === TYPE.CNAME)
  const target = cname && targetName(cname.rdatas[0]!)
  if (cname === undefined || target === undefined) return undefined
  const expands = zone.kind === 'redirect' && isWildcard(target)
  if (!expands && (type === TYPE.CNAME || type === TYPE.ANY)) return undefined
  const whole = expands ? replaceSuffix(name, ROOT, parentOf(target)) : target
  if (whole === undefined) return tooLong([], name)
  const answer = [{ ...cname, rdatas: [whole] }]
  if (type === TYPE.CNAME || type === TYPE.ANY) return data(answer)
  return { kind: 'alias', answer, target: whole }
}

/** The DNAME nearest to the apex: it hides all below it (RFC 6672 2.4). */
function dnameAbove({ apex, nodes }: Zone, name: Name): Rrset | undefined {
  let highest: Rrset | undefined
  for (let above = name; above.length > apex.length; ) {
    above = parentOf(above)
    highest = nodes.get(nameKey(above))?.find((set) => set.type === TYPE.DNAME) ?? highest
  }
  return highest
}

/** RFC 6672 2.2. */
function tooLong(answer: readonly Rrset[], name: Name): LocalAnswer {
  const text = `the alias of ${formatName(name)} would be too long a name`
  return { kind: 'data', rcode: RCODE.YXDOMAIN, answer, authority: [], ede: [{ code: EDE.OTHER, text }] }
}

// --- zones ----------------------------------------------------------------------------------------------------------

function emptyZone(apex: Name, kind: Zone['kind']): Zone {
  // The apex of a zone exists, whether or not there is anything at it; a name that is absent does not.
  const nodes = new Map<string, readonly Rrset[]>(kind === 'absent' ? [] : [[nameKey(apex), []]])
  return { apex, kind, soa: undefined, nodes }
}

function implicitZone(zones: Map<string, Zone>, owner: Name): Zone {
  const key = nameKey(owner)
  const zone = zones.get(key) ?? emptyZone(owner, 'transparent')
  zones.set(key, zone)
  return zone
}

/** Takes in an RRset, which comes before one of the same owner and type, and makes the names above it exist. */
function addTo(zone: Zone, rrset: Rrset): void {
  const { apex, nodes } = zone
  const key = nameKey(rrset.owner)
  nodes.set(key, [...(nodes.get(key) ?? []).filter((set) => set.type !== rrset.type), rrset])
  for (let above = rrset.owner; above.length > apex.length; ) {
    above = parentOf(above)
    if (!nodes.has(nameKey(above))) nodes.set(nameKey(above), [])
  }
  // RFC 2308 3: what a denial carries lives no longer than the denial.
  if (rrset.type === TYPE.SOA && rrset.owner.length === apex.length) {
    zone.soa = cappedTo(rrset, parseSoa(rrset.rdatas[0]!)?.minimumSeconds ?? 0)
  }
}

function specialZone(special: SpecialZone): Zone {
  const apex = nameFrom(special.name)
  const zone = emptyZone(apex, special.kind)
  zone.soa = rrsetOf(apex, TYPE.SOA, [
    writeSoa({
      mname: apex,
      rname: RNAME,
      serial: 1,
      refresh: 3600,
      retry: 1200,
      expire: 604_800,
      minimumSeconds: 10_800,
    }),
  ])
  if (special.kind !== 'absent') {
    zone.nodes.set(nameKey(apex), [zone.soa, rrsetOf(apex, TYPE.NS, [apex])])
  }
  const byOwnerAndType = new Map<string, Rrset>()
  for (const { owner, type, data } of special.records ?? []) {
    const rdata = type === 'A' ? parseAddress(data)! : nameFrom(data)
    const rdatas = byOwnerAndType.get(`${owner} ${type}`)?.rdatas ?? []
    byOwnerAndType.set(`${owner} ${type}`, rrsetOf(nameFrom(owner), TYPE[type], [...rdatas, rdata]))
  }
  for (const rrset of byOwnerAndType.values()) addTo(zone, rrset)
  return zone
}

function rrsetOf(owner: Name, type: number, rdatas: readonly Uint8Array[]): Rrset {
  return { owner, type, class: CLASS.IN, ttlSeconds: LOCAL_TTL_SECONDS, rdatas, signatures: [] }
}
