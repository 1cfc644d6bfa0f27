/** The thread of `tracing.ts`: the operator's module, and spans of what it is told. What is thrown here ends it. */
import { parentPort, workerData } from 'node:worker_threads'
import { makeSpans } from '../../telemetry/resolution-spans.ts'
import { letOthersGoFirst } from '../short-waits.ts'
import type { ToTracing, TracingData } from './tracing.ts'

const { module, waiting } = workerData as TracingData
const words = new Int32Array(waiting)

letOthersGoFirst()
if (module !== '') await import(module)
// What came meanwhile waits in the port.
parentPort!.on('message', (told: ToTracing) => {
  if (told === 'close') process.exit()
  Atomics.sub(words, 0, 1)
  makeSpans(told)
})
