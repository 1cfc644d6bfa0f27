/**
 * Lines of `src/resolver` and `src/dnssec` that a run reached: reads the folder that V8 wrote to
 * (NODE_V8_COVERAGE; README.md has the commands) and prints a line a file and one for all. Lines are those of the compiled files; comments, blank
 * lines and lines of brackets alone do not count.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

interface Script {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly Range[] }[]
}

const FOLDERS = /\/dist\/src\/(?:resolver|dnssec)\//
const NO_CODE = /^\s*(?:$|\/\/|\/\*|\*|[\])}[({;,]*$)/

/** Offsets of a file that one process reached. The innermost range that holds an offset decides. */
function reached(source: string, { functions }: Script): Uint8Array {
  const hits = new Uint8Array(source.length).fill(1)
  const ranges = functions.flatMap((one) => one.ranges)
  // Ranges nest, so a longer one comes first and the shorter ones within correct it.
  for (const range of [...ranges].sort((a, b) => length(b) - length(a))) {
    hits.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset)
  }
  return hits
}

function length({ startOffset, endOffset }: Range): number {
  return endOffset - startOffset
}

function collect(folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: Script[] }
    for (const script of result.filter(({ url }) => FOLDERS.test(url))) {
      const path = fileURLToPath(script.url)
      const hits = reached(readFileSync(path, 'utf8'), script)
      const before = files.get(path)
      if (before === undefined) files.set(path, hits)
      else for (let i = 0; i < hits.length; i++) before[i]! |= hits[i]!
    }
  }
  return files
}

/** Lines that hold code, and those of them that were not reached. */
function missedLines(path: string, hits: Uint8Array): { lines: number; missed: number[] } {
  const missed: number[] = []
  let lines = 0
  let at = 0
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const first = at + line.search(/\S|$/)
    at += line.length + 1
    if (NO_CODE.test(line)) continue
    lines++
    if (hits[first] === 0) missed.push(i + 1)
  }
  return { lines, missed }
}

function main(): void {
  const folder = process.argv[2] ?? 'coverage'
  let all = 0
  let hit = 0
  for (const [path, hits] of [...collect(folder)].sort()) {
    const { lines, missed } = missedLines(path, hits)
    all += lines
    hit += lines - missed.length
    const percent = ((100 * (lines - missed.length)) / lines).toFixed(1)
    console.log(`${percent.padStart(5)} % ${path.replace(/^.*\/dist\//, '')} ${missed.join(' ')}`)
  }
  console.log(`${((100 * hit) / all).toFixed(1)} % of ${all} lines`)
}

main()
