/** Names: octets, text, order (RFC 1035 3.1, 5.1; RFC 4034 6.1; RFC 4343). */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import {
  commonAncestor,
  compareNames,
  FOLD,
  foldName,
  foldWord,
  isStrictSubdomainOf,
  isSubdomainOf,
  isWildcard,
  labelCount,
  labelsOf,
  lastLabels,
  type Name,
  nameFromLabels,
  nameFromOctets,
  nameKey,
  namesEqual,
  parentOf,
  ROOT,
  replaceSuffix,
  wildcardOf,
} from '../../src/wire/name.ts'
import { formatName, nameFrom, parseNameText } from '../../src/wire/name-text.ts'
import { anyName, FIXED, tangledName } from './arbitraries.ts'

t.test('text leads back to the same octets', async () => {
  fc.assert(
    fc.property(anyName, (name) => Buffer.compare(nameFrom(formatName(name)), name) === 0),
    FIXED,
  )
})

t.test('octets that text cannot show plainly', async (t) => {
  const cases: [octets: number[], text: string][] = [
    [[0], '.'],
    [[7, 0x61, 0x2e, 0x62, 0x2e, 0x63, 0x6f, 0x6d, 0], 'a\\.b\\.com.'],
    [[1, 0x2e, 0], '\\..'],
    [[2, 0, 0xff, 0], '\\000\\255.'],
    [[3, 0x20, 0x7f, 0x7e, 0], '\\032\\127~.'],
    [[8, 0x22, 0x24, 0x28, 0x29, 0x2e, 0x3b, 0x40, 0x5c, 0], '\\"\\$\\(\\)\\.\\;\\@\\\\.'],
  ]
  for (const [octets, text] of cases) {
    const name = nameFromOctets(Uint8Array.from(octets))!
    t.equal(formatName(name), text)
    t.same([...nameFrom(text)], octets, text)
  }
})

t.test('text with an origin', async (t) => {
  const origin = nameFrom('example.com.')
  t.equal(formatName(parseNameText('www', origin) as Name), 'www.example.com.')
  t.equal(formatName(parseNameText('www.', origin) as Name), 'www.')
  t.equal(parseNameText('@', origin), origin)
  t.equal(formatName(parseNameText('\\@', origin) as Name), '\\@.example.com.')
  t.same([...(parseNameText('ö.', origin) as Name)], [2, 0xc3, 0xb6, 0])
})

t.test('text that is no name', async (t) => {
  const label = 'x'.repeat(63)
  const tooLong = `${label}.${label}.${label}.${'x'.repeat(62)}.`
  for (const text of ['', '..', 'a..b', '.a', 'a\\', 'a\\1', 'a\\25x', 'a\\256', `${label}x.`, tooLong]) {
    t.type(parseNameText(text), Object, text)
    t.notOk(parseNameText(text) instanceof Uint8Array, text)
    t.throws(() => nameFrom(text), RangeError)
  }
  t.match(parseNameText('abc..'), { fault: /empty/, at: 4 })
})

t.test('limits of length', async (t) => {
  const label = new Uint8Array(63).fill(0x78)
  const longest = nameFromLabels([label, label, label, label.subarray(0, 61)])!
  t.equal(longest.length, 255)
  t.equal(nameFrom(formatName(longest)).length, 255)
  t.equal(nameFromLabels([label, label, label, label.subarray(0, 62)]), undefined)
  t.equal(nameFromLabels([new Uint8Array(64)]), undefined)
  t.equal(nameFromLabels([new Uint8Array(0)]), undefined)
  t.equal(wildcardOf(longest), undefined)
  t.equal(replaceSuffix(longest, ROOT, nameFrom('a.')), undefined)
  const most = nameFromLabels(Array.from({ length: 127 }, () => Uint8Array.of(0x61)))!
  t.equal(labelCount(most), 127)
  t.equal(most.length, 255)
})

t.test('octets that are no name', async (t) => {
  for (const octets of [
    [],
    [1],
    [1, 0x61],
    [0, 0],
    [64, ...new Array(64).fill(0), 0],
    [0xc0, 0x0c],
    [0x41, 0],
  ]) {
    t.equal(nameFromOctets(Uint8Array.from(octets)), undefined, octets.slice(0, 4).join())
  }
})

