/**
 * Sees that threads go on: each counts the turns of its event loop in shared memory, and one that makes none is stuck in
 * some work. That is told soon, with the question in work, and the thread is ended when it lasts.
 */
import type { Cancel, Clock } from '../../base/clock.ts'
import { THREAD_BEAT_MS, THREAD_STALL_TOLD_MS } from '../../base/limits.ts'

/** Octets for so many threads. */
export function beatsOctets(threads: number): number {
  return threads * Int32Array.BYTES_PER_ELEMENT
}

/** Before a thread is born: nothing is counted until it is at work, for which it has its own time. */
export function clearBeats(beats: SharedArrayBuffer, thread: number): void {
  Atomics.store(new Int32Array(beats), thread, 0)
}

/** In a thread: counts turns until the returned function is called. Does not keep the thread alive. */
export function startBeating(beats: SharedArrayBuffer, thread: number): () => void {
  const words = new Int32Array(beats)
  const beat = (): void => void Atomics.add(words, thread, 1)
  // What it is stuck in may be its first work.
  beat()
  const timer = setInterval(beat, THREAD_BEAT_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** A thread that is watched. */
export interface WatchedThread {
  /** The word that it counts in. */
  readonly beat: number
  /** What tells its lives apart; undefined between two. */
  life(): object | undefined
  /** It has made no turn for so long. Told once a stall. */
  stalled(ms: number): void
  /** It has made none for too long. */
  end(ms: number): void
}

/** How a thread was when it was last looked at. */
interface Seen {
  life: object | undefined
  beats: number
  /** When its count was last seen to rise; undefined before the first time in this life. */
  sinceMs: number | undefined
  told: boolean
}

/** See the head of this file. */
export class Watchdog {
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>
  readonly #words: Int32Array
  readonly #stallMsMax: number
  readonly #watched: readonly { readonly thread: WatchedThread; readonly seen: Seen }[]
  #lookedMs: number
  #cancel: Cancel = () => {}

  /** @param stallMsMax after so long a thread is ended, and after half of it told of at the latest */
  constructor(
    clock: Pick<Clock, 'nowMs' | 'after'>,
    beats: SharedArrayBuffer,
    threads: readonly WatchedThread[],
    stallMsMax: number,
  ) {
    this.#clock = clock
    this.#stallMsMax = stallMsMax
    this.#words = new Int32Array(beats)
    this.#watched = threads.map((thread) => ({
      thread,
      seen: { life: undefined, beats: 0, sinceMs: undefined, told: false },
    }))
    this.#lookedMs = clock.nowMs()
    this.#again()
  }

  close(): void {
    this.#cancel()
  }

  #again(): void {
    this.#cancel = this.#clock.after(THREAD_BEAT_MS, () => {
      this.#look()
      this.#again()
    })
  }

  #look(): void {
    const nowMs = this.#clock.nowMs()
    // Time in which nobody could look here either is no fault of theirs: the whole process, or the machine, stood still.
    const lostMs = Math.max(0, nowMs - this.#lookedMs - 2 * THREAD_BEAT_MS)
    this.#lookedMs = nowMs
    for (const { thread, seen } of this.#watched) {
      if (seen.sinceMs !== undefined) seen.sinceMs += lostMs
      this.#lookAt(thread, seen, nowMs)
    }
  }

  #lookAt(thread: WatchedThread, seen: Seen, nowMs: number): void {
    const life = thread.life()
    const beats = Atomics.load(this.#words, thread.beat)
    if (life !== seen.life) Object.assign(seen, { life, beats: 0, sinceMs: undefined, told: false })
    if (life === undefined) return
    if (beats !== seen.beats) {
      Object.assign(seen, { beats, sinceMs: nowMs, told: false })
      return
    }
    // It is being born.
    if (seen.sinceMs === undefined) return
    const stallMs = Math.round(nowMs - seen.sinceMs)
    if (stallMs >= Math.min(THREAD_STALL_TOLD_MS, this.#stallMsMax / 2) && !seen.told) {
      seen.told = true
      thread.stalled(stallMs)
    }
    if (stallMs < this.#stallMsMax) return
    // Told once: its next life is another one.
    seen.sinceMs = undefined
    thread.end(stallMs)
  }
}
