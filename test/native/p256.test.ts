/** Keys of P-256 by the addon: what it says is what node:crypto says, of good signatures and of every kind of bad one. */
import { sign } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { P256_USES_BEFORE_TABLE } from '../../src/base/limits.ts'
import { seededRandom } from '../../src/base/random.ts'
import { importHandle } from '../../src/dnssec/keys.ts'
import { buildAddon, P256 } from '../../src/native/build.ts'
import { addonImport, P256_PATH, quickestKeyImport } from '../../src/native/p256.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { testFolder } from '../support/folder.ts'
import { freshKeyPair } from '../support/key-pair.ts'
import { IDLE_USES, type Signed, signed, TABLES_MAX } from '../support/p256-signed.ts'
import { until } from '../support/until.ts'

const { ECDSAP256SHA256, ED25519 } = ALGORITHM
/** The order of the group (SEC 2, 2.4.2). */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
/** The prime of the field, which no coordinate reaches. */
const FIELD = Buffer.from('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff', 'hex')

const folder = testFolder(t)
const out = join(folder, 'p256.node')
const why = buildAddon({
  ...P256,
  out,
  flags: ['-Werror', '-Wconversion', '-Wshadow', '-Wstrict-prototypes'],
})
const skip = why !== undefined && `nothing can be built here: ${why}`
const read = addonImport(out)!
/** As it is loaded here already: the same verifier. */
const raw = why === undefined ? createRequire(import.meta.url)(out) : undefined

/** What the addon says of it, and node:crypto: undefined where the key is of no use. */
function verdicts({ key, data, signature }: Signed): (boolean | undefined)[] {
  const handles = [read(key), importHandle(ECDSAP256SHA256, key)]
  return handles.map((handle) => handle?.verifies(data, signature))
}

/** Has the addon verify by a table of the key from now on. */
async function prepared({ key }: Signed): Promise<void> {
  await until('the table is made', () => raw.prepare(key))
}

/**
 * Over the octets `sigill`. The key is chosen for the numbers of the signature, so that the two multiples of which a verifier
 * takes the sum are the same point, or opposite ones, or that the x of their sum is greater than the order.
 */
const VECTORS = [
  {
    name: 'u1*G = u2*Q',
    key: '3b3a1cea17f2a0291b8f271461c8711e89c11461bb7ff2affd11ea37d8036eb6 986caf9a5ad882f3e9d695435aa3531fe61445e87c1fb4e5ca821d2b4854eae7',
    signature:
      '8e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3 45b2fba730dbda8853b64494a30b1c3929eb3f011b461c89bcdd8cd8d972476c',
    good: true,
  },
  {
    name: 'u1*G = -(u2*Q)',
    key: '3b3a1cea17f2a0291b8f271461c8711e89c11461bb7ff2affd11ea37d8036eb6 67935064a5277d0d16296abca55cace019ebba1883e04b1a357de2d4b7ab1518',
    signature:
      '8e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3 0000000000000000000000000000000000000000000000000000000000000005',
    good: false,
  },
  {
    name: 's = 1',
    key: '3033c1743c7e535973df2f833d6693b4b7e1bc57cf4f5f3246460cfdb110cdcd 51d6c1e597a0f1e20761311bda8476aea5bb5f12b58e753ae64f476766624afb',
    signature:
      '8e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3 0000000000000000000000000000000000000000000000000000000000000001',
    good: true,
  },
  {
    name: 's = n + 1',
    key: '3033c1743c7e535973df2f833d6693b4b7e1bc57cf4f5f3246460cfdb110cdcd 51d6c1e597a0f1e20761311bda8476aea5bb5f12b58e753ae64f476766624afb',
    signature:
      '8e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3 ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552',
    good: false,
  },
  {
    name: 'x of the sum is above n',
    key: '826e17886771584d5d39977717b0c5dc8e4162bd453ca2cc0e304c10f7fa526b b2a1b819a08d56bd9809c2ab6db8c5c66f302a6e70a917d841b793797958944c',
    signature:
      '0000000000000000000000000000000000000000000000000000000000000003 0000000000000000000000000000000000000000000000000000000000000003',
    good: true,
  },
  {
    name: 'r is that x, unreduced',
    key: '826e17886771584d5d39977717b0c5dc8e4162bd453ca2cc0e304c10f7fa526b b2a1b819a08d56bd9809c2ab6db8c5c66f302a6e70a917d841b793797958944c',
    signature:
      'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632554 0000000000000000000000000000000000000000000000000000000000000003',
    good: false,
  },
]

