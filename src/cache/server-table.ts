/** What is known of authority servers, by address and port: how fast, how reliable, which quirks. */
import { type Endpoint, endpointKey } from '../base/address.ts'
import {
  BACK_OFF_MS_MAX,
  BACK_OFF_MS_MIN,
  LAME_MS,
  LAME_REMEMBERED_MAX,
  SERVER_MEMORY_MS,
  SERVER_QUIRK_MS,
  SERVERS_REMEMBERED_MAX,
  SILENCE_MS_BEFORE_BACK_OFF,
  TIMEOUTS_BEFORE_BACK_OFF,
  UPSTREAM_TIMEOUT_GROWTH,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TIMEOUT_MS_MAX,
  UPSTREAM_TIMEOUT_MS_MIN,
} from '../base/limits.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { ExpiringTable } from './expiring-table.ts'

/** Whether a server understands EDNS: not tried yet, seen to work, seen to break. */
export type EdnsState = 'unknown' | 'works' | 'broken'

/** How large the table is, and whose time it goes by. */
export interface ServerTableOptions {
  readonly nowMs: () => number
  readonly max?: number
}

interface Server {
  /** Smoothed round-trip time and its variation, milliseconds; undefined before the first reply. */
  srttMs: number | undefined
  rttvarMs: number
  /** When it last replied; minus infinity when it never did. */
  repliedMs: number
  /** Time-outs since the last reply, and when the last one ended. */
  timeouts: number
  timedOutMs: number
  /** The last pause, 0 when none; and when it ends. */
  pauseMs: number
  pausedUntilMs: number
  /** While a probe is on its way nobody else asks. */
  probedUntilMs: number
  ednsWorks: boolean
  ednsBrokenUntilMs: number
  tcpUntilMs: number
}

/** The table. A server nobody asked for a quarter of an hour is forgotten. */
export class ServerTable {
  readonly #servers: ExpiringTable<Server>
  readonly #lame: ExpiringTable<true>
  readonly #nowMs: () => number

  constructor({ nowMs, max = SERVERS_REMEMBERED_MAX }: ServerTableOptions) {
    this.#nowMs = nowMs
    this.#servers = new ExpiringTable({ max, nowMs })
    this.#lame = new ExpiringTable({ max: Math.min(max, LAME_REMEMBERED_MAX), nowMs })
  }

  /** Servers remembered. */
  get size(): number {
    return this.#servers.size
  }

  // --- time --------------------------------------------------------------------------------------------------------

  /** Smoothed round-trip time in milliseconds; undefined when the server never replied. */
  rttMs(at: Endpoint): number | undefined {
    return this.#peek(at)?.srttMs
  }

  /** How long to wait for a reply: by RFC 6298 2, longer with each time-out since the last reply, within our bounds. */
  timeoutMs(at: Endpoint): number {
    const server = this.#peek(at)
    const { srttMs, rttvarMs = 0, timeouts = 0 } = server ?? {}
    const base = srttMs === undefined ? UPSTREAM_TIMEOUT_MS_INITIAL : srttMs + 4 * rttvarMs
    const bounded =
      Math.max(base, UPSTREAM_TIMEOUT_MS_MIN) * UPSTREAM_TIMEOUT_GROWTH ** Math.min(timeouts, 16)
    return Math.min(bounded, UPSTREAM_TIMEOUT_MS_MAX)
  }

  /** Time-outs since the last reply. */
  timeouts(at: Endpoint): number {
    return this.#peek(at)?.timeouts ?? 0
  }

  /** A reply came, `rttMs` after the query: the server is up. */
  replied(at: Endpoint, rttMs: number): void {
    const server = this.#touch(at)
    if (server.srttMs === undefined) {
      server.srttMs = rttMs
      server.rttvarMs = rttMs / 2
    } else {
      server.rttvarMs = 0.75 * server.rttvarMs + 0.25 * Math.abs(server.srttMs - rttMs)
      server.srttMs = 0.875 * server.srttMs + 0.125 * rttMs
    }
    server.timeouts = 0
    server.repliedMs = this.#nowMs()
    server.pauseMs = server.pausedUntilMs = server.probedUntilMs = 0
  }

