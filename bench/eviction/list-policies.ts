/** LRU and SIEVE as their authors drew them: doubly linked lists that take out anything at once and waste nothing. */
import type { Policy } from './policy.ts'
import type { Trace } from './trace.ts'

const NONE = -1

/** Names in a row, from the newest to the oldest. */
class List {
  readonly #newer: Int32Array
  readonly #older: Int32Array
  newest: number = NONE
  oldest: number = NONE

  constructor(names: number) {
    this.#newer = new Int32Array(names).fill(NONE)
    this.#older = new Int32Array(names).fill(NONE)
  }

  newerThan(name: number): number {
    return this.#newer[name]!
  }

  addNewest(name: number): void {
    this.#newer[name] = NONE
    this.#older[name] = this.newest
    if (this.newest !== NONE) this.#newer[this.newest] = name
    else this.oldest = name
    this.newest = name
  }

  remove(name: number): void {
    const newer = this.#newer[name]!
    const older = this.#older[name]!
    if (newer !== NONE) this.#older[newer] = older
    else this.newest = older
    if (older !== NONE) this.#newer[older] = newer
    else this.oldest = newer
  }
}

/** A cache over one list. */
abstract class ListPolicy implements Policy {
  protected readonly list: List
  protected readonly trace: Trace
  readonly #capacity: number
  /** 0 for what is not here. */
  readonly #expiresMs: Float64Array
  #used = 0

  constructor(trace: Trace, capacity: number) {
    this.trace = trace
    this.#capacity = capacity
    this.#expiresMs = new Float64Array(trace.octets.length)
    this.list = new List(trace.octets.length)
  }

  ask(name: number, nowMs: number): boolean {
    const { octets, ttlMs } = this.trace
    const expiresMs = this.#expiresMs[name]!
    if (nowMs < expiresMs) {
      this.touch(name)
      return true
    }
    if (expiresMs > 0) this.#drop(name)
    while (this.#used + octets[name]! > this.#capacity) this.#drop(this.victim())
    this.list.addNewest(name)
    this.#expiresMs[name] = nowMs + ttlMs[name]!
    this.#used += octets[name]!
    return false
  }

  #drop(name: number): void {
    this.leave(name)
    this.list.remove(name)
    this.#expiresMs[name] = 0
    this.#used -= this.trace.octets[name]!
  }

  protected abstract touch(name: number): void
  protected abstract victim(): number
  protected abstract leave(name: number): void
}

/** Drops what was asked for longest ago. */
export class Lru extends ListPolicy {
  protected touch(name: number): void {
    this.list.remove(name)
    this.list.addNewest(name)
  }

  protected victim(): number {
    return this.list.oldest
  }

  protected leave(): void {}
}

/** A hand goes from the oldest to the newest and drops what nobody asked for since it last came by; nothing is moved. */
export class Sieve extends ListPolicy {
  readonly #asked: Uint8Array
  #hand: number = NONE

  constructor(trace: Trace, capacity: number) {
    super(trace, capacity)
    this.#asked = new Uint8Array(trace.octets.length)
  }

  protected touch(name: number): void {
    this.#asked[name] = 1
  }

  protected victim(): number {
    let at = this.#hand === NONE ? this.list.oldest : this.#hand
    while (this.#asked[at] === 1) {
      this.#asked[at] = 0
      at = this.list.newerThan(at)
      if (at === NONE) at = this.list.oldest
    }
    this.#hand = at
    return at
  }

  protected leave(name: number): void {
    if (this.#hand === name) this.#hand = this.list.newerThan(name)
    this.#asked[name] = 0
  }
}
