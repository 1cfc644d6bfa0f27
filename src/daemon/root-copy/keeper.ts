/**
 * Keeps a copy of the root zone (RFC 8806): gets it from where the operator says, has it proven, hands it to the threads
 * that resolve, looks for a newer one as its SOA says, and keeps it over restarts. Whatever goes wrong leaves things as
 * they are, until the copy runs out; then the root servers are asked again.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  ROOT_COPY_EXPIRE_SECONDS_MAX,
  ROOT_COPY_REFRESH_SECONDS_MAX,
  ROOT_COPY_REFRESH_SECONDS_MIN,
  ROOT_COPY_RETRY_SECONDS_MAX,
  ROOT_COPY_RETRY_SECONDS_MIN,
} from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { serialDifference } from '../../dnssec/serial.ts'
import type { Log } from '../../telemetry/log.ts'
import { type KeptCopy, ZONE_FILE } from './form.ts'
import type { PreparedZone, RawZone } from './prepare.ts'
import type { Prepared } from './prepare-aside.ts'
import type { SharedRootCopy } from './shared.ts'
import type { KnownZone, RootSource } from './sources.ts'

/** What the keeper works with. */
export interface RootCopyParts {
  readonly clock: Pick<Clock, 'after' | 'nowMs' | 'unixSeconds'>
  /** Seconds since 1970 that pass even where signatures are judged at a fixed time. */
  readonly wallSeconds: () => number
  readonly random: Random
  readonly sources: readonly RootSource[]
  /** Reads and proves. Never rejects. */
  readonly prepare: (raw: RawZone, signal: AbortSignal) => Promise<Prepared>
  /** Has all threads that resolve go by this copy. */
  readonly use: (copy: SharedRootCopy) => void
  readonly folder: {
    /** Undefined where nothing is kept. */
    readonly path: string | undefined
    read(name: string): Uint8Array | undefined
    write(name: string, contents: Uint8Array): Promise<boolean>
  }
  readonly file: { load(): KeptCopy | undefined; save(kept: KeptCopy): Promise<boolean> }
  readonly counters: { rootCopyRefresh(outcome: 'updated' | 'unchanged' | 'failed'): void }
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** The copy, as metrics and `status` show it. */
export interface RootCopyState {
  /** It answers now. */
  readonly isInForce: boolean
  readonly serial: number
  readonly source: string
  readonly records: number
  /** Octets of memory, shared by all threads. */
  readonly octets: number
  /** Since it was confirmed. */
  readonly ageSeconds: number
  /** From now: what is negative is past. */
  readonly endsInSeconds: number
}

interface Held extends KeptCopy {
  readonly zone: Omit<PreparedZone, 'text'>
}

/** Not all resolvers of the world look at once: the next look comes up to this share earlier than it has to. */
const JITTER = 0.1

/** See the head of this file. */
export class RootCopyKeeper {
  readonly #parts: RootCopyParts
  readonly #ending = new AbortController()
  #held: Held | undefined
  #cancel: Cancel = () => {}
  #work: Promise<void> = Promise.resolve()
  /** Looks in a row that brought nothing. */
  #failures = 0
  /** The faults told last, by source. */
  readonly #told = new Map<string, string>()
  #hasEnded = false
  /** The zone as it is to be kept, until it is: the folder may be another process's for a while. */
  #unwritten: Uint8Array | undefined

  constructor(parts: RootCopyParts) {
    this.#parts = parts
  }

  /** Undefined where none was had yet. */
  get state(): RootCopyState | undefined {
    if (this.#held === undefined) return undefined
    const { serial, source, confirmedSeconds, zone } = this.#held
    const endsInSeconds = this.#endsInSeconds(this.#held)
    return {
      isInForce: endsInSeconds > 0,
      serial,
      source,
      records: zone.records,
      octets: zone.packed.length,
      ageSeconds: Math.max(0, this.#parts.wallSeconds() - confirmedSeconds),
      endsInSeconds,
    }
  }

  /** What went wrong at the last look, by source. */
  get faults(): ReadonlyMap<string, string> {
    return this.#told
  }

  /** Begins with what an earlier process kept, and looks for what is newer. */
  start(): void {
    this.#run(async () => {
      await this.#load()
      await this.#look()
    })
  }

