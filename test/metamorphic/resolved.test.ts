/** The engine resolves the same questions again and again, with every reply shuffled anew: nothing may change. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { scrambling } from './scramble.ts'
import { captureSubject, DATA, labSubject, outcomeOf, type Subject, seSubject } from './subjects.ts'

const SHUFFLES = 100
/** The lab takes the engine half a second each time; its answers by themselves are shuffled as often as all others. */
const LAB_SHUFFLES = 25
const skip = existsSync(DATA) ? false : `${DATA} is not there`

async function outcomes(subject: Subject, seed: number, count?: { replies: number }): Promise<string[]> {
  const random = seededRandom(seed)
  const engine = subject.engine(1, (network) =>
    count === undefined ? network : scrambling(network, random, count),
  )
  const lines: string[] = []
  for (const [name, type] of subject.questions) {
    lines.push(`${name} ${type}: ${outcomeOf(await engine.ask(name, type))}`)
  }
  return lines
}

for (const { make, shuffles, options } of [
  { make: labSubject, shuffles: LAB_SHUFFLES, options: {} },
  { make: captureSubject, shuffles: SHUFFLES, options: { skip } },
  { make: seSubject, shuffles: SHUFFLES, options: { skip } },
]) {
  t.test(`resolved: ${make.name}`, options, async (t) => {
    const subject = make()
    const expected = await outcomes(subject, 0)
    const count = { replies: 0 }
    const different = new Set<string>()
    for (let shuffle = 1; shuffle <= shuffles; shuffle++) {
      const got = await outcomes(subject, shuffle, count)
      for (const [i, line] of got.entries()) {
        if (line !== expected[i]) different.add(`shuffle ${shuffle}: ${line} instead of ${expected[i]}`)
      }
    }
    t.same([...different], [])
    t.ok(count.replies > shuffles, `${count.replies} replies shuffled`)
    t.comment(`${subject.what}: ${subject.questions.length} questions, ${count.replies} replies shuffled`)
  })
}
