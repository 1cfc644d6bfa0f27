/**
 * Nobody answers for an hour, whatever that looks like from here: hits go on, old answers are given where they may be,
 * failures are kept, nobody is flooded, and soon after the way is back all is well.
 */
import t from 'tap'
import {
  FAILURE_TTL_SECONDS_MAX,
  STALE_CLIENT_TIMEOUT_MS,
  STALE_SECONDS_MAX,
  STALE_TTL_SECONDS,
} from '../../src/base/limits.ts'
import type { UpstreamFailure, UpstreamRequest, UpstreamResult } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import type { EntryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const ZONES = 20
const CONTENT = 'long 86400 A 192.0.2.80\nshort 60 A 192.0.2.81\n'
const HOUR_SECONDS = 3_600
const ASK_EVERY_SECONDS = 60
const SERVE_STALE = {
  clientTimeoutMs: STALE_CLIENT_TIMEOUT_MS,
  maxSeconds: STALE_SECONDS_MAX,
  ttlSeconds: STALE_TTL_SECONDS,
  afterBogus: false,
}
/** What a name costs when its zone's delegation has run out too: the parent, the zone, its keys. */
const QUESTIONS_A_NAME_MAX = 5

/** The way to the network, which can be cut. */
class Way {
  down: UpstreamFailure | undefined
  /** Questions that were sent. */
  sent = 0
  /** Most of them within one second. */
  mostInASecond = 0
  #second = 0
  #inSecond = 0

  constructor({ network, clock }: World) {
    const ask = network.ask.bind(network)
    network.ask = (request: UpstreamRequest): Promise<UpstreamResult> => {
      this.#count(clock.nowMs())
      const reason = this.down
      if (reason === undefined) return ask(request)
      const afterMs = reason === 'timeout' ? request.timeoutMs : 0
      return new Promise((resolve) => clock.after(afterMs, () => resolve({ kind: 'failure', reason })))
    }
  }

  forget(): void {
    this.sent = 0
    this.mostInASecond = 0
  }

  #count(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) this.#inSecond = 0
    this.#second = second
    this.#inSecond++
    this.sent++
    this.mostInASecond = Math.max(this.mostInASecond, this.#inSecond)
  }
}

/** Not an old answer, which lives for half a minute. */
function isFresh({ message }: EntryReply): boolean {
  return (
    message.rcode === RCODE.NOERROR &&
    message.answer.every(({ ttlSeconds }) => ttlSeconds > STALE_TTL_SECONDS)
  )
}

for (const down of ['timeout', 'unreachable', 'refused', 'resources'] as const) {
  for (const serveStale of [undefined, SERVE_STALE]) {
    t.test(`${down}${serveStale === undefined ? '' : ', with old answers'}`, async (t) => {
      const zones = Array.from({ length: ZONES }, (_, i) =>
        (i % 2 === 0 ? zone : plainZone)(`z${i}.test.`, { content: CONTENT }),
      )
      const world = makeWorld(zones, { settings: { serveStale } })
      const way = new Way(world)
      const askAll = async (label: string): Promise<EntryReply[]> =>
        await world.askAll(zones.map(({ name }) => [`${label}.${name}`]))
      const rcodes = (replies: readonly EntryReply[]): number[] => replies.map(({ message }) => message.rcode)
      const all = (rcode: number): number[] => Array.from({ length: ZONES }, () => rcode)
      for (const label of ['long', 'short']) t.same(rcodes(await askAll(label)), all(RCODE.NOERROR))
      world.pass(61)
      way.forget()
      way.down = down
      const failed = serveStale === undefined ? RCODE.SERVFAIL : RCODE.NOERROR
      let rounds = 0
      const endMs = world.clock.nowMs() + HOUR_SECONDS * 1_000
      for (; world.clock.nowMs() < endMs; rounds++) {
        const got = [rcodes(await askAll('long')), rcodes(await askAll('short'))]
        t.same(got, [all(RCODE.NOERROR), all(failed)], `round ${rounds}`)
        world.pass(ASK_EVERY_SECONDS)
      }
      const clientQuestions = rounds * ZONES
      t.ok(way.sent <= 2 * clientQuestions, `${way.sent} questions for ${clientQuestions} of clients`)
      t.comment(`${rounds} rounds, ${way.sent} questions, ${way.mostInASecond} in a second at most`)
      way.forget()
      way.down = undefined
      const backMs = world.clock.nowMs()
      let seconds = 0
      while (!(await askAll('short')).every(isFresh) && seconds <= FAILURE_TTL_SECONDS_MAX) {
        world.pass(1)
        seconds = (world.clock.nowMs() - backMs) / 1_000
      }
      t.ok(seconds <= FAILURE_TTL_SECONDS_MAX, `well again after ${seconds} s`)
      t.ok(way.sent <= QUESTIONS_A_NAME_MAX * ZONES, `${way.sent} questions then`)
      t.comment(
        `well again after ${seconds} s, ${way.sent} questions, ${way.mostInASecond} in a second at most`,
      )
      t.same(world.faults, [])
    })
  }
}
