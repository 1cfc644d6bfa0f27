/** What is kept of zones' proofs, for how long, and what is refused. What they prove is for `synthesis`. */
import t from 'tap'
import { DENIAL_RECORD_OCTETS_MAX } from '../../src/base/limits.ts'
import { NO_OCTETS } from '../../src/base/octets.ts'
import { DenialRanges, type DenialRangesOptions, type VerifiedDenial } from '../../src/cache/denial-ranges.ts'
import { nsec3Hash } from '../../src/dnssec/nsec3-hash.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { denial, nsec3Zone, nsecZone } from '../support/denial-records.ts'
import { soa } from './records.ts'

const ZONE = nameFrom('example')
const NAMES = { example: 'NS SOA', 'b.example': 'A', 'd.example': 'A' }

function table(options: Partial<DenialRangesOptions> = {}) {
  const time = { ms: 5000 }
  return { time, ranges: new DenialRanges({ nowMs: () => time.ms, ...options }) }
}

function proofs(change: Partial<VerifiedDenial> = {}): VerifiedDenial {
  return { zone: ZONE, records: nsecZone(ZONE, NAMES), soa: soa('example.', 200), ...change }
}

t.test('records and SOA come back with the TTL that remains, until it is over', async (t) => {
  const { time, ranges } = table()
  ranges.add(proofs(), 1)
  time.ms += 100_500
  const zone = ranges.closest(nameFrom('X.c.EXAMPLE'), 1)!
  t.equal(zone.soa?.ttlSeconds, 100)
  t.match(zone.nsec(nameFrom('B.example')), { matches: true, rrset: { ttlSeconds: 200 } })
  t.match(zone.nsec(nameFrom('c.example')), { matches: false, rrset: { owner: nameFrom('b.example') } })
  t.match(zone.nsec(nameFrom('z.example')), { matches: false, rrset: { owner: nameFrom('d.example') } })
  time.ms += 99_500
  t.equal(zone.soa, undefined)
  t.ok(zone.nsec(nameFrom('c.example')))
  time.ms += 100_000
  t.equal(zone.nsec(nameFrom('c.example')), undefined)
})

t.test('the deepest zone that is known counts', async (t) => {
  const { ranges } = table()
  ranges.add(proofs(), 1)
  const child = nameFrom('d.example')
  ranges.add({ zone: child, records: nsecZone(child, { 'd.example': 'NS SOA' }), soa: undefined }, 1)
  t.same(ranges.closest(nameFrom('a.d.example'), 1)?.zone, child)
  t.same(ranges.closest(nameFrom('a.dd.example'), 1)?.zone, ZONE)
  t.equal(ranges.closest(nameFrom('com'), 1), undefined)
})

t.test('a newer policy forgets what was verified under an older one', async (t) => {
  const { ranges } = table()
  ranges.add(proofs(), 1)
  t.equal(ranges.closest(ZONE, 2), undefined)
  t.equal(ranges.size, 0)
  ranges.add(proofs(), 2)
  ranges.add(proofs({ records: nsecZone(ZONE, { example: 'NS SOA' }) }), 1)
  t.ok(
    ranges.closest(ZONE, 2)?.nsec(nameFrom('b.example'))?.matches,
    'what comes late from before changes nothing',
  )
})

