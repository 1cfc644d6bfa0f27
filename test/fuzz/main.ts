/**
 * `npm run fuzz -- --seconds S [--count N] [--seed S] [--index I] [--target client|upstream|message|zone|config]`
 *
 * Tries damaged input on each target until time or count is used up. A failure prints one line that repeats it, and
 * leaves the input where `cases.test.ts` will try it for ever.
 */
import { mkdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { seededRandom } from '../../src/base/random.ts'
import { ROOT } from '../house/project.ts'
import { CASE_ENDINGS, CASES_FOLDER } from './cases.ts'
import { HeapWatch } from './heap-watch.ts'
import type { Target } from './target.ts'
import { Violation } from './target.ts'
import { TARGETS } from './targets.ts'

interface Options {
  readonly seed: number
  /** Inputs a target at most. */
  readonly count: number
  /** Milliseconds a target at most. */
  readonly timeMs: number
  /** Repeats the batch of this input up to it, and does nothing else. */
  readonly index: number | undefined
  readonly targets: readonly Target[]
}

const SECONDS_USUAL = 10
/** One input that takes longer is a hang; no machine is that busy. */
const HANG_MS = 20_000
/** Between two looks at the heap, each of which takes as long as a thousand inputs. */
const LOOK_MS = 2_000

function optionsOf(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const names = { seconds: text, count: text, seed: text, index: text, target: text } as const
  const { values } = parseArgs({ args: [...args], options: names })
  const { target, index, count } = values
  const targets = TARGETS.filter(({ name }) => target === undefined || name === target)
  if (targets.length === 0) {
    throw new RangeError(`no target is called ${target}: ${TARGETS.map(({ name }) => name).join(', ')}`)
  }
  const always = count === undefined ? SECONDS_USUAL : Number.POSITIVE_INFINITY
  return {
    seed: wholeNumber('seed', values.seed) ?? 1,
    count: positive('count', wholeNumber('count', count)) ?? Number.POSITIVE_INFINITY,
    timeMs: ((positive('seconds', number('seconds', values.seconds)) ?? always) * 1000) / targets.length,
    index: wholeNumber('index', index),
    targets,
  }
}

/** A run without inputs would find nothing violated. */
function positive(name: string, value: number | undefined): number | undefined {
  if (value === 0) throw new RangeError(`--${name} must be more than 0`)
  return value
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  const value = number(name, text)
  if (value === undefined || Number.isSafeInteger(value)) return value
  throw new RangeError(`--${name}: "${text}" is not a whole number`)
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(text)) return Number(text)
  throw new RangeError(`--${name}: "${text}" is not a number`)
}

/** A seed for each batch of each target: neighbours share nothing. */
function randomFor(target: Target, seed: number, batch: number): ReturnType<typeof seededRandom> {
  const place = TARGETS.indexOf(target)
  const mixer = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(batch + 1, 0x85ebca6b) ^ place)
  return seededRandom(mixer.below(0x1_0000_0000))
}

/** Ends the process with the line that repeats the input when no input ends for too long: a loop cannot be left otherwise. */
class HangWatch {
  /** The number of the input under way, low and high. */
  readonly #shared = new Int32Array(new SharedArrayBuffer(8))
  readonly #worker: Worker

  constructor(targetName: string, seed: number) {
    const source = `
      const { workerData: { shared, line, hangMs } } = require('node:worker_threads')
      let last = -1
      setInterval(() => {
        const index = Atomics.load(shared, 0) + Atomics.load(shared, 1) * 2 ** 31
        if (index === last) {
          require('node:fs').writeSync(2, 'HANG ' + line + ' --index ' + (index - 1) + '\\n')
          process.kill(process.pid, 'SIGKILL')
        }
        last = index
      }, hangMs)`
    const line = repeatLine(targetName, seed)
    this.#worker = new Worker(source, {
      eval: true,
      workerData: { shared: this.#shared, line, hangMs: HANG_MS },
    })
  }

  /** Inputs begun so far. */
  tell(begun: number): void {
    Atomics.store(this.#shared, 0, begun % 2 ** 31)
    Atomics.store(this.#shared, 1, Math.floor(begun / 2 ** 31))
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

function repeatLine(targetName: string, seed: number): string {
  return `npm run fuzz -- --target ${targetName} --seed ${seed}`
}

/** True when nothing was violated. */
async function fuzz(target: Target, options: Options): Promise<boolean> {
  const { seed, index } = options
  const [startMs, cpu] = [performance.now(), process.cpuUsage()]
  const watch = new HangWatch(target.name, seed)
  const heap = new HeapWatch()
  let begun = index === undefined ? 0 : index - (index % target.batchInputs)
  const end = index === undefined ? options.count : index + 1
  let lookMs = startMs
  let slowestMs = 0
  let inputMs = startMs
  const onInput = (): void => {
    const nowMs = performance.now()
    slowestMs = Math.max(slowestMs, nowMs - inputMs)
    inputMs = nowMs
    watch.tell(++begun)
  }
  const first = begun
  try {
    while (begun < end && performance.now() - startMs < options.timeMs) {
      const batch = Math.floor(begun / target.batchInputs)
      const count = Math.min(target.batchInputs, end - begun)
      inputMs = performance.now()
      await target.run(randomFor(target, seed, batch), count, onInput)
      begun = batch * target.batchInputs + count
      if (performance.now() - lookMs > LOOK_MS) {
        heap.look()
        lookMs = performance.now()
      }
    }
  } catch (error) {
    report(target, seed, begun - 1, error)
    return false
  } finally {
    await watch.end()
  }
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const rate = Math.round((begun - first) / ((user + system) / 1e6))
  console.log(
    `${target.name}: ${begun - first} inputs in ${seconds.toFixed(1)} s (${rate} a CPU second), 0 violations, 0 hangs, ` +
      `slowest ${slowestMs.toFixed(0)} ms; ${heap.text}`,
  )
  return heap.level
}

function report(target: Target, seed: number, index: number, error: unknown): void {
  const text = error instanceof Error ? (error instanceof Violation ? error.message : error.stack) : error
  const input = error instanceof Violation ? error.input : ''
  console.log(`${target.name}: ${text}\n${input.slice(0, 4_000)}`)
  if (input !== '') {
    const path = join(CASES_FOLDER, `${target.name}-seed-${seed}-index-${index}.${CASE_ENDINGS[target.name]}`)
    mkdirSync(join(ROOT, CASES_FOLDER), { recursive: true })
    writeFileSync(join(ROOT, path), input)
    console.log(`kept in ${path}`)
  }
  console.log(`FAILED ${repeatLine(target.name, seed)} --index ${index}`)
}

async function main(): Promise<void> {
  let options: Options
  try {
    options = optionsOf(process.argv.slice(2))
  } catch (error) {
    writeSync(2, `${(error as Error).message}\n`)
    process.exitCode = 2
    return
  }
  let violated = false
  for (const target of options.targets) violated = !(await fuzz(target, options)) || violated
  console.log(violated ? 'something was violated' : 'nothing was violated')
  process.exitCode = violated ? 1 : 0
}

await main()
