/**
 * Puts the addon for signatures to every use, in one process: `node p256-exercise.js ADDON [THREADS]`. For sanitizers, which
 * watch the addon's own code. Ends with 0 and a line that counts what was verified.
 */
import { sign } from 'node:crypto'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { freshKeyPair } from '../support/key-pair.ts'

/** More than there are places for tables (`p256.c`), and uses of others after which one gives its place away. */
const KEYS = 18
const TABLES_MAX = 16
const IDLE_USES = 4096
const ROUNDS = 10

interface Signed {
  readonly key: Uint8Array
  readonly data: Uint8Array
  readonly signature: Uint8Array
}

function signed(): Signed {
  const { publicKey, privateKey } = freshKeyPair('P-256')
  const { x, y } = publicKey.export({ format: 'jwk' })
  const key = Uint8Array.from(Buffer.concat([x!, y!].map((number) => Buffer.from(number, 'base64url'))))
  const data = new Uint8Array(99)
  const signature = Uint8Array.from(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
  return { key, data, signature }
}

/** Verifies with and without tables, good ones and bad ones; leaves a table that is being made. */
async function exercise(path: string): Promise<number> {
  const { isKey, prepare, verifies } = createRequire(import.meta.url)(path)
  const all = Array.from({ length: KEYS }, signed)
  let verified = 0
  for (const [at, { key, data, signature }] of all.entries()) {
    if (!isKey(key)) throw new Error('a key that is none')
    if (verifies(key, data, signature)) verified++
    const last = all[TABLES_MAX - 1]!
    if (at === TABLES_MAX) for (let i = 0; i < IDLE_USES; i++) verifies(last.key, last.data, last.signature)
    while (!prepare(key)) await sleep(2)
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { key, data, signature } of all) {
      if (verifies(key, data, signature)) verified++
      const wrong = signature.map((octet, at) => (at === round * 6 ? octet ^ 1 : octet))
      if (verifies(key, data, wrong) || verifies(key, wrong, signature))
        throw new Error('a wrong one is good')
    }
  }
  if (isKey(new Uint8Array(64)) || prepare(new Uint8Array(64))) throw new Error('a key that is none is one')
  prepare(signed().key)
  return verified
}

const path: string = workerData?.path ?? process.argv[2]
const threads = Number(process.argv[3] ?? 0)
const verified = await exercise(path)
if (parentPort !== null) parentPort.postMessage(verified)
else {
  const counts = [verified]
  for (let i = 0; i < threads; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { path } })
    worker.once('message', (count: number) => counts.push(count))
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  }
  process.stdout.write(`verified ${counts.reduce((sum, count) => sum + count, 0)}\n`)
}
