/** The NSEC3 hash, against `node:crypto`: salts of every length, names of every length. */
import { createHash } from 'node:crypto'
import t from 'tap'
import { octetsEqual } from '../../src/base/octets.ts'
import { seededRandom } from '../../src/base/random.ts'
import { nsec3Hash } from '../../src/dnssec/nsec3-hash.ts'
import { foldName, type Name, nameFromLabels, ROOT } from '../../src/wire/name.ts'

const random = seededRandom(1)

/** RFC 5155 5, as it is written. */
function byTheBook(name: Name, iterations: number, salt: Uint8Array): Uint8Array {
  const once = (octets: Uint8Array): Uint8Array => createHash('sha1').update(octets).update(salt).digest()
  let digest = once(foldName(name))
  for (let i = 0; i < iterations; i++) digest = once(digest)
  return digest
}

function octets(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** A name of so many octets; there is none of two. */
function nameOf(length: number): Name {
  const labels: Uint8Array[] = []
  let left = length - 1
  while (left > 0) {
    // What is left must not be one octet.
    const label = left - 64 === 1 ? 62 : Math.min(63, left - 1)
    labels.push(octets(label))
    left -= label + 1
  }
  return nameFromLabels(labels)!
}

t.test('every length of salt: one block and several, of the name and of each iteration', async (t) => {
  const name = nameOf(20)
  for (let length = 0; length <= 255; length++) {
    const salt = octets(length)
    for (const iterations of [0, 1, 2, 50])
      t.ok(
        octetsEqual(nsec3Hash(name, iterations, salt), byTheBook(name, iterations, salt)),
        `salt of ${length}, ${iterations} iterations`,
      )
  }
})

t.test('every length of name', async (t) => {
  const salt = octets(8)
  t.ok(octetsEqual(nsec3Hash(ROOT, 1, salt), byTheBook(ROOT, 1, salt)), 'the root')
  for (let length = 3; length <= 255; length++) {
    const name = nameOf(length)
    t.equal(name.length, length)
    for (const use of [salt, octets(0)])
      t.ok(octetsEqual(nsec3Hash(name, 1, use), byTheBook(name, 1, use)), `name of ${length}`)
  }
})

t.test('a hash that was returned stays what it is', async (t) => {
  const [one, other] = [nameOf(10), nameOf(30)]
  const first = nsec3Hash(one, 3, octets(4))
  const copy = first.slice()
  nsec3Hash(other, 3, octets(4))
  t.same(first, copy)
})
