/** Replies that come late (B12). */
import t from 'tap'
import { LATE_REPLIES_PER_CLIENT_MAX, LATE_REPLY_MS, WAITING_PER_CLIENT_MAX } from '../../src/base/limits.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { ClientReply } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { figure } from '../attacks/row.ts'
import { type Bench, bench, client, parts, query } from './service-under-test.ts'

/** Makes the resolver wait; the function returned lets it answer the oldest so many, or all. */
function holding(it: Bench, stale = false): (count?: number) => void {
  const held: (() => void)[] = []
  it.resolve = () =>
    new Promise<ClientReply>((resolve) => {
      held.push(() => resolve({ entry: writeAnswerEntry(parts(), it.clock.nowMs()), stale }))
    })
  return (count = held.length) => {
    for (const release of held.splice(0, count)) release()
  }
}

let names = 0

/** Asks for so many names, or so many times for one; what came, in the order in which it came. */
function askMany(it: Bench, count: number, address?: string, name?: string): (Uint8Array | 'silence')[] {
  const came: (Uint8Array | 'silence')[] = []
  for (let i = 0; i < count; i++) {
    const asked = query({ id: i & 0xffff, name: name ?? `n${names++}.example.se.` })
    void it.ask(asked, client('udp', address)).then((reply) => came.push(reply))
  }
  return came
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const repliesIn = (came: readonly (Uint8Array | 'silence')[]): number =>
  came.filter((reply) => reply !== 'silence').length

t.test('slow answers to one address cannot be gathered into a pulse (B12)', async (t) => {
  const it = bench()
  const release = holding(it)
  // 5,000 names of slow zones in a second and a half, from what seems one address.
  const came: (Uint8Array | 'silence')[][] = []
  for (let ms = 0; ms < 1_500; ms += 10) {
    came.push(askMany(it, 33))
    it.clock.advance(10)
  }
  await settled()
  const most = it.service.waiting
  t.ok(most <= WAITING_PER_CLIENT_MAX, `${most} wait`)
  it.clock.advance(LATE_REPLY_MS)
  release()
  await settled()
  const replies = came.reduce((sum, some) => sum + repliesIn(some), 0)
  t.ok(replies <= LATE_REPLIES_PER_CLIENT_MAX, `${replies} replies at once`)
  t.ok(replies > 0)
  t.equal(it.counters.get('dropped late'), it.counters.get('limit late-replies-per-client'))
  t.equal(it.service.waiting, 0, 'nobody waits for what was held back')
  figure(t, 'B12', `5,000 slow names: at most ${most} wait, ${replies} replies in 100 ms`)
})

t.test('nor by asking for one name many times', async (t) => {
  const it = bench()
  const release = holding(it)
  const came = askMany(it, 5_000, undefined, 'slow.example.se.')
  it.clock.advance(1_500)
  release()
  await settled()
  t.ok(repliesIn(came) <= LATE_REPLIES_PER_CLIENT_MAX, `${repliesIn(came)} replies at once`)
  t.ok(repliesIn(came) > 0)
  t.equal(it.service.waiting, 0)
})

t.test('who asks on gets as many late replies as it asks questions, and no pulse', async (t) => {
  const it = bench({}, { lateRepliesPerClientMax: 20 })
  const release = holding(it)
  const came = askMany(it, 900)
  it.clock.advance(500)
  const before = repliesIn(came)
  // Of a crowd behind one address: a question each two milliseconds.
  for (let ms = 0; ms < 1_000; ms += 2) {
    void it.ask(query({ name: `later${ms}.example.se.` }))
    it.clock.advance(2)
    release(1)
    await settled()
  }
  t.equal(repliesIn(came) - before, 500, 'late replies leave as questions come')
  release()
  await settled()
  t.ok(
    repliesIn(came) - 500 <= 70,
    `${repliesIn(came) - 500} at once: the bound, and what was asked in that time`,
  )
})

t.test('never more in any tenth of a second, however replies are timed', async (t) => {
  const it = bench({}, { lateRepliesPerClientMax: 20 })
  const release = holding(it)
  const came = askMany(it, 900)
  it.clock.advance(150)
  const at: number[] = []
  for (let ms = 0; ms < 600; ms += 15) {
    release(20)
    await settled()
    at.push(repliesIn(came))
    it.clock.advance(15)
  }
  let most = 0
  for (const [i, before] of [0, ...at].entries())
    most = Math.max(most, (at[Math.min(i + 5, at.length - 1)] ?? 0) - before)
  t.ok(most <= 20, `${most} replies in 100 ms`)
  t.ok(at.at(-1)! >= 50, `${at.at(-1)} replies in 600 ms`)
})

t.test('what waited too long by UDP gets no reply, and is cached for when it is asked again', async (t) => {
  const it = bench({}, { replyMsMax: 1_900 })
  const release = holding(it)
  const early = it.ask(query())
  it.clock.advance(1_900)
  release()
  t.equal(parseMessage((await early) as Uint8Array).rcode, RCODE.NOERROR)
  const late = it.ask(query())
  const byTcp = it.ask(query(), client('tcp'))
  it.clock.advance(1_901)
  release()
  t.equal(await late, 'silence')
  t.equal(parseMessage((await byTcp) as Uint8Array).rcode, RCODE.NOERROR, 'an address that is proven')
  t.equal(it.counters.get('limit reply-time'), 1)
  t.equal(it.counters.get('dropped late'), 1)
})

t.test('an old answer is given when it is due', async (t) => {
  const it = bench({}, { replyMsMax: 1_000 })
  const release = holding(it, true)
  const asked = it.ask(query())
  it.clock.advance(1_800)
  release()
  t.equal(parseMessage((await asked) as Uint8Array).rcode, RCODE.NOERROR)
})

t.test('0 is no bound; bounds change at once; what is tried out is counted alone', async (t) => {
  const none = bench({}, { replyMsMax: 0, lateRepliesPerClientMax: 0 })
  const release = holding(none)
  const came = askMany(none, 900)
  none.clock.advance(5_000)
  release()
  await settled()
  t.equal(repliesIn(came), 900)
  const tried = bench(
    {},
    {
      waitingPerClientMax: 2,
      replyMsMax: 1_900,
      dryRun: new Set(['reply-time', 'waiting-per-client']),
      lateRepliesPerClientMax: 0,
    },
  )
  const releaseTried = holding(tried)
  const those = askMany(tried, 3)
  tried.clock.advance(2_000)
  releaseTried()
  await settled()
  t.equal(repliesIn(those), 3)
  t.equal(tried.counters.get('dry run reply-time'), 3)
  t.equal(tried.counters.get('dry run waiting-per-client'), 1)
  t.equal(tried.counters.get('limit reply-time'), 0)
})

t.test('a bound that is tried out leaves the others in force', async (t) => {
  const it = bench(
    {},
    {
      waitingPerClientMax: 50,
      replyMsMax: 1_900,
      lateRepliesPerClientMax: 20,
      dryRun: new Set(['reply-time']),
    },
  )
  const release = holding(it)
  const came = askMany(it, 60)
  it.clock.advance(2_000)
  release()
  await settled()
  t.equal(repliesIn(came), 10)
  t.equal(it.counters.get('dry run reply-time'), 50)
  t.equal(it.counters.get('limit late-replies-per-client'), 40)
})

t.test('one client is not held to what another gets', async (t) => {
  const it = bench({}, { lateRepliesPerClientMax: 20 })
  const release = holding(it)
  const one = askMany(it, 100)
  const other = askMany(it, 5, '127.0.0.2')
  it.clock.advance(500)
  release()
  await settled()
  t.equal(repliesIn(one), 10)
  t.equal(repliesIn(other), 5)
})
