/**
 * Names that nobody has asked for before, by paths that lose a tenth of all datagrams either way: what the unlucky wait,
 * and what it costs. Time is virtual and the losses are drawn from a seed, so that the figures are those of every run.
 */
import t from 'tap'
import {
  FIRST_REPLIES_BEFORE_USUAL,
  UNKNOWN_LATE_MS_MIN,
  UPSTREAM_TIMEOUT_MS_MIN,
} from '../../src/base/limits.ts'
import type { LabZone, NameServer } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { entryReply } from '../support/entry.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const RTT_MS = 20
/** Of all datagrams, either way. */
const LOSS = 0.1
/** The lab's network loses replies only: as many as there are questions without one. */
const LOST_PER_THOUSAND = 1000 * (1 - (1 - LOSS) ** 2)
const HOSTS = 16
const ZONES = 64
const OUTSTANDING = 8
const ROUNDS_BEFORE = 2
const ROUNDS = 12
/** Whoever gives up does so sooner. */
const PATIENCE_MS = 120_000

/** Zones that share servers, two each, as those of a provider do; every other one is signed. */
function zonesOfProvider(): LabZone[] {
  const hosts = Array.from({ length: HOSTS }, (_, i) => plainZone(`s${i}.test.`))
  const server = (i: number, name: string): NameServer => ({ name, address: { of: `s${i % HOSTS}.test.` } })
  const zones = Array.from({ length: ZONES }, (_, i) => {
    const servers = [server(2 * i, 'ns1'), server(2 * i + 1, 'ns2')]
    return (i % 2 === 0 ? zone : plainZone)(`z${i}.test.`, { servers })
  })
  return [...hosts, ...zones]
}

/** Asks for a name of every zone, some at a time, and forgets all but the servers. How long each took. */
async function askAllZones(world: World): Promise<number[]> {
  const waits: number[] = []
  let next = 0
  const askInTurn = async (): Promise<void> => {
    for (let i = next++; i < ZONES; i = next++) {
      const question = { name: nameFrom(`www.z${i}.test`), type: TYPE.A, checkingDisabled: false }
      const startMs = world.clock.nowMs()
      const { entry } = await world.resolver.resolve(question)
      const { rcode } = entryReply(entry, world.clock.nowMs())
      waits.push(rcode === RCODE.NOERROR ? world.clock.nowMs() - startMs : Number.POSITIVE_INFINITY)
    }
  }
  const all = Promise.all(Array.from({ length: OUTSTANDING }, askInTurn))
  await world.clock.runUntil(() => waits.length === ZONES, PATIENCE_MS)
  await all
  // What is still asked when the last reply is there belongs to the cost.
  await world.clock.runUntil(() => false, PATIENCE_MS)
  for (let i = 0; i < ZONES; i++) world.resolver.flush(nameFrom(`z${i}.test`))
  return waits
}

t.test('one datagram in ten is lost', async (t) => {
  const network = { rttMs: RTT_MS, lostPerThousand: LOST_PER_THOUSAND }
  const world = makeWorld(zonesOfProvider(), { network })
  for (let i = 0; i < ROUNDS_BEFORE; i++) await askAllZones(world)
  world.forget()
  const waits: number[] = []
  for (let i = 0; i < ROUNDS; i++) waits.push(...(await askAllZones(world)))
  waits.sort((a, b) => a - b)
  const quantile = (share: number): number => waits[Math.floor(share * waits.length)]!
  const arrived = (world.asked().length * (1 - LOSS)) / waits.length
  t.comment(
    `p50 ${quantile(0.5)} ms, p95 ${quantile(0.95)} ms, p99 ${quantile(0.99)} ms, longest ${waits.at(-1)} ms; ` +
      `${arrived.toFixed(2)} questions a name arrived`,
  )
  t.equal(quantile(0.5), 2 * RTT_MS, 'half of all meet no loss that matters')
  t.ok(quantile(0.95) <= 2 * RTT_MS + 2 * UPSTREAM_TIMEOUT_MS_MIN, 'one in twenty waits for two losses')
  t.ok(quantile(0.99) <= 2 * RTT_MS + 5 * UPSTREAM_TIMEOUT_MS_MIN, 'one in a hundred for five')
  t.ok(arrived <= 2.9, `2.5 without losses, ${arrived} with them`)
})

t.test('one datagram in ten is lost, and every zone has servers of its own', async (t) => {
  const zones = Array.from({ length: 200 }, (_, i) =>
    plainZone(`n${i}.test.`, { servers: [{ name: 'ns1' }, { name: 'ns2' }] }),
  )
  const world = makeWorld(zones, { network: { rttMs: RTT_MS, lostPerThousand: LOST_PER_THOUSAND } })
  const waits: number[] = []
  for (const [i, { name }] of zones.entries()) {
    const startMs = world.clock.nowMs()
    t.equal((await world.ask(`www.${name}`, TYPE.A)).rcode, RCODE.NOERROR)
    if (i >= FIRST_REPLIES_BEFORE_USUAL) waits.push(world.clock.nowMs() - startMs)
  }
  waits.sort((a, b) => a - b)
  const p90Ms = waits[Math.floor(0.9 * waits.length)]!
  t.comment(`p90 ${p90Ms} ms, longest ${waits.at(-1)} ms`)
  t.ok(p90Ms <= 2 * RTT_MS + UNKNOWN_LATE_MS_MIN + UPSTREAM_TIMEOUT_MS_MIN, 'one in ten')
})
