/** The octets of replies that questions in work hold together. */
import t from 'tap'
import { HELD_OCTETS_MAX, HELD_OCTETS_SPARED } from '../../src/base/limits.ts'
import { ProofBudget } from '../../src/dnssec/budget.ts'
import { dropsTypes } from '../../src/lab/behaviours.ts'
import { HeldOctets } from '../../src/resolver/held-octets.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'
import { WorkBudget } from '../../src/resolver/work-budget.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, SIGNED, WWW, zone } from '../support/world.ts'

function holder(octets: number, deadlineMs = 7_000): { octets: number; deadlineMs: number } {
  return { octets, deadlineMs }
}

t.test('a question that receives little is never refused, whatever others hold', async (t) => {
  const held = new HeldOctets()
  t.notOk(held.add(holder(HELD_OCTETS_MAX + 1), 0))
  t.ok(held.add(holder(HELD_OCTETS_SPARED), 0))
  t.equal(held.octets, HELD_OCTETS_MAX + 1)
})

t.test('what a question holds counts once, as it grows, until it ends', async (t) => {
  const held = new HeldOctets()
  const one = holder(HELD_OCTETS_SPARED + 1)
  held.add(one, 0)
  one.octets += 100
  held.add(one, 0)
  t.equal(held.octets, HELD_OCTETS_SPARED + 101)
  held.remove(one)
  held.remove(one)
  t.equal(held.octets, 0)
})

t.test('one that never says that it ended counts until its deadline', async (t) => {
  const held = new HeldOctets()
  const half = HELD_OCTETS_MAX / 2
  held.add(holder(half, 1_000), 0)
  held.add(holder(half, 3_000), 0)
  t.notOk(held.add(holder(half, 4_000), 999), 'no room for a third')
  t.ok(held.add(holder(half / 2, 7_000), 3_000), 'the first two have come to their end')
  t.equal(held.octets, half + half / 2, 'what was refused ends in its time as well')
})

t.test('a reply for which there is no room with all that others hold is not read', (t) => {
  const held = new HeldOctets()
  const budgets = [1, 2].map(() => {
    const limits = { ...RESOLVER_LIMITS, upstreamOctets: HELD_OCTETS_MAX }
    return new WorkBudget(7_000, new ProofBudget(), limits, held)
  })
  const [one, other] = budgets as [WorkBudget, WorkBudget]
  t.equal(one.takeReply(HELD_OCTETS_MAX - HELD_OCTETS_SPARED, 0), undefined)
  t.equal(other.takeReply(HELD_OCTETS_SPARED, 0), undefined)
  t.equal(other.takeReply(1, 0), 'limit-upstream-octets')
  one.end()
  t.equal(other.takeReply(1, 0), undefined)
  t.end()
})

const ADDRESSES = 1_500
const CONTENT = Array.from({ length: ADDRESSES }, (_, i) => `* 60 A 10.0.${i >> 8}.${i & 255}\n`).join('')

for (const mode of ['enforce', 'observe'] as const) {
  t.test(
    `${mode}: large answers whose keys nobody gives are held as long as their questions last`,
    async (t) => {
      const servers = [{ name: 'ns', behaviour: dropsTypes(TYPE.DNSKEY) }]
      const world = makeWorld([zone('z.test.', { signing: SIGNED, content: `${WWW}${CONTENT}`, servers })], {
        policy: { mode },
      })
      const asked = ['a', 'b', 'c', 'd'].map((label) => world.ask(`${label}.z.test`, TYPE.A))
      await world.clock.runUntil(() => world.resolver.heldOctets > 4 * 16 * ADDRESSES, 3_000)
      t.ok(world.resolver.heldOctets > 4 * 16 * ADDRESSES, `${world.resolver.heldOctets}`)
      for (const reply of asked) t.not((await reply).status, 'secure')
      await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 30_000)
      t.equal(world.resolver.heldOctets, 0)
    },
  )
}
