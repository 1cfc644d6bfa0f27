/** Faults between the records of local zones, and between them and the zones. */
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { ResourceRecord } from '../wire/record.ts'
import type { Settings } from './settings.ts'
import type { TreeFault } from './tree.ts'
import type { LocalZoneSetting } from './values.ts'

/** What no record sees alone, each at the record to change. */
export function localDataFaults(settings: Settings): TreeFault[] {
  const zones = new Map(settings['local-zones.zones'].map((zone) => [nameKey(zone.name), zone]))
  const atName = new Map<string, ResourceRecord[]>()
  return settings['local-zones.records'].flatMap((record, index) => {
    const before = atName.get(nameKey(record.owner)) ?? []
    const expected = misplaced(zoneOf(zones, record.owner), record) ?? besideAlias(before, record)
    // One record of a type speaks for all.
    if (!before.some(({ type }) => type === record.type)) before.push(record)
    atName.set(nameKey(record.owner), before)
    return expected === undefined ? [] : [{ path: ['local-zones', 'records', index], expected }]
  })
}

/** The deepest zone of the operator's that the name is in. */
function zoneOf(zones: ReadonlyMap<string, LocalZoneSetting>, name: Name): LocalZoneSetting | undefined {
  for (let above = name; ; above = parentOf(above)) {
    const zone = zones.get(nameKey(above))
    if (zone !== undefined || isRoot(above)) return zone
  }
}

function misplaced(zone: LocalZoneSetting | undefined, { owner }: ResourceRecord): string | undefined {
  if (zone?.type !== 'redirect' || namesEqual(zone.name, owner)) return undefined
  return `a record of ${formatName(zone.name)} itself, which is of type redirect`
}

/** RFC 1034 3.6.2, RFC 6672 2.4: a CNAME is alone at its name, and neither it nor a DNAME has two targets. */
function besideAlias(before: readonly ResourceRecord[], { owner, type }: ResourceRecord): string | undefined {
  const other = before.find((record) => isAliasConflict(record.type, type))
  if (other === undefined) return undefined
  return `a record that can stand beside the ${formatType(other.type)} of ${formatName(owner)}`
}

function isAliasConflict(a: number, b: number): boolean {
  return a === TYPE.CNAME || b === TYPE.CNAME || (a === TYPE.DNAME && b === TYPE.DNAME)
}
