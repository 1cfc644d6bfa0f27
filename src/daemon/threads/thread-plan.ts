/** How many threads of which kind. */
import type { Settings } from '../../config/settings.ts'

/** Threads beside the main one; no resolver threads: the main one does everything. */
export interface ThreadPlan {
  readonly fronts: number
  readonly resolvers: number
}

/** What the plan hangs on. */
export interface Surroundings {
  /** `os.availableParallelism()`. */
  readonly cores: number
  /** Whether several sockets can share an address and port. */
  readonly canSharePorts: boolean
}

/**
 * Makes the plan.
 *
 * @returns the plan, and what the operator should know of it
 */
export function planThreads(
  settings: Pick<Settings, 'server.front-threads' | 'server.resolver-threads'>,
  { cores, canSharePorts }: Surroundings,
): ThreadPlan & { readonly note?: string } {
  const wanted = { fronts: settings['server.front-threads'], resolvers: settings['server.resolver-threads'] }
  if (wanted.resolvers === 0 || (wanted.resolvers === 'auto' && wanted.fronts === 'auto' && cores === 1)) {
    return { fronts: 1, resolvers: 0 }
  }
  const fronts = frontsOf(wanted, cores)
  const resolvers = wanted.resolvers === 'auto' ? Math.max(1, cores - fronts) : wanted.resolvers
  if (fronts === 1 || canSharePorts) return { fronts, resolvers }
  const spared = wanted.fronts === 'auto' && wanted.resolvers === 'auto' ? fronts - 1 : 0
  return {
    fronts: 1,
    resolvers: resolvers + spared,
    note:
      `one front thread serves clients, not ${fronts}: several share a port only with the addon ` +
      '(server.udp-backend) or with Node 22.12 and later',
  }
}

/** Fronts are never idle while they are few: half of the cores, or what the resolver threads leave. */
function frontsOf({ fronts, resolvers }: Wanted, cores: number): number {
  if (fronts !== 'auto') return fronts
  return Math.max(1, resolvers === 'auto' ? Math.floor(cores / 2) : cores - resolvers)
}

interface Wanted {
  readonly fronts: number | 'auto'
  readonly resolvers: number | 'auto'
}
