/** What `lookup --trace` and the counters are told. */
import t from 'tap'
import { OPT_OUT } from '../../src/lab/registry-zones.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { collector } from '../support/engine.ts'
import { makeWorld, plainZone, SIGNED, zone } from '../support/world.ts'

for (const [how, reason, denial] of [
  ['by NSEC', 'unsigned-delegation', { kind: 'nsec' }],
  ['by opt-out', 'opt-out', OPT_OUT],
] as const) {
  t.test(`the link that ends the chain is told: ${how}`, async (t) => {
    const parent = zone('parent.test.', { signing: { ...SIGNED, denial } })
    const world = makeWorld([parent, plainZone('plain.parent.test.')])
    const { events, trace } = collector()
    const reply = await world.ask('www.plain.parent.test', TYPE.A, trace)
    t.equal(reply.status, 'insecure')
    const last = events.findLast((event) => event.kind === 'link')
    t.match(last, { type: TYPE.DS, verdict: 'insecure', reason })
    t.equal(last && formatName(last.owner), 'plain.parent.test.')
    t.ok((world.counts.get('validation insecure') ?? 0) > 0, 'counted')
  })
}

t.test('a missing signature is told as the link that fails', async (t) => {
  const world = makeWorld([
    zone('z.test.', { defects: [(records) => records.filter(({ type }) => type !== TYPE.RRSIG)] }),
  ])
  const { events, trace } = collector()
  const reply = await world.ask('www.z.test', TYPE.A, trace)
  t.equal(reply.status, 'bogus')
  t.match(
    events.findLast((event) => event.kind === 'link'),
    { verdict: 'bogus', reason: 'signature-missing' },
  )
  t.ok((world.counts.get('validation bogus') ?? 0) > 0, 'counted')
})
