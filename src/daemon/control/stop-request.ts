/** The wish of an operator that the daemon ends, after a while in which it is not ready but serves. */
import type { Cancel, Clock } from '../../base/clock.ts'

/** See the head of this file. */
export class StopRequest {
  readonly #clock: Clock
  /** Settles when the while is over. */
  readonly asked: Promise<void>
  #tell: () => void = () => {}
  #cancel: Cancel = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
    this.asked = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  /** The last wish counts. */
  begin(seconds: number): void {
    this.#cancel()
    this.#cancel = this.#clock.after(seconds * 1000, this.#tell)
  }

  /** Now, whatever was wished before. */
  beginNow(): void {
    this.#cancel()
    this.#tell()
  }

  close(): void {
    this.#cancel()
  }
}
