/** The states of the daemon that hands over: whatever happens, it either serves on as before or has handed over. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { TAKE_OVER_MS_MAX } from '../../src/base/limits.ts'
import { HandOver, type HandOverParts, mailboxOf } from '../../src/daemon/hand-over/hand-over.ts'
import { Refusal } from '../../src/daemon/operator/operator.ts'
import { canHandOver, Mailbox } from '../../src/native/handed-sockets.ts'

const BY = { who: 'tester', why: 'to see' }

function bench(t: Test) {
  // Paths of sockets have to be short.
  const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
  const controlSocket = join(folder, 'control.sock')
  const descriptor = openSync('/dev/null', 'r')
  const mailbox = new Mailbox(mailboxOf(controlSocket))
  t.teardown(() => {
    mailbox.close()
    closeSync(descriptor)
    rmSync(folder, { recursive: true })
  })
  const clock = new VirtualClock(0)
  const rests = { folder: false, snapshot: false }
  const it = { ends: 0, restored: 0, aside: 0, finishWriting: (): void => {} }
  const handOver = new HandOver({
    sockets: () => new Map([['front-0 udp 127.0.0.1@53', descriptor]]),
    controlSocket: () => controlSocket,
    stepAside: () => {
      it.aside++
    },
    restoreControl: () => {
      it.restored++
    },
    journal: { add: async () => {} } as never,
    folder: {
      settled: () =>
        new Promise<void>((resolve) => {
          it.finishWriting = resolve
        }),
      rest: (isResting: boolean) => {
        rests.folder = isResting
      },
    } as never,
    report: { save: async () => {} } as never,
    snapshot: {
      writeNow: async () => true,
      rest: (isResting: boolean) => {
        rests.snapshot = isResting
      },
    } as unknown as HandOverParts['snapshot'],
    end: () => {
      it.ends++
    },
    clock,
    log: { info: () => {}, warn: () => {} } as never,
  })
  /** Nobody has a share in what is not taken out of the mailbox. */
  const taken = (): number => {
    const descriptors = mailbox.take()
    for (const one of descriptors) closeSync(one)
    return descriptors.length
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return { handOver, clock, rests, it, taken, turn }
}

t.test('a daemon that hands over', { skip: !canHandOver() && 'needs the addon' }, async (t) => {
  t.test('and is not heard to: it goes on', async (t) => {
    const { handOver, clock, rests, it, taken, turn } = bench(t)
    const begun = handOver.begin(BY)
    await turn()
    t.throws(() => handOver.end(), Refusal, 'nobody can have taken over yet')
    t.throws(() => handOver.cancel(), Refusal, 'nor is there anything to take back')
    t.same(rests, { folder: false, snapshot: false }, 'what it knows is still being written')
    it.finishWriting()
    t.same(await begun, ['front-0 udp 127.0.0.1@53'])
    t.equal(taken(), 1)
    t.same(rests, { folder: true, snapshot: true })
    t.throws(() => handOver.refuseChanges(), Refusal)
    clock.advance(TAKE_OVER_MS_MAX)
    t.same(rests, { folder: false, snapshot: false })
    t.doesNotThrow(() => handOver.refuseChanges())
    t.throws(() => handOver.end(), Refusal, 'who comes too late is told')
    t.match(it, { ends: 0, aside: 1, restored: 1 })
  })

  t.test('to one that serves: it ends', async (t) => {
    const { handOver, clock, rests, it, taken, turn } = bench(t)
    const begun = handOver.begin(BY)
    await turn()
    it.finishWriting()
    await begun
    handOver.end()
    t.match([handOver.isDone, it.ends, taken()], [true, 1, 1])
    t.same(rests, { folder: true, snapshot: true })
    t.equal(clock.nextTimerMs(), undefined)
  })

  t.test('and is stopped meanwhile: nobody gets what it is about to close', async (t) => {
    const { handOver, clock, it, taken, turn } = bench(t)
    const begun = handOver.begin(BY)
    await turn()
    handOver.close()
    it.finishWriting()
    await t.rejects(begun, Refusal)
    t.equal(taken(), 0)
    t.equal(clock.nextTimerMs(), undefined, 'and nothing keeps the process alive')
  })
})
