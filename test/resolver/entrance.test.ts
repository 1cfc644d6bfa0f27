/** Who goes first where more is asked than one thread can do. The clock moves only by work that is done. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import {
  ENTRANCE_MS_MAX,
  ENTRANCE_QUESTIONS_PER_TURN_MAX,
  REFRESHES_MAX,
  UPSTREAM_REPLIES_PER_TURN_MAX,
} from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { parseAnswerEntry } from '../../src/cache/answer-entry.ts'
import { Entrance } from '../../src/resolver/entrance.ts'
import { LeastFirst } from '../../src/resolver/least-first.ts'
import type { ClientQuestion, ClientReply } from '../../src/resolver/ports.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

const NAME = nameFrom('a.test')

/** A thread whose questions take time when they are begun, and again when a reply comes. */
class Thread {
  readonly clock = new VirtualClock(1_800_000_000, 0)
  readonly counts = new Map<string, number>()
  readonly entrance = new Entrance({
    clock: this.clock,
    counters: {
      limitHit: (limit) => this.#count(`limit ${limit}`),
      limitTried: (limit) => this.#count(`dry run ${limit}`),
    },
  })
  /** Milliseconds that a question of a client takes when it is begun, and when it goes on. */
  costMs: (client: number) => readonly [begin: number, later: number] = () => [1, 0]
  /** Time used by client, and how long its questions waited to be begun. */
  readonly usedMs = new Map<number, number>()
  readonly waitedMs = new Map<number, number[]>()
  readonly #arrivals: { readonly atMs: number; readonly client: number }[] = []

  constructor() {
    this.entrance.resolver = { resolve: (question) => this.#resolve(question), prefetch: () => {} }
  }

  /** A client asks, at a time; in the order of these. */
  arrive(atMs: number, client: number): void {
    this.#arrivals.push({ atMs, client })
  }

  /** Works until nothing waits, or until a time. */
  async run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      this.#admit()
      await new Promise((resolve) => setImmediate(resolve))
      const next = this.#arrivals[0]
      if (next === undefined || this.clock.nowMs() >= untilMs) return
      this.clock.advance(Math.max(0, next.atMs - this.clock.nowMs()))
    }
  }

  #admit(): void {
    while ((this.#arrivals[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.clock.nowMs()) {
      const { client, atMs } = this.#arrivals.shift()!
      void this.entrance.resolve({
        name: NAME,
        type: TYPE.A,
        checkingDisabled: false,
        client,
        atMs,
      } as ClientQuestion)
    }
  }

  async #resolve(question: ClientQuestion): Promise<ClientReply> {
    const { client = 0, atMs } = question as ClientQuestion & { readonly atMs: number }
    const waited = this.waitedMs.get(client) ?? []
    this.waitedMs.set(client, [...waited, this.clock.nowMs() - atMs])
    const [begin, later] = this.costMs(client)
    this.#work(client, begin)
    if (later > 0) {
      await undefined
      this.entrance.note(question)
      this.#work(client, later)
    }
    return { entry: new Uint8Array() }
  }

  #work(client: number, ms: number): void {
    this.clock.advance(ms)
    this.usedMs.set(client, (this.usedMs.get(client) ?? 0) + ms)
    this.#admit()
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
}

/** One client asks for a thousand names at once; fifty others for one each, meanwhile. */
function crowd(thread: Thread): void {
  for (let i = 0; i < 1_000; i++) thread.arrive(0, 1)
  for (let i = 0; i < 50; i++) thread.arrive(5 + 15 * i, 100 + i)
}

function longestWaitMs(thread: Thread, from: number): number {
  return Math.max(...[...thread.waitedMs].filter(([client]) => client >= from).flatMap(([, waits]) => waits))
}

t.test('few questions are begun in a turn, however little of their work is seen in it', async (t) => {
  const clock = new VirtualClock(1_800_000_000, 0)
  const turns: (() => void)[] = []
  let begun = 0
  const entrance = new Entrance({
    clock: {
      nowMs: () => clock.nowMs(),
      read: (into) => clock.read(into),
      unixSeconds: () => clock.unixSeconds(),
      after: (delayMs, fire) => clock.after(delayMs, fire),
      yieldTurn: () => new Promise((resolve) => turns.push(resolve)),
    },
    counters: { limitHit: () => {}, limitTried: () => {} },
  })
  const resolve = async (): Promise<ClientReply> => {
    begun++
    return { entry: new Uint8Array() }
  }
  entrance.resolver = { resolve, prefetch: () => {} }
  for (let i = 0; i < 100; i++) void entrance.resolve({ name: NAME, type: TYPE.A, checkingDisabled: false })
  for (let turn = 1; begun < 100; turn++) {
    t.equal(begun, ENTRANCE_QUESTIONS_PER_TURN_MAX * turn, `turn ${turn}`)
    for (const end of turns.splice(0)) end()
    await new Promise((settled) => setImmediate(settled))
  }
  t.equal(entrance.waiting, 0)
  t.ok(ENTRANCE_QUESTIONS_PER_TURN_MAX < UPSTREAM_REPLIES_PER_TURN_MAX, 'replies come first')
})

