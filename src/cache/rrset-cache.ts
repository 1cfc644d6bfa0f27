/**
 * RRsets and negative answers, in octets, with what is known of them. One resolver thread owns one.
 *
 * Four kinds of data are kept apart, so that none can stand in for another:
 *
 * - what zones say of their own names (`put`, `get`);
 * - what they say is not there (`putNegative`, `getNegative`), by name and type, and by name alone for NXDOMAIN;
 * - delegations: the NS set as the *parent* gave it, with the parent's lifetime (`putDelegation`). The child's NS set
 *   goes by `put` and cannot touch it, so a child that lost its delegation is gone when that has run out, however
 *   often the child repeats its NS records ("ghost domains", CVE-2012-1033);
 * - glue: addresses that came with a delegation (`putGlue`). They serve to reach servers and are never answers.
 */
import {
  CACHED_OCTETS_MAX,
  DELEGATION_TTL_SECONDS_MIN,
  NAME_OCTETS_MAX,
  TTL_SECONDS_MAX,
} from '../base/limits.ts'
import { NO_OCTETS } from '../base/octets.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { writeU16 } from '../wire/integers.ts'
import { copyName, FOLD, isFolded, isRoot, type Name } from '../wire/name.ts'
import { OctetArena } from '../wire/octet-arena.ts'
import type { Rrset } from '../wire/record.ts'
import { type CachedVerdict, type EntryHead, entryWithHead, readHead, UNJUDGED } from './entry-head.ts'
import { isAging, nameIsAtOrBelow, remainingSeconds } from './fields.ts'
import { OctetTable, type OctetTableOptions } from './octet-table.ts'
import type { OctetTableReader } from './octet-table-reader.ts'
import { bogusCap, isFirstVerdict, mayReplace, never, sameProof } from './replacement.ts'
import type { RestoreTerms } from './restore-terms.ts'
import {
  dataOctets,
  entryRrset,
  originalTtlSeconds,
  RrsetReader,
  rrsetOctets,
  sameData,
  writeData,
  writeRrset,
} from './rrset-code.ts'
import { KEY_PREFIX_OCTETS, KIND } from './rrset-kinds.ts'
import { restoreRrset } from './rrset-restore.ts'
import type { SnapshotRecord } from './snapshot.ts'

/** How much a source is worth (RFC 2181 5.4.1), from the least. */
export const RANK = {
  /** Addresses in the additional section of a referral. */
  GLUE: 1,
  /** The authority section of a reply without AA: the NS set of a referral. */
  AUTHORITY: 2,
  /** The answer section of a reply without AA. */
  ANSWER_NONAUTH: 3,
  /** The authority section of a reply with AA. */
  AUTHORITY_AA: 4,
  /** The answer section of a reply with AA. */
  ANSWER_AA: 5,
} as const

/** A value of `RANK`. */
export type Rank = (typeof RANK)[keyof typeof RANK]

/** An RRset out of the cache. Its TTL is what remains; its octets are copies. */
export interface CachedRrset extends CachedVerdict {
  readonly rrset: Rrset
  /** It is in the last tenth of its lifetime. */
  readonly aging: boolean
  readonly rank: Rank
}

/** A negative answer out of the cache. */
export interface CachedNegative extends CachedVerdict {
  /** NOERROR (no data) or NXDOMAIN. */
  readonly rcode: number
  /**
   * SOA, NSEC, NSEC3, each with its RRSIGs and the TTL that remains. None outlives the denial, so that nothing made of
   * it lives longer (RFC 2308 5).
   */
  readonly authority: readonly Rrset[]
  /** Seconds that the answer as a whole has left. */
  readonly ttlSeconds: number
  /** It is in the last tenth of its lifetime. */
  readonly aging: boolean
}

/** A verdict to store; without one the data is `indeterminate`. `detail` may be left out. */
export interface VerdictToStore {
  readonly status: SecurityStatus
  readonly reason: number
  readonly detail?: string
  readonly policySequence: number
}

/** What `put` is told of an RRset. */
export interface PutOptions extends VerdictToStore {
  readonly rank: Rank
  /** The lifetime where something else than TTL and RRSIG original TTL bounds it, as for a verified set. */
  readonly ttlSeconds?: number
}

