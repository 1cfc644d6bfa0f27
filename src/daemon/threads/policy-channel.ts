/**
 * Changes of the policy and of other settings while threads run: every thread goes by a change before the sequence
 * number is raised, so that nothing is judged by the old rules under the new number. The mode and the share of clients
 * need no message: all threads read the same words (`policy/policy-words.ts`).
 */
import type { Clock } from '../../base/clock.ts'
import { POLICY_CHANGE_MS_MAX } from '../../base/limits.ts'
import type { Settings } from '../../config/settings.ts'
import type { PolicyChange, ValidationPolicy } from '../../policy/validation-policy.ts'

/** Settings that threads take over. */
export interface SettingsChange {
  readonly kind: 'settings'
  readonly settings: Settings
  /** What was answered by the old ones is answered anew. */
  readonly rejudges: boolean
}

/** What threads are told of. */
export type ThreadChange = PolicyChange | SettingsChange

/** A thread, as far as this goes. */
export interface PolicyThread {
  /** Takes the change over, and is to say so with its number. */
  tell(number: number, change: ThreadChange): void
  /** Ends it; its next life begins with the policy as it is then. */
  end(): void
}

/** See the head of this file. */
export class PolicyChannel {
  readonly #policy: ValidationPolicy
  readonly #clock: Clock
  readonly #threads: () => Iterable<PolicyThread>
  readonly #untaken = new Map<number, { readonly by: Set<PolicyThread>; readonly done: () => void }>()
  #number = 0
  #underWay = 0

  /**
   * @param policy of the supervisor: new threads begin with what it holds
   * @param threads that live now
   */
  constructor(policy: ValidationPolicy, clock: Clock, threads: () => Iterable<PolicyThread>) {
    this.#policy = policy
    this.#clock = clock
    this.#threads = threads
    policy.tellExpired((name) => void this.#spread({ kind: 'no-negative-trust-anchor', name }))
  }

  /** False while some threads may judge by other rules than others, under the same number. */
  get isSettled(): boolean {
    return this.#underWay === 0
  }

  /** Settles when the change is in force everywhere: false when it was so already. */
  async change(change: ThreadChange): Promise<boolean> {
    if (change.kind !== 'settings' && !this.#policy.apply(change)) return false
    await this.#spread(change)
    return true
  }

  /** Has all threads go by what the supervisor goes by already. */
  async #spread(change: ThreadChange): Promise<void> {
    this.#underWay++
    const number = ++this.#number
    const by = new Set(this.#threads())
    if (by.size > 0) {
      await new Promise<void>((done) => {
        const deaf = (): void => {
          for (const thread of by) thread.end()
        }
        const cancel = this.#clock.after(POLICY_CHANGE_MS_MAX, deaf)
        this.#untaken.set(number, {
          by,
          done: () => {
            cancel()
            done()
          },
        })
        const told = change.kind === 'settings' ? change : this.#policy.forFollowers(change)
        for (const thread of by) thread.tell(number, told)
      })
    }
    if (change.kind !== 'settings' || change.rejudges) this.#policy.raise()
    this.#underWay--
  }

  /** A thread has taken the change with this number over. */
  taken(thread: PolicyThread, number: number): void {
    const change = this.#untaken.get(number)
    if (change === undefined || !change.by.delete(thread) || change.by.size > 0) return
    this.#untaken.delete(number)
    change.done()
  }

  /** A thread ended: its next life knows all changes. */
  ended(thread: PolicyThread): void {
    for (const number of [...this.#untaken.keys()]) this.taken(thread, number)
  }
}
