/** Whether memory stays level: what is alive after each collection, early looks against late ones. */

/** What a level heap may differ by: tables that fill, compiled code. */
const SLACK_MIB = 6
/** Fewer looks say nothing. */
const LOOKS_MIN = 8
/** The first looks are those of a program that is still getting warm. */
const WARM_UP_SHARE = 0.25
const MIB = 1_048_576

/** Needs `node --expose-gc`; without it every heap is level. */
export class HeapWatch {
  readonly #mib: number[] = []

  /** Collects garbage and notes what is left. */
  look(): void {
    const { gc } = globalThis as { readonly gc?: () => void }
    if (gc === undefined) return
    gc()
    const { heapUsed, external } = process.memoryUsage()
    this.#mib.push((heapUsed + external) / MIB)
  }

  get level(): boolean {
    return this.#mib.length < LOOKS_MIN || this.#growthMib <= SLACK_MIB
  }

  get text(): string {
    if (this.#mib.length < LOOKS_MIN) return 'heap not looked at'
    const verdict = this.level ? 'heap level' : 'HEAP GROWS'
    const [early, late] = this.#halves.map((half) => median(half).toFixed(1))
    return `${verdict}: ${early} MiB early, ${late} MiB late (${this.#mib.length} looks)`
  }

  get #growthMib(): number {
    const [early, late] = this.#halves
    return median(late) - median(early)
  }

  get #halves(): [number[], number[]] {
    const warm = this.#mib.slice(Math.floor(this.#mib.length * WARM_UP_SHARE))
    const middle = warm.length >> 1
    return [warm.slice(0, middle), warm.slice(middle)]
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
