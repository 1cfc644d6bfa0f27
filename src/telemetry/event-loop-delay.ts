/** How late this thread's timers fire: what waits behind long work. */
import type { Counters } from './counters.ts'

/** Ten samples a second cost nothing and still see every stall that a client would feel. */
const SAMPLE_INTERVAL_MS = 100

/** Samples until the returned function is called. Does not keep the process alive. */
export function watchEventLoopDelay(counters: Counters): () => void {
  let dueMs = performance.now() + SAMPLE_INTERVAL_MS
  const timer = setInterval(() => {
    const nowMs = performance.now()
    counters.eventLoopDelay(Math.max(0, nowMs - dueMs) / 1000)
    dueMs = nowMs + SAMPLE_INTERVAL_MS
  }, SAMPLE_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}
