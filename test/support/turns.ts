/**
 * Lets this thread's event loop go round `count` times. After two whatever was ready at the call has been heard: the
 * first may end before the loop has looked. A time says nothing of that, for the loop looks at its timers first, and on
 * a busy machine they are over.
 */
export async function turns(count = 2): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
