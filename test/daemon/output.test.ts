/** The daemon goes on, and ends when it should, whatever becomes of its output. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { testFolder } from '../support/folder.ts'
import { type LabWorld, startLabWorld } from '../support/lab-world.ts'
import { type Outlets, Running, sigill } from '../support/sigill-process.ts'

/** What waits for a reader gets a second; the rest is for slow machines. */
const END_MS_MAX = 6_000

let world: LabWorld
t.before(async () => {
  world = await startLabWorld(testFolder(t), [127, 75])
})
t.teardown(() => world.close())

async function serve(t: Test, outlets: Outlets): Promise<{ process: Running; server: string }> {
  const process = new Running(['serve', '--config', world.writeConfig('output.yaml')], outlets)
  t.teardown(() => process.signal('SIGKILL'))
  const ready = outlets.stderr === 'closed' ? /"listen":\["([^"]+)"\]/ : /listening on (\S+) \(udp, tcp\)/
  return { process, server: (await process.until(ready))[1]! }
}

/** It answers, and ends well and in time. */
async function outlives(t: Test, process: Running, server: string): Promise<void> {
  t.match(await sigill('lookup', 'localhost', `@${server}`), { code: 0 }, 'it answers')
  const startMs = Date.now()
  t.equal((await process.stop()).code, 0)
  t.ok(Date.now() - startMs < END_MS_MAX, `ended after ${Date.now() - startMs} ms`)
}

/** A pipe that is full, and its writing end. */
function fullPipe(path: string): number {
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    for (let i = 0; i < 100_000; i++) writeSync(fd, 'x'.repeat(1_000))
  } catch {}
  try {
    for (let i = 0; i < 1_000; i++) writeSync(fd, 'x')
  } catch {}
  return fd
}

t.test('a log that nobody reads', { timeout: 60_000 }, async (t) => {
  const fd = fullPipe(join(testFolder(t), 'log'))
  t.teardown(() => closeSync(fd))
  const { process, server } = await serve(t, { stdout: fd })
  for (let i = 0; i < 20; i++) process.signal('SIGHUP')
  await outlives(t, process, server)
})

t.test('a log that nobody reads, and a daemon that cannot start', { timeout: 60_000 }, async (t) => {
  const fd = fullPipe(join(testFolder(t), 'log'))
  t.teardown(() => closeSync(fd))
  const path = world.writeConfig('cannot.yaml')
  writeFileSync(path, readFileSync(path, 'utf8').replace('["127.0.0.1@0"]', '["192.0.2.1@5300"]'))
  const process = new Running(['serve', '--config', path], { stdout: fd })
  t.teardown(() => process.signal('SIGKILL'))
  t.match(await process.ended, { code: 2, stderr: /^sigill: cannot listen on .*\n$/ })
})

t.test('a log whose reader has gone', { timeout: 60_000 }, async (t) => {
  const { process, server } = await serve(t, {})
  process.hangUp()
  process.signal('SIGHUP')
  await outlives(t, process, server)
})

t.test('a standard error whose reader has gone', { timeout: 60_000 }, async (t) => {
  const { process, server } = await serve(t, { stderr: 'closed' })
  await outlives(t, process, server)
})

t.test('a full disk', { timeout: 60_000, skip: !existsSync('/dev/full') }, async (t) => {
  const fd = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(fd))
  const { process, server } = await serve(t, { stdout: fd })
  process.signal('SIGHUP')
  await outlives(t, process, server)
})
