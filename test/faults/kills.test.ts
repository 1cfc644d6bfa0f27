/**
 * A process that is killed while it writes what is kept: the next one finds the old or the new, never a mix, and nothing
 * that was said to be written is lost. SIGILL_KILLS=1000 kills as many.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { testFolder } from '../support/folder.ts'
import { FaultyFiles } from './faulty-files.ts'
import { Generations } from './generations.ts'
import { WriterProcess } from './writer-process.ts'

const KILLS = Number(process.env.SIGILL_KILLS ?? 40)
/** As long as reading and a round or two of writing take. */
const KILL_AFTER_MS_MAX = 150
const CHAINS = 2
const DAMAGED_LINES = 'lines of the journal are damaged and were set aside'

type Part = 'key' | 'changes' | 'snapshot' | 'journal'
type Parts = Readonly<Record<Part, number>>

const NOTHING: Parts = { key: 0, changes: 0, snapshot: 0, journal: 0 }

/** All parts of one generation. */
function whole(generation: number): Parts {
  return { key: generation, changes: generation, snapshot: generation, journal: generation }
}

function newestOf(parts: Parts): number {
  return Math.max(...Object.values(parts))
}

/**
 * Looks at what a killed writer left.
 *
 * @param least what was there before, or it said to have written
 */
async function look(t: Test, folder: string, least: Parts, when: string): Promise<Parts> {
  const found = await (await Generations.open(folder)).found()
  const { key = 0, changes = 0, snapshot = 0, journal: entries, warnings } = found
  const parts = { key, changes, snapshot, journal: entries.at(-1) ?? 0 }
  for (const part of Object.keys(least) as Part[]) {
    if (parts[part] < least[part] || parts[part] > newestOf(least) + 1)
      t.fail(`${when}: ${part} is of generation ${parts[part]}; ${least[part]} was written`)
  }
  if (entries.some((generation, i) => i > 0 && generation <= entries[i - 1]!))
    t.fail(`${when}: the journal goes ${entries.join()}`)
  const others = warnings.filter((text) => text !== DAMAGED_LINES)
  if (others.length > 0) t.fail(`${when}: ${others.join('; ')}`)
  return parts
}

t.test(`${KILLS} kills at any moment`, { timeout: 60_000 + KILLS * 10_000 }, async (t) => {
  let inMidWriting = 0
  let generations = 0
  const top = testFolder(t)
  const chain = async (number: number): Promise<void> => {
    const folder = join(top, `chain${number}`)
    mkdirSync(folder)
    const random = seededRandom(number)
    let parts = NOTHING
    for (let kill = number; kill < KILLS; kill += CHAINS) {
      const writer = new WriterProcess(folder, 'for-ever')
      await writer.begun
      const afterMs = random.below(KILL_AFTER_MS_MAX)
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      writer.kill()
      const { signal, stderr } = await writer.ended
      if (signal !== 'SIGKILL' || stderr !== '') t.fail(`kill ${kill}: ended by ${signal}: ${stderr}`)
      if (readdirSync(folder).some((name) => name.endsWith('.new'))) inMidWriting++
      const last = writer.last === undefined ? parts : whole(writer.last.generation)
      generations += newestOf(last) - newestOf(parts)
      parts = await look(t, folder, last, `kill ${kill}, after ${afterMs} ms`)
    }
  }
  await Promise.all(Array.from({ length: CHAINS }, (_, number) => chain(number)))
  t.comment(`${generations} generations, ${inMidWriting} kills in the middle of a file`)
  t.ok(generations > 0 && inMidWriting > 0, 'it was writing')
})

const faulty = FaultyFiles.build(testFolder(t))
const skip = typeof faulty === 'string' && faulty

t.test('a kill at each call that changes a file', { skip }, async (t) => {
  if (typeof faulty === 'string') return
  const top = testFolder(t, { whole: {} })
  await (await Generations.open(join(top, 'whole'))).write(1)
  const counted = faulty.of(join(top, 'whole.control'), join(top, 'whole'))
  const undisturbed = new WriterProcess(join(top, 'whole'), 'as-told', counted.env)
  await undisturbed.write()
  undisturbed.finish()
  const calls = counted.seen
  t.ok(calls > 20, `${calls} calls`)
  const die = async (call: number): Promise<void> => {
    const folder = join(top, String(call))
    mkdirSync(folder)
    await (await Generations.open(folder)).write(1)
    const files = faulty.of(`${folder}.control`, folder)
    const writer = new WriterProcess(folder, 'as-told', files.env)
    files.killAt(call)
    await writer.write()
    t.equal((await writer.ended).signal, 'SIGKILL')
    const newest = newestOf(await look(t, folder, whole(writer.last?.generation ?? 1), `call ${call}`))
    // The next life takes up what is left, and leaves nothing behind.
    const kept = await Generations.open(folder)
    const written = await kept.write(newest + 1)
    t.same([written, kept.leftovers()], [{ key: true, changes: true, snapshot: true }, []])
    await look(t, folder, whole(newest + 1), `after call ${call}`)
  }
  const waiting = Array.from({ length: calls }, (_, i) => i + 1)
  const work = async (): Promise<void> => {
    for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) await die(call)
  }
  await Promise.all(Array.from({ length: CHAINS }, work))
})
