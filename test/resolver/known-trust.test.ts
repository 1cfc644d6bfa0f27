/** What is kept of zones' keys: no more than there is room for, and nothing of the messages that they came in. */
import t from 'tap'
import { ZONES_TRUSTED_MAX } from '../../src/base/limits.ts'
import type { KnownTrust, ZoneTrust } from '../../src/resolver/context.ts'
import { ownTrust, trustTable } from '../../src/resolver/known-trust.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { parseDnskey } from '../../src/wire/rdata/dnskey.ts'

const MESSAGE_OCTETS = 65_535

/** In the middle of a message. */
function inMessage(octets: Uint8Array): Uint8Array {
  const message = new Uint8Array(MESSAGE_OCTETS)
  message.set(octets, 1_000)
  return message.subarray(1_000, 1_000 + octets.length)
}

function nameInMessage(text: string): Name {
  return inMessage(nameFrom(text)) as Name
}

/** A zone with so many keys, each of 32 octets and different from the others. */
function trustIn(zone: string, count: number): ZoneTrust & { readonly status: 'secure' } {
  const keys = Array.from({ length: count }, (_, i) => {
    const rdata = new Uint8Array(36).fill(i)
    rdata.set([1, 1, 3, 15])
    return parseDnskey(inMessage(rdata))!
  })
  return {
    status: 'secure',
    zone: nameInMessage(zone),
    keys: { zone: nameInMessage(zone), keys },
    sinceMs: 7,
  }
}

function known(trust: ZoneTrust): KnownTrust {
  return { trust, policySequence: 1, storedMs: 0, ttlSeconds: 60, speculation: undefined }
}

t.test('keys are kept without their message, all in one piece', async (t) => {
  const trust = trustIn('z.test.', 3)
  const own = ownTrust(trust)
  t.strictSame(own, trust, 'it says the same')
  t.equal(own.zone.buffer.byteLength, own.zone.length)
  t.equal(own.keys.zone.buffer.byteLength, own.keys.zone.length)
  for (const { rdata, publicKey } of own.keys.keys) {
    t.equal(rdata.buffer.byteLength, 3 * 36)
    t.equal(publicKey.buffer, rdata.buffer)
  }
})

t.test('what is no key is kept so as well', async (t) => {
  const link = { zone: nameInMessage('test.'), type: TYPE.DS }
  const judged = { reason: 'dnskey-missing', detail: 'z.test.: no DNSKEY set', transient: true } as const
  const trust: ZoneTrust = { status: 'bogus', zone: nameInMessage('z.test.'), ...judged, link }
  const own = ownTrust(trust)
  t.strictSame(own, trust)
  t.equal(own.zone.buffer.byteLength, own.zone.length)
  t.equal(own.status === 'bogus' && own.link?.zone.buffer.byteLength, link.zone.length)
  const insecure: ZoneTrust = {
    status: 'insecure',
    zone: nameInMessage('u.test.'),
    reason: 'opt-out',
    detail: '',
  }
  t.equal(ownTrust(insecure).zone.buffer.byteLength, insecure.zone.length)
})

t.test('zones of thousands of keys displace each other long before they fill the heap', async (t) => {
  const table = trustTable(ZONES_TRUSTED_MAX, () => 0)
  // The keys of all are the same objects here; by themselves each zone would take a megabyte and a half.
  const { keys } = trustIn('z.test.', 3_300)
  for (let i = 0; i < 1_000; i++) {
    const zone = nameFrom(`z${i}.test.`)
    table.set(`${i}`, known({ status: 'secure', zone, keys: { zone, keys: keys.keys }, sinceMs: 0 }), 1_000)
  }
  t.ok(table.size > 50 && table.size < 120, `${table.size} of 1,000`)
  t.ok(table.get('999'), 'the last one is there')
})

t.test('there is room for as many honest zones as are remembered', async (t) => {
  const table = trustTable(ZONES_TRUSTED_MAX, () => 0)
  const { keys } = trustIn('z.test.', 2)
  for (let i = 0; i < ZONES_TRUSTED_MAX; i++) {
    const zone = nameFrom(`z${i}.test.`)
    table.set(`${i}`, known({ status: 'secure', zone, keys: { zone, keys: keys.keys }, sinceMs: 0 }), 1_000)
  }
  t.equal(table.size, ZONES_TRUSTED_MAX)
})

t.test('what is said of zones without keys counts as well', async (t) => {
  const table = trustTable(ZONES_TRUSTED_MAX, () => 0, 100_000)
  const detail = 'x'.repeat(1_000)
  for (let i = 0; i < 100; i++) {
    const zone = nameFrom(`z${i}.test.`)
    table.set(`${i}`, known({ status: 'insecure', zone, reason: 'opt-out', detail }), 1_000)
  }
  t.equal(table.size, 40)
})
