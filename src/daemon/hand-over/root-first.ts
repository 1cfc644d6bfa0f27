/** Whoever takes over from a daemon that serves has to be able to do what it does: validate the root. */
import type { Clock } from '../../base/clock.ts'
import { TAKE_OVER_ROOT_MS_MAX } from '../../base/limits.ts'
import { StartError } from '../start-error.ts'

const GIVEN_UP = 'it was told to end before it served: nothing is taken over'

/** @throws StartError when this process was told to end: who serves now is to serve on */
export function refuseIfGivenUp(givenUp: AbortSignal | undefined): void {
  if (givenUp?.aborted === true) throw new StartError(GIVEN_UP)
}

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

  /**
   * Settles when it is. Fails with `StartError` when that takes too long, or this process is told to end before; nobody
   * has to listen to that.
   */
  inTime(clock: Pick<Clock, 'after'>, givenUp?: AbortSignal): Promise<void> {
    const first = new Promise<void>((resolve, reject) => {
      const cancel = clock.after(TAKE_OVER_ROOT_MS_MAX, () => {
        const seconds = TAKE_OVER_ROOT_MS_MAX / 1_000
        reject(new StartError(`the root does not validate here within ${seconds} s: nothing is taken over`))
      })
      const giveUp = (): void => {
        cancel()
        reject(new StartError(GIVEN_UP))
      }
      if (givenUp?.aborted === true) giveUp()
      else givenUp?.addEventListener('abort', giveUp, { once: true })
      void this.#proven.then(() => {
        cancel()
        resolve()
      })
    })
    first.catch(() => {})
    return first
  }
}
