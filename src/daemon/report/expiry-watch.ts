/**
 * Looks through the caches now and then for zones whose signatures end soon and are not being renewed. It asks nobody, and
 * works in short slices beside the answering of questions.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  EXPIRY_SHOWN_MAX,
  EXPIRY_SLOTS_PER_SLICE,
  EXPIRY_TOLD_AGAIN_SECONDS,
  EXPIRY_WATCH_MS,
} from '../../base/limits.ts'
import type { OctetTableReader } from '../../cache/octet-table-reader.ts'
import { secureRrset } from '../../cache/secure-rrset.ts'
import { formatTime } from '../../dnssec/rrset-signature.ts'
import { unwrapSerialTime } from '../../dnssec/serial.ts'
import type { Log } from '../../telemetry/log.ts'
import type { ExpiringView } from '../../telemetry/report/report-view.ts'
import { type ExpiringZone, SignatureEnds } from '../../telemetry/report/signature-ends.ts'
import { formatType } from '../../wire/iana/rrtype.ts'
import { foldName, type Name, nameKey } from '../../wire/name.ts'
import { formatName, nameFrom } from '../../wire/name-text.ts'
import { parseRrsig } from '../../wire/rdata/rrsig.ts'

/** What it works with. */
export interface ExpiryWatchParts {
  readonly tables: {
    readonly answers: readonly OctetTableReader[]
    readonly rrsets: readonly OctetTableReader[]
  }
  /** The clock of the caches, by which signatures are judged. */
  readonly clock: Pick<Clock, 'nowMs' | 'unixSeconds' | 'after' | 'yieldTurn'>
  /** Zones with less left are told of; 0 for none. */
  readonly warningHours: () => number
  readonly log: Pick<Log, 'warn'>
  /** Told of a fault of ours. */
  readonly onFault: (fault: unknown) => void
}

/** Octets of the type behind the name in the key of an answer. */
const TYPE_OCTETS = 2

/** See the head of this file. */
export class ExpiryWatch {
  readonly #parts: ExpiryWatchParts
  readonly #ends = new SignatureEnds()
  /** When a zone was told of in the log. */
  readonly #told = new Map<string, number>()
  #expiring: readonly ExpiringView[] = []
  #looking: Promise<void> | undefined
  #cancel: Cancel = () => {}
  #isClosed = false

  constructor(parts: ExpiryWatchParts) {
    this.#parts = parts
    this.#again()
  }

  /** As the last look found them: those in use most first. */
  get expiring(): readonly ExpiringView[] {
    return this.#expiring
  }

  /** Looks now. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #again(): void {
    this.#cancel = this.#parts.clock.after(EXPIRY_WATCH_MS, () => {
      void this.look().then(() => {
        if (!this.#isClosed) this.#again()
      })
    })
  }

  async #look(): Promise<void> {
    const { tables, clock, warningHours } = this.#parts
    const warningSeconds = 3_600 * warningHours()
    if (warningSeconds > 0) {
      for (const table of tables.rrsets) await this.#each(table, () => this.#see(table, warningSeconds))
    }
    const nowSeconds = clock.unixSeconds()
    this.#ends.age(nowSeconds)
    const zones = warningSeconds > 0 ? this.#ends.expiring(warningSeconds) : []
    const uses = await this.#usesOf(zones)
    const inUse = zones.flatMap((zone) => {
      const answers = uses.get(zone.zone) ?? 0
      return answers > 0 ? [viewOf(zone, answers, nowSeconds)] : []
    })
    this.#expiring = inUse.sort((a, b) => b.answersInUse - a.answersInUse).slice(0, EXPIRY_SHOWN_MAX)
    this.#tell(nowSeconds)
  }

  /** Shows all that lives in a table, slice by slice. */
  async #each(table: OctetTableReader, visit: (slot: number) => void): Promise<void> {
    const { clock } = this.#parts
    for (let from = 0; from < table.slotCount && !this.#isClosed; from += EXPIRY_SLOTS_PER_SLICE) {
      const end = Math.min(from + EXPIRY_SLOTS_PER_SLICE, table.slotCount)
      const nowMs = clock.nowMs()
      for (let slot = from; slot < end; slot++) {
        if (table.entryAt(slot) && nowMs < table.expiresMs) visit(slot)
      }
      await clock.yieldTurn()
    }
  }

  #see(table: OctetTableReader, warningSeconds: number): void {
    const { clock } = this.#parts
    const found = secureRrset(table)
    if (found === undefined) return
    const nowSeconds = clock.unixSeconds()
    const fetchedAt = nowSeconds - Math.round((clock.nowMs() - found.storedMs) / 1000)
    const spans = found.signatures
      .map(parseRrsig)
      .filter((rrsig) => rrsig !== undefined)
      .map(({ signer, inception, expiration }) => ({
        signer,
        inception: unwrapSerialTime(inception, nowSeconds),
        expiration: unwrapSerialTime(expiration, nowSeconds),
      }))
    if (spans.length === 0) return
    // Any one that holds is enough: the data is good until the last has ended.
    const { signer, ...span } = spans.reduce((a, b) => (b.expiration > a.expiration ? b : a))
    const zone = formatName(foldName(signer))
    const set = `${formatName(found.owner)} ${formatType(found.type)}`
    this.#ends.see({ zone, set, ...span, fetchedAt }, warningSeconds, nowSeconds)
  }

  /** For each of these zones, answers in the cache that were asked for again since they are there, be it when they had run out. */
  async #usesOf(zones: readonly ExpiringZone[]): Promise<ReadonlyMap<string, number>> {
    const uses = new Map<string, number>()
    if (zones.length === 0) return uses
    const byKey = new Map(zones.map(({ zone }) => [nameKey(nameFrom(zone)), zone]))
    for (const table of this.#parts.tables.answers) {
      await this.#each(table, (slot) => {
        if (!table.wasAskedFor(slot)) return
        const name = table.octets.subarray(table.keyStart, table.keyEnd - TYPE_OCTETS) as Name
        const zone = deepest(name, byKey)
        if (zone !== undefined) uses.set(zone, (uses.get(zone) ?? 0) + 1)
      })
    }
    return uses
  }

  /** In the log, a zone once a day. */
  #tell(nowSeconds: number): void {
    for (const [zone, toldAt] of this.#told) {
      if (nowSeconds - toldAt >= EXPIRY_TOLD_AGAIN_SECONDS) this.#told.delete(zone)
    }
    for (const { zone, set, ends, hoursLeft } of this.#expiring) {
      if (this.#told.has(zone)) continue
      this.#told.set(zone, nowSeconds)
      this.#parts.log.warn(
        { zone, set, ends },
        `a zone that customers use fails in ${hoursLeft} hours unless it is signed again: its signature over ${set} is not being renewed`,
      )
    }
  }
}

/** The deepest of the zones at or above a name. */
function deepest(name: Name, byKey: ReadonlyMap<string, string>): string | undefined {
  for (let at = 0; at < name.length; at += name[at]! + 1) {
    const zone = byKey.get(nameKey(name.subarray(at) as Name))
    if (zone !== undefined) return zone
  }
  return undefined
}

function viewOf(found: ExpiringZone, answersInUse: number, nowSeconds: number): ExpiringView {
  const { zone, set, expiration, lifetimeSeconds, fetchedAt } = found
  return {
    zone,
    set,
    ends: formatTime(expiration),
    hoursLeft: Math.max(0, Math.floor((expiration - nowSeconds) / 3_600)),
    lifetimeHours: Math.round(lifetimeSeconds / 3_600),
    fetchedAt: formatTime(fetchedAt),
    answersInUse,
  }
}
