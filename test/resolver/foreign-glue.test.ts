/** Addresses in a referral that lie outside the zone that gave it. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { withExtra } from '../../src/lab/rewrites.ts'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isSubdomainOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

/** Adds these records to whatever is said of names in the zone. */
function beside(apex: string, records: string): Rewrite {
  const add = withExtra({ additional: rrsetsFrom(records) })
  return (answer, question, served) =>
    isSubdomainOf(question.name, nameFrom(apex)) ? add(answer, question, served) : answer
}

/** Servers at the end of the catalogue, so that their addresses are these. */
const CC = '127.53.0.6'
const DD = '127.53.0.5'

/** Two zones below two parents, the server of each named in the other: `ns.cc.net.` for `dd.org.` and so on. */
function knot(glue: boolean): LabZone[] {
  const parent = (name: string, child: string, records: string): LabZone =>
    zone(name, { content: '', rewrites: () => (glue ? [beside(child, records)] : []) })
  return [
    parent('net.', 'cc.net.', `ns.dd.org. 3600 A ${CC}\n`),
    parent('org.', 'dd.org.', `ns.cc.net. 3600 A ${DD}\n`),
    plainZone('dd.org.', { content: `www A 192.0.2.80\nns A ${CC}\n`, servers: [{ name: 'ns.cc.net.' }] }),
    plainZone('cc.net.', { content: `www A 192.0.2.80\nns A ${DD}\n`, servers: [{ name: 'ns.dd.org.' }] }),
  ]
}

function world(glue: boolean, settings: Partial<ResolverSettings>): World {
  return makeWorld(knot(glue), { settings })
}

t.test('zones whose servers are named in each other are reached by it, and only by it', async (t) => {
  const reached = world(true, { foreignGlue: true })
  t.equal(reached.addressOf('ns.dd.org.'), CC)
  t.equal(reached.addressOf('ns.cc.net.'), DD)
  t.equal((await reached.ask('www.cc.net', TYPE.A)).rcode, RCODE.NOERROR)
  for (const glue of [true, false]) {
    const reply = await world(glue, { foreignGlue: !glue }).ask('www.cc.net', TYPE.A)
    t.equal(reply.rcode, RCODE.SERVFAIL)
    t.equal(reply.reason, 'address-loop')
  }
})

t.test('nothing of it is kept, and a later question finds its way again', async (t) => {
  const reached = world(true, { foreignGlue: true })
  await reached.ask('www.cc.net', TYPE.A)
  t.equal(reached.rrsets.getGlue(nameFrom('ns.dd.org'), TYPE.A), undefined)
  t.equal(reached.rrsets.get(nameFrom('ns.dd.org'), TYPE.A), undefined)
  reached.forget()
  t.equal((await reached.ask('mail.cc.net', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.same(reached.asked(), ['org. A', 'dd.org. A', 'ns.dd.org. A', 'mail.cc.net. A'])
})

/** A zone whose server is elsewhere, and a referral to it with the wrong address. */
function misled(settings: Partial<ResolverSettings>): World {
  const lie = beside('z.test.', 'ns.other. 3600 A 127.9.9.9\n')
  const zones = [
    zone('test.', { content: '', rewrites: () => [lie] }),
    zone('other.', { content: '' }),
    plainZone('z.test.', { servers: [{ name: 'ns.other.', address: { of: 'other.' } }] }),
  ]
  return makeWorld(zones, { settings: { foreignGlue: true, ...settings } })
}

const wasMisled = (world: World): boolean => world.network.sent.some(({ address }) => address === '127.9.9.9')

t.test('what is known of a server goes before what a stranger says of it', async (t) => {
  const known = misled({})
  await known.ask('ns.other', TYPE.A)
  t.equal((await known.ask('www.z.test', TYPE.A)).rcode, RCODE.NOERROR)
  t.notOk(wasMisled(known))
})

t.test('with verified glue it comes after what can be looked up', async (t) => {
  for (const verifyGlue of [true, false]) {
    const asked = misled({ verifyGlue })
    t.equal((await asked.ask('www.z.test', TYPE.A)).rcode, RCODE.NOERROR)
    t.equal(wasMisled(asked), !verifyGlue)
  }
})
