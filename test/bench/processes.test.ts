/** Servers of the harness: who is stopped leaves nobody behind. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { endAll, NotReady, runProgram, ServerProcess } from '../../bench/processes.ts'
import { testFolder } from '../support/folder.ts'

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

t.test('one that takes too long is told from one that ended', async (t) => {
  const slow = new ServerProcess('slow', 'sh', ['-c', 'echo busy; sleep 60'], '/')
  const late = slow.untilReady(async () => false, 100)
  await t.rejects(late, NotReady)
  await t.rejects(late, /slow is not ready in time\nbusy/)
  await slow.stop()
  const broken = new ServerProcess('broken', 'sh', ['-c', 'echo why; exit 3'], '/')
  const ended = broken.untilReady(async () => false, 5_000)
  await t.rejects(ended, /broken ended with 3\nwhy/)
  t.notOk((await ended.catch((error: unknown) => error)) instanceof NotReady)
})

t.test('when all are ended nobody writes any more, and nobody else is started', async (t) => {
  const folder = join(testFolder(t), 'written')
  mkdirSync(folder)
  // As a resolver that saves its cache when it is told to end.
  const script =
    "trap 'on=' TERM; on=y; i=0; echo ready; while [ $on ] || [ $i -lt 2000 ]; do i=$((i+1)); : > f$i; done"
  const servers = ['one', 'other'].map((name) => new ServerProcess(name, 'sh', ['-c', script], folder))
  for (const server of servers) await server.untilReady(async () => /ready/.test(server.output), 5_000)
  await endAll()
  t.ok(servers.every(({ pid }) => !runs(pid)))
  rmSync(folder, { recursive: true })
  await endAll()
  t.throws(() => new ServerProcess('late', 'true', [], '/'), /being ended/)
  await t.rejects(async () => runProgram('true', [], '/'), /being ended/)
})
