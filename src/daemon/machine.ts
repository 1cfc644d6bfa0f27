/** What is under the daemon: clocks, and the ways to clients and authorities. A lab has others than this machine's. */
import { type Clock, systemClock } from '../base/clock.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import { createUpstream, type SocketUpstream, type UpstreamOptions } from '../upstream/sockets.ts'

/** See the head of this file. */
export interface Machine {
  /** @param fixedUnixSeconds when given, signatures are judged at this time for ever */
  clock(fixedUnixSeconds?: number): Clock
  /** Milliseconds since 1970, even where signatures are judged by another clock. */
  unixMs(): number
  /** The way to authorities. */
  upstream(options: UpstreamOptions): SocketUpstream
  /** The way to clients by UDP; as the settings choose when left out. */
  readonly udp?: UdpBackend
}

/** The one that this process runs on. */
export const THIS_MACHINE: Machine = {
  clock: systemClock,
  unixMs: () => Date.now(),
  upstream: createUpstream,
}

/** Seconds since 1970 by the same clock. */
export function wallSeconds(machine: Pick<Machine, 'unixMs'>): number {
  return Math.floor(machine.unixMs() / 1000)
}
