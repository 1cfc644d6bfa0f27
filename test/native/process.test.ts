/** The addon for the process itself: how it is built, and its words to a service manager. */
import { closeSync, mkdtempSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { addonPart } from '../../src/native/addon-part.ts'
import { buildAddon, PROCESS } from '../../src/native/build.ts'
import { PROCESS_PATH, processAddon } from '../../src/native/process.ts'
import { testFolder } from '../support/folder.ts'

const out = join(testFolder(t), 'process.node')
const flags = ['-Werror', '-Wconversion', '-Wshadow', '-Wstrict-prototypes', '-Wcast-align']
const why = buildAddon({ ...PROCESS, out, flags })
const skip = why !== undefined && !/failed/.test(why) && `nothing can be built here: ${why}`

t.test('it builds without a warning, and the build puts it where it is looked for', { skip }, async (t) => {
  t.equal(why, undefined)
  t.ok(processAddon(out))
  t.equal(PROCESS.out, PROCESS_PATH)
  t.equal(processAddon(join(testFolder(t), 'absent.node')), undefined)
})

const { openMailbox } = addonPart()

t.test(
  'a word is one datagram',
  { skip: skip || (openMailbox === undefined && 'needs the addon for UDP') },
  async (t) => {
    // Paths of sockets have to be short.
    const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
    const path = join(folder, 'notify')
    const mailbox = openMailbox!(path)
    t.teardown(() => {
      closeSync(mailbox)
      rmSync(folder, { recursive: true })
    })
    const { sendNotice } = processAddon(out)!
    sendNotice(path, 'READY=1\nSTATUS=serves')
    sendNotice(path, 'STOPPING=1')
    const room = Buffer.alloc(512)
    t.equal(room.toString('utf8', 0, readSync(mailbox, room)), 'READY=1\nSTATUS=serves')
    t.equal(room.toString('utf8', 0, readSync(mailbox, room)), 'STOPPING=1')
    t.throws(() => sendNotice(join(folder, 'absent'), 'READY=1'), { code: 'ENOENT' })
    t.throws(
      () => sendNotice('@sigill-nobody-listens', 'READY=1'),
      { code: 'ECONNREFUSED' },
      'an abstract name',
    )
    t.throws(() => sendNotice(path, ''), /sendNotice/)
    t.throws(() => sendNotice(path, 'x'.repeat(512)), /sendNotice/)
    t.throws(() => sendNotice('x'.repeat(108), 'x'), /sendNotice/)
  },
)

t.test('nobody becomes who is not there', { skip }, async (t) => {
  const { becomeUser } = processAddon(out)!
  t.throws(() => becomeUser('no-such-user'), { code: 'ENOENT' })
  t.throws(() => becomeUser(''), /becomeUser/)
  t.throws(() => becomeUser('root'), { code: 'EINVAL' })
})