/** What `putNegative` is told. */
export interface NegativeToStore extends VerdictToStore {
  readonly rcode: number
  readonly authority: readonly Rrset[]
  /** By RFC 2308 5, RFC 9077 and the operator's bounds; the cache caps it only where data is capped too. */
  readonly ttlSeconds: number
}

/** How large the cache is, and whose time it goes by. */
export interface RrsetCacheOptions extends OctetTableOptions {
  /** The clock's monotonic milliseconds. */
  readonly nowMs: () => number
}

const KINDS = Object.values(KIND)
/** Entries that are given out share memory in pieces of so many octets, some five to each; larger ones have their own. */
const COPIED_OCTETS = 1_024

/** The cache. Only class IN is kept. */
export class RrsetCache {
  readonly #table: OctetTable
  readonly #nowMs: () => number
  readonly #key = new Uint8Array(KEY_PREFIX_OCTETS + NAME_OCTETS_MAX)
  /** What is given out. */
  readonly #copies = new OctetArena(COPIED_OCTETS)
  #keyEnd = 0

  constructor({ nowMs, ...table }: RrsetCacheOptions) {
    this.#table = new OctetTable(table)
    this.#nowMs = nowMs
  }

  /** Goes through all entries while they change. */
  reader(): OctetTableReader {
    return this.#table.reader()
  }

  /** What `keep` was to take over had to be dropped. */
  get cleared(): boolean {
    return this.#table.cleared
  }

  /** Octets in use, index included. */
  get bytesUsed(): number {
    return this.#table.bytesUsed
  }

  /** Entries of all kinds, expired ones not yet displaced included. */
  get entryCount(): number {
    return this.#table.entryCount
  }

  // --- what zones say of their own names ---------------------------------------------------------------------------

  /** The RRset of an owner and type. */
  get(owner: Name, type: number): CachedRrset | undefined {
    return this.#readRrset(KIND.RRSET, owner, type, true)
  }

  /** Whether there is such an RRset of the name above `name` that begins at its octet `from`. */
  has(name: Name, type: number, from: number): boolean {
    return this.#has(KIND.RRSET, name, type, from)
  }

