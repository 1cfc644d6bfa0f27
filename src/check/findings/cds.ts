/** CDS and CDNSKEY: what the zone asks its parent to publish (RFC 7344, RFC 8078). */
import { concatOctets, octetsEqual } from '../../base/octets.ts'
import { digestOf } from '../../dnssec/digests.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { foldName } from '../../wire/name.ts'
import { type Dnskey, isRevoked, isZoneKey, parseDnskey } from '../../wire/rdata/dnskey.ts'
import { parseDs } from '../../wire/rdata/ds.ts'
import { formatRdata } from '../../wire/rdata/rdata.ts'
import { type Finding, finding } from '../finding.ts'
import { groupBy } from '../groups.ts'
import { dsLine, dsRdataText, keyText, nameText, recordText, serverTexts, waitText } from '../text.ts'
import { apexSet, type ZoneView } from '../zone-view.ts'

/** RFC 8078 4: algorithm 0 asks for the DS set to be taken away. */
const DELETE_ALGORITHM = 0

/** CDS and CDNSKEY of all servers. */
export function findCds(view: ZoneView): Finding[] {
  const differing = differs(view)
  if (differing.length > 0) return differing
  const [server] = view.working
  const cds = (server && apexSet(server, view.zone, TYPE.CDS)?.rdatas) ?? []
  const cdnskeys = (server && apexSet(server, view.zone, TYPE.CDNSKEY)?.rdatas) ?? []
  if (cds.length + cdnskeys.length === 0) return []
  const deletes = [
    ...cds.filter((rdata) => rdata[2] === DELETE_ALGORITHM).map((rdata) => lineOf(view, TYPE.CDS, rdata)),
    ...cdnskeys
      .filter((rdata) => rdata[3] === DELETE_ALGORITHM)
      .map((rdata) => lineOf(view, TYPE.CDNSKEY, rdata)),
  ]
  if (deletes.length > 0) return [deletion(view, deletes, deletes.length < cds.length + cdnskeys.length)]
  const unpublished = withoutKey(view, cds, cdnskeys)
  if (unpublished.length > 0) return unpublished
  const disagreeing = disagree(view, cds, cdnskeys)
  return disagreeing.length > 0 ? disagreeing : pending(view, cds, cdnskeys)
}

function differs(view: ZoneView): Finding[] {
  const groups = groupBy(view.working, (server) =>
    [TYPE.CDS, TYPE.CDNSKEY]
      .flatMap((type) =>
        (apexSet(server, view.zone, type)?.rdatas ?? []).map((rdata) => formatRdata(type, rdata)),
      )
      .sort()
      .join('; '),
  )
  if (groups.size < 2) return []
  return [
    finding('cds-differs', {
      problem: `The servers of ${view.name} have different CDS or CDNSKEY records.`,
      evidence: [...groups].map(
        ([records, servers]) => `${serverTexts(servers).join(', ')}: ${records || 'none'}`,
      ),
      fix: 'See that every server transfers the zone. With several signers, all have to publish the same CDS and CDNSKEY records.',
    }),
  ]
}

/** TTL of records that are shown without one of their own. */
const TTL_SECONDS = 3_600

function lineOf({ zone }: ZoneView, type: number, rdata: Uint8Array): string {
  return recordText(zone, type, rdata, TTL_SECONDS)
}

function deletion(view: ZoneView, remove: readonly string[], isMixed: boolean): Finding {
  if (isMixed) {
    return finding('cds-delete-mixed', {
      problem: `${view.name} asks its parent to take the DS set away, and for other DS records, at once.`,
      fix: 'Leave either the deletion (algorithm 0) or the other CDS and CDNSKEY records.',
      remove,
    })
  }
  const wait =
    view.ds === undefined
      ? ''
      : ` Do not stop signing sooner than ${waitText(view.ds.ttlSeconds)} after the DS set is gone.`
  return finding('cds-delete', {
    problem: `${view.name} asks its parent to take the DS set away (CDS 0 0 0 00).`,
    fix: `If the zone is to stay signed, take the records out of it. If signing is to end, this is right.${wait}`,
    remove,
  })
}

function standsFor(rdata: Uint8Array, key: Dnskey, view: ZoneView): boolean | undefined {
  const ds = parseDs(rdata)
  if (ds === undefined) return false
  if (ds.keyTag !== key.keyTag || ds.algorithm !== key.algorithm) return false
  const digest = digestOf(ds.digestType, concatOctets(foldName(view.zone), key.rdata))
  return digest === undefined ? undefined : octetsEqual(digest, ds.digest)
}

