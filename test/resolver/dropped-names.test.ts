/** Servers that never answer questions for some names, as boxes in front of them have it: all other names resolve as ever. */
import t from 'tap'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

/** Drops whatever is asked for names that have this in them. */
const dropsBad: Behaviour = (inner) => (query, by) =>
  Buffer.from(query).includes('bad') ? [] : inner(query, by)

function dropping(make: typeof zone, count: number): LabZone {
  const servers = Array.from({ length: count }, (_, i) => ({ name: `ns${i}`, behaviour: dropsBad }))
  return make('z.test.', { content: '* 5 A 192.0.2.1\n', servers })
}

interface Stream {
  /** How often a bad name is asked for, and how often a good one. */
  readonly badEveryMs: number
  readonly goodEveryMs: number
  readonly seconds: number
}

const STEP_MS = 10
const CLIENTS = 50

/** The good names that were not answered within a second. */
async function missed(world: World, { badEveryMs, goodEveryMs, seconds }: Stream): Promise<string[]> {
  const missed: string[] = []
  const { clock, resolver } = world
  const ask = async (name: string, ms: number, isGood: boolean): Promise<void> => {
    const client = (ms / STEP_MS) % CLIENTS
    const beganMs = clock.nowMs()
    const { entry } = await resolver.resolve({
      ...{ name: nameFrom(name), type: TYPE.A, checkingDisabled: false, client },
    })
    const { rcode } = entryReply(entry, clock.nowMs()).message
    const tookMs = clock.nowMs() - beganMs
    if (isGood && (rcode !== RCODE.NOERROR || tookMs > 1_000)) missed.push(`${name} after ${tookMs} ms`)
  }
  const asked: Promise<void>[] = []
  for (let ms = 0; ms < seconds * 1_000; ms += STEP_MS) {
    if (ms % badEveryMs === 0) asked.push(ask(`bad${ms}.z.test`, ms, false))
    if (ms % goodEveryMs === 0) asked.push(ask(`good${ms}.z.test`, ms, true))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(STEP_MS)
  }
  await clock.runUntil(() => resolver.inFlight.questions === 0, 30_000)
  await Promise.all(asked)
  return missed
}

for (const [what, make] of [
  ['signed', zone],
  ['unsigned', plainZone],
] as const) {
  for (const count of [1, 2, 4]) {
    t.test(`${count} server(s) of a zone that is ${what} drop one question in four`, async (t) => {
      const world = makeWorld([dropping(make, count)])
      t.same(await missed(world, { badEveryMs: 60, goodEveryMs: 20, seconds: 40 }), [])
    })

    t.test(`${count} server(s) of a zone that is ${what} drop nine questions in ten`, async (t) => {
      const world = makeWorld([dropping(make, count)])
      t.same(await missed(world, { badEveryMs: 200, goodEveryMs: 2_000, seconds: 90 }), [])
    })
  }
}

t.test('one good name in ten seconds among five bad ones a second', async (t) => {
  const world = makeWorld([dropping(plainZone, 1)])
  t.same(await missed(world, { badEveryMs: 200, goodEveryMs: 10_000, seconds: 200 }), [])
})

/** Drops questions for names that have no records themselves but names below. */
const dropsNonTerminals: Behaviour = (inner) => (query, by) => {
  const { name } = parseMessage(query).questions[0]!
  return ['ent.z.test.', 'z.deep.z.test.', 'deep.z.test.'].includes(formatName(name)) ? [] : inner(query, by)
}

for (const [what, make] of [
  ['signed', zone],
  ['unsigned', plainZone],
] as const) {
  for (const [count, timersEarlyMs] of [
    [1, 0],
    [2, 0],
    [1, 0.6],
    [2, 0.6],
  ] as const) {
    t.test(
      `${count} server(s) of a zone that is ${what} drop empty non-terminals, timers ${timersEarlyMs} ms early`,
      async (t) => {
        const content = 'www A 192.0.2.2\na.ent A 192.0.2.3\ny.z.deep A 192.0.2.4\n'
        const servers = Array.from({ length: count }, (_, i) => ({
          name: `ns${i}`,
          behaviour: dropsNonTerminals,
        }))
        const world = makeWorld([make('z.test.', { content, servers })], { timersEarlyMs })
        await world.ask('www.z.test', TYPE.A)
        for (const name of ['a.ent.z.test', 'y.z.deep.z.test']) {
          const beganMs = world.clock.nowMs()
          const { message } = await world.ask(name, TYPE.A)
          const tookMs = world.clock.nowMs() - beganMs
          t.equal(message.answer.filter(({ type }) => type === TYPE.A).length, 1, name)
          t.ok(tookMs < 1_500, `${name} after ${tookMs} ms`)
        }
      },
    )
  }
}
