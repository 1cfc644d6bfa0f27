/** Assertions that stay on in production: they speak of our own faults, never of input. */

/** Thrown when the program contradicts itself. The query at hand gets SERVFAIL; the process lives. */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault'
}

/** Throws `AssertionFault` unless `condition` holds. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFault(what)
}
