/** The zones of a bench as signed master files. Signing takes a while, so they are kept in the temporary folder. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type KeyUse, makeDs, type SigningPlan, signZone, type ValiditySpan } from '../../src/lab/signer.ts'
import { splitKeys, wrongSignatures } from '../../src/lab/zone.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { formatRecord, formatZone, readZone } from '../../src/wire/zone-text.ts'
import {
  AUTHORITY_HOSTS,
  type AuthorityKey,
  addressOf,
  hostsOfZone,
  isSigned,
  labelsOfZone,
  NETWORK,
  TLD,
  TTL_SECONDS,
  tldOf,
  WILDCARD_ADDRESS,
  type ZoneGroup,
  zoneName,
} from './zone-group.ts'

/** A zone with its file. */
export interface ServedFile {
  readonly name: string
  readonly file: string
  readonly authority: AuthorityKey
}

/** Everything that authorities and resolvers of a bench need to know. */
export interface ZoneFiles {
  readonly zones: readonly ServedFile[]
  /** Master files. */
  readonly hintsFile: string
  readonly anchorFile: string
  /** RDATA of the root's DS record, as text. */
  readonly anchor: string
}

/** Raised when anything that is signed here changes: what was kept is of no use then. */
const EDITION = 1
const DAY_SECONDS = 86_400
const VALID_DAYS = 60
/** What is kept is used while it is younger. */
const KEPT_DAYS_MAX = 20
/** A clock may be an hour slow. */
const INCEPTION_AGO_SECONDS = 3_600
const ROOT_SERVER = 'a.root.'
const SOA = 'ns1 hostmaster 1 7200 3600 1209600 3600'

/**
 * The zones of some groups, with their top-level domain and the root.
 *
 * @param say told when they have to be signed first
 */
