/** A thread that changes a table until it is ended or told to stop. */
import { workerData } from 'node:worker_threads'
import { OctetTable } from '../../src/cache/octet-table.ts'
import { KEYS, keyOf, writeValue } from './described-values.ts'

/** What it is told. */
export interface WriterTask {
  readonly buffer: SharedArrayBuffer
  readonly bytesMax: number
  readonly hashKey: readonly [number, number]
  /** Word 0: 1 once it writes; word 1: 1 to stop; word 2: puts done. */
  readonly signals: SharedArrayBuffer
  /** Turns of an empty loop after each change, so that an end may come between two. */
  readonly idleTurns: number
  /** Whether it takes away, too. */
  readonly removes: boolean
}

function write({ buffer, bytesMax, hashKey, signals, idleTurns, removes }: WriterTask): void {
  const words = new Int32Array(signals)
  const table = new OctetTable({ buffer, bytesMax, hashKey, keep: true })
  const value = new Uint8Array(1024)
  const keys = Array.from({ length: KEYS }, (_, number) => keyOf(number))
  Atomics.store(words, 0, 1)
  let spare = 0
  for (let serial = 1; Atomics.load(words, 1) === 0; serial++) {
    // Some of one length in a row, so that they are written over.
    const number = ((serial >>> 2) * 40_503) % KEYS
    const octets = writeValue(value, number, serial)
    table.put(keys[number]!, value.subarray(0, octets), Number.POSITIVE_INFINITY, 0)
    Atomics.add(words, 2, 1)
    if (removes && serial % 7 === 0) table.remove(keys[serial % KEYS]!)
    if (removes && serial % 501 === 0) table.removeWhere((all, start) => all[start]! % 3 === 0)
    if (removes && serial % 5003 === 0) table.clear()
    for (let i = 0; i < idleTurns; i++) spare = (spare * 31 + i) | 0
  }
}

write(workerData as WriterTask)
