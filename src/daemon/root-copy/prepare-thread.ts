/** The thread of `prepare-aside.ts`: one zone, and it ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { prepareZone } from './prepare.ts'
import type { PrepareData } from './prepare-aside.ts'

const { raw, terms } = workerData as PrepareData
parentPort!.postMessage(prepareZone(raw, terms))
