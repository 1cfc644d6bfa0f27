/** Servers that answer by UDP that TCP is needed, and say nothing by TCP: others are asked meanwhile, and first from then on. */
import t from 'tap'
import { type Behaviour, silent, tcpOnly } from '../../src/lab/behaviours.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const HOSTS = 40
const CONTENT = Array.from({ length: HOSTS }, (_, i) => `h${i} A 192.0.2.${i}\n`).join('')

const truncatesAndIsSilent: Behaviour = (inner) => (query, by) =>
  (by === 'tcp' ? silent : tcpOnly)(inner)(query, by)

async function took(world: World, host: number): Promise<number> {
  const beganMs = world.clock.nowMs()
  const { message } = await world.ask(`h${host}.z.test`, TYPE.A)
  if (message.answer.length === 0) throw new Error(`h${host}: no answer`)
  return world.clock.nowMs() - beganMs
}

for (const [what, make] of [
  ['signed', zone],
  ['unsigned', plainZone],
] as const) {
  t.test(`one of two servers of a zone that is ${what}`, async (t) => {
    const servers = [{ name: 'ns0', behaviour: truncatesAndIsSilent }, { name: 'ns1' }]
    let longest = 0
    for (let seed = 1; seed <= 10; seed++) {
      const world = makeWorld([make('z.test.', { content: CONTENT, servers })], { seed })
      const times: number[] = []
      for (let i = 0; i < HOSTS; i++) times.push(await took(world, i))
      longest = Math.max(longest, ...times)
      // Once its silence has lasted for a time-out it costs nobody anything.
      world.pass(10)
      for (let i = 0; i < HOSTS; i++) times.push(await took(world, i))
      const slow = times.filter((ms) => ms > 100).length
      t.ok(slow <= 8, `seed ${seed}: ${slow} of ${times.length} slow`)
    }
    t.ok(longest < 600, `${longest} ms`)
  })
}

t.test('TCP that is slow is waited for where there is nobody else', async (t) => {
  const slowly: Behaviour = (inner) => (query, by) =>
    by === 'udp'
      ? tcpOnly(inner)(query, by)
      : inner(query, by).map((reply) => ({ ...reply, delayMs: reply.delayMs + 800 }))
  const world = makeWorld([
    plainZone('z.test.', { content: CONTENT, servers: [{ name: 'ns', behaviour: slowly }] }),
  ])
  await took(world, 0)
  world.forget()
  await took(world, 1)
  t.equal(world.asked().length, 2, 'by UDP and by TCP, once each')
})
