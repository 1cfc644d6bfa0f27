/** Answers from the zones that we serve ourselves (RFC 6303, RFC 6761); nothing about them goes upstream. */
import { parseAddress } from '../base/address.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, namesEqual } from '../wire/name.ts'
import { nameFrom } from '../wire/name-text.ts'
import { writeSoa } from '../wire/rdata/soa.ts'
import type { Rrset } from '../wire/record.ts'
import { SPECIAL_ZONES, type SpecialKind, type SpecialZone } from './special-names.ts'
import { NOT_COVERED, SuffixTable } from './suffix-table.ts'

/** What a local zone has to say: RRsets without signatures, owner names as the zone has them. */
export interface LocalAnswer {
  readonly rcode: number
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
}

/** Which zones are served. */
export interface LocalZonesOptions {
  /**
   * Names resolved in the ordinary way: a zone named exactly so is not served, and a name inside a served zone is cut
   * out of it with all below.
   */
  readonly off?: readonly Name[]
}

/** RFC 6303 3: TTL, SOA timers and RNAME of an empty zone; the MNAME and the NS are the apex itself. */
const LOCAL_TTL_SECONDS = 10_800
const RNAME = nameFrom('nobody.invalid.')
const LOOPBACK: Readonly<Record<number, Uint8Array>> = {
  [TYPE.A]: parseAddress('127.0.0.1')!,
  [TYPE.AAAA]: parseAddress('::1')!,
}

interface Zone {
  readonly apex: Name
  readonly kind: SpecialKind
  readonly soa: Rrset
  readonly rrsets: readonly Rrset[]
}

/** The zones served locally. */
export class LocalZones {
  readonly #zones: (Zone | undefined)[]
  readonly #table: SuffixTable

  constructor(options: LocalZonesOptions = {}) {
    const zones = SPECIAL_ZONES.map(makeZone)
    const off = options.off ?? []
    this.#zones = [...zones, ...off.map(() => undefined)]
    // The names switched off come last: of two equal names the table takes the later.
    this.#table = new SuffixTable([...zones.map((zone) => zone.apex), ...off])
  }

  /** The answer in class IN, or undefined when the name is not ours. */
  answer(name: Name, type: number): LocalAnswer | undefined {
    const index = this.#table.find(name)
    const zone = index === NOT_COVERED ? undefined : this.#zones[index]
    if (zone === undefined) return undefined
    const atApex = name.length === zone.apex.length
    if (atApex && type === TYPE.DS && (zone.kind === 'empty' || zone.kind === 'no-data')) return undefined
    const rrsets = rrsetsAt(zone, name)
    const answer = type === TYPE.ANY ? rrsets : rrsets.filter((rrset) => rrset.type === type)
    if (answer.length > 0) return { rcode: RCODE.NOERROR, answer, authority: [] }
    return {
      rcode: nameExists(zone, name) ? RCODE.NOERROR : RCODE.NXDOMAIN,
      answer: [],
      authority: [zone.soa],
    }
  }
}

function rrsetsAt(zone: Zone, name: Name): readonly Rrset[] {
  const own = zone.rrsets.filter((rrset) => namesEqual(rrset.owner, name))
  if (zone.kind !== 'loopback') return own
  return [...own, loopbackRrset(name, TYPE.A), loopbackRrset(name, TYPE.AAAA)]
}

function nameExists(zone: Zone, name: Name): boolean {
  if (zone.kind === 'absent') return false
  if (zone.kind !== 'empty') return true
  return zone.rrsets.some((rrset) => isSubdomainOf(rrset.owner, name))
}

function loopbackRrset(owner: Name, type: number): Rrset {
  return rrsetOf(owner, type, [LOOPBACK[type]!])
}

function makeZone(special: SpecialZone): Zone {
  const apex = nameFrom(special.name)
  const soa = rrsetOf(apex, TYPE.SOA, [
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
  const byOwnerAndType = new Map<string, Rrset>()
  for (const { owner, type, data } of special.records ?? []) {
    const rdata = type === 'A' ? parseAddress(data)! : nameFrom(data)
    const rdatas = byOwnerAndType.get(`${owner} ${type}`)?.rdatas ?? []
    byOwnerAndType.set(`${owner} ${type}`, rrsetOf(nameFrom(owner), TYPE[type], [...rdatas, rdata]))
  }
  const apexRrsets = special.kind === 'absent' ? [] : [soa, rrsetOf(apex, TYPE.NS, [apex])]
  return { apex, kind: special.kind, soa, rrsets: [...apexRrsets, ...byOwnerAndType.values()] }
}

function rrsetOf(owner: Name, type: number, rdatas: readonly Uint8Array[]): Rrset {
  return { owner, type, class: CLASS.IN, ttlSeconds: LOCAL_TTL_SECONDS, rdatas, signatures: [] }
}
