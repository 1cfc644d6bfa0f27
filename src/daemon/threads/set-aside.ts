/** Questions that ended a resolver thread a moment ago: they are not tried for a while (`SET_ASIDE_MS`). */
import { SET_ASIDE_MAX, SET_ASIDE_MS } from '../../base/limits.ts'
import type { AskedQuestion } from '../../resolver/ports.ts'
import { nameKey } from '../../wire/name.ts'

/** One of them, in a form that crosses threads. */
export interface SetAsideQuestion extends AskedQuestion {
  /** Monotonic milliseconds until which it is not tried. */
  readonly untilMs: number
}

/** All of one resolver thread. The supervisor adds to it, each life of the thread is given what there is. */
export class SetAside {
  /** The oldest first. */
  readonly #questions = new Map<string, SetAsideQuestion>()

  constructor(questions: readonly SetAsideQuestion[] = []) {
    for (const question of questions) this.#questions.set(keyOf(question), question)
  }

  /** Sets a question aside from now on. */
  add({ name, type }: AskedQuestion, nowMs: number): void {
    const question = { name, type, untilMs: nowMs + SET_ASIDE_MS }
    this.#questions.delete(keyOf(question))
    this.#questions.set(keyOf(question), question)
    for (const [key, { untilMs }] of this.#questions) {
      if (untilMs > nowMs && this.#questions.size <= SET_ASIDE_MAX) break
      this.#questions.delete(key)
    }
  }

  /** True for a question that is not to be tried now. */
  has(question: AskedQuestion, nowMs: number): boolean {
    if (this.#questions.size === 0) return false
    const found = this.#questions.get(keyOf(question))
    return found !== undefined && nowMs < found.untilMs
  }

  get list(): readonly SetAsideQuestion[] {
    return [...this.#questions.values()]
  }
}

/** CD makes no difference to what is worked on. */
function keyOf({ name, type }: AskedQuestion): string {
  return `${type} ${nameKey(name)}`
}
