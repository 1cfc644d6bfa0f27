/**
 * The memory that replies take while their questions are in work: a reply of 64 KiB is half a MiB of records, and who has
 * silent servers beside talkative ones decides how long it is held. So a question may receive only so much, and those that
 * received much only so much together.
 */
import { HELD_OCTETS_MAX, HELD_OCTETS_SPARED } from '../base/limits.ts'

/** What one question has received. */
export interface Holder {
  /** `clock.nowMs()` by which it has come to its end. */
  readonly deadlineMs: number
  readonly octets: number
}

/** Those of one engine's questions that have received more than an honest one needs. */
export class HeldOctets {
  #octets = 0
  /** What each counts for, in the order in which they began to matter. */
  readonly #holders = new Map<Holder, number>()

  /** Octets that count. */
  get octets(): number {
    return this.#octets
  }

  /** @returns whether there is room for all that the question holds by now */
  add(holder: Holder, nowMs: number): boolean {
    if (holder.octets <= HELD_OCTETS_SPARED) return true
    this.remove(holder)
    this.#holders.set(holder, holder.octets)
    this.#octets += holder.octets
    if (this.#octets <= HELD_OCTETS_MAX) return true
    // Work that is joined may outlast the question that began it.
    for (const known of this.#holders.keys()) if (known.deadlineMs <= nowMs) this.remove(known)
    return this.#octets <= HELD_OCTETS_MAX
  }

  /** The question has come to its end. */
  remove(holder: Holder): void {
    this.#octets -= this.#holders.get(holder) ?? 0
    this.#holders.delete(holder)
  }
}