  /**
   * Stores an RRset for the least of its TTL, `ttlSeconds` (or else the original TTL in its RRSIGs, RFC 4035 5.3.3),
   * and a day; bogus data for a minute. A TTL of 0 is not kept (RFC 1035 3.2.1).
   *
   * Data that lives is not replaced by data of a lower rank (RFC 2181 5.4.1) unless only the new is secure;
   * judged data not by unjudged; good data not by bogus data, save when the same records are judged again under a
   * newer policy. What is stored ends a denial of the same name and type that is worth no more.
   *
   * @returns false when it was not stored
   */
  put(rrset: Rrset, options: PutOptions): boolean {
    const { rank, status } = options
    const { owner, type } = rrset
    // One moment for all looks: what lived at the first must not have ended at the next.
    const nowMs = this.#nowMs()
    const old = this.#headOf(KIND.RRSET, owner, type, nowMs)
    if (old !== undefined) {
      const outranked = rank < old.rank && !(status === 'secure' && old.status !== 'secure')
      const same = (): boolean =>
        sameData(this.#readRrset(KIND.RRSET, owner, type, false, nowMs)!.rrset, rrset)
      if (outranked || !mayReplace(options, old, same)) return false
    }
    const bound = options.ttlSeconds ?? originalTtlSeconds(rrset)
    const ttlSeconds = Math.min(rrset.ttlSeconds, bound, bogusCap(options))
    const asksCount = !isFirstVerdict(options, old)
    if (!this.#writeRrset(KIND.RRSET, rrset, rank, options, ttlSeconds, asksCount)) return false
    const denial = this.#headOfDenial(owner, type, nowMs)
    if (denial !== undefined && mayReplace(options, denial, never)) {
      this.#remove(KIND.NEGATIVE, owner, type)
      this.#remove(KIND.NAME_ERROR, owner, 0)
    }
    return true
  }

  // --- what zones say is not there ---------------------------------------------------------------------------------

  /** The denial of a name and type: of the type at this name, or of the name itself. */
  getNegative(name: Name, type: number): CachedNegative | undefined {
    return this.#readDenial(name, type, true)
  }

  /** The denial of exactly this name, for all types (RFC 2308 5). */
  getNameError(name: Name): CachedNegative | undefined {
    return this.#readNegative(KIND.NAME_ERROR, name, 0, true)
  }

  /**
   * The nearest of the name and the names above it that is securely denied: there is nothing below it (RFC 8020 2).
   * Only a proof counts, because anybody could forge away a whole zone with an unsigned NXDOMAIN.
   *
   * @param own whether the name itself is looked at
   */
  nameErrorAbove(
    name: Name,
    own = true,
  ): { readonly name: Name; readonly entry: CachedNegative } | undefined {
    if (isRoot(name)) return undefined
    for (let from = own ? 0 : name[0]! + 1; name[from] !== 0; from += name[from]! + 1) {
      if (!this.#has(KIND.NAME_ERROR, name, 0, from)) continue
      const at = name.subarray(from) as Name
      const entry = this.getNameError(at)
      if (entry?.status === 'secure') return { name: copyName(at), entry }
    }
    return undefined
  }

  /**
   * Stores a denial for `ttlSeconds`, at most a day, a minute when bogus. NXDOMAIN counts for the name, a bogus one
   * and any other rcode for name and type. It replaces an older denial and data of the same name and type by
   * the rules of `put`, ranks aside. The absence of a DS set in a referral belongs here too: name of the child,
   * type DS, rcode NOERROR, the parent's NSEC or NSEC3 without SOA.
   *
   * @returns false when it was not stored
   */
  putNegative(name: Name, type: number, entry: NegativeToStore): boolean {
    const nowMs = this.#nowMs()
    const old = this.#headOfDenial(name, type, nowMs)
    const same = (): boolean =>
      sameProof(this.#readDenial(name, type, false, nowMs)!.authority, entry.authority)
    if (old !== undefined && !mayReplace(entry, old, same)) return false
    const data = this.#headOf(KIND.RRSET, name, type, nowMs)
    if (data !== undefined && !mayReplace(entry, data, never)) return false
    const ttlSeconds = Math.min(entry.ttlSeconds, bogusCap(entry))
    let octets = 0
    for (const rrset of entry.authority) octets += rrsetOctets(rrset)
    const storedMs = this.#nowMs()
    const { status, reason, detail = '', policySequence, rcode } = entry
    const [rank, ownerSpelt] = [RANK.AUTHORITY_AA, false]
    const head = { rank, ownerSpelt, status, reason, detail, policySequence, rcode, ttlSeconds, storedMs }
    const { octets: value, end } = entryWithHead(head, octets)
    let at = end
    for (const rrset of entry.authority)
      at = writeRrset(value, at, rrset, Math.min(rrset.ttlSeconds, TTL_SECONDS_MAX))
    const expiresMs = storedMs + ttlSeconds * 1000
    const isOfName = rcode === RCODE.NXDOMAIN && status !== 'bogus'
    // One denial of a name and type at a time, under whichever key. What is under its own is written over.
    if (isOfName) this.#remove(KIND.NEGATIVE, name, type)
    else this.#remove(KIND.NAME_ERROR, name, 0)
    this.#remove(KIND.RRSET, name, type)
    const asksCount = !isFirstVerdict(entry, old)
    return isOfName
      ? this.#store(KIND.NAME_ERROR, name, 0, value, expiresMs, asksCount)
      : this.#store(KIND.NEGATIVE, name, type, value, expiresMs, asksCount)
  }

  // --- delegations and glue ----------------------------------------------------------------------------------------

  /**
   * Stores the NS set of a referral, as the parent's servers gave it. A later referral replaces it.
   *
   * It lives no longer than the delegation by which the parent itself was reached, else a chain of ever deeper
   * delegations would outlive the removal of the first (CVE-2022-30698). When that has just ended, and for a TTL of
   * 0, it lives for a second, which is for the query at hand.
   *
   * @param parent the zone whose servers gave the referral; left out for the root's own NS set
   */
  putDelegation(ns: Rrset, parent?: Name): boolean {
    const ttlSeconds = this.#referralTtlSeconds(ns, parent)
    return this.#writeRrset(KIND.DELEGATION, ns, RANK.AUTHORITY, UNJUDGED, ttlSeconds)
  }

  /** The NS set by which the parent delegates `zone`. */
  getDelegation(zone: Name): CachedRrset | undefined {
    return this.#readRrset(KIND.DELEGATION, zone, TYPE.NS, true)
  }

  /** Where in the name the zone begins that it belongs to, as far as delegations are here; -1 where none is. */
  closestCut(name: Name): number {
    for (let from = 0; ; from += name[from]! + 1) {
      if (this.#has(KIND.DELEGATION, name, TYPE.NS, from)) return from
      if (name[from] === 0) return -1
    }
  }

  /** The delegation of the name itself or of the nearest name above it that has one here. */
  closestDelegation(name: Name): CachedRrset | undefined {
    const from = this.closestCut(name)
    return from < 0 ? undefined : this.getDelegation(name.subarray(from) as Name)
  }

  /**
   * Stores addresses from the additional section of a referral.
   *
   * @param zone the zone that was delegated: glue lives no longer than its delegation, which is to be stored first
   */
  putGlue(addresses: Rrset, zone?: Name): boolean {
    const ttlSeconds = this.#referralTtlSeconds(addresses, zone)
    return this.#writeRrset(KIND.GLUE, addresses, RANK.GLUE, UNJUDGED, ttlSeconds)
  }

  /** Glue of a name server, type A or AAAA. */
  getGlue(owner: Name, type: number): CachedRrset | undefined {
    return this.#readRrset(KIND.GLUE, owner, type, true)
  }

  /** The TTL, or the whole seconds that the delegation of `zone` has left; at least one. The root never goes. */
  #referralTtlSeconds({ ttlSeconds }: Rrset, zone: Name | undefined): number {
    let bound = ttlSeconds
    if (zone !== undefined && !isRoot(zone)) {
      const nowMs = this.#nowMs()
      const head = this.#headOf(KIND.DELEGATION, zone, TYPE.NS, nowMs)
      const endMs = head === undefined ? 0 : head.storedMs + head.ttlSeconds * 1000
      bound = Math.min(bound, Math.floor((endMs - nowMs) / 1000))
    }
    return Math.max(bound, DELEGATION_TTL_SECONDS_MIN)
  }

  /** See `restoreRrset`. */
  restore(record: SnapshotRecord, terms: RestoreTerms): boolean {
    return restoreRrset(this.#table, this.#key, record, terms)
  }

  // --- removal -----------------------------------------------------------------------------------------------------

  /** Removes all that is known of a name and type: data, denial, glue, delegation. */
  remove(owner: Name, type: number): void {
    for (const kind of KINDS) this.#remove(kind, owner, kind === KIND.NAME_ERROR ? 0 : type)
  }

  /**
   * Removes what is at a name and below it, or everything. Reads the whole cache.
   *
   * @param alone only what is at the name
   * @returns how many entries went
   */
  flush(name?: Name, alone = false): number {
    if (name === undefined) {
      const all = this.#table.entryCount
      this.#table.clear()
      return all
    }
    return this.#table.removeWhere((octets, start, end) => {
      const at = start + KEY_PREFIX_OCTETS
      return (!alone || end - at === name.length) && nameIsAtOrBelow(octets, at, end, name)
    })
  }

  // --- octets ------------------------------------------------------------------------------------------------------

  /** @param from where the labels of `name` begin that the key is about */
  #setKey(kind: number, name: Name, type: number, from = 0): void {
    const key = this.#key
    const shift = KEY_PREFIX_OCTETS - from
    key[0] = kind
    writeU16(key, 1, type)
    for (let i = from; i < name.length; i++) key[shift + i] = FOLD[name[i]!]!
    this.#keyEnd = shift + name.length
  }

  /** Walks up a name find nothing at most of its labels, so they ask this before they make a name of the rest. */
  #has(kind: number, name: Name, type: number, from: number): boolean {
    this.#setKey(kind, name, type, from)
    return this.#table.peek(this.#key, this.#nowMs(), 0, this.#keyEnd) >= 0
  }

  #remove(kind: number, name: Name, type: number): void {
    this.#setKey(kind, name, type)
    this.#table.remove(this.#key, 0, this.#keyEnd)
  }

