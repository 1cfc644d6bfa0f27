/** One file from its octets to its verdict. */
import { runDeckard } from './deckard.ts'
import { setupDeckard } from './deckard-options.ts'
import { type Difference, differenceOf } from './differences.ts'
import { setupTestbound } from './options.ts'
import type { RunResult, StepFault } from './outcome.ts'
import { ScenarioError } from './scenario-error.ts'
import { parseScenario } from './scenario-text.ts'
import { runTestbound } from './testbound.ts'

/** What is told of a file. */
export interface FileResult {
  readonly path: string
  readonly title: string
  readonly verdict: 'pass' | 'fail' | 'skip'
  /** Why it failed or was skipped; empty otherwise. */
  readonly reason: string
  /** Whether it also passes at the strict level; undefined when it was not run. */
  readonly strict: 'pass' | 'fail' | undefined
  readonly fault: StepFault | undefined
  readonly strictFaults: readonly StepFault[]
  readonly log: readonly string[]
}

/** How a file is judged. */
export interface RunOptions {
  readonly differences: readonly Difference[]
  /** The strict level decides. */
  readonly strict: boolean
}

const NOTHING = { strict: undefined, fault: undefined, strictFaults: [], log: [] } as const

/** Runs one file. Rejects only for a fault of our own that is none of the resolver. */
export async function runFile(path: string, octets: Uint8Array, options: RunOptions): Promise<FileResult> {
  let title = ''
  try {
    const scenario = parseScenario(path, Buffer.from(octets).toString('latin1'))
    title = scenario.title
    const testbound = scenario.dialect === 'testbound'
    const setup = testbound ? setupTestbound(scenario) : setupDeckard(scenario)
    if (setup.needs.length > 0) {
      return { path, title, verdict: 'skip', reason: `needs ${setup.needs.join(', ')}`, ...NOTHING }
    }
    const result = testbound ? await runTestbound(scenario, setup) : await runDeckard(scenario, setup)
    return judge(path, title, octets, result, options)
  } catch (error) {
    if (error instanceof ScenarioError) {
      return { path, title, verdict: 'fail', reason: error.message, ...NOTHING }
    }
    const reason = `fault of the resolver: ${error instanceof Error ? error.stack : error}`
    return { path, title, verdict: 'fail', reason, ...NOTHING }
  }
}

function judge(
  path: string,
  title: string,
  octets: Uint8Array,
  result: RunResult,
  options: RunOptions,
): FileResult {
  const { strictFaults, log } = result
  const fault = result.fault ?? (options.strict ? strictFaults[0] : undefined)
  const strict = result.fault === undefined && strictFaults.length === 0 ? 'pass' : 'fail'
  const told = { path, title, strict, fault, strictFaults, log } as const
  if (fault === undefined) return { ...told, verdict: 'pass', reason: '' }
  const difference = differenceOf(options.differences, path, octets)
  if (difference !== undefined) return { ...told, verdict: 'skip', reason: `differs: ${difference.rule}` }
  const where = fault.step === undefined ? '' : `step ${fault.step}: `
  return { ...told, verdict: 'fail', reason: `${where}${fault.reason}` }
}
