/**
 * `sigill anchor status`: the trust anchors that a configuration gives and those that a daemon has learnt, what has become
 * of each, and what IANA says of those of the root.
 */
import { concatOctets, octetsEqual } from '../base/octets.ts'
import { type Config, defaultConfig, loadConfig } from '../config/load.ts'
import type { FollowedZone } from '../daemon/anchors/keeper.ts'
import { type KeptAnchors, readKeptAnchors } from '../daemon/anchors/kept.ts'
import { packagedKeys } from '../daemon/anchors/publication.ts'
import type { PublishedKey } from '../dnssec/anchor-xml.ts'
import { digestOf } from '../dnssec/digests.ts'
import { rollReadiness } from '../dnssec/roll-readiness.ts'
import { formatTime } from '../dnssec/rrset-signature.ts'
import { anchorKeyTag, type TrustAnchor } from '../dnssec/trust-anchors.ts'
import { anchorOf, type FollowedKey, type KeyState, keysNamedBy } from '../dnssec/trust-point.ts'
import { formatDigestType } from '../wire/iana/digest-type.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { foldName, isRoot, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseDnskey } from '../wire/rdata/dnskey.ts'
import { parseDs } from '../wire/rdata/ds.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { printableJson } from './printable.ts'
import { formatDay } from './published-anchors.ts'

/** What the command was told. */
export interface AnchorStatusOptions {
  readonly config?: string
  readonly json?: boolean
}

interface AnchorRow {
  readonly file: string
  readonly zone: string
  readonly type: 'DS' | 'DNSKEY'
  readonly keyTag: number
  readonly algorithm: string
  /** Of a DS. */
  readonly digest: string | undefined
  /** Of the root: the id under which IANA publishes the key, or null when it does not. */
  readonly published: string | null | undefined
  /** Day, or null while no end is set. */
  readonly validUntil: string | null | undefined
  /** Of a key that a daemon follows (RFC 5011); undefined where none has kept anything. */
  readonly followed: FollowedRow | undefined
}

/** Times as text; null for what has not happened, or is not to happen. */
interface FollowedRow {
  readonly state: KeyState
  readonly since: string
  /** Of a pending key: when it may be believed. */
  readonly holdDownEnd: string | null
  /** When the zone last gave keys, and when those were last proven. */
  readonly lastProbe: string | null
  readonly lastProven: string | null
  /** Whether this resolver would survive the next roll of the zone's keys, and why. */
  readonly survivesRoll: boolean
  readonly roll: string
}

/** Lists the anchors; NO when one of the root's is not among those that come with the package. */
export function anchorStatus(options: AnchorStatusOptions, print: (text: string) => void): ExitCode {
  const config = options.config === undefined ? defaultConfig() : loadConfig(options.config)
  const kept = readKeptAnchors(config)
  const configured = listConfigured(config, kept)
  const rows = [...configured, ...listLearnt(config, kept)]
  print(options.json === true ? printableJson(rows) : formatRows(rows, kept))
  return configured.some((row) => row.published === null) ? EXIT.NO : EXIT.DONE
}

function listConfigured(config: Config, { zones }: KeptAnchors): AnchorRow[] {
  const keys = packagedKeys()
  return config.anchorFiles.flatMap(({ path, anchors }) =>
    anchors.map((anchor) => {
      const zone = zones.find(({ point }) => namesEqual(point.zone, anchor.zone))
      const [key] = zone === undefined ? [] : keysNamedBy(zone.point, [anchor])
      return rowOf(path, anchor, keys, zone && key && followedRow(zone, key))
    }),
  )
}

/** Keys that no file gives. */
function listLearnt({ anchors }: Config, { zones, path }: KeptAnchors): AnchorRow[] {
  const published = packagedKeys()
  return zones.flatMap((zone) => {
    const { point } = zone
    const named = keysNamedBy(point, anchors.of(point.zone))
    return point.keys
      .filter((key) => !named.includes(key))
      .map((key) => rowOf(path ?? '', anchorOf(point.zone, key), published, followedRow(zone, key)))
  })
}

