/** The fix that a finding gives is exact: records published and removed as it says, nothing is found any more. */
import t from 'tap'
import { octetsEqual } from '../../src/base/octets.ts'
import type { Finding } from '../../src/check/finding.ts'
import { dsOf, type LabZone } from '../../src/lab/lab-zone.ts'
import type { Defect } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { readZone } from '../../src/wire/zone-text.ts'
import { makeCheckWorld } from './check-world.ts'
import { FAULT_ROWS, type FaultRow } from './fault-zones.ts'

/** Faults that the registry's records alone mend. */
const MENDED_ABOVE: ReadonlySet<string> = new Set([
  'ds-missing',
  'ds-matches-nothing',
  'ds-digest-wrong',
  'ds-orphan',
  'ds-key-not-signing',
  'ds-sha1-only',
  'ds-sha1-beside',
  'dnskey-missing',
  'cds-pending',
  'ns-only-at-child',
  'glue-missing',
  'glue-differs',
])
/** What is left when a DS set is taken away rather than replaced. */
const LEFT: Readonly<Record<string, readonly string[]>> = { 'dnskey-missing': ['not-signed'] }

const rows = FAULT_ROWS.filter(({ code }) => MENDED_ABOVE.has(code))

t.test('what the registry is told to do mends the zone', async (t) => {
  const world = makeCheckWorld(rows.flatMap(zonesOf))
  const mended: LabZone[] = []
  for (const row of rows) {
    const [found] = await world.check(row.zone!.name)
    t.ok(
      found !== undefined && found.publish.length + found.remove.length > 0,
      `${row.zone!.name} has records`,
    )
    mended.push(...mend(row, found!))
  }
  const after = makeCheckWorld(mended)
  for (const { zone, code } of rows) {
    const found = await after.check(zone!.name)
    t.same(
      found.map((one) => one.code),
      LEFT[code] ?? [],
      zone!.name,
    )
  }
})

function zonesOf({ zone, others = [] }: FaultRow): LabZone[] {
  return [...others, zone!]
}

/** The zones of a row with the records of the finding put in and taken out above the zone. */
function mend(row: FaultRow, found: Finding): LabZone[] {
  const publish = found.publish.flatMap(parse)
  const remove = found.remove.flatMap(parse)
  const isDs = ({ type }: ResourceRecord): boolean => type === TYPE.DS
  if ([...publish, ...remove].some(isDs)) {
    const zone = row.zone!
    const ds: NonNullable<LabZone['ds']> = (apex, keys) => {
      const old = dsOf(zone, apex, keys)
      const kept = old.filter((rdata) => !remove.some((record) => octetsEqual(record.rdata, rdata)))
      const added = publish.map(({ rdata }) => rdata)
      return [...kept.filter((rdata) => !added.some((one) => octetsEqual(one, rdata))), ...added]
    }
    return [...(row.others ?? []), { ...zone, ds }]
  }
  const change: Defect = (records) => [
    ...records.filter((record) => !remove.some((one) => isSame(one, record))),
    ...publish,
  ]
  const [above] = row.others ?? []
  return [{ ...above!, defects: [...(above!.defects ?? []), change] }, row.zone!]
}

function parse(line: string): ResourceRecord[] {
  return readZone(`${line}\n`, { path: 'finding', origin: nameFrom('.') })
}

function isSame(a: ResourceRecord, b: ResourceRecord): boolean {
  return a.type === b.type && namesEqual(a.owner, b.owner) && octetsEqual(a.rdata, b.rdata)
}
