/** Servers that never answer questions of some types: names that customers use resolve as ever. */
import t from 'tap'
import { dropsTypes } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, plainZone, zone } from '../support/world.ts'

const HOSTS = 200
const CONTENT = Array.from({ length: HOSTS }, (_, i) => `h${i} 10 A 192.0.2.${i % 250}\n`).join('')

function dropping(make: typeof zone, types: readonly number[], count: number): LabZone {
  const behaviour = dropsTypes(...types)
  const servers = Array.from({ length: count }, (_, i) => ({ name: `ns${i}`, behaviour }))
  return make('z.test.', { content: CONTENT, servers })
}

for (const [what, make] of [
  ['signed', zone],
  ['unsigned', plainZone],
] as const) {
  for (const count of [1, 2]) {
    t.test(
      `${count} server(s) of a zone that is ${what} drop HTTPS and AAAA: addresses of IPv4 are there`,
      async (t) => {
        const world = makeWorld([dropping(make, [TYPE.HTTPS, TYPE.AAAA], count)])
        let good = 0
        for (let i = 0; i < HOSTS; i++) {
          const name = `h${i}.z.test`
          const [https, aaaa, a] = await world.askAll([
            [name, TYPE.HTTPS],
            [name, TYPE.AAAA],
            [name, TYPE.A],
          ])
          t.equal(https!.message.rcode, RCODE.SERVFAIL)
          t.equal(aaaa!.message.rcode, RCODE.SERVFAIL)
          if (a!.message.answer.some(({ type }) => type === TYPE.A)) good++
          world.pass(2)
        }
        t.equal(good, HOSTS)
        const dropped = world.asked().filter((question) => /HTTPS|AAAA/.test(question)).length
        t.ok(dropped < HOSTS, `${dropped} questions of the ${2 * HOSTS} that nobody answers`)
      },
    )
  }
}

t.test('a server that answers nothing is left alone whatever is asked', async (t) => {
  const world = makeWorld([dropping(plainZone, [TYPE.A, TYPE.NS, TYPE.HTTPS, TYPE.AAAA], 1)])
  for (let i = 0; i < 20; i++) await world.ask(`h${i}.z.test`, TYPE.A)
  world.forget()
  await world.ask('h50.z.test', TYPE.HTTPS)
  await world.ask('h51.z.test', TYPE.AAAA)
  t.same(world.asked(), [])
})

t.test('it is tried with such types again, and believed as soon as it answers', async (t) => {
  const world = makeWorld([dropping(plainZone, [TYPE.HTTPS], 1)])
  for (let i = 0; i < 10; i++) await world.ask(`h${i}.z.test`, TYPE.HTTPS)
  world.become([dropping(plainZone, [], 1)])
  world.pass(70)
  t.equal((await world.ask('h20.z.test', TYPE.HTTPS)).message.rcode, RCODE.NOERROR)
  t.equal((await world.ask('h21.z.test', TYPE.HTTPS)).message.rcode, RCODE.NOERROR)
})