  /** Looks no more, and settles when nothing is under way. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#cancel()
    await this.#work
  }

  #run(work: () => Promise<void>): void {
    this.#work = work()
  }

  get #isStopped(): boolean {
    return this.#ending.signal.aborted
  }

  // --- the copy -----------------------------------------------------------------------------------------------------

  async #load(): Promise<void> {
    const { file, folder, log, prepare } = this.#parts
    const kept = file.load()
    const octets = kept && folder.read(ZONE_FILE)
    if (kept === undefined || octets === undefined) return
    const zone = await prepare({ kind: 'text', octets }, this.#ending.signal)
    if (this.#isStopped) return
    const fault = faultOfKept(kept, zone)
    if (fault !== undefined || 'fault' in zone) {
      log.warn({ fault }, 'the copy of the root zone that was kept is not used')
      return
    }
    this.#hold({ ...kept, zone })
  }

  /** Goes by a copy, as long as it holds: from now at the latest, whatever a clock that was ahead has said. */
  #hold(confirmed: Held): void {
    const { clock, log, use } = this.#parts
    const before = this.#held
    const confirmedSeconds = Math.min(confirmed.confirmedSeconds, this.#parts.wallSeconds())
    const held = { ...confirmed, confirmedSeconds }
    this.#held = held
    const { serial, source, zone } = held
    const { packed, signedUntilSeconds, records } = zone
    const endsInSeconds = this.#endsInSeconds(held)
    if (endsInSeconds <= 0) {
      this.#tellEnd(held)
      return
    }
    this.#hasEnded = false
    use({
      packed,
      endsMs: clock.nowMs() + this.#expiresInSeconds(held) * 1000,
      endsSeconds: signedUntilSeconds,
    })
    if (before?.serial !== serial)
      log.info({ serial, source, records }, 'a copy of the root zone answers in place of the root servers')
  }

  #expiresInSeconds({ confirmedSeconds, zone }: Held): number {
    const lifetime = Math.min(zone.expireSeconds, ROOT_COPY_EXPIRE_SECONDS_MAX)
    return confirmedSeconds + lifetime - this.#parts.wallSeconds()
  }

  /** Until it runs out, or its signatures do. */
  #endsInSeconds(held: Held): number {
    const signedSeconds = held.zone.signedUntilSeconds - this.#parts.clock.unixSeconds()
    return Math.min(this.#expiresInSeconds(held), signedSeconds)
  }

