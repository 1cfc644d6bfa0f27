/** A small table of JavaScript values that expire: bounded by count, or by octets too; the least recently used goes first. */
import { LRUCache } from 'lru-cache'

/** How large the table is, and whose time it goes by. */
export interface ExpiringTableOptions<Value> {
  /** Entries at most. */
  readonly max: number
  /** Octets of heap at most, and how many a value takes: for values that strangers make as large as they like. */
  readonly room?: { readonly octetsMax: number; readonly octetsOf: (value: Value) => number }
  /** The clock's monotonic milliseconds. */
  readonly nowMs: () => number
}

interface Slot<Value> {
  readonly value: Value
  readonly expiresMs: number
}

/**
 * Keys are strings (`mapKey`, `nameKey`). Expiry is ours and exact: lru-cache's own time to live reads a clock of
 * its own and treats the start of a virtual clock as "never".
 */
export class ExpiringTable<Value> {
  readonly #slots: LRUCache<string, Slot<Value>>
  readonly #nowMs: () => number

  constructor({ max, room, nowMs }: ExpiringTableOptions<Value>) {
    const bounds = room && {
      maxSize: room.octetsMax,
      sizeCalculation: ({ value }: Slot<Value>) => room.octetsOf(value),
    }
    this.#slots = new LRUCache({ max, ...bounds })
    this.#nowMs = nowMs
  }

  /** The value, unless there is none or its time is over. */
  get(key: string): Value | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined) return undefined
    if (this.#nowMs() < slot.expiresMs) return slot.value
    this.#slots.delete(key)
    return undefined
  }

  /** Stores a value for `lifetimeMs` from now; none for a lifetime of 0 or less. */
  set(key: string, value: Value, lifetimeMs: number): void {
    if (lifetimeMs > 0) this.#slots.set(key, { value, expiresMs: this.#nowMs() + lifetimeMs })
    else this.#slots.delete(key)
  }

  /** Milliseconds that the value under a key has left; 0 when there is none. */
  remainingMs(key: string): number {
    const slot = this.#slots.peek(key)
    return slot === undefined ? 0 : Math.max(0, slot.expiresMs - this.#nowMs())
  }

  /** Removes a value. False when there was none. */
  delete(key: string): boolean {
    return this.#slots.delete(key)
  }

  /** Removes everything. */
  clear(): void {
    this.#slots.clear()
  }

  /** Entries held, expired ones that nobody asked for since included. */
  get size(): number {
    return this.#slots.size
  }
}
