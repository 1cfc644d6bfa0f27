/** Tracing as the operator has it: off, by a module of his, by one that cannot be loaded. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { startTracing } from '../../src/daemon/tracing.ts'
import type { Watch } from '../../src/resolver/ports.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const QUESTION = { name: nameFrom('www.example.se'), type: 1 }

function start(
  percent: number,
  module: string,
  path?: string,
): { readonly watch: Watch | undefined; readonly faults: unknown[] } {
  const faults: unknown[] = []
  const settings = { ...defaultConfig().settings, 'tracing.percent': percent, 'tracing.module': module }
  const watch = startTracing({
    config: { path, settings },
    clock: systemClock(),
    onFault: (fault) => faults.push(fault),
  })
  return { watch, faults }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

t.test('off: nothing is watched, and no module is loaded', (t) => {
  t.same(start(0, '/nowhere/at-all.mjs'), { watch: undefined, faults: [] })
  t.end()
})

t.test('a module that cannot be loaded is told of, and all goes on without', async (t) => {
  const { watch, faults } = start(100, join(t.testdir(), 'missing.mjs'))
  await until(() => faults.length > 0)
  t.match(faults[0], { code: 'ERR_MODULE_NOT_FOUND' })
  t.equal(watch?.(QUESTION), undefined)
})

t.test('a module beside the configuration that registers an SDK gets spans', async (t) => {
  const folder = t.testdir()
  const api = JSON.stringify(import.meta.resolve('@opentelemetry/api'))
  writeFileSync(
    join(folder, 'otel.mjs'),
    `import { trace } from ${api}
    const span = { isRecording: () => true, setAttribute() {}, setStatus() {}, end() { globalThis.ended = true } }
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => span }) })`,
  )
  const { watch, faults } = start(100, 'otel.mjs', join(folder, 'sigill.yaml'))
  let watched: ReturnType<Watch>
  await until(() => {
    watched = watch?.(QUESTION)
    return watched !== undefined || faults.length > 0
  })
  t.same(faults, [])
  watched?.ended({ status: 'secure', reason: 'secure' })
  t.equal((globalThis as { ended?: boolean }).ended, true)
})
