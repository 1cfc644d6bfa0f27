/** Base 32 with the extended hex alphabet (RFC 4648 7, 10). */
import fc from 'fast-check'
import t from 'tap'
import { formatBase32hex, parseBase32hex } from '../../src/wire/base32hex.ts'
import { FIXED } from './arbitraries.ts'

t.test('the vectors of RFC 4648 10', async (t) => {
  const vectors: [text: string, base32hex: string][] = [
    ['', ''],
    ['f', 'CO'],
    ['fo', 'CPNG'],
    ['foo', 'CPNMU'],
    ['foob', 'CPNMUOG'],
    ['fooba', 'CPNMUOJ1'],
    ['foobar', 'CPNMUOJ1E8'],
  ]
  for (const [text, base32hex] of vectors) {
    t.equal(formatBase32hex(Buffer.from(text)), base32hex.toLowerCase())
    t.equal(Buffer.from(parseBase32hex(base32hex)!).toString(), text)
  }
})

t.test('there and back', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const back = parseBase32hex(formatBase32hex(octets))
      return back !== undefined && Buffer.compare(back, octets) === 0
    }),
    FIXED,
  )
})

t.test('what is none', async (t) => {
  for (const text of ['C', 'CPN', 'CPNMUO', 'CP==', 'CPW0', 'C O', 'CP', 'CPNMV0\u0130', 'ÇP']) {
    t.equal(parseBase32hex(text), undefined, text)
  }
})
