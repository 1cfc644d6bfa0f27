/** Whoever takes over from a daemon that serves has to be able to do what it does: validate the root. */
import type { Clock } from '../../base/clock.ts'
import { TAKE_OVER_ROOT_MS_MAX } from '../../base/limits.ts'
import { StartError } from '../start-error.ts'

/** The proof of the root, which clients may have to wait for. */
export class RootProof {
  readonly #proven: Promise<void>
  #tell: () => void = () => {}

  constructor() {
    this.#proven = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  /** The root is proven. */
  tell(): void {
    this.#tell()
  }

  /** Settles when it is. Fails with `StartError` when that takes too long; nobody has to listen to that. */
  inTime(clock: Pick<Clock, 'after'>): Promise<void> {
    const first = new Promise<void>((resolve, reject) => {
      const cancel = clock.after(TAKE_OVER_ROOT_MS_MAX, () => {
        const seconds = TAKE_OVER_ROOT_MS_MAX / 1_000
        reject(new StartError(`the root does not validate here within ${seconds} s: nothing is taken over`))
      })
      void this.#proven.then(() => {
        cancel()
        resolve()
      })
    })
    first.catch(() => {})
    return first
  }
}
