/** What V8 is told about compiling for a process that runs for weeks and has to be fast in its first seconds. */
import { setFlagsFromString } from 'node:v8'
import { INLINED_BYTECODE_OCTETS_MAX, INTERRUPT_BUDGET } from '../base/limits.ts'

/** From this version on V8 counts calls where it counted octets of bytecode, and knows the setting no more. */
const V8_COUNTS_INVOCATIONS = 12

/**
 * Call it before anything is compiled that is to be fast; it holds for all threads. Nothing depends on it: of what V8 does
 * not know it says so on standard error, and goes on.
 */
export function compileForService(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTECODE_OCTETS_MAX}`)
  // What has not run for a few collections of garbage would be parsed and warmed anew when next wanted.
  setFlagsFromString('--no-flush-bytecode')
  if (Number.parseInt(process.versions.v8, 10) < V8_COUNTS_INVOCATIONS)
    setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`)
}
