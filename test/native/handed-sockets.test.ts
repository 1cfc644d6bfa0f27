/** Descriptors that go from process to process, here from one to itself. */
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { addonPart } from '../../src/native/addon-part.ts'
import { canHandOver, Mailbox, sendDescriptors } from '../../src/native/handed-sockets.ts'

t.test('descriptors', { skip: !canHandOver() && 'needs the addon' }, async (t) => {
  // Paths of sockets have to be short.
  const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
  const path = join(folder, 'mailbox')
  const own = openSync('/dev/null', 'r')
  t.teardown(() => {
    closeSync(own)
    rmSync(folder, { recursive: true })
  })

  t.test('many come in their order, in several messages', async (t) => {
    const mailbox = new Mailbox(path)
    t.equal(statSync(path).mode & 0o777, 0o600, 'nobody else may send any')
    sendDescriptors(path, new Array(200).fill(own))
    const taken = mailbox.take()
    t.equal(taken.length, 200)
    t.ok(taken.every((one) => fstatSync(one).rdev === fstatSync(own).rdev))
    for (const one of taken) closeSync(one)
    t.same(mailbox.take(), [])
    mailbox.close()
    t.throws(() => sendDescriptors(path, [own]), { code: 'ENOENT' })
  })

  t.test('no more come than there is room for, be it an odd number', async (t) => {
    const { openMailbox, sendDescriptors, receiveDescriptors } = addonPart()
    const mailbox = openMailbox!(path)
    sendDescriptors!(path, Int32Array.of(own, own))
    const memory = new Int32Array(2).fill(-1)
    t.equal(receiveDescriptors!(mailbox, memory.subarray(0, 1)), 1)
    t.equal(memory[1], -1, 'and nothing is written behind it')
    closeSync(memory[0]!)
    closeSync(mailbox)
  })
})
