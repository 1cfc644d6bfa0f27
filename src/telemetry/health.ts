/** Whether the process lives (`/live`) and whether it should get questions (`/ready`). */

/** An answer of a health check: true or false, and one line that says why. */
export interface HealthVerdict {
  readonly ok: boolean
  readonly text: string
}

/** What readiness hangs on. Dead upstreams do not count: a node that answers from its cache is worth having. */
export class Health {
  #listening = false
  #rootProven = false
  readonly #judges: () => boolean
  #stopping = false

  /** @param judges false while the mode is `off`: then nothing has to be proven first */
  constructor(judges: () => boolean) {
    this.#judges = judges
  }

  /** The sockets for clients are open. */
  markListening(): void {
    this.#listening = true
  }

  /** The root DNSKEY set was validated. Once is enough: what happens later is a matter of single answers. */
  markRootProven(): void {
    this.#rootProven = true
  }

  /** The daemon drains and takes no new questions. */
  markStopping(): void {
    this.#stopping = true
  }

  /** The process runs; that it can say so is the proof. */
  live(): HealthVerdict {
    return { ok: true, text: 'live' }
  }

  /** Whether clients should be sent here. */
  ready(): HealthVerdict {
    if (this.#stopping) return { ok: false, text: 'not ready: stopping' }
    if (!this.#listening) return { ok: false, text: 'not ready: the sockets for clients are not open yet' }
    if (!this.#rootProven && this.#judges()) {
      return { ok: false, text: 'not ready: the root DNSKEY set has not been validated yet' }
    }
    return { ok: true, text: 'ready' }
  }
}