/** The addon once more, with nothing that others did. */
function freshAddon(): typeof raw {
  const path = join(folder, `fresh-${copies++}.node`)
  copyFileSync(out, path)
  return createRequire(import.meta.url)(path)
}
let copies = 0

/** Numbers at the edges of what is allowed, and of what a signature has, one with the other. */
function edgeSignatures(good: Signed): Buffer[] {
  const zero = Buffer.alloc(32)
  const one = Buffer.from(zero)
  one[31] = 1
  const edges = [zero, one, ORDER, FIELD, Buffer.alloc(32, 255)]
  const [r, s] = [good.signature.subarray(0, 32), good.signature.subarray(32)]
  const pairs = [...edges, r].flatMap((first) => edges.map((second) => [first, second]))
  return [...pairs, ...edges.map((first) => [first, s])].map((pair) => Buffer.concat(pair))
}

/** ECDSA has for each (r, s) an equal (r, n - s), and RFC 6605 forbids neither. */
function otherSignature({ signature }: Signed): Buffer {
  const other = BigInt(`0x${ORDER.toString('hex')}`) - BigInt(`0x${signature.toString('hex', 32)}`)
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(other.toString(16).padStart(64, '0'), 'hex')])
}

t.test('good signatures, over nothing and over much', { skip }, async (t) => {
  for (const octets of [0, 1, 300, 65_535]) t.same(verdicts(signed(octets)), [true, true], `${octets} octets`)
})

t.test('any bit that is changed', { skip }, async (t) => {
  const random = seededRandom(7)
  const good = signed(40)
  for (let i = 0; i < 300; i++) {
    const part = (['key', 'data', 'signature'] as const)[i % 3]!
    const changed = Buffer.from(good[part])
    changed[random.below(changed.length)]! ^= 1 << random.below(8)
    const [ours, theirs] = verdicts({ ...good, [part]: changed })
    t.equal(ours, theirs)
    t.not(ours, true)
  }
  t.same(verdicts(good), [true, true], 'nothing of that stays')
})

t.test('numbers at the edges of what a signature may be', { skip }, async (t) => {
  const good = signed(40)
  for (const signature of edgeSignatures(good)) t.same(verdicts({ ...good, signature }), [false, false])
})

t.test('the other number that signs as well is taken by both', { skip }, async (t) => {
  const good = signed(40)
  t.same(verdicts({ ...good, signature: otherSignature(good) }), [true, true])
})

t.test('by the table of a key it says the same', { skip }, async (t) => {
  const random = seededRandom(8)
  for (let round = 0; round < 3; round++) {
    const good = signed(40 * round)
    await prepared(good)
    const more = [good, { ...good, signature: otherSignature(good) }]
    for (const one of more) t.same(verdicts(one), [true, true], 'good ones')
    for (const signature of edgeSignatures(good)) t.same(verdicts({ ...good, signature }), [false, false])
    for (let i = 0; i < 100; i++) {
      const part = i % 2 === 0 || good.data.length === 0 ? 'signature' : 'data'
      const changed = Buffer.from(good[part])
      changed[random.below(changed.length)]! ^= 1 << random.below(8)
      t.same(verdicts({ ...good, [part]: changed }), [false, false])
    }
    t.same(verdicts(signed(40)), [true, true], 'other keys have nothing of it')
  }
})