t.test('canonical order of RFC 4034 6.1', async (t) => {
  const sorted = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ].map(nameFrom)
  t.same([...sorted].reverse().sort(compareNames), sorted)
  t.equal(compareNames(nameFrom('A.b.'), nameFrom('a.B.')), 0)
})

t.test('order and equality agree', async () => {
  fc.assert(
    fc.property(tangledName, tangledName, tangledName, (a, b, c) => {
      const equal = compareNames(a, b) === 0
      const transitive = !(compareNames(a, b) <= 0 && compareNames(b, c) <= 0) || compareNames(a, c) <= 0
      return (
        equal === namesEqual(a, b) &&
        equal === (nameKey(a) === nameKey(b)) &&
        Math.sign(compareNames(a, b)) === -Math.sign(compareNames(b, a)) &&
        transitive
      )
    }),
    FIXED,
  )
})

t.test('ancestors', async (t) => {
  const name = nameFrom('a.B.example.com.')
  t.ok(isSubdomainOf(name, nameFrom('b.EXAMPLE.com.')))
  t.ok(isSubdomainOf(name, name))
  t.ok(isSubdomainOf(name, ROOT))
  t.notOk(isStrictSubdomainOf(name, name))
  t.notOk(isSubdomainOf(nameFrom('axb.com.'), nameFrom('b.com.')), 'not on a label boundary')
  t.notOk(isSubdomainOf(nameFrom('a\\.b.com.'), nameFrom('b.com.')), 'a dot in a label is no boundary')
  t.equal(formatName(parentOf(name)), 'B.example.com.')
  t.equal(parentOf(ROOT), ROOT)
  t.equal(formatName(lastLabels(name, 2)), 'example.com.')
  t.equal(formatName(lastLabels(name, 9)), 'a.B.example.com.')
  t.equal(formatName(commonAncestor(name, nameFrom('x.b.Example.com.'))), 'B.example.com.')
  t.equal(formatName(commonAncestor(name, nameFrom('org.'))), '.')
  t.same(
    labelsOf(name).map((label) => Buffer.from(label).toString()),
    ['a', 'B', 'example', 'com'],
  )
})

t.test('wildcards and substitution', async (t) => {
  t.ok(isWildcard(nameFrom('*.example.')))
  t.notOk(isWildcard(nameFrom('a*.example.')))
  t.equal(formatName(wildcardOf(nameFrom('example.'))!), '*.example.')
  const made = replaceSuffix(nameFrom('a.b.old.'), nameFrom('old.'), nameFrom('new.example.'))
  t.equal(formatName(made!), 'a.b.new.example.')
})

t.test('case', async (t) => {
  t.equal(formatName(foldName(nameFrom('ABCxyz[@`{.'))), 'abcxyz[\\@`{.')
  const folded = nameFrom('already.lower.')
  t.equal(foldName(folded), folded)
  t.notOk(namesEqual(nameFrom('\\192.'), nameFrom('\\224.')), 'only ASCII folds')
})

t.test('four octets are folded in a word as each of them alone', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (octets) => {
      const words = new Int32Array(octets.slice().buffer)
      words[0] = foldWord(words[0]!)
      t.same(
        new Uint8Array(words.buffer),
        octets.map((octet) => FOLD[octet]!),
      )
    }),
    { numRuns: 300 },
  )
  for (let octet = 0; octet < 256; octet++) {
    const word = new Int32Array(Uint8Array.of(octet, 0x5b, octet, 0xff).buffer)[0]!
    const folded = new Uint8Array(Int32Array.of(foldWord(word)).buffer)
    t.same([...folded], [FOLD[octet], 0x5b, FOLD[octet], 0xff])
  }
})

t.test('a text is one piece, and takes no more memory than its characters', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const label = `\x3f${'a'.repeat(63)}`
  const longest = Buffer.from(`${label.repeat(3)}\x3d${'b'.repeat(61)}\0`, 'latin1')
  const name = new Uint8Array(longest) as Parameters<typeof formatName>[0]
  const before = formatName(name)
  t.equal(before.length, 254)
  collect()
  const usedOctets = process.memoryUsage().heapUsed
  const texts = Array.from({ length: 4_000 }, () => formatName(name))
  collect()
  const octets = (process.memoryUsage().heapUsed - usedOctets) / texts.length
  t.ok(octets < 1_000, `${octets} octets a text of ${before.length} characters`)
  t.equal(texts.at(-1), before)
})
