/** The trials of this resolver and of every peer that is installed, side by side, as the table tells them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { findContenders, parseOnly } from '../../../bench/peers/find.ts'
import { runProgram } from '../../../bench/processes.ts'
import { trialsSkipReason, type Verdicts } from './run.ts'

/** What the table says of the peers. */
export interface Beside {
  /** A line a row: what was counted, and each resolver's number. */
  readonly cells: ReadonlyMap<string, string>
  /** Names and versions; why there are none. */
  readonly resolvers: string
  /** What was not as it should be, a line each. */
  readonly notes: readonly string[]
}

/** All trials of all resolvers, or it is given up. */
const PATIENCE_MS = 420_000
const ONE = join(import.meta.dirname, 'one.js')

/** Runs all trials. Peers that are missing, or that cannot be run, are named and left out. */
export async function runBeside(): Promise<Beside> {
  const reason = await trialsSkipReason()
  if (reason !== false) return { cells: new Map(), resolvers: `none: ${reason}`, notes: [] }
  const { contenders, missing } = findContenders(new Map(), parseOnly(undefined), process.env)
  const folder = mkdtempSync(join(tmpdir(), 'sigill-trials-'))
  const tried: Tried[] = []
  const failed: string[] = []
  try {
    await Promise.all(
      contenders.map(async ({ peer, program, version }, index) => {
        const args = [ONE, peer.key, program, String(index), join(folder, peer.key)]
        try {
          const output = await runProgram(process.execPath, args, folder, PATIENCE_MS)
          tried[index] = { title: peer.title, version, verdicts: JSON.parse(output) as Verdicts }
        } catch (error) {
          failed.push(`${peer.title} ${version} did not come to an end: ${(error as Error).message}`)
        }
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  // Failures leave holes.
  const whole = tried.filter((each) => each !== undefined)
  return {
    cells: cellsOf(whole),
    resolvers: [...whole.map(({ title, version }) => `${title} ${version}`), ...missing].join(', '),
    notes: [
      ...failed,
      ...whole.flatMap(({ title, verdicts }) => verdicts.notes.map((note) => `${title}: ${note}`)),
    ],
  }
}

interface Tried {
  readonly title: string
  readonly version: string
  readonly verdicts: Verdicts
}

function cellsOf(tried: readonly Tried[]): Map<string, string> {
  const units = new Map(
    tried.flatMap(({ verdicts }) => Object.entries(verdicts.figures).map(([row, { unit }]) => [row, unit])),
  )
  return new Map(
    [...units].map(([row, unit]) => {
      const numbers = tried.map(({ title, verdicts }) => `${title} ${verdicts.figures[row]?.number ?? '-'}`)
      return [row, `${unit}: ${numbers.join(', ')}`]
    }),
  )
}
