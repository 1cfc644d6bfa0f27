/** The trials as this resolver stands them, a process with sockets. Peers are beside it in `npm run attacks`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import t from 'tap'
import { SIGILL } from '../../bench/peers/sigill.ts'
import { DENIAL_TRIALS } from './trials/denials.ts'
import { putToTrials, trialsSkipReason } from './trials/run.ts'
import { SERVER_TRIALS } from './trials/servers.ts'
import { answersOf, countHeld, outcomeOf, SECURE } from './trials/trial.ts'

const skip = await trialsSkipReason()
/** Of an Internet that no run of the table uses. */
const INDEX = 20

t.test('every answer about denials and by odd servers is as it should be', { skip }, async (t) => {
  // A socket's path is short.
  const folder = mkdtempSync(join(tmpdir(), 'sigill-trials-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const contender = { peer: SIGILL, program: process.execPath, version: '' }
  const makers = [...DENIAL_TRIALS, ...SERVER_TRIALS]
  const { figures, notes } = await putToTrials(contender, makers, INDEX, folder)
  t.same(notes, [])
  t.equal(Object.keys(figures).length, makers.length)
  for (const [row, { unit, number }] of Object.entries(figures)) t.equal(`of ${number}`, unit, row)
})

t.test('a reply counts only if verdict, rcode and content are as they should be', async (t) => {
  const record = { owner: 'www.test.', type: 'A', ttlSeconds: 60, rdata: 'c0000201' }
  const reply = { rcode: 'NOERROR', ad: true, answer: [record] } as never
  const notes: string[] = []
  const client = {
    ask: async (name: string) => (name === 'silent' ? undefined : reply),
    asked: () => [],
    settle: async () => {},
    processorMs: () => 0,
    note: (text: string) => void notes.push(text),
  }
  const held = await countHeld(client, [
    ['a', 'A', SECURE],
    ['b', 'A', ['SERVFAIL', SECURE], (found) => answersOf(found, 'A').length === 1],
    ['c', 'A', SECURE, (found) => answersOf(found, 'A').length === 2],
    ['d', 'A', 'insecure NOERROR'],
    ['silent', 'A', 'SERVFAIL'],
  ])
  t.equal(held, 2)
  t.same(notes, [
    'c A: secure NOERROR, with other content',
    'd A: secure NOERROR, not insecure NOERROR',
    'silent A: no reply, not SERVFAIL',
  ])
  t.equal(outcomeOf({ rcode: 'SERVFAIL', ad: false } as never), 'SERVFAIL')
})
