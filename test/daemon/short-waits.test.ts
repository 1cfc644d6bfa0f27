/** Who gives way to whom, and how large the young generation of a thread grows. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HELPER_NICENESS, RESOLVER_NICENESS, YOUNG_GENERATION_MIB_MAX } from '../../src/base/limits.ts'
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
  t.ok(young <= YOUNG_GENERATION_MIB_MAX * MIB, `${young} octets in a thread`)
})
