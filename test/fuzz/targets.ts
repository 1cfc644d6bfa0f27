/** Everything that is fuzzed. The order is part of the seeds: new ones go to the end. */
import { clientTarget } from './client-target.ts'
import { configTarget } from './config-target.ts'
import { messageTarget } from './message-target.ts'
import type { Target } from './target.ts'
import { upstreamTarget } from './upstream-target.ts'
import { zoneTarget } from './zone-target.ts'

export const TARGETS: readonly Target[] = [
  clientTarget,
  upstreamTarget,
  messageTarget,
  zoneTarget,
  configTarget,
]
