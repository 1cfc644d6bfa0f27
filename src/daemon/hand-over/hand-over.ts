/**
 * The running daemon's part in a restart without a gap: it gives the next process its sockets and what it knows, leaves
 * files and changes alone from then on, and ends when the next one serves. Until then it serves as ever, and if nothing
 * more is heard it goes on as if nothing had been asked.
 */
import { rmSync } from 'node:fs'
import type { Cancel, Clock } from '../../base/clock.ts'
import { TAKE_OVER_MS_MAX } from '../../base/limits.ts'
import { reasonOf } from '../../config/text-file.ts'
import { type HandedSockets, sendDescriptors } from '../../native/handed-sockets.ts'
import type { Log } from '../../telemetry/log.ts'
import { Refusal } from '../operator/operator.ts'
import type { ReportKeeper } from '../report/report-keeper.ts'
import type { SnapshotKeeper } from '../snapshot/keeper.ts'
import type { Author, Journal } from '../state/journal.ts'
import type { StateFolder } from '../state/state-folder.ts'

/** Number of the way in which two processes speak of it: only those that speak alike can hand over. */
export const HAND_OVER_PROTOCOL = 2

/** Where the next process waits for descriptors, by the path of the socket for commands. */
export function mailboxOf(controlSocket: string): string {
  return `${controlSocket}.take-over`
}

/** What it works with. */
export interface HandOverParts {
  /** All sockets that the next process is to have; undefined where they cannot be handed over. */
  readonly sockets: () => HandedSockets | undefined
  /** Path of the socket for commands; undefined where there is none. */
  readonly controlSocket: () => string | undefined
  /** Takes commands by a second name of it as well: the next process is to have the first. @throws the system's error */
  readonly stepAside: () => void
  /** Takes commands there alone again: the next process may have had its own socket there. */
  readonly restoreControl: () => void
  readonly journal: Journal
  readonly folder: StateFolder
  readonly report: ReportKeeper
  readonly snapshot: SnapshotKeeper | undefined
  /** Begins to end. */
  readonly end: () => void
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'info' | 'warn'>
}

/** See the head of this file. */
export class HandOver {
  readonly #parts: HandOverParts
  /** `preparing`: what the next process is to know is being written down; `begun`: it has all it needs. */
  #state: 'none' | 'preparing' | 'begun' | 'ended' = 'none'
  #isClosed = false
  #cancelTimer: Cancel = () => {}

  constructor(parts: HandOverParts) {
    this.#parts = parts
  }

  /** Whether sockets can be handed over. */
  get isPossible(): boolean {
    return this.#parts.sockets() !== undefined
  }

  /** The next process serves: what clients ask from now on is its affair. */
  get isDone(): boolean {
    return this.#state === 'ended'
  }

  /** Nothing may be changed here that the next process would not know of. @throws Refusal */
  refuseChanges(): void {
    if (this.#state !== 'none') throw new Refusal('another process is taking over: try again in a moment')
  }

  /**
   * Gives the next process all it needs, in its mailbox.
   *
   * @returns what the sockets are for, in the order of their descriptors
   * @throws Refusal
   */
  async begin(author: Author): Promise<string[]> {
    const { journal, report, snapshot, folder, log, clock, controlSocket } = this.#parts
    this.refuseChanges()
    const path = controlSocket()
    if (path === undefined || !this.isPossible) throw new Refusal('the sockets cannot be handed over')
    this.#state = 'preparing'
    try {
      await journal.add('hand-over', author, {})
      await report.save()
      await snapshot?.writeNow()
      await folder.settled()
      if (this.#isClosed) throw new Refusal('this process ends')
      // Threads may have been born anew meanwhile, with other sockets.
      const sockets = this.#parts.sockets()
      if (sockets === undefined) throw new Refusal('the sockets cannot be handed over now: try again')
      snapshot?.rest(true)
      folder.rest(true)
      this.#parts.stepAside()
      sendDescriptors(mailboxOf(path), [...sockets.values()])
      this.#state = 'begun'
      this.#cancelTimer = clock.after(TAKE_OVER_MS_MAX, () => {
        log.warn('the process that was to take over is not heard of: this one goes on')
        rmSync(mailboxOf(path), { force: true })
        this.cancel()
      })
      return [...sockets.keys()]
    } catch (error) {
      this.#goOn()
      if (error instanceof Refusal) throw error
      throw new Refusal(`the sockets could not be handed over: ${reasonOf(error)}`)
    }
  }

  /** The next process does not come: this one goes on. @throws Refusal while it is being given what it needs */
  cancel(): void {
    if (this.#state === 'preparing') throw new Refusal('it is just being handed over: try again in a moment')
    if (this.#state === 'begun') this.#goOn()
  }

  /** The next process serves. @throws Refusal */
  end(): void {
    if (this.#state !== 'begun') throw new Refusal('there is nobody who takes over')
    this.#cancelTimer()
    this.#state = 'ended'
    this.#parts.end()
  }

  /** This process ends. */
  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
  }

  #goOn(): void {
    this.#cancelTimer()
    this.#state = 'none'
    this.#parts.snapshot?.rest(false)
    this.#parts.folder.rest(false)
    this.#parts.restoreControl()
  }
}
