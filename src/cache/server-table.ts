/** What is known of authority servers, by address and port: how fast, how reliable, which quirks. */
import { type Address, type Endpoint, endpointKey } from '../base/address.ts'
import {
  BACK_OFF_MS_MAX,
  BACK_OFF_MS_MIN,
  COOKIE_SECRET_SECONDS,
  FAMILY_LOOK_PAUSE_MS,
  FIRST_REPLIES_BEFORE_USUAL,
  LAME_MS,
  LAME_REMEMBERED_MAX,
  LATE_BEFORE_FAMILY_ASIDE,
  LATE_GROWTH,
  LOOK_PAUSE_MS,
  MIXED_UNANSWERED_MAX,
  SERVER_MEMORY_MS,
  SERVER_QUIRK_MS,
  SERVERS_REMEMBERED_MAX,
  SILENCE_MS_BEFORE_BACK_OFF,
  TCP_LATE_GROWTH,
  TIMEOUTS_BEFORE_BACK_OFF,
  UNKNOWN_LATE_MS_MIN,
  UPSTREAM_TIMEOUT_GROWTH,
  UPSTREAM_TIMEOUT_MS_INITIAL,
  UPSTREAM_TIMEOUT_MS_MAX,
  UPSTREAM_TIMEOUT_MS_MIN,
} from '../base/limits.ts'
import type { EdnsOption } from '../wire/edns.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { ExpiringTable } from './expiring-table.ts'
import type { Asker, ServerQuota } from './server-quota.ts'
import { keyOf, newServer, type Server, standingOf, TrackedServer } from './tracked-server.ts'

/** Whether a server understands EDNS: not tried yet, seen to work, seen to break. */
export type EdnsState = 'unknown' | 'works' | 'broken'

/** How large the table is, and whose time it goes by. */
export interface ServerTableOptions {
  readonly nowMs: () => number
  readonly max?: number
}

/** What is known of an address family. */
interface Family {
  /** Servers that became late one after the other, none of the family answering in between. */
  lateInARow: number
  /** When the first of these was. */
  lateSinceMs: number
  repliedMs: number
  askedMs: number
}

function newFamily(): Family {
  const never = Number.NEGATIVE_INFINITY
  return { lateInARow: 0, lateSinceMs: never, repliedMs: never, askedMs: never }
}

/** Round trips of servers that replied for the first time: mean and mean deviation, in which the last ones weigh most. */
interface FirstReplies {
  readonly count: number
  readonly meanMs: number
  readonly deviationMs: number
}

/** What is used all the time is not kept anew each time: a second is nothing beside the memory of it. */
const KEPT_ANEW_MS = 1_000
const NO_REPLIES: FirstReplies = { count: 0, meanMs: 0, deviationMs: 0 }
/** One far server among near ones is not to be forgotten at once. */
const FIRST_REPLY_WEIGHT = 1 / 16

/** The table. A server nobody asked for a quarter of an hour is forgotten. */
export class ServerTable {
  readonly #servers: ExpiringTable<Server>
  readonly #lame: ExpiringTable<true>
  readonly #nowMs: () => number
  readonly #families: readonly [ipv4: Family, ipv6: Family] = [newFamily(), newFamily()]

  /** How long servers took that nothing was known of. */
  #firstReplies = NO_REPLIES
  /** Changes when everything is forgotten. */
  #epoch = 1

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

