/** A process of its own, whose helpers and threads are looked at: prints what it finds as JSON. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { getHeapSpaceStatistics } from 'node:v8'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { YOUNG_GENERATION_MIB_MAX } from '../../../src/base/limits.ts'
import { letOthersGoFirst, putHelpersLast } from '../../../src/daemon/short-waits.ts'

export interface Found {
  /** How nice the threads were before there were others of ours, and how nice those but the first are afterwards. */
  readonly before: number
  readonly helpers: readonly number[]
  readonly main: number
  readonly front: number
  readonly resolver: number
  /** Octets of the young generation of a thread after much garbage. */
  readonly young: number
}

const CALLING_THREAD = 0

function youngAfterGarbage(): number {
  let kept: object[] = []
  for (let i = 0; i < 3_000_000; i++) {
    if (i % 60_000 === 0) kept = []
    kept.push({ i })
  }
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')!.space_size
}

if (isMainThread) {
  const before = getPriority(CALLING_THREAD)
  putHelpersLast()
  const helpers = readdirSync('/proc/self/task')
    .map(Number)
    .filter((thread) => thread !== process.pid)
    .map((thread) => getPriority(thread))
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB_MAX }
  const worker = new Worker(import.meta.filename, { resourceLimits })
  const [told] = await once(worker, 'message')
  const found: Found = {
    before,
    helpers,
    main: getPriority(CALLING_THREAD),
    front: told.front,
    resolver: told.resolver,
    young: told.young,
  }
  console.log(JSON.stringify(found))
  process.exit()
}
const front = getPriority(CALLING_THREAD)
letOthersGoFirst()
parentPort!.postMessage({ front, resolver: getPriority(CALLING_THREAD), young: youngAfterGarbage() })
