/** A short run of `npm run fuzz`, the same inputs every time; and proof that a violation would be seen. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { figure } from '../attacks/row.ts'
import { OUT_DIR } from '../house/project.ts'
import { guarded, Violation } from './target.ts'
import { TARGETS } from './targets.ts'

/** Inputs a target: a second or less of each. */
const COUNTS: Readonly<Record<string, number>> = {
  client: 6_000,
  upstream: 250,
  message: 2_000,
  zone: 3_000,
  config: 100,
}

t.test('a short run (C15, D12)', async (t) => {
  for (const target of TARGETS) {
    let begun = 0
    const batches = Math.ceil(COUNTS[target.name]! / target.batchInputs)
    for (let batch = 0; batch < batches; batch++) {
      const random = seededRandom(20_261_121 + batch)
      await target
        .run(random, target.batchInputs, () => begun++)
        .catch((error: Violation) => {
          t.fail(`${target.name}: ${error.message}\n${error.input}`)
        })
    }
    t.ok(begun >= COUNTS[target.name]!, `${target.name}: ${begun} inputs`)
    if (target.name === 'config')
      figure(t, 'D12', `${begun} of ${begun} settings or problems with their place`)
    if (target.name === 'upstream') figure(t, 'C15', `${begun} replies of authorities, none thrown over`)
  }
})

function fuzz(...args: string[]): { status: number | null; text: string } {
  const script = join(OUT_DIR, 'test/fuzz/main.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, ...args], {
    encoding: 'utf8',
  })
  return { status, text: stdout + stderr }
}

t.test('the command', async (t) => {
  const run = fuzz('--target', 'zone', '--count', '1500', '--seed', '7')
  t.equal(run.status, 0, run.text)
  t.match(run.text, /^zone: 1500 inputs in .* 0 violations, 0 hangs/)
  t.match(run.text, /\nnothing was violated\n$/)
  t.match(
    fuzz('--target', 'zone', '--seed', '7', '--index', '1200').text,
    /^zone: 201 inputs/,
    'one batch up to an input',
  )
  t.equal(fuzz('--target', 'nothing').status, 2)
  t.equal(fuzz('--tarjet', 'zone').status, 2)
  for (const wrong of [
    'seconds=abc',
    'seconds=0',
    'seconds=-1',
    'count=1.5',
    'count=0',
    'seed=x',
    'index=',
  ]) {
    const { status, text } = fuzz('--target', 'zone', `--${wrong}`)
    t.equal(status, 2, wrong)
    t.match(
      text,
      new RegExp(`^--${wrong.split('=')[0]}\\b.*\n$`),
      'it says which, and that nothing was violated not',
    )
  }
})

t.test('what a step throws becomes a violation that shows its input', async (t) => {
  await t.rejects(
    guarded(
      () => 'the input',
      () => {
        throw new TypeError('odd')
      },
    ),
    { name: 'Violation', input: 'the input', message: /TypeError: odd/ },
  )
  const violation = new Violation('one', 'inner')
  await t.rejects(
    guarded(
      () => 'outer',
      () => Promise.reject(violation),
    ),
    violation,
  )
})
