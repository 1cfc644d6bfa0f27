/** Servers of the harness: who is stopped leaves nobody behind. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { ServerProcess } from '../../bench/processes.ts'

/** True while the process runs; one that has ended and that nobody has asked about is not running. */
function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

t.test('a server that starts others is stopped with them', async (t) => {
  // As a forking server: its child has its output, and does not end with it.
  const script = "trap 'exit 0' TERM; sh -c 'trap : TERM; echo $$; while :; do sleep 1; done' & wait"
  const server = new ServerProcess('forks', 'sh', ['-c', script], '/')
  await server.untilReady(async () => /^\d+\n/.test(server.output), 5_000)
  const child = Number(server.output)
  t.ok(runs(child))
  await server.stop()
  for (let i = 0; i < 100 && runs(child); i++) await sleep(20)
  t.notOk(runs(child))
  t.ok(server.hasEnded)
})
