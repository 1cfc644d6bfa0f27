/** Keeps the caches over a restart: loads the snapshot at start, writes it now and then and at the end. */
import type { Cancel, Clock } from '../../base/clock.ts'
import { SNAPSHOT_PAUSE_MS, SNAPSHOT_STOP_MS_MAX, SNAPSHOT_WAIT_MS_MAX } from '../../base/limits.ts'
import { NEVER_JUDGED } from '../../cache/restore-terms.ts'
import type { SnapshotSource } from '../../cache/snapshot-source.ts'
import type { Log } from '../../telemetry/log.ts'
import { type SnapshotCounts, type WrittenSnapshot, writeSnapshot } from './file.ts'
import { checkSnapshot, codeOf, type Restoring, restoreTerms, type SnapshotReceiver } from './load.ts'

/** What keeps a snapshot. */
export interface SnapshotKeeperOptions {
  readonly path: string
  readonly clock: Pick<Clock, 'nowMs' | 'after'>
  /** Milliseconds since 1970 by the machine's own clock, even where signatures are judged by another. */
  readonly unixMs: () => number
  readonly policy: { readonly sequence: number }
  /** Of what verdicts hang on at the moment (`digest.ts`). */
  readonly judgementDigest: () => Uint8Array
  readonly sourcesDigest: Uint8Array
  /** How long what has run out may still be given; 0 where it may not. */
  readonly staleMs: number
  /** The caches as they are, those of answers first. */
  readonly sources: () => readonly SnapshotSource[]
  /** Brings what is in the file into the caches; undefined when it did not come to the end. */
  readonly restore: (restoring: Restoring) => Promise<SnapshotCounts | undefined>
  readonly log: Log
  readonly onWritten: (outcome: 'written' | 'failed') => void
}

/** A writing that came to its end. */
export interface LastWriting extends WrittenSnapshot {
  readonly unixMs: number
  readonly tookMs: number
}

/** The snapshot of one process: `load` once, `keepWriting`, `stop` once. */
export class SnapshotKeeper {
  /** Entries taken from the file so far. */
  loaded: SnapshotCounts = { answers: 0, rrsets: 0 }
  lastWriting: LastWriting | undefined
  readonly #parts: SnapshotKeeperOptions
  #loading: Promise<void> = Promise.resolve()
  #writing: Promise<unknown> = Promise.resolve()
  #cancelTimer: Cancel = () => {}
  /** The caches do not hold yet what the file holds: writing them would lose it. */
  isLoading = false
  #isStopping = false
  /** Another process has the file. */
  #isResting = false
  /** What was loaded has been served from: only then is there anything to write that the file has not. */
  #hasServed = false

  constructor(parts: SnapshotKeeperOptions) {
    this.#parts = parts
  }

  /**
   * Loads the file. Settles when clients can be served: with the answers in, or when that takes too long. RRsets follow
   * beside serving, save where answers have to be made of them.
   */
  load(): Promise<void> {
    const { clock } = this.#parts
    this.isLoading = true
    return new Promise((resolve) => {
      const cancel = clock.after(SNAPSHOT_WAIT_MS_MAX, resolve)
      const serve = (): void => {
        cancel()
        resolve()
      }
      this.#loading = this.#load(serve).then(serve)
    })
  }