t.test('where both multiples meet, and where a sum is greater than any r', { skip }, async (t) => {
  for (const { name, good, ...vector } of VECTORS) {
    const [key, signature] = [vector.key, vector.signature].map((hex) =>
      Buffer.from(hex.replaceAll(' ', ''), 'hex'),
    )
    const one = { key: key!, signature: signature!, data: Buffer.from('sigill') }
    t.same(verdicts(one), [good, good], name)
    await prepared(one)
    t.same(verdicts(one), [good, good], `${name}, by a table`)
  }
})

t.test('a table makes room for another when nobody uses it', { skip }, async (t) => {
  const addon = freshAddon()
  const keys = Array.from({ length: TABLES_MAX }, () => signed(20))
  const verify = ({ key, data, signature }: Signed): boolean => addon.verifies(key, data, signature)
  const make = (one: Signed): Promise<void> => until('the table is made', () => addon.prepare(one.key))
  for (const one of keys) await make(one)
  const [idle, ...busy] = keys as [Signed, ...Signed[]]
  const another = signed(20)
  t.equal(addon.prepare(another.key), false)
  for (let i = 0; i < IDLE_USES - 1; i++) verify(busy[i % busy.length]!)
  for (let i = 0; i < IDLE_USES; i++) addon.verifies(busy[0]!.key, busy[0]!.data, busy[1]!.signature)
  t.equal(addon.prepare(another.key), false)
  await sleep(100)
  t.equal(addon.prepare(another.key), false, 'there is no place for it yet, whatever is wrong')
  verify(busy[0]!)
  await make(another)
  t.equal(addon.prepare(idle.key), false, 'its place was given away')
  for (const one of [...busy, another]) t.equal(addon.prepare(one.key), true)
  for (const one of [...keys, another]) t.equal(verify(one), true)
})

t.test('a table takes a good part of the time', { skip }, async (t) => {
  const one = signed(100)
  const handle = read(one.key)!
  const times = (): number => {
    const before = process.cpuUsage()
    for (let i = 0; i < 300; i++) handle.verifies(one.data, one.signature)
    return process.cpuUsage(before).user
  }
  times()
  // The least of a few: whoever else is on this machine takes time, and never gives any.
  const without = Math.min(times(), times())
  await prepared(one)
  const by = Math.min(times(), times(), times())
  t.ok(by < 0.85 * without, `300 signatures: ${without} us without a table, ${by} with it`)
})

t.test('a key gets a table after so many good signatures, and none for wrong ones', { skip }, async (t) => {
  const path = join(folder, 'listening.cjs')
  writeFileSync(
    path,
    `const addon = require(${JSON.stringify(out)})
    exports.prepared = []
    exports.isKey = addon.isKey
    exports.verifies = addon.verifies
    exports.prepare = (key) => exports.prepared.push(Buffer.from(key).toString('hex')) > 0`,
  )
  const { prepared } = createRequire(import.meta.url)(path)
  const [often, wrong] = [signed(20), signed(20)]
  const [handle, hostile] = [addonImport(path)!(often.key)!, addonImport(path)!(wrong.key)!]
  for (let i = 1; i < P256_USES_BEFORE_TABLE; i++) handle.verifies(often.data, often.signature)
  for (let i = 0; i < 2 * P256_USES_BEFORE_TABLE; i++) hostile.verifies(often.data, often.signature)
  t.same(prepared, [])
  handle.verifies(often.data, often.signature)
  t.same(prepared, [often.key.toString('hex')])
  for (let i = 0; i < P256_USES_BEFORE_TABLE; i++) handle.verifies(often.data, often.signature)
  t.equal(prepared.length, 2, 'it may have lost it meanwhile')
})

