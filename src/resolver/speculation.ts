/** A question that is asked before anybody is known to need it. */

/** What is counted of it: that it went out, and that somebody made use of it. */
export type SpeculationStage = 'asked' | 'used'

/**
 * While nobody waits for it and no server of the zone has spoken, it is put to one server once, and what comes of it
 * when that stays silent is no failure: who does need it asks for himself. After that it is a question like others.
 */
export class Speculation {
  readonly #count: (stage: SpeculationStage) => void
  #isAsked = false
  #isUsed = false
  #isAnswered = false
  readonly #whenUsed: (() => void)[] = []

  constructor(count: (stage: SpeculationStage) => void) {
    this.#count = count
  }

  /** It goes out to a server. What somebody waits for by now is no speculation any more, and not counted. */
  asked(): void {
    if (this.#isAsked || this.#isUsed) return
    this.#isAsked = true
    this.#count('asked')
  }

  /** Somebody waits for the answer, or makes use of it. */
  use(): void {
    if (this.#isUsed) return
    this.#isUsed = true
    if (this.#isAsked) this.#count('used')
    for (const tell of this.#whenUsed.splice(0)) tell()
  }

  /** Has `tell` called when somebody waits for the answer. */
  whenUsed(tell: () => void): void {
    this.#whenUsed.push(tell)
  }

  /** A server of the zone gave an answer, and so will one to what is asked beside this. */
  answered(): void {
    this.#isAnswered = true
  }

  /** True while it may turn out to have been in vain. */
  get isOpen(): boolean {
    return !this.#isUsed && !this.#isAnswered
  }
}
