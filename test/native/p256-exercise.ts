/**
 * Puts the addon for signatures to every use, in one process: `node p256-exercise.js ADDON [THREADS]`. For sanitizers, which
 * watch the addon's own code. Ends with 0 and a line that counts what was verified.
 */
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { IDLE_USES, signed, TABLES_MAX } from '../support/p256-signed.ts'

/** More than there are places for tables. */
const KEYS = TABLES_MAX + 2
const ROUNDS = 10

/** In memory of its own: what is read beyond it is seen. */
function signedAlone(): { key: Uint8Array; data: Uint8Array; signature: Uint8Array } {
  const { key, data, signature } = signed(99)
  const [own, ownData, ownSignature] = [key, data, signature].map((octets) => Uint8Array.from(octets))
  return { key: own!, data: ownData!, signature: ownSignature! }
}

/** Verifies with and without tables, good ones and bad ones; leaves a table that is being made. */
async function exercise(path: string): Promise<number> {
  const { isKey, prepare, verifies } = createRequire(import.meta.url)(path)
  const all = Array.from({ length: KEYS }, signedAlone)
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
  prepare(signed(99).key)
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
