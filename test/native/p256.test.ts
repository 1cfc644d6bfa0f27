/** Keys of P-256 by the addon: what it says is what node:crypto says, of good signatures and of every kind of bad one. */
import { sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
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
/** Tables of a thread (`p256.c`). */
const TABLES_MAX = 16

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

/** What the addon says of it, and node:crypto: undefined where the key is of no use. */
function verdicts({ key, data, signature }: Signed): (boolean | undefined)[] {
  const handles = [read(key), importHandle(ECDSAP256SHA256, key)]
  return handles.map((handle) => handle?.verifies(data, signature))
}

/** Has the addon verify by a table of the key from now on. */
async function prepared({ key }: Signed): Promise<void> {
  await until('the table is made', () => raw.prepare(key))
}

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

t.test('tables are for the keys that were used last', { skip }, async (t) => {
  const all = Array.from({ length: TABLES_MAX + 2 }, () => signed(20))
  const [first, second] = all as [Signed, Signed]
  for (const one of all) {
    await prepared(one)
    t.same(verdicts(first), [true, true])
  }
  t.equal(raw.prepare(first.key), true, 'it was used all the time')
  t.equal(raw.prepare(second.key), false, 'it was not')
  for (const one of all) t.same(verdicts(one), [true, true])
  await prepared(second)
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

t.test(
  'a key that has signed often gets a table, and wrong signatures are no use of it',
  { skip },
  async (t) => {
    const [often, wrong] = [signed(20), signed(20)]
    const handle = read(often.key)!
    for (let i = 0; i < P256_USES_BEFORE_TABLE; i++) handle.verifies(often.data, often.signature)
    const hostile = read(wrong.key)!
    for (let i = 0; i < 2 * P256_USES_BEFORE_TABLE; i++) hostile.verifies(often.data, wrong.signature)
    await until('the table is made', () => raw.prepare(often.key))
    t.equal(raw.prepare(wrong.key), false)
  },
)

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
