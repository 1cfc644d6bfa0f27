/** Manners towards the event loop, and towards others who have something proven. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { PROOF_SLICE_MS } from '../../src/base/limits.ts'
import type { Context, Job } from '../../src/resolver/context.ts'
import { ProofTurns } from '../../src/resolver/proof-turns.ts'
import { breathe } from '../../src/resolver/proof-work.ts'

/** A thread whose turns are counted, and how long each was held by proofs. */
class Thread {
  readonly clock = new VirtualClock(0)
  readonly turnsMs: number[] = [0]
  readonly noted: unknown[] = []
  steps = 0
  readonly #turns: ProofTurns
  readonly #context: Context

  constructor() {
    const clock = {
      yieldTurn: () => new Promise<void>((resolve) => setImmediate(() => resolve(this.#nextTurn()))),
    }
    this.#turns = new ProofTurns(clock)
    this.#context = {
      proofTurns: this.#turns,
      noteWork: (asked: unknown) => void this.noted.push(asked),
      betweenSteps: () => void this.steps++,
    } as unknown as Context
  }

  /** Steps of a millisecond's part each. @returns when it was done, by the clock */
  async prove(client: number, steps: number, stepMs: number): Promise<number> {
    const job = { asked: { client } } as unknown as Job
    for (let step = 0; step < steps; step++) {
      const pause = breathe(this.#context, job)
      if (pause !== undefined) await pause
      this.clock.advance(stepMs)
      this.#turns.worked(stepMs)
      this.turnsMs[this.turnsMs.length - 1]! += stepMs
    }
    return this.clock.nowMs()
  }

  #nextTurn(): void {
    if (this.turnsMs.at(-1)! > 0) this.turnsMs.push(0)
  }
}

const STEP_MS = PROOF_SLICE_MS / 4

t.test('the event loop gets a turn after a millisecond of proving, not before', async (t) => {
  const thread = new Thread()
  await thread.prove(1, 20, STEP_MS)
  t.same(thread.turnsMs.slice(0, 5), Array(5).fill(PROOF_SLICE_MS))
  t.equal(thread.steps, 20, 'what comes before it had its place each time')
  t.same(thread.noted, Array(4).fill({ client: 1 }), 'after each it is noted again whose work goes on')
})

t.test('however many proofs are at work: a turn is held for a slice and a signature', async (t) => {
  const thread = new Thread()
  await Promise.all(Array.from({ length: 50 }, (_, client) => thread.prove(client << 16, 16, 0.4)))
  t.ok(Math.max(...thread.turnsMs) <= PROOF_SLICE_MS + 0.4, `${Math.max(...thread.turnsMs)} ms`)
})

t.test('one client with many proofs that are hard does not hold up another with an easy one', async (t) => {
  const thread = new Thread()
  const hard = Array.from({ length: 60 }, () => thread.prove(1 << 16, 40, STEP_MS))
  await new Promise((resolve) => setImmediate(resolve))
  const beganMs = thread.clock.nowMs()
  const easyMs = (await thread.prove(2 << 16, 3, STEP_MS)) - beganMs
  t.ok(easyMs <= 4 * PROOF_SLICE_MS, `${easyMs} ms`)
  await Promise.all(hard)
  t.equal(thread.steps, 60 * 40 + 3, 'and nothing is lost')
})
