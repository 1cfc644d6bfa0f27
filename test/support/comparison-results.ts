/** What comes of asking two resolvers many questions. */
import { performance } from 'node:perf_hooks'
import { type DifferenceClass, describe, differencesOf, type Question } from './comparison.ts'
import type { Reply } from './dns-client.ts'

/** What came of the comparison, question by question. */
export class Results {
  readonly #allowed: readonly DifferenceClass[]
  readonly #faultsOf: (question: Question, reply: Reply) => string[]
  agreed = 0
  /** Replies of ours with AD. */
  secure = 0
  /** Questions that are to be put to the judge once more: under load it gives up on some, and remembers that. */
  readonly differing: { readonly question: Question; readonly ours: Reply }[] = []
  readonly explained: Map<string, number> = new Map()
  readonly unexplained: string[] = []
  readonly faults: string[] = []
  /** Rcodes of ours by manner. */
  readonly rcodes: Map<string, Map<string, number>> = new Map()

  constructor(allowed: readonly DifferenceClass[], faultsOf: (question: Question, reply: Reply) => string[]) {
    this.#allowed = allowed
    this.#faultsOf = faultsOf
  }

  /** @param judge undefined where the judge gave no reply */
  add(question: Question, ours: Reply, judge: Reply | undefined): void {
    const rcodes = this.rcodes.get(question.manner) ?? new Map<string, number>()
    this.rcodes.set(question.manner, rcodes)
    count(rcodes, ours.rcode)
    if (ours.ad) this.secure++
    for (const text of this.#faultsOf(question, ours)) this.fault(question, text)
    if (judge !== undefined && differencesOf({ question, ours, judge }).length === 0) this.agreed++
    else this.differing.push({ question, ours })
  }

  /** Takes note of what is wrong with our reply, or that there was none. */
  fault({ name, type, manner }: Question, text: string): void {
    this.faults.push(`${name} ${type} (${manner}): ${text}`)
  }

  /** Compares our reply with what the judge says when it is asked again, alone. */
  settle(question: Question, ours: Reply, judge: Reply): void {
    const comparison = { question, ours, judge }
    const differences = differencesOf(comparison)
    if (differences.length === 0) {
      this.agreed++
      return
    }
    const reason = this.#allowed.find((one) => one.applies(comparison, differences))
    if (reason === undefined) this.unexplained.push(describe(comparison, differences))
    else count(this.explained, reason.name)
  }
}

function count(tally: Map<string, number>, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1)
}

/** A tally in words. */
export function tallyText(tally: ReadonlyMap<string, number>): string {
  return [...tally].map(([key, number]) => `${number} ${key}`).join(', ')
}

/** Seconds since the last call, as text. */
export function stopwatch(): () => string {
  let start = performance.now()
  return () => {
    const text = `${((performance.now() - start) / 1000).toFixed(1)} s`
    start = performance.now()
    return text
  }
}
