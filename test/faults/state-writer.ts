/**
 * A process that reads what an earlier one of its kind left in a folder, and writes generation after generation of it:
 * `for-ever`, or one for each line that it reads. It tells what it does, a line of JSON each.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Generations, type WrittenParts } from './generations.ts'

/** What it tells. */
export type WriterLine =
  | { readonly kind: 'begins' }
  | { readonly kind: 'wrote'; readonly generation: number; readonly written: WrittenParts }

/** Nobody killed it: whoever started it is gone. */
const LIFE_MS_MAX = 120_000
setTimeout(() => process.exit(1), LIFE_MS_MAX).unref()

const [path = '', pace] = process.argv.slice(2)
/** At once: who is killed has no time to empty its buffers. */
const say = (line: WriterLine): void => void writeSync(1, `${JSON.stringify(line)}\n`)

say({ kind: 'begins' })
const kept = await Generations.open(path)
const { key = 0, changes = 0, snapshot = 0, journal } = await kept.found()
let generation = Math.max(key, changes, snapshot, ...journal)
const write = async (): Promise<void> => {
  generation++
  say({ kind: 'wrote', generation, written: await kept.write(generation) })
}
while (pace === 'for-ever') await write()
for await (const _ of createInterface({ input: process.stdin })) await write()