  /**
   * The time in which a reply is to be expected: by RFC 6298 2, longer with each time-out since the last reply, within
   * our bounds.
   *
   * @param tries times that it was asked the same in vain, not all of them counted as time-outs yet
   */
  timeoutMs(at: Endpoint, tries = 0): number {
    const { timeouts = 0 } = this.#peek(standingOf(at)) ?? {}
    const growths = Math.min(Math.max(timeouts, tries), 16)
    return Math.min(this.#usualMs(at) * UPSTREAM_TIMEOUT_GROWTH ** growths, UPSTREAM_TIMEOUT_MS_MAX)
  }

  /**
   * The time after which another question is asked beside one that is out: that of a usual reply. Where paths lose
   * datagrams, the first time-out and the second try are ordinary, and let nobody wait longer; silence that lasts does.
   * Of a server that never replied it is judged by what others took when they first did.
   *
   * @param tries as for `timeoutMs`
   */
  lateMs(at: Endpoint, tries = 0): number {
    const { timeouts = 0 } = this.#peek(standingOf(at)) ?? {}
    const usualMs = this.rttMs(at) === undefined ? this.#usualOfOthersMs() : this.#usualMs(at)
    const growths = Math.max(timeouts, tries) - 1
    return Math.min(usualMs * LATE_GROWTH ** Math.min(Math.max(growths, 0), 16), this.timeoutMs(at, tries))
  }

  /** The same by TCP. */
  tcpLateMs(at: Endpoint): number {
    return Math.max(TCP_LATE_GROWTH * this.lateMs(at), UNKNOWN_LATE_MS_MIN)
  }

  /** What a first reply usually takes at most, by those of other servers. */
  #usualOfOthersMs(): number {
    const { count, meanMs, deviationMs } = this.#firstReplies
    if (count < FIRST_REPLIES_BEFORE_USUAL) return UPSTREAM_TIMEOUT_MS_INITIAL
    const usualMs = Math.max(meanMs + 4 * deviationMs, UNKNOWN_LATE_MS_MIN)
    return Math.min(usualMs, UPSTREAM_TIMEOUT_MS_INITIAL)
  }

