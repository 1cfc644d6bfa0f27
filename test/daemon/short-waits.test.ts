/** Who gives way to whom, and how large young generations grow. */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import t from 'tap'
import { HELPER_NICENESS, RESOLVER_NICENESS, YOUNG_GENERATION_MIB_MAX } from '../../src/base/limits.ts'
import { testFolder } from '../support/folder.ts'
import { READY, Running } from '../support/sigill-process.ts'
import type { Found } from './thread-entries/short-waits-process.ts'

const skip = !existsSync('/proc/self/task') && 'the threads of a process are not told here (no /proc)'
const MIB = 2 ** 20
const NICEST = 19

t.test('helpers give way to all, threads that resolve to those that answer', { skip }, async (t) => {
  const program = join(import.meta.dirname, 'thread-entries/short-waits-process.js')
  const found: Found = JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' }))
  const { before, helpers, main, front, resolver, young } = found
  t.ok(helpers.length > 2, `${helpers.length} helpers`)
  t.same(new Set(helpers), new Set([Math.min(before + HELPER_NICENESS, NICEST)]))
  t.same([main, front, resolver], [before, before, Math.min(before + RESOLVER_NICENESS, NICEST)])
  t.ok(young.worker <= YOUNG_GENERATION_MIB_MAX * MIB, `${young.worker} octets in a thread`)
  t.ok(young.main <= YOUNG_GENERATION_MIB_MAX * MIB, `${young.main} octets in the main thread`)
})

t.test('the main thread of a daemon keeps its young generation small from the first', async (t) => {
  const config = join(testFolder(t, { state: {} }), 'sigill.yaml')
  const text = `server: { listen: ["127.0.0.1@0"], resolver-threads: 0 }
control: { socket: "" }
state: { directory: ${join(t.testdirName, 'state')} }
metrics: { listen: "127.0.0.1@0" }
`
  writeFileSync(config, text)
  const watcher = join(import.meta.dirname, 'thread-entries/young-at-exit.js')
  const env = { ...process.env, NODE_OPTIONS: `--import ${watcher}` }
  const running = new Running(['serve', '--config', config], { env })
  await running.until(READY)
  const { code, stderr } = await running.stop()
  t.equal(code, 0)
  const octets = Number(/^young generation: (\d+) octets$/m.exec(stderr)?.[1])
  t.ok(octets <= YOUNG_GENERATION_MIB_MAX * MIB, `${octets} octets`)
})