t.test('what is no point of the curve is no key', { skip }, async (t) => {
  const { key } = signed(1)
  const xAbove = Buffer.concat([FIELD, key.subarray(32)])
  for (const bad of [
    Buffer.alloc(64),
    Buffer.alloc(64, 255),
    xAbove,
    key.subarray(1),
    Buffer.alloc(65),
    Buffer.alloc(0),
  ]) {
    t.equal(read(bad), undefined)
    t.equal(importHandle(ECDSAP256SHA256, bad), undefined)
  }
})

t.test('a signature of another length is wrong', { skip }, async (t) => {
  const good = signed(40)
  for (const signature of [
    good.signature.subarray(1),
    Buffer.concat([good.signature, Buffer.alloc(1)]),
    Buffer.alloc(0),
  ])
    t.same(verdicts({ ...good, signature }), [false, false])
})

t.test('a key stays what it was when its octets are overwritten', { skip }, async (t) => {
  const good = signed(40)
  const octets = Uint8Array.from(good.key)
  const handle = read(octets)!
  octets.fill(0)
  t.ok(handle.verifies(good.data, good.signature))
})

t.test('it takes nothing but octets', { skip }, async (t) => {
  const { isKey, verifies, prepare } = raw
  const { key, data, signature } = signed(1)
  for (const wrong of [
    undefined,
    'x',
    7,
    new Uint32Array(16),
    new Uint8Array(63),
    new DataView(new ArrayBuffer(64)),
  ]) {
    t.throws(() => isKey(wrong))
    t.throws(() => prepare(wrong))
    t.throws(() => verifies(wrong, data, signature))
    t.throws(() => verifies(key, data, wrong))
  }
  t.throws(() => isKey())
  t.throws(() => verifies(key, 'text', signature))
})

t.test('threads come and go', { skip }, async (t) => {
  const { key, data, signature } = signed(40)
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { verifies } = require(workerData.out)
    let good = 0
    for (let i = 0; i < 200; i++) if (verifies(workerData.key, workerData.data, workerData.signature)) good++
    parentPort.postMessage(good)`
  const workerData = {
    out,
    key: new Uint8Array(key),
    data: new Uint8Array(data),
    signature: new Uint8Array(signature),
  }
  const counts = await Promise.all(
    Array.from({ length: 3 }, () => {
      const worker = new Worker(source, { eval: true, workerData })
      return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  t.same(counts, [200, 200, 200])
})

t.test('a thread may end while a table is being made for it', { skip }, async (t) => {
  const source = `
    const { workerData } = require('node:worker_threads')
    const { prepare } = require(workerData.out)
    for (const key of workerData.keys) prepare(key)
    process.exit(7)`
  const keys = [signed(1), signed(1)].map(({ key }) => new Uint8Array(key))
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(source, { eval: true, workerData: { out, keys } })
    const code = await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    t.equal(code, 7)
  }
  t.same(verdicts(signed(40)), [true, true])
})

t.test('without an addon, or with one that says yes to everything, node:crypto serves', async (t) => {
  t.equal(quickestKeyImport(join(folder, 'absent.node')), importHandle)
  const credulous = join(folder, 'credulous.cjs')
  writeFileSync(credulous, 'module.exports = { isKey: () => true, verifies: () => true }\n')
  t.equal(quickestKeyImport(credulous), importHandle)
  const empty = join(folder, 'empty.cjs')
  writeFileSync(empty, 'module.exports = {}\n')
  t.equal(quickestKeyImport(empty), importHandle)
})

t.test('other algorithms are not its affair', { skip }, async (t) => {
  const { publicKey, privateKey } = freshKeyPair('ed25519')
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
  const handle = quickestKeyImport(out)(ED25519, key)
  t.ok(handle?.verifies(Buffer.from('x'), sign(null, Buffer.from('x'), privateKey)))
  t.ok(quickestKeyImport(out) !== importHandle)
})

t.test('the build puts it where it is looked for', { skip }, async (t) => {
  t.equal(P256.out, P256_PATH)
})
