/**
 * A process of its own, run with `--single-threaded --stress-flush-code --trace-turbo-inlining`: with an argument, V8 is told what the daemon
 * tells it. Its last line is how many octets of code there are before and after collections of garbage.
 */
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { compileForService } from '../../../src/daemon/code-settings.ts'

const RARE_FUNCTIONS = 300
const PARTS = 40
const FEW_STEPS = 8
const MANY_STEPS = 200
const CALLS = 300_000
const COLLECTIONS = 12

/** A function of its own; each step is some nine octets of bytecode. */
function made(seed: number, steps: number): (x: number) => number {
  const body = Array.from({ length: steps }, (_, i) => `x = (x * ${seed + 3} + ${i}) | 0`).join(';')
  return new Function('x', `${body};return x`) as (x: number) => number
}

function octetsOfCode(): number {
  return getHeapCodeStatistics().bytecode_and_metadata_size
}

if (process.argv.length > 2) compileForService()

const names = Array.from({ length: PARTS }, (_, i) => `p${i}`)
const calls = names.map((name) => `x = ${name}(x)`).join(';')
const compose = new Function(
  'parts',
  `const [${names}] = parts; return function whole(x) {${calls};return x}`,
)
const whole = compose(names.map((_, i) => made(i, FEW_STEPS)))
for (let i = 0; i < CALLS; i++) whole(i)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const kept = Array.from({ length: RARE_FUNCTIONS }, (_, i) => made(PARTS + i, MANY_STEPS))
for (const rare of kept) rare(1)
const before = octetsOfCode()
for (let i = 0; i < COLLECTIONS; i++) collect()
console.log(JSON.stringify({ before, after: octetsOfCode(), kept: kept.length }))