function followedRow({ point }: FollowedZone, key: FollowedKey): FollowedRow {
  const { state, sinceSeconds, holdDownSeconds } = key
  const roll = rollReadiness(point, { nowSeconds: Math.floor(Date.now() / 1000), isSaved: true })
  return {
    state,
    since: formatTime(sinceSeconds),
    holdDownEnd: state === 'add-pending' ? formatTime(sinceSeconds + holdDownSeconds) : null,
    lastProbe: point.lastProbeSeconds === undefined ? null : formatTime(point.lastProbeSeconds),
    lastProven: point.lastSuccessSeconds === undefined ? null : formatTime(point.lastSuccessSeconds),
    survivesRoll: roll.isReady,
    roll: roll.text,
  }
}

function rowOf(
  file: string,
  anchor: TrustAnchor,
  keys: readonly PublishedKey[],
  followed: FollowedRow | undefined,
): AnchorRow {
  const ds = anchor.ds === undefined ? undefined : parseDs(anchor.ds)
  const dnskey = anchor.dnskey === undefined ? undefined : parseDnskey(anchor.dnskey)
  const key = keys.find((candidate) => isSameKey(anchor, candidate))
  const until = key?.validUntilSeconds
  const ofRoot = isRoot(anchor.zone)
  return {
    file,
    zone: formatName(anchor.zone),
    type: ds === undefined ? 'DNSKEY' : 'DS',
    keyTag: anchorKeyTag(anchor),
    algorithm: formatAlgorithm(ds?.algorithm ?? dnskey?.algorithm ?? 0),
    digest: ds === undefined ? undefined : formatDigestType(ds.digestType),
    published: ofRoot ? (key?.id ?? null) : undefined,
    validUntil: ofRoot && key !== undefined ? (until === undefined ? null : formatDay(until)) : undefined,
    followed,
  }
}

/** Whether an anchor stands for a published key. */
export function isSameKey(anchor: TrustAnchor, key: PublishedKey): boolean {
  if (anchor.ds !== undefined) return octetsEqual(anchor.ds, key.ds)
  const digestType = parseDs(key.ds)?.digestType
  if (anchor.dnskey === undefined || digestType === undefined) return false
  const digest = digestOf(digestType, concatOctets(foldName(anchor.zone), anchor.dnskey))
  return digest !== undefined && octetsEqual(digest, key.ds.subarray(4))
}

function formatRows(rows: readonly AnchorRow[], { zones, fault }: KeptAnchors): string {
  const texts = rows.map((row) => {
    const digest = row.digest === undefined ? '' : `, digest ${row.digest}`
    const { followed } = row
    const state = followed === undefined ? '' : `  ${stateText(followed)}\n`
    return `${row.zone} ${row.type} key tag ${row.keyTag}, ${row.algorithm}${digest}${origin(row)}\n${state}  from ${row.file}\n`
  })
  return [
    ...texts,
    ...zones.map(zoneText),
    fault === undefined ? '' : `what a daemon has kept is of no use: ${fault}\n`,
  ].join('')
}

function stateText({ state, since, holdDownEnd }: FollowedRow): string {
  return `${state} since ${since}${holdDownEnd === null ? '' : `, believed from ${holdDownEnd} on if its zone keeps it`}`
}

function zoneText(zone: FollowedZone): string {
  const { lastProbe, lastProven, survivesRoll, roll } = followedRow(zone, zone.point.keys[0]!)
  const verdict = survivesRoll ? 'would survive' : 'would NOT survive'
  return (
    `${formatName(zone.point.zone)} last asked for its keys ${lastProbe ?? 'never'}, last proven ${lastProven ?? 'never'}\n` +
    `  this resolver ${verdict} the next key roll: ${roll}\n`
  )
}

function origin({ published, validUntil }: AnchorRow): string {
  if (published === undefined) return ''
  if (published === null) return '; not among the anchors that IANA publishes (copy in this package)'
  return validUntil === null ? '; published by IANA, no end set' : `; published by IANA, ends ${validUntil}`
}
