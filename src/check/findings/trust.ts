/** From the parent's DS set to the zone's keys (RFC 4035 5.2): which DS stands for which key, and whether that key signs. */
import { CHECK_KEYS_MAX } from '../../base/limits.ts'
import { concatOctets, octetsEqual } from '../../base/octets.ts'
import { digestOf } from '../../dnssec/digests.ts'
import { checkRrset } from '../../dnssec/rrset-signature.ts'
import { DIGEST, formatDigestType } from '../../wire/iana/digest-type.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { foldName } from '../../wire/name.ts'
import { type Dnskey, isRevoked, isSep, isZoneKey, parseDnskey } from '../../wire/rdata/dnskey.ts'
import { type Ds, parseDs } from '../../wire/rdata/ds.ts'
import type { FaultCode } from '../faults.ts'
import { type Finding, finding, type Told } from '../finding.ts'
import { signaturesOf } from '../judged.ts'
import {
  algorithmText,
  dsLine,
  dsText,
  keyText,
  nameText,
  recordText,
  serverTexts,
  waitText,
} from '../text.ts'
import type { KeySet, ZoneView } from '../zone-view.ts'

/** RFC 5011 2.1. */
const FLAG_REVOKE = 0x80

/** One DS record held against a DNSKEY set. */
interface Match {
  readonly ds: Ds
  readonly rdata: Uint8Array
  readonly kind: 'good' | 'no-key' | 'wrong-digest' | 'revoked' | 'no-zone-key' | 'unsupported'
  readonly key?: Dnskey
}

/** The DS set against the keys. */
export function findTrust(view: ZoneView): Finding[] {
  const { ds, keySets, seen } = view
  if (view.working.length === 0) return []
  if (ds === undefined) return seen.anchored === undefined ? withoutDs(view) : []
  if (keySets.length === 0) return [withoutKeys(view)]
  const found = keySets.flatMap((set) => judgeSet(set, view))
  // Two servers with different keys may have the same fault.
  return [...new Map(found.map((one) => [`${one.code} ${one.problem}`, one])).values()]
}

function withoutDs(view: ZoneView): Finding[] {
  const { keySets, name, seen } = view
  const [set] = keySets
  const above = nameText(seen.parent?.zone ?? view.zone)
  if (set === undefined) {
    return [
      finding('not-signed', {
        problem: `${name} is not signed.`,
        fix: `Switch DNSSEC on where the zone is edited, then have the registrar publish the DS record that the signer shows.`,
      }),
    ]
  }
  // Where the parent has no chain itself, a DS would not help; that is told apart.
  if (seen.verdicts.parent?.status === 'insecure') return []
  return [
    finding('ds-missing', {
      problem: `${name} is signed, but ${above} has no DS record for it.`,
      evidence: set.keys.map((key) => `DNSKEY with ${keyText(key)}`),
      fix: `Have the registrar publish this DS record in ${above}${waiting(set.rrset.ttlSeconds)}.`,
      publish: entryKeys(set, view).map((key) => dsLine(view.zone, key)),
    }),
  ]
}

function waiting(seconds: number): string {
  return seconds === 0 ? '' : `, once the DNSKEY set has been in place for its TTL of ${waitText(seconds)}`
}

function withoutKeys(view: ZoneView): Finding {
  const { name, seen } = view
  const above = nameText(seen.parent?.zone ?? view.zone)
  return finding('dnskey-missing', {
    problem: `${above} has a DS record for ${name}, but the zone has no DNSKEY records.`,
    evidence: dsMatches(view, []).map(({ ds }) => dsText(ds)),
    fix: `Have the registrar take these DS records out of ${above}; resolvers stop failing within ${waitText(view.ds!.ttlSeconds)}. Or sign the zone again with the key that they stand for.`,
    remove: dsRecords(view),
  })
}

function dsRecords(view: ZoneView, matches?: readonly Match[]): string[] {
  const rdatas = matches?.map(({ rdata }) => rdata) ?? view.ds?.rdatas ?? []
  return rdatas.map((rdata) => recordText(view.zone, TYPE.DS, rdata, view.ds!.ttlSeconds))
}

function dsMatches(view: ZoneView, keys: readonly Dnskey[]): Match[] {
  return (view.ds?.rdatas ?? []).slice(0, CHECK_KEYS_MAX).flatMap((rdata) => {
    const ds = parseDs(rdata)
    return ds === undefined ? [] : [{ ...matchOf(ds, keys, view), ds, rdata }]
  })
}