  async #load(serve: () => void): Promise<void> {
    const { clock, unixMs, path, log, policy, staleMs, sourcesDigest, judgementDigest, restore } = this.#parts
    const startMs = clock.nowMs()
    const tookMs = (): number => Math.round(clock.nowMs() - startMs)
    const receiver = (): SnapshotReceiver => ({
      unixMs: unixMs(),
      nowMs: clock.nowMs(),
      staleMs,
      judgementDigest: judgementDigest(),
      sourcesDigest,
      policySequence: policy.sequence,
    })
    const head = await checkSnapshot(path, receiver(), log)
    if (head !== undefined) {
      const terms = restoreTerms(head, receiver())
      const isJudged = terms.sequenceHere !== NEVER_JUDGED
      if (!isJudged)
        log.info({ path }, 'settings of validation have changed since the snapshot: its data is judged again')
      const onAnswers = (answers: number): void => {
        this.loaded = { ...this.loaded, answers }
        if (!isJudged) return
        log.info({ answers, ms: tookMs() }, 'the answers of the snapshot are loaded')
        serve()
      }
      try {
        const counts = await restore({ path, terms, onAnswers, isWanted: () => !this.#isStopping })
        if (counts === undefined || this.#isStopping) return
        this.loaded = counts
        log.info({ path, ...counts, ms: tookMs() }, 'the snapshot of the caches is loaded')
      } catch (error) {
        log.warn({ path, code: codeOf(error) }, 'the snapshot of the caches could not be read to its end')
      }
    }
    this.isLoading = false
  }

  /** From now on it is written every few minutes, and at the end. */
  keepWriting(): void {
    this.#hasServed = true
    this.#cancelTimer = this.#parts.clock.after(SNAPSHOT_PAUSE_MS, () => {
      void this.#writeInTurn().then(() => {
        if (!this.#isStopping) this.keepWriting()
      })
    })
  }

  /** Writes it now, behind one that is being written. False when that failed or the file is not loaded yet. */
  writeNow(): Promise<boolean> {
    return this.#writeInTurn()
  }

  /** One after the other: two at once would write the same file. */
  #writeInTurn(): Promise<boolean> {
    const written = this.#writing.then(async () => {
      const isWanted = (): boolean => !this.#isStopping && !this.#isResting
      if (this.isLoading || !isWanted()) return false
      const before = this.lastWriting
      await this.#write(isWanted)
      return this.lastWriting !== before
    })
    this.#writing = written
    return written
  }

  /** While it rests nothing is written, not even at the end, and not to its end: the file is another process's. */
  rest(isResting: boolean): void {
    this.#isResting = isResting
  }

  /** Ends what is under way, and begins nothing any more. */
  close(): void {
    this.#isStopping = true
    this.#cancelTimer()
  }

  /**
   * Closes, and writes it a last time, if `keepWriting` was called. What was only half loaded is not written: the
   * file has more.
   */
  async stop(): Promise<void> {
    const { clock, log, path } = this.#parts
    this.close()
    let isInTime = true
    let cancel: Cancel = () => {}
    const tooLate = new Promise<void>((resolve) => {
      cancel = clock.after(SNAPSHOT_STOP_MS_MAX, () => {
        isInTime = false
        log.warn({ path }, 'writing the snapshot takes too long: the older one stays')
        resolve()
      })
    })
    const last = async (): Promise<void> => {
      await this.#loading
      await this.#writing
      if (this.#hasServed && !this.isLoading && !this.#isResting && isInTime)
        await this.#write(() => isInTime)
    }
    await Promise.race([last(), tooLate])
    cancel()
  }

  async #write(isWanted: () => boolean): Promise<void> {
    const { clock, unixMs, path, log, policy, judgementDigest, sourcesDigest, sources, onWritten } =
      this.#parts
    const startMs = clock.nowMs()
    const head = {
      writtenUnixMs: unixMs(),
      writtenMs: startMs,
      policySequence: policy.sequence,
      judgementDigest: judgementDigest(),
      sourcesDigest,
    }
    try {
      const written = await writeSnapshot(path, head, sources(), isWanted)
      const tookMs = Math.round(clock.nowMs() - startMs)
      this.lastWriting = { ...written, unixMs: head.writtenUnixMs, tookMs }
      log.info({ path, ...written, ms: tookMs }, 'the snapshot of the caches is written')
      onWritten('written')
    } catch (error) {
      if (!isWanted()) return
      log.warn({ path, code: codeOf(error) }, 'the snapshot of the caches could not be written')
      onWritten('failed')
    }
  }
}