t.test('who asks for one name waits for one other, however many somebody else asks for', async (t) => {
  const thread = new Thread()
  crowd(thread)
  await thread.run()
  t.ok(longestWaitMs(thread, 100) <= 2, `${longestWaitMs(thread, 100)} ms`)
  t.equal(thread.waitedMs.get(1)!.length, 1_000, 'which gets all there is else')
  t.equal(thread.counts.size, 0)
})

/** The number of a client in a network. */
function inNetwork(network: number, client: number): number {
  return (network << 16) | client
}

t.test('a network full of clients has as much as one client alone in another', async (t) => {
  const thread = new Thread()
  const alone = inNetwork(2, 1)
  for (let ms = 0; ms < 1_000; ms++) {
    for (let i = 0; i < 2; i++) thread.arrive(ms, inNetwork(1, (2 * ms + i) % 250))
    if (ms >= 500 && ms % 4 === 0) thread.arrive(ms, alone)
  }
  await thread.run()
  const waits = thread.waitedMs.get(alone)!
  t.equal(waits.length, 125)
  t.ok(Math.max(...waits) < 20, `${Math.max(...waits)} ms`)
})

t.test('in a network the time is shared among its clients', async (t) => {
  const thread = new Thread()
  for (let i = 0; i < 1_000; i++) thread.arrive(0, inNetwork(1, 1))
  for (let i = 0; i < 20; i++) thread.arrive(5 + 15 * i, inNetwork(1, 100 + i))
  await thread.run()
  t.ok(longestWaitMs(thread, inNetwork(1, 100)) < 20, `${longestWaitMs(thread, inNetwork(1, 100))} ms`)
})

t.test(
  'what would be fetched again before it runs out has its share, and what comes too late is counted',
  async (t) => {
    const clock = new VirtualClock(1_800_000_000, 0)
    const counts = new Map<string, number>()
    const count = (limit: string): void => void counts.set(limit, (counts.get(limit) ?? 0) + 1)
    const entrance = new Entrance({ clock, counters: { limitHit: count, limitTried: count } })
    let fetched = 0
    const work = (ms: number): void => clock.advance(ms)
    entrance.resolver = {
      resolve: async () => {
        work(10)
        return { entry: new Uint8Array() }
      },
      prefetch: () => {
        work(10)
        fetched++
      },
    }
    const replies = Array.from({ length: 500 }, (_, i) =>
      entrance.resolve({ name: NAME, type: TYPE.A, checkingDisabled: false, client: inNetwork(1, i) }),
    )
    const wanted = REFRESHES_MAX + 7
    for (let i = 0; i < wanted; i++) entrance.prefetch(NAME, TYPE.A)
    await Promise.all(replies)
    while (entrance.waiting > 0) await new Promise((resolve) => setImmediate(resolve))
    t.ok(fetched >= ENTRANCE_MS_MAX / 25, `${fetched}`)
    t.equal(fetched + counts.get('refreshes')!, wanted)
  },
)

t.test(
  'as they come, they would wait for all of them: this test can fail; how often is counted',
  async (t) => {
    const thread = new Thread()
    thread.entrance.isTriedOut = true
    crowd(thread)
    await thread.run()
    t.ok(longestWaitMs(thread, 100) > 200, `${longestWaitMs(thread, 100)} ms`)
    t.ok(thread.counts.get('dry run fair-share')! > 100)
  },
)

t.test('time is shared, not questions: names that are hard to prove cost who asks for them', async (t) => {
  const thread = new Thread()
  thread.costMs = (client) => (client === 1 ? [1, 9] : [0.5, 0.5])
  for (let i = 0; i < 1_000; i++) for (const client of [1, 2, 3, 4, 5]) thread.arrive(0, client)
  await thread.run(0)
  await new Promise((resolve) => setImmediate(resolve))
  const at1000 = [...thread.usedMs]
  t.equal(at1000.length, 5)
  const others = [2, 3, 4, 5].map((client) => thread.waitedMs.get(client)!)
  // While all wait, each has a fifth of the time; what is begun no more after its time is no work.
  const shares = at1000.map(([, used]) => used)
  t.ok(Math.max(...shares) <= Math.min(...shares) * 1.1, `${shares} ms`)
  t.ok(
    others.every((waits) => waits.length > 300),
    `${others.map((waits) => waits.length)} names`,
  )
  t.ok(thread.waitedMs.get(1)!.length < 60, `${thread.waitedMs.get(1)!.length} hard ones`)
})