  /** A copy of an entry. `asked` says whether this is a use that should keep it longer. */
  #load(kind: number, name: Name, type: number, asked: boolean, nowMs: number): Uint8Array | undefined {
    this.#setKey(kind, name, type)
    const entry = asked
      ? this.#table.find(this.#key, nowMs, 0, this.#keyEnd)
      : this.#table.peek(this.#key, nowMs, 0, this.#keyEnd)
    if (entry < 0) return undefined
    const { octets } = this.#table
    return this.#copies.copy(octets, this.#table.valueStart(entry), this.#table.valueEnd(entry))
  }

  /** What is known of the data of an entry; nothing is copied. */
  #headOf(kind: number, name: Name, type: number, nowMs: number): EntryHead | undefined {
    this.#setKey(kind, name, type)
    const entry = this.#table.peek(this.#key, nowMs, 0, this.#keyEnd)
    return entry < 0 ? undefined : readHead(this.#table.octets, this.#table.valueStart(entry))
  }

  #headOfDenial(name: Name, type: number, nowMs: number): EntryHead | undefined {
    return this.#headOf(KIND.NEGATIVE, name, type, nowMs) ?? this.#headOf(KIND.NAME_ERROR, name, 0, nowMs)
  }

  #store(
    kind: number,
    name: Name,
    type: number,
    value: Uint8Array,
    expiresMs: number,
    asksCount: boolean,
  ): boolean {
    this.#setKey(kind, name, type)
    const key = this.#key.subarray(0, this.#keyEnd)
    if (value.length <= CACHED_OCTETS_MAX)
      return this.#table.put(key, value, expiresMs, this.#nowMs(), false, asksCount)
    this.#table.remove(key)
    return false
  }

  #writeRrset(
    kind: number,
    rrset: Rrset,
    rank: Rank,
    verdict: VerdictToStore,
    lifetime: number,
    asksCount = true,
  ): boolean {
    if (rrset.class !== CLASS.IN) return false
    const { status, reason, detail = '', policySequence } = verdict
    const ttlSeconds = Math.min(lifetime, TTL_SECONDS_MAX)
    const spelling = isFolded(rrset.owner) ? NO_OCTETS : rrset.owner
    const ownerSpelt = spelling.length > 0
    const rcode = RCODE.NOERROR
    const storedMs = this.#nowMs()
    const head = { rank, ownerSpelt, status, reason, detail, policySequence, rcode, ttlSeconds, storedMs }
    const { octets, end } = entryWithHead(head, spelling.length + dataOctets(rrset))
    octets.set(spelling, end)
    writeData(octets, end + spelling.length, rrset)
    return this.#store(kind, rrset.owner, rrset.type, octets, storedMs + ttlSeconds * 1000, asksCount)
  }

  #readRrset(kind: number, owner: Name, type: number, asked: boolean, nowMs = this.#nowMs()) {
    const octets = this.#load(kind, owner, type, asked, nowMs)
    if (octets === undefined) return undefined
    const head = readHead(octets)
    const { status, reason, detail, policySequence, rank, storedMs, ttlSeconds } = head
    const ageSeconds = ttlSeconds - remainingSeconds(ttlSeconds, storedMs, nowMs)
    const rrset = entryRrset(octets, head, owner, type, ageSeconds)
    const aging = isAging(ttlSeconds, storedMs, nowMs)
    return { rrset, rank: rank as Rank, aging, status, reason, detail, policySequence }
  }

  #readDenial(name: Name, type: number, asked: boolean, nowMs = this.#nowMs()) {
    return (
      this.#readNegative(KIND.NEGATIVE, name, type, asked, nowMs) ??
      this.#readNegative(KIND.NAME_ERROR, name, 0, asked, nowMs)
    )
  }

  #readNegative(kind: number, name: Name, type: number, asked: boolean, nowMs = this.#nowMs()) {
    const octets = this.#load(kind, name, type, asked, nowMs)
    if (octets === undefined) return undefined
    const head = readHead(octets)
    const ttlSeconds = remainingSeconds(head.ttlSeconds, head.storedMs, nowMs)
    const aging = isAging(head.ttlSeconds, head.storedMs, nowMs)
    const reader = new RrsetReader(octets, head.end)
    const authority: Rrset[] = []
    while (!reader.done) authority.push(reader.next(head.ttlSeconds - ttlSeconds, head.ttlSeconds))
    const { status, reason, detail, policySequence, rcode } = head
    return { rcode, authority, ttlSeconds, aging, status, reason, detail, policySequence }
  }
}