  /**
   * No reply came in time. The third time in a row the server is left alone for a while. Queries that were on their way
   * together and all went unanswered are one time-out: a stall of ours, or a lost moment of the path, and no more. Nor is
   * one that answered a moment ago left alone: who waits for it may try it again.
   *
   * @param askedMs when the query was sent; now, when not given
   */
  timedOut(at: Endpoint, askedMs: number = this.#nowMs()): void {
    const server = this.#touch(at)
    if (askedMs < server.timedOutMs) return
    server.timedOutMs = this.#nowMs()
    server.timeouts++
    const silentMs = this.#nowMs() - server.repliedMs
    if (server.timeouts >= TIMEOUTS_BEFORE_BACK_OFF && silentMs >= SILENCE_MS_BEFORE_BACK_OFF)
      this.#pause(server)
  }

  /** The host or the network said no: left alone at once. */
  unreachable(at: Endpoint): void {
    this.#pause(this.#touch(at))
  }

  // --- whether to ask ----------------------------------------------------------------------------------------------

  /** False while the server is left alone, and while a probe after that is on its way. */
  mayAsk(at: Endpoint): boolean {
    const server = this.#peek(at)
    return server === undefined || this.#nowMs() >= Math.max(server.pausedUntilMs, server.probedUntilMs)
  }

  /** A query is being sent. To a server that failed before it is the one probe, until something comes of it. */
  asked(at: Endpoint): void {
    const server = this.#touch(at)
    if (server.pauseMs > 0) server.probedUntilMs = this.#nowMs() + UPSTREAM_TIMEOUT_MS_MAX
  }

  /** A pause of 1 s, twice the last one while nothing is heard, 60 s at most. What fails during a pause adds nothing. */
  #pause(server: Server): void {
    const nowMs = this.#nowMs()
    server.probedUntilMs = 0
    if (nowMs < server.pausedUntilMs) return
    server.pauseMs = Math.min(Math.max(2 * server.pauseMs, BACK_OFF_MS_MIN), BACK_OFF_MS_MAX)
    server.pausedUntilMs = nowMs + server.pauseMs
  }

  // --- quirks ------------------------------------------------------------------------------------------------------

  /** Whether the server understands EDNS, as far as known. */
  edns(at: Endpoint): EdnsState {
    const server = this.#peek(at)
    if (server === undefined) return 'unknown'
    if (this.#nowMs() < server.ednsBrokenUntilMs) return 'broken'
    return server.ednsWorks ? 'works' : 'unknown'
  }

  /** A reply with an OPT record came. */
  ednsWorked(at: Endpoint): void {
    const server = this.#touch(at)
    server.ednsWorks = true
    server.ednsBrokenUntilMs = 0
  }

  /** A query with EDNS failed where the same without it did not (RFC 6891 7). */
  ednsBroke(at: Endpoint): void {
    const server = this.#touch(at)
    server.ednsWorks = false
    server.ednsBrokenUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** True for a server that was seen to answer by TCP only, or whose datagrams somebody seems to guess (attack A01). */
  tcpOnly(at: Endpoint): boolean {
    return this.#nowMs() < (this.#peek(at)?.tcpUntilMs ?? 0)
  }

  /** Asks by TCP from now on, for a quarter of an hour. */
  requireTcp(at: Endpoint): void {
    this.#touch(at).tcpUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** True when the server did not know the zone a moment ago (RFC 9499: lame delegation). */
  lame(at: Endpoint, zone: Name): boolean {
    return this.#lame.get(lameKey(at, zone)) === true
  }

  /** The server does not know the zone that is delegated to it: not asked for it for a quarter of an hour. */
  setLame(at: Endpoint, zone: Name): void {
    this.#lame.set(lameKey(at, zone), true, LAME_MS)
  }

  /** Forgets everything. */
  clear(): void {
    this.#servers.clear()
    this.#lame.clear()
  }

  #peek(at: Endpoint): Server | undefined {
    return this.#servers.get(endpointKey(at))
  }

  #touch(at: Endpoint): Server {
    const server = this.#peek(at) ?? {
      srttMs: undefined,
      rttvarMs: 0,
      repliedMs: Number.NEGATIVE_INFINITY,
      timeouts: 0,
      timedOutMs: 0,
      pauseMs: 0,
      pausedUntilMs: 0,
      probedUntilMs: 0,
      ednsWorks: false,
      ednsBrokenUntilMs: 0,
      tcpUntilMs: 0,
    }
    this.#servers.set(endpointKey(at), server, SERVER_MEMORY_MS)
    return server
  }
}

function lameKey(at: Endpoint, zone: Name): string {
  // A name says where it ends, so no two pairs share a key.
  return nameKey(zone) + endpointKey(at)
}
