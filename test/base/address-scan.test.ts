import t from 'tap'
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import { scanAddress } from '../../src/base/address-scan.ts'
import { seededRandom } from '../../src/base/random.ts'

const into = new Uint8Array(16)

/** Octets as an array, or `none`. */
function scan(text: string): number[] | 'none' {
  into.fill(0xee)
  const length = scanAddress(text, into)
  return length === 0 ? 'none' : [...into.subarray(0, length)]
}

t.test('reads what parseAddress reads', async (t) => {
  const texts = [
    '0.0.0.0',
    '127.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    'fe80::1',
    '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '::192.0.2.1',
    '1:2:3:4:5:6:192.0.2.1',
    'FFFF:ABCD::',
  ]
  for (const text of texts) t.same(scan(text), [...parseAddress(text)!], text)
})

t.test('leaves a zone index out', async (t) => {
  t.same(scan('fe80::1%eth0'), [...parseAddress('fe80::1')!])
  t.same(scan('fe80::%1'), [...parseAddress('fe80::')!])
})

t.test('refuses what is no address', async (t) => {
  const texts = [
    '',
    'a',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '1.2.3.4 ',
    ':',
    ':::',
    '1:2',
    '1:::2',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    ':1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:',
    '::1:',
    '@::',
    '`::',
  ]
  for (const text of texts) t.equal(scan(text), 'none', text)
})

t.test('agrees with formatAddress', async (t) => {
  const random = seededRandom(11)
  for (let round = 0; round < 2000; round++) {
    const length = random.below(2) === 0 ? 4 : 16
    const address = Uint8Array.from({ length }, () => (random.below(3) === 0 ? random.below(256) : 0))
    const text = formatAddress(address)
    const got = scan(text)
    if (got === 'none' || got.join() !== address.join()) t.fail(`${text}: ${got}`)
  }
})
