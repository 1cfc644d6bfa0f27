/** Questions that ended a thread, and the note by which they are known. */
import t from 'tap'
import { SET_ASIDE_MAX, SET_ASIDE_MS } from '../../src/base/limits.ts'
import { SetAside } from '../../src/daemon/threads/set-aside.ts'
import {
  clearWorkNote,
  readWorkNote,
  WORK_NOTE_OCTETS,
  workNote,
} from '../../src/daemon/threads/work-note.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const question = (name: string, type = 1) => ({ name: nameFrom(name), type })

t.test('set aside for a minute, whatever the case of letters', async (t) => {
  const aside = new SetAside()
  t.notOk(aside.has(question('a.se.'), 0))
  aside.add(question('A.se.'), 1_000)
  t.ok(aside.has(question('a.SE.'), 1_000))
  t.notOk(aside.has(question('a.se.', 28), 1_000))
  t.ok(aside.has(question('a.se.'), 1_000 + SET_ASIDE_MS - 1))
  t.notOk(aside.has(question('a.se.'), 1_000 + SET_ASIDE_MS))
  const next = new SetAside(structuredClone(aside.list))
  t.ok(next.has(question('a.se.'), 2_000), 'the next life of the thread knows it')
})

t.test('what is over is forgotten, and the oldest when there are too many', async (t) => {
  const aside = new SetAside()
  aside.add(question('old.se.'), 0)
  aside.add(question('new.se.'), SET_ASIDE_MS)
  t.equal(aside.list.length, 1)
  for (let i = 0; i < SET_ASIDE_MAX; i++) aside.add(question(`n${i}.se.`), SET_ASIDE_MS)
  t.equal(aside.list.length, SET_ASIDE_MAX)
  t.notOk(aside.has(question('new.se.'), SET_ASIDE_MS))
  t.ok(aside.has(question('n0.se.'), SET_ASIDE_MS))
})

t.test('a note holds until the turn of the event loop ends', async (t) => {
  const memory = new SharedArrayBuffer(WORK_NOTE_OCTETS)
  const note = workNote(memory)
  t.equal(readWorkNote(memory), undefined)
  note(question('a.se.'))
  note(question('www.b.se.', 28))
  t.same(readWorkNote(memory), question('www.b.se.', 28))
  await Promise.resolve()
  t.same(readWorkNote(memory), question('www.b.se.', 28), 'microtasks belong to the turn')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(readWorkNote(memory), undefined)
  note(question('a.se.'))
  note(undefined)
  t.equal(readWorkNote(memory), undefined, 'work of our own')
  note(question('a.se.'))
  clearWorkNote(memory)
  t.equal(readWorkNote(memory), undefined)
})