  /** As RFC 6298 2 does with the round trips of one server, but over many servers. */
  #noteFirstReply(rttMs: number): void {
    const { count, meanMs, deviationMs } = this.#firstReplies
    this.#firstReplies = {
      count: count + 1,
      meanMs: count === 0 ? rttMs : meanMs + FIRST_REPLY_WEIGHT * (rttMs - meanMs),
      deviationMs:
        count === 0 ? rttMs / 2 : deviationMs + FIRST_REPLY_WEIGHT * (Math.abs(rttMs - meanMs) - deviationMs),
    }
  }

  /** What a reply usually takes at most (RFC 6298 2). */
  #usualMs(at: Endpoint): number {
    const { srttMs, rttvarMs = 0 } = this.#peek(at) ?? {}
    const usualMs = srttMs === undefined ? UPSTREAM_TIMEOUT_MS_INITIAL : srttMs + 4 * rttvarMs
    return Math.max(usualMs, UPSTREAM_TIMEOUT_MS_MIN)
  }

  /** True when the last that is known of a server is that it let somebody wait, or that its address family does. */
  isLate(at: Endpoint): boolean {
    if (this.#peek(at)?.isLate === true || this.familyIsAside(at.address)) return true
    return this.#peek(standingOf(at))?.isLate === true
  }

  /** Nothing came in the usual time. It may still come; until something does, others are asked first. */
  late(at: Endpoint, askedMs: number): void {
    const server = this.#touch(standingOf(at))
    // One datagram of several was lost.
    if (server.repliedMs > askedMs) return
    this.#setLate(at, server)
  }

  #setLate(at: Endpoint, server: Server): void {
    if (server.isLate) return
    server.isLate = true
    if (standingOf(at) !== at) return
    const family = this.#familyOf(at)
    if (family.lateInARow++ === 0) family.lateSinceMs = this.#nowMs()
  }

  /** True when nobody has looked at a server that is not asked otherwise for a while. */
  mayLook(at: Endpoint): boolean {
    const nowMs = this.#nowMs()
    const askedMs = this.#peek(at)?.askedMs ?? Number.NEGATIVE_INFINITY
    if (nowMs - askedMs < LOOK_PAUSE_MS) return false
    return !this.familyIsAside(at.address) || nowMs - this.#familyOf(at).askedMs >= FAMILY_LOOK_PAUSE_MS
  }

  /** True where no server of an address family answers and those of the other do: this machine has no way out by it. */
  familyIsAside({ length }: Pick<Address, 'length'>): boolean {
    const { lateInARow, lateSinceMs } = this.#families[length === 4 ? 0 : 1]
    if (lateInARow < LATE_BEFORE_FAMILY_ASIDE) return false
    return this.#families[length === 4 ? 1 : 0].repliedMs >= lateSinceMs
  }

  #familyOf(at: Endpoint): Family {
    return this.#families[at.address.length === 4 ? 0 : 1]
  }

  /** A reply came, `rttMs` after the query: the server is up. */
  replied(at: Endpoint, rttMs: number): void {
    const server = this.#touch(at)
    if (server.srttMs === undefined) {
      this.#noteFirstReply(rttMs)
      server.srttMs = rttMs
      server.rttvarMs = rttMs / 2
    } else {
      server.rttvarMs = 0.75 * server.rttvarMs + 0.25 * Math.abs(server.srttMs - rttMs)
      server.srttMs = 0.875 * server.srttMs + 0.125 * rttMs
    }
    const family = this.#familyOf(at)
    family.lateInARow = 0
    family.repliedMs = this.#nowMs()
    this.#heard(server)
    const standing = standingOf(at)
    if (standing !== at && this.#peek(standing) !== undefined) this.#heard(this.#touch(standing))
  }

  #heard(server: Server): void {
    server.timeouts = 0
    server.isLate = false
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
    const server = this.#touch(standingOf(at))
    if (server.repliedMs > askedMs) return
    this.#setLate(at, server)
    if (this.rttMs(at) !== undefined && askedMs < server.timedOutMs) return
    server.timedOutMs = this.#nowMs()
    server.timeouts++
    if (server.timeouts >= TIMEOUTS_BEFORE_BACK_OFF && this.#isDown(server)) this.#pause(server)
  }

  /** The host or the network said no: left alone at once. */
  unreachable(at: Endpoint): void {
    const server = this.#touch(at)
    this.#setLate(at, server)
    this.#pause(server)
  }

  // --- whether to ask ----------------------------------------------------------------------------------------------

  /** False while the server is left alone, and while a probe after that is on its way. */
  mayAsk(at: Endpoint): boolean {
    const standing = standingOf(at)
    if (standing !== at && !this.#isOpen(standing)) return false
    return this.#isOpen(at)
  }

  #isOpen(at: Endpoint): boolean {
    const server = this.#peek(at)
    return server === undefined || isOver(Math.max(server.pausedUntilMs, server.probedUntilMs), this.#nowMs)
  }

  /** Milliseconds for which the server is left alone, 0 when it is not; a probe on its way may end that sooner. */
  leftAloneMs(at: Endpoint): number {
    const closedMs = (one: Endpoint): number => {
      const { pausedUntilMs = 0, probedUntilMs = 0 } = this.#peek(one) ?? {}
      return Math.max(0, Math.max(pausedUntilMs, probedUntilMs) - this.#nowMs())
    }
    return Math.max(closedMs(at), closedMs(standingOf(at)))
  }

  /**
   * True when no more questions may be out to the server at once; `most` to one that answers. One that is asked for the first
   * time finds the places of those that it did not answer taken only where it answers nobody.
   */
  isFull(at: Endpoint, most: number, asker: Asker, isFirst: boolean): boolean {
    const server = this.#peek(standingOf(at))
    return server?.quota.isFull(most, asker, isFirst && !this.#isDown(server)) === true
  }

  /** True when it has been silent for so long that this is no matter of single questions. */
  #isDown({ repliedMs }: Server): boolean {
    return this.#nowMs() - repliedMs >= SILENCE_MS_BEFORE_BACK_OFF
  }

  /**
   * A query is being sent. To a server that failed before it is the one probe, until something comes of it.
   *
   * @returns what counts those that are out
   */
  asked(at: Endpoint): ServerQuota {
    const nowMs = this.#nowMs()
    const server = this.#touch(at)
    const standing = this.#touch(standingOf(at))
    server.askedMs = this.#familyOf(at).askedMs = nowMs
    for (const one of [server, standing]) {
      if (one.pauseMs > 0) one.probedUntilMs = nowMs + UPSTREAM_TIMEOUT_MS_MAX
    }
    return standing.quota
  }

  /** A pause of 1 s, twice the last one while nothing is heard, 60 s at most. What fails during a pause adds nothing. */
  #pause(server: Server): void {
    const nowMs = this.#nowMs()
    server.probedUntilMs = 0
    if (nowMs < server.pausedUntilMs) return
    server.pauseMs = Math.min(Math.max(2 * server.pauseMs, BACK_OFF_MS_MIN), BACK_OFF_MS_MAX)
    server.pausedUntilMs = nowMs + server.pauseMs
  }

  /** True after so many time-outs in a row that it would be left alone. */
  isSilent(at: Endpoint): boolean {
    return (this.#peek(standingOf(at))?.timeouts ?? 0) >= TIMEOUTS_BEFORE_BACK_OFF
  }

  // --- quirks ------------------------------------------------------------------------------------------------------

  /** Whether the server understands EDNS, as far as known. */
  edns(at: Endpoint): EdnsState {
    const server = this.#peek(at)
    if (server === undefined) return 'unknown'
    if (!isOver(server.ednsBrokenUntilMs, this.#nowMs)) return 'broken'
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

  /** The cookie option that the server is shown (RFC 7873), with the server's own part where it gave one. */
  cookie(at: Endpoint): EdnsOption | undefined {
    const server = this.#peek(at)
    return server === undefined || isOver(server.cookieUntilMs, this.#nowMs) ? undefined : server.cookie
  }

  /** Where there was none it is for a day, whatever the server adds to it meanwhile. */
  setCookie(at: Endpoint, cookie: EdnsOption): void {
    const server = this.#touch(at)
    if (this.#nowMs() >= server.cookieUntilMs)
      server.cookieUntilMs = this.#nowMs() + COOKIE_SECRET_SECONDS * 1000
    server.cookie = cookie
  }

  /** True for a server that does not take cookies, or has none any more. */
  refusesCookies(at: Endpoint): boolean {
    return !isOver(this.#peek(at)?.cookiesBrokenUntilMs ?? 0, this.#nowMs)
  }

  /** True for a server that has answered a question with a cookie well, whatever it thinks of cookies. */
  takesCookies(at: Endpoint): boolean {
    return this.#peek(at)?.cookiesTaken === true
  }

  cookiesTaken(at: Endpoint): void {
    this.#touch(at).cookiesTaken = true
  }

  /** Asks without a cookie from now on, for a quarter of an hour. */
  cookiesBroke(at: Endpoint): void {
    const server = this.#touch(at)
    server.cookiesTaken = false
    server.cookie = undefined
    server.cookieUntilMs = 0
    server.cookiesBrokenUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** True for a server that was seen to change the letters of a question's name. */
  changesLetters(at: Endpoint): boolean {
    return !isOver(this.#peek(at)?.lettersChangedUntilMs ?? 0, this.#nowMs)
  }

  /** True for a server that was seen to repeat the letters of a question's name. */
  repeatsLetters(at: Endpoint): boolean {
    return this.#peek(at)?.mixedUnanswered !== undefined
  }

  /** Asks in lower case from now on, for a quarter of an hour. */
  lettersChanged(at: Endpoint): void {
    const server = this.#touch(at)
    server.mixedUnanswered = undefined
    server.lettersChangedUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** Whether a question in mixed letters was answered: some servers, or boxes in front of them, drop those. */
  askedMixed(at: Endpoint, isAnswered: boolean): void {
    const server = this.#touch(at)
    if (isAnswered) server.mixedUnanswered = 0
    else if (server.mixedUnanswered !== undefined && ++server.mixedUnanswered >= MIXED_UNANSWERED_MAX)
      this.lettersChanged(at)
  }

  /** True for a server that was silent by TCP: others are asked first, for a quarter of an hour. */
  isSilentByTcp(at: Endpoint): boolean {
    return !isOver(this.#peek(at)?.tcpSilentUntilMs ?? 0, this.#nowMs)
  }

  /** Whether a question by TCP was answered. */
  byTcp(at: Endpoint, isAnswered: boolean): void {
    if (isAnswered && !this.isSilentByTcp(at)) return
    this.#touch(at).tcpSilentUntilMs = isAnswered ? 0 : this.#nowMs() + SERVER_QUIRK_MS
  }

  /** Whether the server answers by TCP what it did not by UDP; undefined while that is not known. */
  answersAfterSilence(at: Endpoint): boolean | undefined {
    const server = this.#peek(standingOf(at))
    if (server === undefined || isOver(server.tcpAfterSilenceUntilMs, this.#nowMs)) return undefined
    return server.answersAfterSilence
  }

  /**
   * What came of asking by TCP after silence by UDP: remembered for a quarter of an hour. One that answers so leaves out a
   * question now and then.
   */
  askedAfterSilence(at: Endpoint, isAnswered: boolean): void {
    if (!isAnswered && this.answersAfterSilence(at) === true) return
    const server = this.#touch(standingOf(at))
    server.answersAfterSilence = isAnswered
    server.tcpAfterSilenceUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** True for a server that was seen to answer by TCP only, or whose datagrams somebody seems to guess (attack A01). */
  tcpOnly(at: Endpoint): boolean {
    return !isOver(this.#peek(at)?.tcpUntilMs ?? 0, this.#nowMs)
  }

  /** Asks by TCP from now on, for a quarter of an hour. */
  requireTcp(at: Endpoint): void {
    this.#touch(at).tcpUntilMs = this.#nowMs() + SERVER_QUIRK_MS
  }

  /** True when the server did not know the zone a moment ago (RFC 9499: lame delegation). */
  lame(at: Endpoint, zone: Name): boolean {
    return this.#lame.size > 0 && this.#lame.get(lameKey(keyOf(at), zone)) === true
  }

  /**
   * The server does not know the zone that is delegated to it, or has bad data of it: asked for it after all others for a
   * quarter of an hour.
   *
   * @param key `endpointKey`
   */
  setLame(key: string, zone: Name): void {
    this.#lame.set(lameKey(key, zone), true, LAME_MS)
  }

  /** Forgets everything. */
  clear(): void {
    this.#servers.clear()
    this.#lame.clear()
    this.#epoch++
    for (const family of this.#families) family.lateInARow = 0
    this.#firstReplies = NO_REPLIES
  }

  #peek(at: Endpoint): Server | undefined {
    if (!(at instanceof TrackedServer)) return this.#servers.get(endpointKey(at))
    const known = at.knownIn(this.#epoch)
    if (known !== undefined) return known
    const found = this.#servers.get(at.key)
    at.learn(found, this.#epoch)
    return found
  }

  #touch(at: Endpoint): Server {
    const nowMs = this.#nowMs()
    const known = this.#peek(at)
    if (known !== undefined && nowMs - known.keptMs < KEPT_ANEW_MS) return known
    const key = keyOf(at)
    // Who has it tracked may have missed that it was forgotten, and somebody else have asked since.
    const server = this.#servers.get(key) ?? known ?? newServer()
    server.keptMs = nowMs
    this.#servers.set(key, server, SERVER_MEMORY_MS)
    if (at instanceof TrackedServer) at.learn(server, this.#epoch)
    return server
  }
}

/** True from `untilMs` on, which is 0 where nothing ever began: then nobody need look at the clock. */
function isOver(untilMs: number, nowMs: () => number): boolean {
  return untilMs === 0 || nowMs() >= untilMs
}

function lameKey(key: string, zone: Name): string {
  // A name says where it ends, so no two pairs share a key.
  return nameKey(zone) + key
}
