/** Processor time of this process: what a bound on work is held against, whatever else the machine does. */

/** Milliseconds of processor time that `run` takes: the least of some runs. */
export function leastProcessorMs(runs: number, run: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage()
    run()
    least = Math.min(least, sinceMs(before))
  }
  return least
}

/** The same for work that waits in between. */
export async function processorMs(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  return sinceMs(before)
}

/** The same once, with what `run` returns. */
export function timeOf<T>(run: () => T): { readonly result: T; readonly ms: number } {
  const before = process.cpuUsage()
  const result = run()
  return { result, ms: sinceMs(before) }
}

function sinceMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
