/** Zones in order, but unusual, and servers that are lame in unusual ways: names that resolve everywhere else. */
import t from 'tap'
import { anchorsFromRecords } from '../../src/dnssec/trust-anchors.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import type { Defect } from '../../src/lab/zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { copyName, isSubdomainOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { recordsFrom, rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

/** A zone that is signed, and not yet delegated as such. */
const island: typeof zone = (name, change) => zone(name, { ds: () => [], ...change })

/** The second server of `half.s.test.` has the parent alone. */
function withLame(seed: number, parent: typeof zone): World {
  const half = plainZone('half.s.test.', { servers: [{ name: 'ns1' }, { name: 'ns2' }] })
  const world = makeWorld([parent('s.test.', { content: '' }), half], { seed })
  const { authorities } = world.internet
  world.network.attach(world.addressOf('ns2.half.s.test.'), authorities.get(world.addressOf('ns.s.test.'))!)
  return world
}

t.test(
  'a server that shows the proof of the delegation has the parent, and proves nothing of the zone',
  async (t) => {
    for (const parent of [zone, plainZone]) {
      for (let seed = 1; seed <= 8; seed++) {
        const world = withLame(seed, parent)
        t.equal((await world.ask('www.half.s.test', TYPE.A)).message.answer.length, 1)
        t.equal((await world.ask('none.half.s.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
        t.equal((await world.ask('www.half.s.test', TYPE.TXT)).rcode, RCODE.NOERROR)
      }
    }
  },
)

t.test('where nobody else serves the zone, that is a failure', async (t) => {
  const world = withLame(1, zone)
  world.network.detach(world.addressOf('ns1.half.s.test.'))
  t.equal((await world.ask('www.half.s.test', TYPE.A)).rcode, RCODE.SERVFAIL)
})

t.test('DS below a DNAME at the apex of a zone that is not signed', async (t) => {
  const world = makeWorld([
    plainZone('und.test.', { content: '@ DNAME t.test.' }),
    zone('t.test.', { content: 'x A 192.0.2.1' }),
  ])
  t.match(await world.ask('x.und.test', TYPE.A), { rcode: RCODE.NOERROR, status: 'insecure' })
  t.match(await world.ask('x.und.test', TYPE.DS), { rcode: RCODE.NOERROR, status: 'insecure' })
  t.match(await world.ask('y.und.test', TYPE.DS), { rcode: RCODE.NXDOMAIN, status: 'insecure' })
})

t.test('all there is at a name below a DNAME', async (t) => {
  const world = makeWorld([
    zone('z.test.', { content: 'dn DNAME t.test.' }),
    zone('t.test.', { content: 'x A 192.0.2.1' }),
  ])
  const reply = await world.ask('x.dn.z.test', TYPE.ANY)
  t.match(reply, { rcode: RCODE.NOERROR, status: 'secure' }, reply.ede?.text ?? '')
  t.ok(reply.message.answer.some(({ type }) => type === TYPE.DNAME))
})

/** NXDOMAIN for names that have nothing but names below them. */
const knowsNoEmptyNames: Rewrite = (answer, { name, type }, all) => {
  const isEmpty = answer.rcode === RCODE.NOERROR && answer.authoritative && answer.answer.length === 0
  const has = all!.rrsetsAt(name).some((set) => set.type !== TYPE.NSEC)
  return isEmpty && !has && type !== TYPE.DS ? { ...answer, rcode: RCODE.NXDOMAIN } : answer
}

t.test('names below one that has nothing, and is denied', async (t) => {
  for (const qnameMinimisation of ['relaxed', 'off'] as const) {
    for (const make of [zone, island, plainZone]) {
      const content = 'a.b A 192.0.2.1\nc.d A 192.0.2.2\n_25._tcp.mail TLSA 3 1 1 00\n'
      const changes = { content, rewrites: () => [knowsNoEmptyNames] }
      const world = makeWorld([make('z.test.', changes)], { settings: { qnameMinimisation } })
      for (const [name, type] of [
        ['a.b', TYPE.A],
        ['c.d', TYPE.A],
        ['_25._tcp.mail', TYPE.TLSA],
      ] as const)
        t.equal(
          (await world.ask(`${name}.z.test`, type)).message.answer.length > 0,
          true,
          `${make.name} ${name}`,
        )
    }
  }
})

/** Signs the CNAME as if it were a zone, before the right signature or instead of it. */
function signedByItself(owner: string, isAlone: boolean): Defect {
  return (records) =>
    records.flatMap((record) => {
      const isOwn = record.type === TYPE.RRSIG && record.rdata[1] === TYPE.CNAME
      if (!isOwn) return [record]
      const head = record.rdata.subarray(0, 18)
      const rdata = Uint8Array.of(...head, ...nameFrom(owner), ...new Uint8Array(64))
      const stray = { ...record, rdata }
      return isAlone ? [stray] : [stray, record]
    })
}

t.test('an alias that is signed by itself besides', async (t) => {
  const target = zone('t.test.', { content: 'www A 192.0.2.1' })
  for (const [make, status] of [
    [zone, 'secure'],
    [island, 'insecure'],
  ] as const) {
    const own = make('z.test.', {
      content: 'cn CNAME www.t.test.',
      defects: [signedByItself('cn.z.test.', false)],
    })
    const world = makeWorld([own, target])
    for (const type of [TYPE.A, TYPE.CNAME]) {
      const reply = await world.ask('cn.z.test', type)
      t.match(reply, { rcode: RCODE.NOERROR, status }, reply.ede?.text ?? '')
    }
  }
  const alone = zone('z.test.', {
    content: 'cn CNAME www.t.test.',
    defects: [signedByItself('cn.z.test.', true)],
  })
  t.equal((await makeWorld([alone, target]).ask('cn.z.test', TYPE.A)).status, 'bogus')
})

const ISLE = anchorsFromRecords(recordsFrom(`isle.x.un.test. 3600 IN DS 1 13 2 ${'00'.repeat(32)}`))

type Forgery = 'DNAME' | 'NXDOMAIN' | 'A'

/** A signature by the insecure zone, as it says. */
function junk(type: number): Uint8Array {
  const signer = nameFrom('un.test')
  return Uint8Array.of(type >> 8, type & 255, 13, 2, ...new Uint8Array(14), ...signer, ...new Uint8Array(64))
}

/** What somebody on the way to the servers of the insecure zone above makes up for the names below `x`. */
function forged(kind: Forgery): Rewrite {
  return (answer, { name, type }) => {
    if (type === TYPE.DS || !isSubdomainOf(name, nameFrom('x.un.test'))) return answer
    // The probe of the anchors fails, so that the delegation is not known already.
    if (type === TYPE.DNSKEY) return { ...answer, rcode: RCODE.SERVFAIL, answer: [], authority: [] }
    const made = { authoritative: true, additional: [] }
    if (kind === 'DNAME') {
      const [dname] = rrsetsFrom('un.test. 300 IN DNAME evil.test.')
      return { ...answer, ...made, rcode: RCODE.NOERROR, answer: [dname!], authority: [] }
    }
    if (kind === 'A') {
      const owner = copyName(name)
      const forged = {
        owner,
        type,
        class: 1,
        ttlSeconds: 300,
        rdatas: [Uint8Array.of(6, 6, 6, 6)],
        signatures: [junk(type)],
      }
      return { ...answer, ...made, rcode: RCODE.NOERROR, answer: [forged], authority: [] }
    }
    const [soa] = rrsetsFrom('un.test. 300 IN SOA ns.un.test. h.un.test. 1 2 3 4 300')
    const [nsec] = rrsetsFrom('un.test. 300 IN NSEC un.test. NS SOA')
    const authority = [soa!, { ...nsec!, signatures: [junk(TYPE.NSEC)] }]
    return { ...answer, ...made, rcode: RCODE.NXDOMAIN, answer: [], authority }
  }
}

for (const kind of ['DNAME', 'NXDOMAIN', 'A'] as const) {
  for (const qnameMinimisation of ['relaxed', 'strict', 'off'] as const) {
    t.test(`${kind} made up above a trust anchor in an insecure zone, ${qnameMinimisation}`, async (t) => {
      const zones = [
        plainZone('un.test.', { rewrites: () => [forged(kind)] }),
        island('isle.x.un.test.'),
        plainZone('evil.test.', { content: '* A 6.6.6.6\n' }),
      ]
      const anchors = [...makeWorld(zones).anchors, ...ISLE]
      const world = makeWorld(zones, { anchors, settings: { qnameMinimisation } })
      t.equal((await world.ask('www.isle.x.un.test', TYPE.A)).status, 'bogus')
      t.equal(
        (await world.ask('www.other.x.un.test', TYPE.A)).status,
        'insecure',
        'where there is none it stands',
      )
    })
  }
}
