/** A folder of a test's own. */
import type { Test } from 'tap'

/**
 * As tap's `testdir`, but removed when what the test leaves to its teardown has ended. Tap removes a folder before that,
 * where it was made first, and fails if a daemon writes into it meanwhile.
 *
 * @returns its path
 */
export function testFolder(t: Test, content?: Parameters<Test['testdir']>[0]): string {
  // What is called first surrounds what is called later: the removal is to come last.
  t.teardown(() => {})
  return t.testdir(content)
}