  #tellEnd({ serial, source, confirmedSeconds }: Held): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const confirmed = new Date(confirmedSeconds * 1000).toISOString()
    this.#parts.log.warn(
      { serial, source, confirmed },
      'the copy of the root zone has run out: the root servers are asked',
    )
  }

  // --- newer ones ---------------------------------------------------------------------------------------------------

  /** Asks one source after the other, until one has the zone or confirms the copy. */
  async #look(): Promise<void> {
    const { sources, counters } = this.#parts
    // The clock may have been ahead and was set since.
    if (this.#held !== undefined && this.#held.confirmedSeconds > this.#parts.wallSeconds())
      this.#hold(this.#held)
    let outcome: 'updated' | 'unchanged' | 'failed' = 'failed'
    for (const source of sources) {
      const found = await this.#lookAt(source)
      if (this.#isStopped) return
      if (found === 'updated' || found === 'unchanged') {
        outcome = found
        this.#told.delete(source.label)
        break
      }
      this.#tellFault(source.label, found.fault)
    }
    counters.rootCopyRefresh(outcome)
    this.#failures = outcome === 'failed' ? this.#failures + 1 : 0
    if (this.#held !== undefined && this.#endsInSeconds(this.#held) <= 0) this.#tellEnd(this.#held)
    this.#plan()
  }

  async #lookAt(source: RootSource): Promise<'updated' | 'unchanged' | { readonly fault: string }> {
    const held = this.#held
    const look = await source.look(held && knownTo(source, held), this.#ending.signal)
    if (this.#isStopped) return { fault: '' }
    if (look.kind === 'failed') return look
    if (look.kind === 'unchanged') return this.#confirm(held!, look.asOfSeconds, held!.mark, source)
    const zone = await this.#parts.prepare(look.raw, this.#ending.signal)
    if (this.#isStopped) return { fault: '' }
    if ('fault' in zone) return zone
    const { mark, asOfSeconds: confirmedSeconds } = look
    const newer = held === undefined ? 1 : serialDifference(zone.serial, held.serial)
    if (newer < 0) return { fault: `its serial ${zone.serial} is older than ${held!.serial}` }
    if (newer === 0) return this.#confirm(held!, confirmedSeconds, mark, source)
    const { text, ...rest } = zone
    const { serial } = zone
    this.#hold({ serial, source: source.label, confirmedSeconds, mark, zone: rest })
    this.#unwritten = this.#parts.folder.path === undefined ? undefined : text
    await this.#keep()
    return this.#endsInSeconds(this.#held!) > 0 ? 'updated' : { fault: 'it has run out' }
  }

  /** The copy is what this source has. */
  async #confirm(
    held: Held,
    asOfSeconds: number,
    mark: string | undefined,
    { label: source }: RootSource,
  ): Promise<'unchanged' | { readonly fault: string }> {
    const confirmedSeconds = Math.max(held.confirmedSeconds, asOfSeconds)
    this.#hold({ ...held, source, confirmedSeconds, mark })
    await this.#keep()
    return this.#endsInSeconds(this.#held!) > 0 ? 'unchanged' : { fault: 'what it has has run out' }
  }

  async #keep(): Promise<void> {
    const { file, folder } = this.#parts
    const { serial, source, confirmedSeconds, mark } = this.#held!
    if (this.#unwritten !== undefined) {
      if (!(await folder.write(ZONE_FILE, this.#unwritten))) return
      this.#unwritten = undefined
    }
    await file.save({ serial, source, confirmedSeconds, mark })
  }

  #plan(): void {
    const { clock, random } = this.#parts
    const wholeSeconds = this.#pauseSeconds()
    const seconds = wholeSeconds - random.below(Math.floor(wholeSeconds * JITTER) + 1)
    this.#cancel = clock.after(seconds * 1000, () => this.#run(() => this.#look()))
  }

  /** RFC 1035 3.3.13: REFRESH, or RETRY after a failure; without a copy pauses that grow. */
  #pauseSeconds(): number {
    if (this.#held === undefined) {
      const grown = ROOT_COPY_RETRY_SECONDS_MIN * 2 ** (this.#failures - 1)
      return Math.min(grown, ROOT_COPY_RETRY_SECONDS_MAX)
    }
    const { refreshSeconds, retrySeconds } = this.#held.zone
    const wanted = this.#failures > 0 ? retrySeconds : refreshSeconds
    return Math.min(Math.max(wanted, ROOT_COPY_REFRESH_SECONDS_MIN), ROOT_COPY_REFRESH_SECONDS_MAX)
  }

  /** The same trouble is told once, however often it is met. */
  #tellFault(source: string, fault: string): void {
    if (this.#told.get(source) === fault) return
    this.#told.set(source, fault)
    this.#parts.log.warn({ source, fault }, 'a source of the root zone gave none that can be used')
  }
}

function knownTo({ label }: RootSource, { serial, source, mark }: Held): KnownZone {
  return { serial, mark: source === label ? mark : undefined }
}

function faultOfKept(kept: KeptCopy, zone: Prepared): string | undefined {
  if ('fault' in zone) return zone.fault
  return zone.serial === kept.serial ? undefined : 'it is another one than was kept'
}
