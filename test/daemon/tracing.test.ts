/** Tracing as the operator has it: off, by a module of theirs, by one that fails in each of the ways in which code can. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { TRACED_WAITING_MAX } from '../../src/base/limits.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { startTracing, type Tracing } from '../../src/daemon/tracing/tracing.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { testFolder } from '../support/folder.ts'
import { until } from '../support/until.ts'

const QUESTION = { name: nameFrom('www.example.se'), type: 1 }
const API = JSON.stringify(import.meta.resolve('@opentelemetry/api'))

interface Told {
  readonly fields: { readonly module?: string; readonly fault?: string; readonly where?: string }
  readonly text: string
}

interface Started {
  readonly tracing: Tracing | undefined
  readonly told: Told[]
}

function start(t: Test, percent: number, module: string, path?: string): Started {
  const told: Told[] = []
  const settings = { ...defaultConfig().settings, 'tracing.percent': percent, 'tracing.module': module }
  const log = { error: (fields: object, text: string) => void told.push({ fields, text }) }
  const tracing = startTracing({
    config: { path, settings },
    clock: new VirtualClock(0),
    log: log as never,
  })
  t.teardown(() => tracing?.close())
  return { tracing, told }
}

/** Starts with a module of these lines, beside the configuration. */
function startWith(t: Test, source: string): Started & { readonly folder: string } {
  const folder = testFolder(t)
  writeFileSync(join(folder, 'otel.mjs'), source)
  return { ...start(t, 100, 'otel.mjs', join(folder, 'sigill.yaml')), folder }
}

/** A module that registers an SDK whose spans do this. */
function sdk(span: string): string {
  return `import { trace } from ${API}
    const span = { isRecording: () => true, setAttribute() {}, setStatus() {}, end() {}, ${span} }
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => span }) })`
}

function resolve({ tracing }: Started): void {
  tracing?.watch(QUESTION)?.ended({ status: 'secure', reason: 'secure' })
}

t.test('off: nothing is watched, and no module is loaded', (t) => {
  t.same(start(t, 0, '/nowhere/at-all.mjs'), { tracing: undefined, told: [] })
  t.end()
})

t.test(
  'a module beside the configuration that registers an SDK gets spans, also of what was before it',
  async (t) => {
    const started = startWith(
      t,
      `import { appendFileSync } from 'node:fs'
    await new Promise((resolve) => setTimeout(resolve, 20))
    ${sdk("end() { appendFileSync(new URL('./ended', import.meta.url), '.') }")}`,
    )
    const ended = join(started.folder, 'ended')
    for (let i = 0; i < 3; i++) resolve(started)
    await until('all spans end', () => existsSync(ended) && readFileSync(ended, 'utf8') === '...')
    t.same(started.told, [])
  },
)

const FAULTS: readonly (readonly [what: string, source: string, fault: RegExp, where?: RegExp])[] = [
  ['lacks a package', "import 'no-such-package'", /Cannot find package 'no-such-package'/],
  ['is no JavaScript', 'const = 1', /Unexpected token/],
  ['throws while it is loaded', "\nthrow new Error('no endpoint')", /^no endpoint$/, /otel\.mjs:2/],
  ['throws what is no error', "throw 'as text'", /^as text$/],
  ['throws later', "setTimeout(() => { throw new Error('late') }, 10)", /^late$/, /otel\.mjs:1/],
  ['rejects later', "setTimeout(() => Promise.reject(new Error('refused')), 10)", /^refused$/],
  ['throws for a span', sdk("end() { throw new Error('full') }"), /^full$/, /otel\.mjs:2/],
  ['ends', 'process.exit(0)', /ended the thread/],
  ['leaks', 'const all = []\nfor (;;) all.push(new Array(1_000).fill(all.length))', /memory/],
]

for (const [what, source, fault, where] of FAULTS) {
  t.test(`a module that ${what} is told of once, without a stack, and all goes on`, async (t) => {
    const started = startWith(t, source)
    resolve(started)
    await until('it is told of', () => started.told.length > 0)
    const [{ fields, text }] = started.told as [Told]
    t.match(text, /^tracing\.module failed/)
    t.match(fields, { module: join(started.folder, 'otel.mjs'), fault })
    if (where !== undefined) t.match(fields.where, where)
    t.notMatch(fields.where, /[()\s]/)
    t.notMatch(JSON.stringify(started.told), / {4}at /)
    resolve(started)
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal(started.told.length, 1)
  })
}

t.test('a module that is stuck keeps nothing waiting, and what waits for it is bounded', async (t) => {
  const started = startWith(t, 'for (;;) {}')
  const posted = t.capture(Atomics, 'add', Atomics.add)
  for (let i = 0; i < TRACED_WAITING_MAX + 100; i++) resolve(started)
  t.equal(posted().length, TRACED_WAITING_MAX)
})

t.test('one that is closed has nothing to tell', async (t) => {
  const started = startWith(t, sdk('end() {}'))
  started.tracing?.close()
  resolve(started)
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.same(started.told, [])
})