export function zoneFilesOf(groups: readonly ZoneGroup[], say: (line: string) => void): ZoneFiles {
  const plan = JSON.stringify([EDITION, NETWORK, AUTHORITY_HOSTS, TTL_SECONDS, SOA, groups])
  const key = createHash('sha256').update(plan).digest('hex').slice(0, 16)
  const base = join(tmpdir(), `sigill-bench-zones-${userInfo().uid}`)
  const folder = join(base, key)
  if (!isUsable(folder)) {
    const names = groups.reduce((sum, group) => sum + group.zones * group.namesPerZone, 0)
    say(`writing and signing zones with ${names} names into ${folder}`)
    const fresh = `${folder}.${process.pid}`
    mkdirSync(fresh, { recursive: true })
    try {
      writeAll(groups, fresh)
      rmSync(folder, { recursive: true, force: true })
      renameSync(fresh, folder)
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
  }
  return describe(groups, folder)
}

function isUsable(folder: string): boolean {
  if (!existsSync(join(folder, 'root.ds'))) return false
  return Date.now() - statSync(join(folder, 'root.ds')).mtimeMs < KEPT_DAYS_MAX * DAY_SECONDS * 1000
}

function describe(groups: readonly ZoneGroup[], folder: string): ZoneFiles {
  const zones: ServedFile[] = [
    { name: '.', file: join(folder, 'root.zone'), authority: 'root' },
    { name: TLD, file: join(folder, 'tld.zone'), authority: 'tld' },
  ]
  for (const group of groups) {
    for (let zone = 0; zone < group.zones; zone++) {
      const tld = tldOf(group, zone)
      if (group.ownTld) zones.push({ name: tld, file: join(folder, `${tld}zone`), authority: 'tld' })
      if (group.hosts !== undefined) continue
      const name = zoneName(group, zone)
      zones.push({ name, file: join(folder, `${name}zone`), authority: group.authority ?? 'zones' })
    }
  }
  const anchorFile = join(folder, 'root.ds')
  const anchor = readFileSync(anchorFile, 'utf8').trim().split(/\s+/).slice(4).join(' ')
  return { zones, hintsFile: join(folder, 'hints.zone'), anchorFile, anchor }
}

function writeAll(groups: readonly ZoneGroup[], folder: string): void {
  const delegations: ResourceRecord[] = []
  const tlds: ResourceRecord[] = []
  for (const group of groups) {
    for (let zone = 0; zone < group.zones; zone++) {
      const apex = nameFrom(zoneName(group, zone))
      const { records, ds } = buildZone(group, zone, apex)
      if (group.hosts === undefined) {
        writeFileSync(join(folder, `${zoneName(group, zone)}zone`), formatZone(records))
      }
      const own = delegation(zoneName(group, zone), hostsOfZone(group, zone), ds)
      const tld = tldOf(group, zone)
      if (group.ownTld) tlds.push(...writeTld(tld, join(folder, `${tld}zone`), own))
      else delegations.push(...own)
    }
  }
  tlds.push(...writeTld(TLD, join(folder, 'tld.zone'), delegations))
  const rootHost = `${NETWORK}.${AUTHORITY_HOSTS.root[0]}`
  const hints = `. NS ${ROOT_SERVER}\n${ROOT_SERVER} A ${rootHost}\n`
  const root = read(`. SOA ${ROOT_SERVER} hostmaster. 1 7200 3600 1209600 3600\n${hints}`, ROOT)
  const rootPlan = planFor('.')
  writeFileSync(join(folder, 'root.zone'), formatZone(signZone(ROOT, [...root, ...tlds], rootPlan)))
  writeFileSync(join(folder, 'hints.zone'), formatZone(read(hints, ROOT)))
  // The last one: its time is that of all.
  writeFileSync(join(folder, 'root.ds'), `${formatRecord(dsOf(ROOT, rootPlan)[0]!)}\n`)
}

/** Writes a top-level domain, and gives what the root has of it. */
function writeTld(name: string, file: string, delegations: readonly ResourceRecord[]): ResourceRecord[] {
  const apex = nameFrom(name)
  const host = `${NETWORK}.${AUTHORITY_HOSTS.tld[0]}`
  const own = read(`@ SOA ${SOA}\n@ NS ns1\nns1 A ${host}\n`, apex)
  const signing = planFor(name)
  writeFileSync(file, formatZone(signZone(apex, [...own, ...delegations], signing)))
  return delegation(name, [host], dsOf(apex, signing))
}

function buildZone(
  group: ZoneGroup,
  zone: number,
  apex: Name,
): { records: readonly ResourceRecord[]; ds: ResourceRecord[] } {
  const [first, second] = hostsOfZone(group, zone)
  const lines = [`@ SOA ${SOA}`, '@ NS ns1', '@ NS ns2', `ns1 A ${first}`, `ns2 A ${second}`]
  for (const [i, label] of labelsOfZone(group).entries())
    lines.push(`${label} A ${addressOf(group, zone, i).join('.')}`)
  if (group.wildcard) lines.push(`* A ${WILDCARD_ADDRESS.join('.')}`)
  const plain = read(`${lines.join('\n')}\n`, apex, group.ttlSeconds)
  if (!isSigned(group, zone)) return { records: plain, ds: [] }
  const plan = planFor(zoneName(group, zone), group.withoutDenial)
  const signed = signZone(apex, plain, plan)
  const records = group.bogus ? wrongSignatures({ type: TYPE.A })(signed, { apex, records: plain }) : signed
  return { records, ds: dsOf(apex, plan) }
}

function read(text: string, origin: Name, ttlSeconds: number = TTL_SECONDS): ResourceRecord[] {
  return readZone(text, { path: 'zone', origin, defaultTtlSeconds: ttlSeconds })
}

function planFor(zone: string, withoutDenial = false): SigningPlan {
  return {
    keys: keysOfZone(zone),
    denial: { kind: withoutDenial ? 'none' : 'nsec' },
    span: validity(),
  }
}

/** The keys of a zone, by its name with the final dot. */
export function keysOfZone(zone: string): KeyUse[] {
  return splitKeys(`bench ${zone}`, ALGORITHM.ECDSAP256SHA256)
}

export function validity(): ValiditySpan {
  const now = Math.floor(Date.now() / 1000)
  return { inception: now - INCEPTION_AGO_SECONDS, expiration: now + VALID_DAYS * DAY_SECONDS }
}

function dsOf(apex: Name, plan: SigningPlan): ResourceRecord[] {
  const keys = plan.keys.filter((use) => use.signsKeys)
  return keys.map(({ key }) => ({
    owner: apex,
    type: TYPE.DS,
    class: CLASS.IN,
    ttlSeconds: TTL_SECONDS,
    rdata: makeDs(apex, key, DIGEST.SHA256),
  }))
}

/** What the parent has of a zone: its servers with their addresses, and the DS set. */
function delegation(zone: string, hosts: readonly string[], ds: readonly ResourceRecord[]): ResourceRecord[] {
  const lines = hosts.map((host, i) => `@ NS ns${i + 1}\nns${i + 1} A ${host}\n`)
  return [...read(lines.join(''), nameFrom(zone)), ...ds]
}
