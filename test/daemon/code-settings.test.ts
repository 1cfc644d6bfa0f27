/** What V8 makes of what it is told about compiling. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { INLINED_BYTECODE_OCTETS_MAX, INTERRUPT_BUDGET } from '../../src/base/limits.ts'

const PROGRAM = join(import.meta.dirname, 'thread-entries/code-settings-process.js')
const MAIN = join(import.meta.dirname, '../../src/main.js')
/** Prints what V8 is told, in place of telling it. */
const LISTENER = `import v8 from 'node:v8'
import { syncBuiltinESMExports } from 'node:module'
v8.setFlagsFromString = (flag) => console.error('told ' + flag)
syncBuiltinESMExports()`
/** With one thread it is compiled at the same call each time, however busy the machine is. */
const FLAGS = ['--single-threaded', '--stress-flush-code', '--trace-turbo-inlining']

interface Seen {
  /** Functions inlined into one that calls forty. */
  readonly inlined: number
  /** The share of the octets of code that has run once which is still there after collections of garbage. */
  readonly kept: number
}

function look(...told: string[]): Seen {
  const lines = execFileSync(process.execPath, [...FLAGS, PROGRAM, ...told], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const { before, after } = JSON.parse(lines.pop()!)
  return { inlined: lines.filter((line) => /^Inlining .* whole>/.test(line)).length, kept: after / before }
}

t.test('functions are compiled in small pieces, and what was warm stays so', async (t) => {
  const usual = look()
  const told = look('for service')
  t.ok(
    told.inlined > 0 && told.inlined <= usual.inlined / 2,
    `${told.inlined} inlined in place of ${usual.inlined}`,
  )
  t.ok(usual.kept < 0.5, `${usual.kept} of the code stays as V8 has it`)
  t.ok(told.kept > 0.9, `${told.kept} of it stays here`)
})

t.test('the daemon tells it, before it reads its configuration', async (t) => {
  const listener = `data:text/javascript,${encodeURIComponent(LISTENER)}`
  const args = ['--import', listener, MAIN, 'serve', '--config', '/nonexistent.yaml']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.equal(status, 2, stderr)
  const told = stderr.split('\n').filter((line) => line.startsWith('told '))
  const inlining = `told --max-inlined-bytecode-size-cumulative=${INLINED_BYTECODE_OCTETS_MAX}`
  // Newer ones know no such setting, and would say so at every start.
  const budget = process.versions.node.startsWith('20.')
    ? [`told --interrupt-budget=${INTERRUPT_BUDGET}`]
    : []
  t.same(told, [inlining, 'told --no-flush-bytecode', ...budget])
})
