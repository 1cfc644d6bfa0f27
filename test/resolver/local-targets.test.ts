/** Names that are answered here, behind aliases and translations of names that are not: nobody else is asked for them. */
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import type { EntryReply } from '../support/entry.ts'
import { recordsFrom } from '../support/records.ts'
import { makeWorld, type World, zone } from '../support/world.ts'

const CONTENT = `
a CNAME foo.invalid.
b CNAME www.corp.test.
c CNAME there.corp.test.
d CNAME x.malware.test.
e CNAME x.silent.test.
f CNAME none.corp.test.
t DNAME corp.test.
www A 192.0.2.80
`

const LOCAL = new LocalZones({
  off: [nameFrom('test')],
  zones: [
    { name: nameFrom('corp.test'), type: 'static' },
    { name: nameFrom('malware.test'), type: 'refuse' },
    { name: nameFrom('silent.test'), type: 'deny' },
  ],
  records: recordsFrom(
    `www.corp.test. 60 IN A 198.51.100.1
there.corp.test. 60 IN CNAME www.z.test.
81.2.0.192.in-addr.arpa. 60 IN PTR www.corp.test.
`,
  ),
})

function worldWith(settings = {}): World {
  const local = LOCAL.answer.bind(LOCAL)
  return makeWorld([zone('z.test.', { content: CONTENT })], { settings: { local, ...settings } })
}

function recordOf({ message }: EntryReply, type: number): ResourceRecord | undefined {
  return message.answer.find((record) => record.type === type)
}

t.test('an alias that leads to a name which is answered here', async (t) => {
  const world = worldWith()
  const data = await world.ask('b.z.test', TYPE.A)
  t.match(data, { rcode: RCODE.NOERROR, status: 'indeterminate' })
  t.same(recordOf(data, TYPE.A)?.rdata, parseAddress('198.51.100.1'))
  t.equal(recordOf(await world.ask('www.t.z.test', TYPE.A), TYPE.A)?.ttlSeconds, 60, 'by a DNAME')
  t.match(await world.ask('a.z.test', TYPE.A), { rcode: RCODE.NXDOMAIN })
  t.match(await world.ask('f.z.test', TYPE.A), { rcode: RCODE.NXDOMAIN })
  t.notOk(
    world.asked().some((asked) => /invalid|corp/.test(asked)),
    `${world.asked()}`,
  )
})

t.test('one that leads there and on again', async (t) => {
  const { rcode, message } = await worldWith().ask('c.z.test', TYPE.A)
  t.equal(rcode, RCODE.NOERROR)
  t.equal(message.answer.filter(({ type }) => type === TYPE.CNAME).length, 2)
  t.same(message.answer.find(({ type }) => type === TYPE.A)?.rdata, parseAddress('192.0.2.80'))
})

t.test('an alias does not lead around a block', async (t) => {
  const world = worldWith()
  for (const name of ['d.z.test', 'e.z.test']) {
    const { rcode, ede, message } = await world.ask(name, TYPE.A)
    t.equal(rcode, RCODE.REFUSED)
    t.equal(ede?.code, EDE.BLOCKED)
    t.same(message.answer, [])
  }
})

t.test('what is answered here may change, so nothing of it is kept', async (t) => {
  const world = worldWith()
  await world.askCached('b.z.test', TYPE.A)
  await world.askCached('d.z.test', TYPE.A)
  world.resolver.configure({ ...ENGINE_SETTINGS, local: undefined })
  for (const name of ['b.z.test', 'd.z.test'])
    t.equal((await world.askCached(name, TYPE.A)).rcode, RCODE.NXDOMAIN)
})

const DNS64 = {
  prefix: { address: parseAddress('64:ff9b::')!, bits: 96 },
  exclude: [],
  ignoreAaaa: [],
}

t.test('addresses and pointers that stand for those of names which are answered here', async (t) => {
  const world = worldWith({ dns64: DNS64 })
  const address = await world.ask('b.z.test', TYPE.AAAA)
  t.same(recordOf(address, TYPE.AAAA)?.rdata, parseAddress('64:ff9b::198.51.100.1'))
  const reverse = (low: string): string =>
    `${[...low.padStart(8, '0')].reverse().join('.')}.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa`
  const pointer = await world.ask(reverse('c0000251'), TYPE.PTR)
  t.equal(pointer.rcode, RCODE.NOERROR)
  t.same(recordOf(pointer, TYPE.PTR)?.rdata, nameFrom('www.corp.test'))
  world.forget()
  await world.ask(reverse('0a010203'), TYPE.PTR)
  t.notOk(
    world.asked().some((asked) => asked.includes('in-addr')),
    `${world.asked()}`,
  )
})