/** RFC 7344 4.1: following the request must not break the delegation. */
function withoutKey(view: ZoneView, cds: readonly Uint8Array[], cdnskeys: readonly Uint8Array[]): Finding[] {
  const usable = view.keys.filter((key) => isZoneKey(key) && !isRevoked(key))
  const isHeld = (rdata: Uint8Array): boolean => usable.some((key) => standsFor(rdata, key, view) !== false)
  const isPublished = (rdata: Uint8Array): boolean => usable.some((key) => octetsEqual(key.rdata, rdata))
  const bad = cds.filter((rdata) => !isHeld(rdata))
  const badKeys = cdnskeys.filter((rdata) => !isPublished(rdata))
  // One that works is enough for the chain; RFC 7344 lets a standby key be asked for.
  if (bad.length + badKeys.length === 0 || (bad.length < cds.length && badKeys.length === 0)) return []
  return [
    finding('cds-without-key', {
      problem: `${view.name} asks its parent for DS records of keys that it does not publish.`,
      evidence: [
        ...bad.map((rdata) => `C${dsRdataText(rdata)}`),
        ...badKeys.map((rdata) => `CDNSKEY with ${keyTextOf(rdata)}`),
      ],
      fix: 'Take these records out of the zone, or publish the keys that they stand for and sign the DNSKEY set with them, before the parent looks.',
      remove: [
        ...bad.map((rdata) => lineOf(view, TYPE.CDS, rdata)),
        ...badKeys.map((rdata) => lineOf(view, TYPE.CDNSKEY, rdata)),
      ],
    }),
  ]
}

function keyTextOf(rdata: Uint8Array): string {
  const key = parseDnskey(rdata)
  return key === undefined ? 'nothing that can be read' : keyText(key)
}

/** Where both are there, they ask for the same keys (RFC 7344 4). */
function disagree(view: ZoneView, cds: readonly Uint8Array[], cdnskeys: readonly Uint8Array[]): Finding[] {
  if (cds.length === 0 || cdnskeys.length === 0) return []
  const keys = cdnskeys.map(parseDnskey).filter((key) => key !== undefined)
  const lonelyKeys = keys.filter((key) => !cds.some((rdata) => standsFor(rdata, key, view) !== false))
  const lonelyCds = cds.filter((rdata) => !keys.some((key) => standsFor(rdata, key, view) !== false))
  if (lonelyKeys.length + lonelyCds.length === 0) return []
  return [
    finding('cds-cdnskey-disagree', {
      problem: `The CDS and the CDNSKEY records of ${view.name} ask for different keys.`,
      evidence: [
        ...lonelyCds.map((rdata) => `only C${dsRdataText(rdata)}`),
        ...lonelyKeys.map((key) => `only CDNSKEY with ${keyText(key)}`),
      ],
      fix: 'Publish both kinds for the same keys, or one kind alone; signers make them together.',
    }),
  ]
}

/** The parent has not followed yet. */
function pending(view: ZoneView, cds: readonly Uint8Array[], cdnskeys: readonly Uint8Array[]): Finding[] {
  const { parent } = view.seen
  if (parent === undefined) return []
  const have = view.ds?.rdatas ?? []
  const add = cds.filter((rdata) => !have.some((ds) => octetsEqual(ds, rdata)))
  const keys = cdnskeys.map(parseDnskey).filter((key) => key !== undefined)
  const uncovered = keys.filter((key) => !have.some((rdata) => standsFor(rdata, key, view) !== false))
  const remove =
    cds.length > 0
      ? have.filter((ds) => !cds.some((rdata) => octetsEqual(ds, rdata)))
      : have.filter((rdata) => !keys.some((key) => standsFor(rdata, key, view) !== false))
  if (add.length + uncovered.length + remove.length === 0) return []
  // Without a DS set yet, that is what is told.
  if (have.length === 0) return []
  const above = nameText(parent.zone)
  const ttlSeconds = view.ds?.ttlSeconds ?? TTL_SECONDS
  const line = (rdata: Uint8Array): string => recordText(view.zone, TYPE.DS, rdata, ttlSeconds)
  return [
    finding('cds-pending', {
      problem: `${view.name} asks for another DS set than ${above} has.`,
      evidence: [
        ...add.map((rdata) => `wanted: ${dsRdataText(rdata)}`),
        ...uncovered.map((key) => `wanted: a DS for the ${keyText(key)}`),
        ...remove.map((rdata) => `no longer wanted: ${dsRdataText(rdata)}`),
      ],
      fix: `Some registries follow CDS records by themselves within a day; with others, have the registrar make the change. Keep the old keys until ${waitText(ttlSeconds)} after ${above} has the new set.`,
      // Where there is no CDS, the parent makes the DS of the key itself.
      publish: cds.length > 0 ? add.map(line) : uncovered.map((key) => dsLine(view.zone, key, ttlSeconds)),
      remove: remove.map(line),
    }),
  ]
}
