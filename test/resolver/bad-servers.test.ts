/** Zones with servers that have bad data beside good ones: who was found out is asked after the others. */
import t from 'tap'
import { type Behaviour, ignoresEdns } from '../../src/lab/behaviours.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, type World, zone } from '../support/world.ts'

const HOSTS = 40
const CONTENT = Array.from({ length: HOSTS }, (_, i) => `h${i} A 192.0.2.${i}\n`).join('')

/** Of the servers the last is good; all others leave signatures out. */
function withStripping(count: number, seed: number): World {
  const servers = Array.from({ length: count }, (_, i) => ({
    name: `ns${i}`,
    ...(i === count - 1 ? {} : { behaviour: ignoresEdns satisfies Behaviour }),
  }))
  return makeWorld([zone('z.test.', { content: CONTENT, servers })], { seed })
}

for (const count of [2, 3, 4]) {
  t.test(`${count - 1} of ${count} servers`, async (t) => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = withStripping(count, seed)
      for (let i = 0; i < HOSTS; i++) {
        if (i === 10) world.forget()
        const { status, ede } = await world.ask(`h${i}.z.test`, TYPE.A)
        t.equal(status, 'secure', `seed ${seed}, name ${i}: ${ede?.text ?? ''}`)
      }
      t.equal(world.asked().length, HOSTS - 10, `seed ${seed}: one question a name`)
      world.pass(901)
    }
  })
}