t.test('records that may deny nothing are not kept', async (t) => {
  for (const [what, record] of [
    ['made from a wildcard (CVE-2017-15105)', denial('b.example. 300 NSEC d.example. A RRSIG NSEC', ZONE)],
    ['ends outside the zone (CVE-2026-13321)', denial('b.example. 300 NSEC z.org. A RRSIG NSEC')],
    ['begins outside the zone', denial('b.org. 300 NSEC d.example. A RRSIG NSEC')],
    ['runs backwards', denial('d.example. 300 NSEC b.example. A RRSIG NSEC')],
    ['has no time to live', denial('b.example. 0 NSEC d.example. A RRSIG NSEC')],
    [
      'is two records',
      denial('b.example. 300 NSEC d.example. A RRSIG NSEC\nb.example. 300 NSEC e.example. A'),
    ],
    ['is a giant', denial(`b.example. 300 NSEC d.example. ${giantBitmap()}`)],
    ['has an unknown hash', denial(`${'0'.repeat(32)}.example. 300 NSEC3 2 0 0 - ${'v'.repeat(32)} A`)],
    ['has unknown flags', denial(`${'0'.repeat(32)}.example. 300 NSEC3 1 2 0 - ${'v'.repeat(32)} A`)],
    ['lies below a child', denial(`${'0'.repeat(32)}.sub.example. 300 NSEC3 1 0 0 - ${'v'.repeat(32)} A`)],
  ] as const) {
    const { ranges } = table()
    ranges.add(proofs({ records: [record] }), 1)
    const zone = ranges.closest(ZONE, 1)!
    t.notOk(zone.hasNsec, what)
    t.equal(zone.nsec3Parameters, undefined, what)
  }
})

function giantBitmap(): string {
  const types = Array.from({ length: 256 }, (_, window) => `TYPE${window * 256 + 255}`)
  t.ok(types.length * 34 > DENIAL_RECORD_OCTETS_MAX)
  return types.slice(1).join(' ')
}

t.test('a chain of other parameters ends the old one (RFC 5155 7.2, 10.4)', async (t) => {
  const { ranges } = table()
  const hash = nsec3Hash(nameFrom('b.example'), 0, NO_OCTETS)
  ranges.add(proofs({ records: nsec3Zone(ZONE, NAMES) }), 1)
  const zone = ranges.closest(ZONE, 1)!
  t.ok(zone.nsec3(hash)?.matches)
  ranges.add(proofs({ records: nsec3Zone(ZONE, NAMES, { salt: 'ab' }).slice(0, 1) }), 1)
  t.match(zone.nsec3Parameters, { iterations: 0, salt: Uint8Array.of(0xab) })
  t.notOk(zone.nsec3(hash)?.matches)
})

t.test('zones, ranges and octets are bounded', async (t) => {
  const { time, ranges } = table({ zonesMax: 3, rangesPerZoneMax: 8, octetsMax: 12_000 })
  for (let zone = 0; zone < 10; zone++) {
    const apex = nameFrom(`z${zone}`)
    for (let i = 0; i < 100; i++) {
      time.ms++
      const records = [denial(`n${i}.z${zone}. 300 NSEC n${i}a.z${zone}. A RRSIG NSEC`)]
      ranges.add({ zone: apex, records, soa: undefined }, 1)
      t.ok(ranges.octetsUsed <= 12_000)
      const known = ranges.closest(apex, 1)!
      t.ok(known.nsec(nameFrom(`n${i}.z${zone}`))?.matches, 'the newest is there')
      t.ok(known.octetsUsed < 1_024 + 9 * 400)
    }
  }
  t.equal(ranges.size, 3)
  ranges.flush()
  t.equal(ranges.octetsUsed, 0)
})

t.test('flushing a name forgets its zone and the zones below', async (t) => {
  const { ranges } = table()
  for (const name of ['example', 'sub.example', 'a.sub.example', 'org']) {
    const zone = nameFrom(name)
    ranges.add({ zone, records: nsecZone(zone, { [name]: 'NS SOA' }), soa: undefined }, 1)
  }
  ranges.flush(nameFrom('sub.example'))
  t.equal(ranges.size, 1)
  t.ok(ranges.closest(nameFrom('org'), 1))
})

t.test('an SOA set as long as a message is not kept, and what is kept is counted', async (t) => {
  const { ranges } = table()
  const long = { ...soa('example.', 200), signatures: [new Uint8Array(60_000)] }
  ranges.add(proofs({ soa: long }), 1)
  t.equal(ranges.closest(ZONE, 1)?.soa, undefined)
  const without = ranges.octetsUsed
  ranges.add(proofs(), 1)
  t.ok(ranges.closest(ZONE, 1)?.soa)
  t.ok(ranges.octetsUsed > without)
  const { length } = nameFrom('example')
  t.ok(ranges.octetsUsed >= without + length, `${ranges.octetsUsed - without} octets more`)
})