function matchOf(
  ds: Ds,
  keys: readonly Dnskey[],
  { zone, parameters }: ZoneView,
): Pick<Match, 'kind' | 'key'> {
  if (!parameters.digestSupported(ds.digestType)) return { kind: 'unsupported' }
  const owner = foldName(zone)
  const stands = (key: Dnskey): boolean => {
    const digest = digestOf(ds.digestType, concatOctets(owner, key.rdata))
    return key.algorithm === ds.algorithm && digest !== undefined && octetsEqual(digest, ds.digest)
  }
  const named = keys.filter((key) => key.keyTag === ds.keyTag && key.algorithm === ds.algorithm)
  const key = named.find(stands)
  if (key === undefined) {
    const revoked = keys.find((one) => isRevoked(one) && stands(unrevoked(one)))
    if (revoked !== undefined) return { kind: 'revoked', key: revoked }
    if (!parameters.algorithmSupported(ds.algorithm)) return { kind: 'unsupported' }
    return named[0] === undefined ? { kind: 'no-key' } : { kind: 'wrong-digest', key: named[0] }
  }
  if (!isZoneKey(key) || key.protocol !== 3) return { kind: 'no-zone-key', key }
  if (isRevoked(key)) return { kind: 'revoked', key }
  return { kind: parameters.algorithmSupported(ds.algorithm) ? 'good' : 'unsupported', key }
}

function unrevoked(key: Dnskey): Dnskey {
  const rdata = key.rdata.slice()
  rdata[1]! &= ~FLAG_REVOKE
  return parseDnskey(rdata)!
}

/** The keys that a DS record should stand for: those that sign the DNSKEY set, secure entry points if there are any. */
function entryKeys({ rrset, keys }: KeySet, { zone }: ZoneView): Dnskey[] {
  const signers = signaturesOf(rrset, zone)
  const usable = keys.filter((key) => isZoneKey(key) && key.protocol === 3 && !isRevoked(key))
  const signing = usable.filter((key) =>
    signers.some(({ keyTag, algorithm }) => keyTag === key.keyTag && algorithm === key.algorithm),
  )
  const candidates = signing.length > 0 ? signing : usable
  const points = candidates.filter(isSep)
  return points.length > 0 ? points : candidates
}

function judgeSet(set: KeySet, view: ZoneView): Finding[] {
  const all = dsMatches(view, set.keys)
  const supported = all.filter(({ kind }) => kind !== 'unsupported')
  const strong = supported.filter(({ ds }) => ds.digestType !== DIGEST.SHA1)
  // RFC 4509 3: SHA-1 does not count where something stronger is there.
  const counting = strong.length > 0 ? strong : supported
  const good = counting.filter(({ kind }) => kind === 'good')
  const digests = weakDigests(view, all, strong)
  if (good.length === 0) return [brokenEntry(set, view, all, counting), ...digests]
  const keys = good.map(({ key }) => key!)
  return [...notSigning(set, view, keys), ...leftovers(set, view, all), ...notSep(view, keys), ...digests]
}

/** No DS record leads to a usable key: says why as exactly as can be. */
function brokenEntry(
  set: KeySet,
  view: ZoneView,
  all: readonly Match[],
  counting: readonly Match[],
): Finding {
  const above = nameText(view.seen.parent?.zone ?? view.zone)
  const wait = waitText(view.ds!.ttlSeconds)
  const evidence = [
    ...all.map(({ ds }) => `in ${above}: ${dsText(ds)}`),
    ...set.keys.map((key) => `in ${view.name}: DNSKEY with ${keyText(key)}`),
  ]
  const publish = entryKeys(set, view).map((key) => dsLine(view.zone, key, view.ds!.ttlSeconds))
  const replace = { evidence, publish, remove: dsRecords(view), servers: serversOf(set, view) }
  const replaced = `Have the registrar replace the DS set in ${above}; resolvers that have the old one go on failing for up to ${wait}.`
  const told = (code: FaultCode, problem: string, more: Partial<Told> = {}): Finding =>
    finding(code, { problem, fix: replaced, ...replace, ...more })
  const kinds = new Set(counting.map(({ kind }) => kind))
  if (counting.length === 0) {
    const digest = all.map(
      ({ ds }) => `digest ${formatDigestType(ds.digestType)}, ${algorithmText(ds.algorithm)}`,
    )
    return told(
      'ds-unsupported',
      `Every DS record of ${view.name} is of a kind that resolvers do not know: ${digest.join('; ')}.`,
      {
        // A zone of an algorithm that nobody knows has no better DS.
        publish: publish.filter((_, i) =>
          view.parameters.algorithmSupported(entryKeys(set, view)[i]!.algorithm),
        ),
        fix: `Sign with algorithm 13 or 15, and have the registrar publish DS records by SHA-256 in ${above}.`,
      },
    )
  }
  if (kinds.has('revoked'))
    return told('ds-key-revoked', `The key of ${view.name} that ${above} vouches for is revoked.`)
  if (kinds.has('no-zone-key')) {
    return told(
      'ds-key-no-zone-key',
      `The key of ${view.name} that ${above} vouches for may not sign a zone: its flags or its protocol field forbid it.`,
      {
        publish: [],
        remove: [],
        fix: 'Publish a key with flags 257 (or 256) and protocol 3, sign the zone with it, and have its DS record published; only then take the other away.',
      },
    )
  }
  if (kinds.has('wrong-digest')) {
    return told(
      'ds-digest-wrong',
      `The DS record of ${view.name} names the right key, but its digest is another key's, or mistyped.`,
    )
  }
  return told('ds-matches-nothing', `No DNSKEY of ${view.name} matches the DS set in ${above}.`, {
    fix: `${replaced} If the keys were exchanged by mistake, putting the old ones back mends it sooner.`,
  })
}

