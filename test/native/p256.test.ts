/** Keys of P-256 by the addon: what it says is what node:crypto says, of good signatures and of every kind of bad one. */
import { sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { importHandle } from '../../src/dnssec/keys.ts'
import { buildAddon, P256 } from '../../src/native/build.ts'
import { addonImport, P256_PATH, quickestKeyImport } from '../../src/native/p256.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { testFolder } from '../support/folder.ts'
import { freshKeyPair } from '../support/key-pair.ts'

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

interface Signed {
  readonly key: Buffer
  readonly data: Buffer
  readonly signature: Buffer
}

/** A key in DNSKEY form with a signature of so many octets. */
function signed(octets: number): Signed {
  const { publicKey, privateKey } = freshKeyPair('P-256')
  const { x, y } = publicKey.export({ format: 'jwk' })
  const data = Buffer.from(Array.from({ length: octets }, (_, i) => i & 255))
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { key: Buffer.concat([Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]), data, signature }
}

/** What both say of it: undefined where the key is of no use. */
function verdicts({ key, data, signature }: Signed): (boolean | undefined)[] {
  const handles = [read(key), importHandle(ECDSAP256SHA256, key)]
  return handles.map((handle) => handle?.verifies(data, signature))
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
  const zero = Buffer.alloc(32)
  const one = Buffer.from(zero)
  one[31] = 1
  const edges = [zero, one, ORDER, FIELD, Buffer.alloc(32, 255)]
  for (const r of [...edges, good.signature.subarray(0, 32)]) {
    for (const s of edges) t.same(verdicts({ ...good, signature: Buffer.concat([r, s]) }), [false, false])
  }
})

t.test('the other number that signs as well is taken by both', { skip }, async (t) => {
  // ECDSA has for each (r, s) an equal (r, n - s), and RFC 6605 forbids neither.
  const good = signed(40)
  const other = BigInt(`0x${ORDER.toString('hex')}`) - BigInt(`0x${good.signature.toString('hex', 32)}`)
  const s = Buffer.from(other.toString(16).padStart(64, '0'), 'hex')
  t.same(verdicts({ ...good, signature: Buffer.concat([good.signature.subarray(0, 32), s]) }), [true, true])
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
  const { createRequire } = await import('node:module')
  const { isKey, verifies } = createRequire(import.meta.url)(out)
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
