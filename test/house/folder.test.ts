/** When the folder of a test goes: after what writes into it has ended. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { testFolder } from '../support/folder.ts'

t.test('it is there while a teardown runs, and gone afterwards', async (t) => {
  let folder = ''
  const seen: boolean[] = []
  await t.test('one that leaves much to its teardown', async (t) => {
    folder = testFolder(t, { file: '' })
    t.ok(existsSync(folder))
    t.teardown(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      seen.push(existsSync(folder))
    })
  })
  t.same([...seen, existsSync(folder)], [true, false])
})