/** Servers are told only where they have different keys. */
function serversOf(set: KeySet, view: ZoneView): string[] {
  return view.keySets.length > 1 ? serverTexts(set.servers) : []
}

/** A key that the parent vouches for has to sign the DNSKEY set itself. */
function notSigning(set: KeySet, view: ZoneView, keys: readonly Dnskey[]): Finding[] {
  const { zone, parameters } = view
  if (set.rrset.signatures.length === 0) return []
  if (checkRrset(set.rrset, { zone, keys }, parameters).status === 'secure') return []
  // What is wrong whoever signed is told with the signatures.
  if (checkRrset(set.rrset, { zone, keys: set.keys }, parameters).status !== 'secure') return []
  const signers = signaturesOf(set.rrset, zone).map(({ keyTag }) => `DNSKEY set signed by key tag ${keyTag}`)
  return [
    finding('ds-key-not-signing', {
      problem: `The DNSKEY set of ${view.name} is not signed by the key that its DS record stands for: ${keys.map(keyText).join(', ')}.`,
      evidence: signers,
      servers: serversOf(set, view),
      fix: 'Sign the DNSKEY set with that key as well; or have the registrar publish the DS record of the key that signs it.',
      publish: entryKeys(set, view).map((key) => dsLine(zone, key, view.ds!.ttlSeconds)),
    }),
  ]
}

/** DS records that stand for nothing, beside one that works. */
function leftovers(set: KeySet, view: ZoneView, all: readonly Match[]): Finding[] {
  const above = nameText(view.seen.parent?.zone ?? view.zone)
  const found: Finding[] = []
  const orphans = all.filter(({ kind, ds }) => {
    return kind === 'no-key' || (kind === 'unsupported' && !hasKeyOf(set, ds))
  })
  if (orphans.length > 0) {
    found.push(
      finding('ds-orphan', {
        problem: `${above} has DS records for keys that ${view.name} does not have.`,
        evidence: orphans.map(({ ds }) => dsText(ds)),
        servers: serversOf(set, view),
        fix: `If a key roll is under way, publish the key now. If not, have the registrar take these records out of ${above}.`,
        remove: dsRecords(view, orphans),
      }),
    )
  }
  const wrong = all.filter(({ kind, ds }) => kind === 'wrong-digest' && ds.digestType !== DIGEST.SHA1)
  if (wrong.length > 0) {
    found.push(
      finding('ds-digest-wrong', {
        severity: 'warning',
        problem: `A DS record of ${view.name} names a key of the zone, but its digest is not that of the key.`,
        evidence: wrong.map(({ ds }) => dsText(ds)),
        servers: serversOf(set, view),
        fix: `Have the registrar take it out of ${above}: another DS record works.`,
        remove: dsRecords(view, wrong),
      }),
    )
  }
  return found
}

function hasKeyOf({ keys }: KeySet, { keyTag, algorithm }: Ds): boolean {
  return keys.some((key) => key.keyTag === keyTag && key.algorithm === algorithm)
}

function notSep(view: ZoneView, keys: readonly Dnskey[]): Finding[] {
  if (keys.some(isSep)) return []
  return [
    finding('ds-key-not-sep', {
      problem: `The key of ${view.name} that the DS record stands for does not have the SEP flag.`,
      evidence: keys.map((key) => `DNSKEY ${key.flags} with ${keyText(key)}`),
      fix: 'At the next key roll make the key-signing key with flags 257.',
    }),
  ]
}

function weakDigests(view: ZoneView, all: readonly Match[], strong: readonly Match[]): Finding[] {
  const weak = all.filter(({ ds }) => ds.digestType === DIGEST.SHA1)
  if (weak.length === 0) return []
  const above = nameText(view.seen.parent?.zone ?? view.zone)
  const keys = weak.filter(({ kind }) => kind === 'good').map(({ key }) => key!)
  if (strong.length > 0) {
    return [
      finding('ds-sha1-beside', {
        problem: `${above} has a DS record of ${view.name} by SHA-1 beside a stronger one.`,
        fix: `Have the registrar take it out of ${above}.`,
        remove: dsRecords(view, weak),
      }),
    ]
  }
  return [
    finding('ds-sha1-only', {
      problem: `${above} has only DS records by SHA-1 for ${view.name}.`,
      fix: `Have the registrar replace them in ${above} by records with SHA-256.`,
      publish: keys.map((key) => dsLine(view.zone, key, view.ds!.ttlSeconds)),
      remove: dsRecords(view, weak),
    }),
  ]
}
