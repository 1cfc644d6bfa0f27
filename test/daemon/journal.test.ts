/** The journal of changes: appended, bounded, and no line is lost that another one was damaged beside. */
import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { JOURNAL_OCTETS_MAX } from '../../src/base/limits.ts'
import { JOURNAL_FILE, Journal } from '../../src/daemon/state/journal.ts'
import { StateFolder } from '../../src/daemon/state/state-folder.ts'
import { testFolder } from '../support/folder.ts'

const LOG = { info: () => {}, warn: () => {}, error: () => {} }
const BY = { who: 'noc', why: '' }

async function open(path: string): Promise<{ journal: Journal; folder: StateFolder }> {
  const folder = await StateFolder.open({ path, isWanted: true, log: LOG })
  return { folder, journal: await Journal.open(folder, LOG, () => 1_800_000_000_000) }
}

t.test('what is written is read again; damaged lines are set aside, the others stay', async (t) => {
  const path = testFolder(t)
  const { journal } = await open(path)
  await Promise.all(['a', 'b', 'c'].map((what) => journal.add(what, BY, { n: 1 })))
  appendFileSync(join(path, JOURNAL_FILE), '{"time":"no time"}\nnot json\n')
  const again = await open(path)
  await again.journal.add('d', BY, {})
  const whats = (one: Journal): string[] => one.recent().map(({ what }) => what)
  t.same(whats(again.journal), ['d', 'c', 'b', 'a'], 'the newest first')
  t.same(readFileSync(join(path, `${JOURNAL_FILE}.damaged`), 'utf8'), '{"time":"no time"}\nnot json\n')
  t.same(whats((await open(path)).journal), ['d', 'c', 'b', 'a'])
  t.equal(statSync(join(path, JOURNAL_FILE)).mode & 0o777, 0o600)
})

t.test('a full one is put aside as the older one', async (t) => {
  const path = testFolder(t)
  const { journal, folder } = await open(path)
  await folder.write(JOURNAL_FILE, ' '.repeat(JOURNAL_OCTETS_MAX))
  await journal.add('after', BY, {})
  t.ok(statSync(join(path, JOURNAL_FILE)).size < 200)
  t.equal(statSync(join(path, `${JOURNAL_FILE}.old`)).size, JOURNAL_OCTETS_MAX)
})
