/** Tests of rows of the catalogue: they carry the row's id in their name, and tell what was measured. */
import t, { type Test } from 'tap'
import { rowOf } from './rows.ts'

/** Tells the figure of a row: what was counted or timed, in a few words. May be called several times for a row. */
export function figure(t: Test, id: string, text: string): void {
  t.comment(`figure ${rowOf(id).id}: ${text}`)
}

/**
 * The test of a row.
 *
 * @param run returns the figure
 */
export function row(
  id: string,
  run: (t: Test) => Promise<string>,
  options: { skip?: string | false } = {},
): void {
  t.test(`${id}: ${rowOf(id).attack}`, options, async (t) => figure(t, id, await run(t)))
}

/** Counts what held: `3 of 3`, and fails the test for each that does not. */
export class Tally {
  #held = 0
  #all = 0
  readonly #t: Test

  constructor(t: Test) {
    this.#t = t
  }

  /** @param found and `wanted` are compared deeply */
  same(found: unknown, wanted: unknown, what: string): void {
    this.#all++
    if (this.#t.same(found, wanted, what)) this.#held++
  }

  ok(holds: boolean, what: string): void {
    this.same(holds, true, what)
  }

  toString(): string {
    return `${this.#held} of ${this.#all}`
  }
}
