import fc from 'fast-check'
import t from 'tap'
import { compareNames, foldName, nameFromLabels, namesEqual } from '../../src/wire/name.ts'
import { orderKey } from '../../src/wire/name-order.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { anyName, FIXED, tangledName } from './arbitraries.ts'

t.test('the example of RFC 4034 6.1', async (t) => {
  const names = [
    'example',
    'a.example',
    'yljkjljk.a.example',
    'Z.a.example',
    'zABC.a.EXAMPLE',
    'z.example',
    '\\001.z.example',
    '*.z.example',
    '\\200.z.example',
  ].map(nameFrom)
  const keys = names.map(orderKey)
  t.same([...keys].sort(), keys)
})

/** Labels of the octets that the key writes as two, and of their neighbours. */
const edgeName = fc
  .array(fc.array(fc.constantFrom(0, 1, 2, 3, 0x61), { minLength: 1, maxLength: 3 }), { maxLength: 4 })
  .map((labels) => nameFromLabels(labels.map((label) => Uint8Array.from(label)))!)

t.test('keys sort as names do, and are equal when names are', async () => {
  for (const names of [anyName, tangledName, edgeName]) {
    const property = fc.property(names, names, (a, b) => {
      const [first, second] = [orderKey(a), orderKey(b)]
      const order = first < second ? -1 : first > second ? 1 : 0
      return order === Math.sign(compareNames(a, b)) && (order === 0) === namesEqual(a, b)
    })
    fc.assert(property, FIXED)
  }
  fc.assert(
    fc.property(anyName, (name) => orderKey(name) === orderKey(foldName(name))),
    FIXED,
  )
})