t.test('a question that waited too long is not begun', async (t) => {
  const thread = new Thread()
  thread.costMs = () => [ENTRANCE_MS_MAX / 2 + 1, 0]
  const replies = [1, 2, 3, 4].map((type) =>
    thread.entrance.resolve({ name: NAME, type, checkingDisabled: false, client: 1 }),
  )
  const entries = (await Promise.all(replies)).map(({ entry }) => entry)
  t.same(
    entries.map((entry) => entry.length > 0),
    [false, false, false, true],
  )
  t.same(parseAnswerEntry(entries[3]!, 0, 0).ede[0]?.code, 32)
  t.equal(thread.counts.get('limit fair-share'), 1)
})

t.test(
  'where shares are tried out, one that waited too long is begun all the same, and counted',
  async (t) => {
    const thread = new Thread()
    thread.entrance.isTriedOut = true
    thread.costMs = () => [ENTRANCE_MS_MAX / 2 + 1, 0]
    const replies = [1, 2, 3, 4].map((type) =>
      thread.entrance.resolve({ name: NAME, type, checkingDisabled: false, client: 1 }),
    )
    t.same(
      (await Promise.all(replies)).map(({ entry }) => entry.length),
      [0, 0, 0, 0],
    )
    t.same([...thread.counts], [['dry run fair-share', 1]])
  },
)

t.test('a client asks anew in the moment in which its last question is begun', async (t) => {
  const begun: number[] = []
  const replies: Promise<ClientReply>[] = []
  const entrance = new Entrance({
    clock: new VirtualClock(1_800_000_000, 0),
    counters: { limitHit: () => {}, limitTried: () => {} },
    sliceMs: 0,
  })
  const ask = (type: number, client: number): void => {
    replies.push(entrance.resolve({ name: NAME, type, checkingDisabled: false, client }))
  }
  entrance.resolver = {
    resolve: async ({ type }) => {
      begun.push(type)
      // As sockets of clients are looked at between two steps of the engine.
      if (type < 5) ask(type + 1, 1)
      return { entry: Uint8Array.of(type) }
    },
    prefetch: () => {},
  }
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  ask(1, 1)
  await turns()
  ask(6, 2)
  await turns()
  t.same(begun, [1, 2, 3, 4, 5, 6])
  t.same(
    (await Promise.all(replies)).map(({ entry }) => entry[0]),
    begun,
  )
  t.equal(entrance.waiting, 0)
})

t.test('a fault of the engine reaches who asked, also one that had to wait', async (t) => {
  const { entrance } = new Thread()
  entrance.resolver = { resolve: () => Promise.reject(new Error('a fault')), prefetch: () => {} }
  const question = { name: NAME, type: TYPE.A, checkingDisabled: false, client: 1 } as ClientQuestion
  const asked = Array.from({ length: ENTRANCE_QUESTIONS_PER_TURN_MAX + 1 }, () => entrance.resolve(question))
  t.equal(entrance.waiting, 1, 'the last of them waits')
  for (const outcome of await Promise.allSettled(asked)) t.equal(outcome.status, 'rejected')
})

t.test('what was used while nobody waited is held against nobody', async (t) => {
  const thread = new Thread()
  for (let i = 0; i < 300; i++) thread.arrive(0, 1)
  await thread.run()
  // Now both ask for as much.
  for (let i = 0; i < 200; i++) for (const client of [1, 2]) thread.arrive(1_000, client)
  await thread.run()
  const mean = (client: number, from: number): number => {
    const waits = thread.waitedMs.get(client)!.slice(from)
    return waits.reduce((sum, waited) => sum + waited, 0) / waits.length
  }
  t.ok(Math.abs(mean(1, 300) - mean(2, 0)) < 20, `${mean(1, 300)} and ${mean(2, 0)} ms`)
})

t.test('things come least first, also those that grew meanwhile', (t) => {
  const random = seededRandom(7)
  for (let round = 0; round < 50; round++) {
    const items = Array.from({ length: 40 }, () => ({ key: random.below(100) }))
    const heap = new LeastFirst<{ key: number }>(({ key }) => key)
    for (const item of items) heap.add(item)
    for (const item of items) if (random.below(3) === 0) item.key += random.below(100)
    const removed = items[random.below(40)]!
    heap.remove(removed)
    const left = items.filter((item) => item !== removed).map(({ key }) => key)
    const found: number[] = []
    for (let item = heap.least(); item !== undefined; item = heap.least()) {
      found.push(item.key)
      heap.remove(item)
    }
    t.same(
      found,
      left.sort((a, b) => a - b),
    )
  }
  t.end()
})
