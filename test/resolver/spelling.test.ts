/** Spelling, and signatures by names that are no zones. */
import t from 'tap'
import { lowercasing } from '../../src/lab/behaviours.ts'
import { addedRecords } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, zone } from '../support/world.ts'

t.test(
  'a server that answers in lower case is no trouble for a client that does not ask so (V36)',
  async (t) => {
    const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: lowercasing }] })])
    const reply = await world.ask('wWw.Z.tEsT', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    t.equal(reply.message.answer.length, 2)
    t.equal(world.counts.get('failure timeout'), undefined)
  },
)

t.test('a stray RRSIG whose signer is no zone does not hide the right one', async (t) => {
  const owner = nameFrom('www.z.test')
  const stray = addedRecords(() => {
    const rdata = new Uint8Array(18 + owner.length + 64)
    rdata.set([0, TYPE.A, 13, 3, 0, 0, 14, 16, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 7])
    rdata.set(owner, 18)
    return [{ owner, type: TYPE.RRSIG, class: 1, ttlSeconds: 3600, rdata }]
  })
  const world = makeWorld([zone('z.test.', { defects: [stray] })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.message.answer.filter(({ type }) => type === TYPE.RRSIG).length, 2, 'both were there')
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})
