/** Questions without RD: what the caches alone know. */
import t from 'tap'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { type EntryReply, entryReply } from '../support/entry.ts'
import { makeWorld, type World, zone } from '../support/world.ts'

async function recall(world: World, name: string, type: number = TYPE.A): Promise<EntryReply> {
  const question = { name: nameFrom(name), type, checkingDisabled: false, cachedOnly: true }
  const { entry } = await world.resolver.resolve(question)
  return entryReply(entry, world.clock.nowMs())
}

/** Owners and types of records, signatures left out. */
const list = (records: readonly ResourceRecord[]): string[] =>
  records
    .filter(({ type }) => type !== TYPE.RRSIG)
    .map(({ owner, type }) => `${formatName(owner)} ${formatType(type)}`)
const answered = ({ message }: EntryReply): string[] => list(message.answer)
const delegated = ({ message }: EntryReply): string[] => list(message.authority)

const ZONES = [
  zone('a.test.', { content: 'www A 192.0.2.80\nalias CNAME www\nfar CNAME www.b.test.\n' }),
  zone('b.test.'),
]

t.test('what is cached is given, with its verdict; nobody is asked', async (t) => {
  const world = makeWorld(ZONES)
  t.match(await recall(world, 'www.a.test.'), { rcode: RCODE.SERVFAIL, reason: 'not-cached' })
  t.same(world.asked(), [], 'not even the root')
  await world.ask('alias.a.test.', TYPE.A)
  await world.ask('nothing.a.test.', TYPE.A)
  world.answers.flush()
  world.forget()
  const known = await recall(world, 'www.a.test.')
  t.match(known, { rcode: RCODE.NOERROR, status: 'secure' })
  t.same(answered(known), ['www.a.test. A'])
  t.same(answered(await recall(world, 'alias.a.test.')), ['alias.a.test. CNAME', 'www.a.test. A'])
  t.match(await recall(world, 'nothing.a.test.'), { rcode: RCODE.NXDOMAIN, status: 'secure' })
  t.same(world.asked(), [])
  t.equal(world.answers.entryCount, 0, 'and nothing is kept of it')
})

t.test('what is not cached gets the closest delegation', async (t) => {
  const world = makeWorld(ZONES)
  await world.ask('www.a.test.', TYPE.A)
  await world.ask('far.a.test.', TYPE.CNAME)
  world.forget()
  const below = await recall(world, 'www.a.test.', TYPE.MX)
  t.match(below, { rcode: RCODE.NOERROR, status: 'indeterminate' })
  t.same(below.message.answer, [])
  t.same(delegated(below), ['a.test. NS'])
  t.same(delegated(await recall(world, 'www.b.test.')), ['test. NS'])
  t.same(delegated(await recall(world, 'b.test.', TYPE.DS)), ['test. NS'], 'the parent has the DS')
  const half = await recall(world, 'far.a.test.')
  t.same(answered(half), ['far.a.test. CNAME'], 'aliases as far as they are known')
  t.same(world.asked(), [])
})
