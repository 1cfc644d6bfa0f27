/** On whose behalf the engine works, as it is told to whoever has to know should the thread end. */
import t from 'tap'
import type { AskedQuestion } from '../../src/resolver/ports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { makeWorld, zone } from '../support/world.ts'

t.test('whenever a question is taken up, and after every reply', async (t) => {
  const notes: string[] = []
  const tell = (asked: AskedQuestion | undefined): void =>
    void notes.push(asked === undefined ? 'own' : `${formatName(asked.name)} ${asked.type}`)
  const world = makeWorld([zone('y.test.'), zone('z.test.')], { noteWork: tell })
  await world.askAll([['www.Y.test'], ['www.z.test', TYPE.AAAA]])
  t.same([...new Set(notes)].sort(), ['www.Y.test. 1', 'www.z.test. 28'])
  t.ok(notes.length >= 2 + world.asked().length, `${notes.length} notes for ${world.asked().length} replies`)
  const turns = notes.filter((note, i) => i > 0 && note !== notes[i - 1]).length
  t.ok(turns > 1, 'the two were at work in turns, and the note followed')

  notes.length = 0
  await world.resolver.checkRoot()
  t.notOk(
    notes.some((note) => note !== 'own'),
    "work of our own is nobody's fault",
  )
})

t.test(
  'between its steps the engine gives way: after every reply, and before every verification',
  async (t) => {
    let pauses = 0
    const world = makeWorld([zone('y.test.')], { betweenSteps: () => void pauses++ })
    await world.askAll([['www.y.test']])
    const verified = world.counts.get('signatures') ?? 0
    t.ok(verified > 3, `${verified} verifications`)
    t.ok(pauses >= world.asked().length + verified, `${pauses} pauses`)
  },
)
