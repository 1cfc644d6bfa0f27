/** `sigill anchor status`: the trust anchors that a configuration gives, and what IANA says of those of the root. */
import { concatOctets, octetsEqual } from '../base/octets.ts'
import { type Config, defaultConfig, loadConfig } from '../config/load.ts'
import { packagedKeys } from '../daemon/anchors/publication.ts'
import type { PublishedKey } from '../dnssec/anchor-xml.ts'
import { digestOf } from '../dnssec/digests.ts'
import { anchorKeyTag, type TrustAnchor } from '../dnssec/trust-anchors.ts'
import { formatDigestType } from '../wire/iana/digest-type.ts'
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { foldName, isRoot } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseDnskey } from '../wire/rdata/dnskey.ts'
import { parseDs } from '../wire/rdata/ds.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
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
}

/** Lists the anchors; NO when one of the root's is not among those that come with the package. */
export function anchorStatus(options: AnchorStatusOptions, print: (text: string) => void): ExitCode {
  const config = options.config === undefined ? defaultConfig() : loadConfig(options.config)
  const rows = listAnchors(config)
  print(options.json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : formatRows(rows))
  return rows.some((row) => row.published === null) ? EXIT.NO : EXIT.DONE
}

function listAnchors(config: Config): AnchorRow[] {
  const keys = packagedKeys()
  return config.anchorFiles.flatMap(({ path, anchors }) => anchors.map((anchor) => rowOf(path, anchor, keys)))
}

function rowOf(file: string, anchor: TrustAnchor, keys: readonly PublishedKey[]): AnchorRow {
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

function formatRows(rows: readonly AnchorRow[]): string {
  return rows
    .map((row) => {
      const digest = row.digest === undefined ? '' : `, digest ${row.digest}`
      return `${row.zone} ${row.type} key tag ${row.keyTag}, ${row.algorithm}${digest}${origin(row)}\n  from ${row.file}\n`
    })
    .join('')
}

function origin({ published, validUntil }: AnchorRow): string {
  if (published === undefined) return ''
  if (published === null) return '; not among the anchors that IANA publishes (copy in this package)'
  return validUntil === null ? '; published by IANA, no end set' : `; published by IANA, ends ${validUntil}`
}
