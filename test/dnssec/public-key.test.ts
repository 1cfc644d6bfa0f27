/** Public keys as they come, well and badly formed. */
import t from 'tap'
import { KeyTable } from '../../src/dnssec/keys.ts'
import { importPublicKey } from '../../src/dnssec/public-key.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { figure } from '../attacks/row.ts'
import { freshKeyPair } from '../support/key-pair.ts'
import { leastProcessorMs } from '../support/processor-time.ts'
import { dnskeyOf, makeKey } from '../support/sign.ts'

const { RSASHA256, ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448 } = ALGORITHM

/** RFC 3110 2: exponent length, exponent, modulus. */
function rsa(exponent: readonly number[], modulus: Uint8Array, long = false): Uint8Array {
  const head = long ? [0, exponent.length >> 8, exponent.length & 255] : [exponent.length]
  return Uint8Array.from([...head, ...exponent, ...modulus])
}

function modulusOf(bits: number): Buffer {
  const { publicKey } = freshKeyPair(bits)
  return Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url')
}

/** An odd number of so many bits: no product of two primes, but a well-formed modulus. */
function oddNumber(bits: number): Uint8Array {
  const octets = new Uint8Array(Math.ceil(bits / 8)).fill(0x5a)
  octets[0] = 1 << ((bits - 1) % 8)
  octets[octets.length - 1]! |= 1
  return octets
}

t.test('RSA (V31, C03)', async (t) => {
  const modulus = modulusOf(1024)
  const usable = (octets: Uint8Array): boolean => importPublicKey(RSASHA256, octets) !== undefined
  t.ok(usable(rsa([1, 0, 1], modulus)))
  t.ok(usable(rsa([3], modulus)))
  t.ok(usable(rsa([1, 0, 1], modulus, true)), 'length in three octets')
  t.ok(usable(rsa([0, 1, 0, 1], modulus)), 'leading zero of the exponent')
  t.ok(usable(rsa([0, 0, 0, 1, 0, 1], modulus)), 'leading zeros do not count towards its length')
  t.ok(usable(rsa([1, 0, 1], Buffer.concat([Buffer.alloc(2), modulus]))), 'leading zeros of the modulus')
  t.ok(usable(rsa([0xff, 0xff, 0xff, 0xff], modulus)), 'the largest exponent')

  t.notOk(usable(rsa([], modulus)), 'no exponent')
  t.notOk(usable(rsa([0], modulus)), 'exponent 0')
  t.notOk(usable(rsa([1], modulus)), 'exponent 1')
  t.notOk(usable(rsa([1, 0, 0], modulus)), 'an even exponent')
  t.notOk(usable(rsa([1, 0, 0, 0, 1], modulus)), 'an exponent of five octets')
  t.notOk(usable(rsa(Array(512).fill(0xff), modulus, true)), 'an exponent of 4096 bits')
  t.notOk(usable(rsa([1, 0, 1], new Uint8Array(0))), 'no modulus')
  t.notOk(usable(rsa([1, 0, 1], Uint8Array.from([...modulus.subarray(0, -1), 2]))), 'an even modulus')
  t.notOk(usable(Uint8Array.of(200, 1, 0, 1)), 'a length beyond the end')
  t.notOk(usable(Uint8Array.of(0, 1)), 'half a length')
  t.notOk(usable(new Uint8Array(0)), 'nothing')
  for (const [bits, expected] of [
    [511, false],
    [512, true],
    [1023, true],
    [4096, true],
    [4097, false],
    [8192, false],
  ] as const) {
    t.equal(usable(rsa([1, 0, 1], oddNumber(bits))), expected, `${bits} bits`)
  }
  const costly = [
    rsa([1, 0, 1], oddNumber(8192)),
    rsa(Array(512).fill(0xff), oddNumber(4096), true),
    rsa([1], modulus),
    rsa([1, 0, 1], Uint8Array.from([...modulus.subarray(0, -1), 2])),
  ]
  const times = 1_000
  const ms = leastProcessorMs(3, () => {
    for (let i = 0; i < times; i++) for (const octets of costly) importPublicKey(RSASHA256, octets)
  })
  const micros = (1_000 * ms) / times / costly.length
  t.ok(micros < 1_000, `${micros} µs each`)
  figure(t, 'C03', `${costly.length} of ${costly.length} refused, ${micros.toFixed(1)} µs each`)
})

t.test('elliptic curves', async (t) => {
  for (const [algorithm, length] of [
    [ECDSAP256SHA256, 64],
    [ECDSAP384SHA384, 96],
  ] as const) {
    const { publicKey } = makeKey('example', algorithm).dnskey
    t.ok(importPublicKey(algorithm, publicKey))
    const off = publicKey.slice()
    off[length - 1]! ^= 1
    t.notOk(importPublicKey(algorithm, off), 'a point beside the curve')
    t.notOk(importPublicKey(algorithm, new Uint8Array(length)), 'no point at all')
    t.notOk(importPublicKey(algorithm, new Uint8Array(length).fill(0xff)), 'beyond the field')
    for (const wrong of [0, 1, length - 1, length + 1, 2 * length]) {
      t.notOk(importPublicKey(algorithm, new Uint8Array(wrong)), `${wrong} octets`)
    }
  }
  for (const [algorithm, length] of [
    [ED25519, 32],
    [ED448, 57],
  ] as const) {
    t.ok(importPublicKey(algorithm, makeKey('example', algorithm).dnskey.publicKey))
    for (const wrong of [0, 1, length - 1, length + 1, 2 * length]) {
      t.notOk(importPublicKey(algorithm, new Uint8Array(wrong)), `${wrong} octets`)
    }
  }
  for (const algorithm of [0, 1, 3, 6, 12, 17, 23, 252, 253, 254, 255]) {
    t.notOk(
      importPublicKey(algorithm, makeKey('example', ED25519).dnskey.publicKey),
      `algorithm ${algorithm}`,
    )
  }
})

t.test('the table imports each key once and forgets the least used', async (t) => {
  const table = new KeyTable(2)
  const keys = [1, 2, 3].map(() => makeKey('example').dnskey)
  const first = table.handle(keys[0]!)
  t.equal(table.handle(keys[0]!), first)
  t.equal(table.importCount, 1)
  const revoked = dnskeyOf(0x0181, 3, keys[0]!.algorithm, keys[0]!.publicKey)
  t.equal(table.handle(revoked), first, 'flags do not make another key')
  const broken = dnskeyOf(257, 3, ECDSAP256SHA256, new Uint8Array(64))
  for (let i = 0; i < 100; i++) t.equal(table.handle(broken), undefined)
  t.equal(table.importCount, 2, 'a failed import is remembered (CVE-2025-8677)')
  table.handle(keys[1]!)
  table.handle(keys[2]!)
  t.equal(table.size, 2)
  const huge = dnskeyOf(257, 3, RSASHA256, rsa([1, 0, 1], new Uint8Array(60_000).fill(1)))
  t.equal(table.handle(huge), undefined)
  t.equal(table.size, 2, 'a key of the size of a message is not kept')
})
