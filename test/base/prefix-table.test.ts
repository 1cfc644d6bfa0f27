import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { formatPrefix, type Prefix, parsePrefix } from '../../src/base/prefix.ts'
import { PrefixTable } from '../../src/base/prefix-table.ts'
import { seededRandom } from '../../src/base/random.ts'

const prefix = (text: string): Prefix => parsePrefix(text)!
const address = (text: string): Uint8Array => parseAddress(text)!

t.test('parsePrefix reads prefixes and bare addresses, and nothing else', async (t) => {
  for (const text of ['0.0.0.0/0', '192.0.2.0/24', '192.0.2.1/32', '::/0', '2001:db8::/32', '::1/128']) {
    t.equal(formatPrefix(prefix(text)), text)
  }
  t.equal(formatPrefix(prefix('192.0.2.7')), '192.0.2.7/32')
  t.equal(formatPrefix(prefix('2001:db8::1')), '2001:db8::1/128')
  const wrong = [
    '',
    '/',
    '192.0.2.0/',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/024',
    '192.0.2.0/24 ',
    '192.0.2/24',
    '192.0.2.1/24',
    '2001:db8::1/64',
    '2001:db8::/129',
    '2001:db8::/3x',
    'example/8',
    '192.0.2.0/24/24',
  ]
  for (const text of wrong) t.equal(parsePrefix(text), undefined, text)
})

t.test('the longest prefix wins, at both edges of every range', async (t) => {
  const table = new PrefixTable(
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '10.255.255.255/32', '255.255.255.255'].map(
      (text) => ({
        prefix: prefix(text),
        value: text,
      }),
    ),
  )
  const expected: Record<string, string | undefined> = {
    '9.255.255.255': undefined,
    '10.0.0.0': '10.0.0.0/8',
    '10.0.255.255': '10.0.0.0/8',
    '10.1.0.0': '10.1.0.0/16',
    '10.1.1.255': '10.1.0.0/16',
    '10.1.2.2': '10.1.2.0/24',
    '10.1.2.3': '10.1.2.3/32',
    '10.1.2.4': '10.1.2.0/24',
    '10.1.2.255': '10.1.2.0/24',
    '10.1.3.0': '10.1.0.0/16',
    '10.2.0.0': '10.0.0.0/8',
    '10.255.255.254': '10.0.0.0/8',
    '10.255.255.255': '10.255.255.255/32',
    '11.0.0.0': undefined,
    '255.255.255.254': undefined,
    '255.255.255.255': '255.255.255.255',
  }
  for (const [text, value] of Object.entries(expected)) t.equal(table.find(address(text)), value, text)
})

t.test('the default route, the empty table, equal prefixes', async (t) => {
  const all = new PrefixTable([
    { prefix: prefix('0.0.0.0/0'), value: 1 },
    { prefix: prefix('::/0'), value: 2 },
    { prefix: prefix('::/0'), value: 3 },
  ])
  t.equal(all.find(address('0.0.0.0')), 1)
  t.equal(all.find(address('255.255.255.255')), 1)
  t.equal(all.find(address('::')), 3)
  t.equal(all.find(address('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')), 3)
  t.equal(new PrefixTable<number>([]).find(address('::1')), undefined)
  t.equal(all.find(new Uint8Array(7)), undefined, 'no address has seven octets')
})

t.test('IPv4-mapped IPv6 is IPv4, as a client and in the list', async (t) => {
  const table = new PrefixTable([
    { prefix: prefix('192.0.2.0/24'), value: 'v4' },
    { prefix: prefix('::ffff:198.51.100.0/120'), value: 'mapped' },
    { prefix: prefix('::/0'), value: 'v6' },
  ])
  t.equal(table.find(address('::ffff:192.0.2.9')), 'v4')
  t.equal(table.find(address('198.51.100.1')), 'mapped')
  t.equal(table.find(address('::ffff:198.51.100.1')), 'mapped')
  t.equal(table.find(address('::ffff:203.0.113.1')), undefined, 'not ::/0: it is an IPv4 client')
  t.equal(table.find(address('::fffe:192.0.2.9')), 'v6')
})

t.test('reads only the octets it is told to', async (t) => {
  const table = new PrefixTable([{ prefix: prefix('192.0.2.0/24'), value: true }])
  const buffer = new Uint8Array(16).fill(9)
  buffer.set(address('192.0.2.1'))
  t.equal(table.find(buffer, 4), true)
  t.equal(table.find(buffer, 16), undefined)
})

for (const octets of [4, 16]) {
  t.test(`agrees with trying every prefix, ${octets * 8} bits`, async (t) => {
    const random = seededRandom(octets)
    // Few distinct octet values, so that prefixes nest and addresses fall into them.
    const draw = (): Uint8Array =>
      Uint8Array.from({ length: octets }, () => [0, 1, 0x7f, 0x80, 0xff][random.below(5)]!)
    const entries = Array.from({ length: 300 }, (_, value) => {
      const bits = random.below(octets * 8 + 1)
      const masked = draw().map(
        (octet, i) => octet & ((0xff << (8 - Math.max(0, Math.min(8, bits - i * 8)))) & 0xff),
      )
      return { prefix: { address: masked, bits }, value }
    })
    const table = new PrefixTable(entries)
    for (let round = 0; round < 3000; round++) {
      const client = draw()
      let best: (typeof entries)[number] | undefined
      for (const entry of entries) {
        if (covers(entry.prefix, client) && (best === undefined || entry.prefix.bits >= best.prefix.bits))
          best = entry
      }
      if (table.find(client) !== best?.value)
        t.fail(`${client.join('.')}: ${table.find(client)}, not ${best?.value}`)
    }
  })
}

function covers(prefix: Prefix, client: Uint8Array): boolean {
  for (let bit = 0; bit < prefix.bits; bit++) {
    const mask = 0x80 >> (bit & 7)
    if ((prefix.address[bit >> 3]! & mask) !== (client[bit >> 3]! & mask)) return false
  }
  return true
}
