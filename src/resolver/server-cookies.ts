/**
 * DNS cookies towards servers (RFC 7873): each is shown 64 bits that nobody else knows, and what comes without them where
 * it should have them was sent by somebody else. A server is shown its cookie once it was seen to know EDNS, so that
 * nothing is staked on an option before that.
 */
import type { Endpoint } from '../base/address.ts'
import { octetsEqual } from '../base/octets.ts'
import type { Random } from '../base/random.ts'
import type { ServerTable } from '../cache/server-table.ts'
import { CLIENT_COOKIE_OCTETS, isCookieLength } from '../wire/cookie.ts'
import { type EdnsOption, findOption } from '../wire/edns.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import type { Message } from '../wire/message.ts'

/**
 * What a reply's cookie says:
 * - `good`: it is the one that was sent, or none is to be expected
 * - `retry`: the server wants the question again with the cookie that it gives now (BADCOOKIE)
 * - `unfit`: the server calls the option malformed
 * - `foreign`: there is none, or another one, where the server was seen to send ours: somebody else may have sent this
 */
export type CookieVerdict = 'good' | 'retry' | 'unfit' | 'foreign'

/** See the head of this file. */
export class ServerCookies {
  readonly #servers: ServerTable
  readonly #random: Random

  constructor(servers: ServerTable, random: Random) {
    this.#servers = servers
    this.#random = random
  }

  /**
   * The option for a question to a server; undefined where none is sent. What we make up is another one for each server,
   * so that who sees it can use it nowhere else, and for a day at most (RFC 7873 7.1): nobody is to know us by it.
   */
  to(server: Endpoint): EdnsOption | undefined {
    const servers = this.#servers
    if (servers.edns(server) !== 'works' || servers.refusesCookies(server)) return undefined
    const known = servers.cookie(server)
    if (known !== undefined) return known
    const octets = Uint8Array.from({ length: CLIENT_COOKIE_OCTETS }, () => this.#random.below(256))
    const option = { code: OPTION.COOKIE, octets }
    servers.setCookie(server, option)
    return option
  }

  /** What the cookie of a reply says, given the one that was sent. What the server adds to it is kept. */
  judge(server: Endpoint, sent: EdnsOption, reply: Message, transport: 'udp' | 'tcp'): CookieVerdict {
    const octets = reply.edns && findOption(reply.edns, OPTION.COOKIE)?.octets
    if (octets === undefined) {
      const wasFull = sent.octets.length > CLIENT_COOKIE_OCTETS
      if (wasFull && transport === 'udp') return 'foreign'
      const isUnfit = isRefusal(reply) || (!wasFull && this.#mayBeRefusal(server, reply))
      // A connection cannot be forged from afar, so the server has changed its mind.
      if (wasFull || isUnfit) this.#servers.cookiesBroke(server)
      return isUnfit ? 'unfit' : 'good'
    }
    const isGood = isOurs(octets, sent.octets)
    if (!isGood && transport === 'udp') return 'foreign'
    if (!isGood || (reply.rcode === RCODE.BADCOOKIE && transport === 'tcp')) {
      this.#servers.cookiesBroke(server)
      return reply.rcode === RCODE.BADCOOKIE ? 'unfit' : 'good'
    }
    this.#keep(server, octets)
    return reply.rcode === RCODE.BADCOOKIE ? 'retry' : 'good'
  }

  /** Some servers refuse, or fail, what they do not know. One that has answered beside a cookie means something else by it. */
  #mayBeRefusal(server: Endpoint, { rcode }: Message): boolean {
    if (rcode === RCODE.REFUSED || rcode === RCODE.SERVFAIL) return !this.#servers.takesCookies(server)
    this.#servers.cookiesTaken(server)
    return false
  }

  /**
   * No reply came to a question with a cookie: some paths lose what they do not know. A server that had shown one may
   * have moved behind such a path; silence that lasts is worth a question without.
   */
  unanswered(server: Endpoint, sent: EdnsOption): void {
    const isKnown = sent.octets.length > CLIENT_COOKIE_OCTETS
    if (!isKnown || this.#servers.isSilent(server)) this.#servers.cookiesBroke(server)
  }

  /**
   * Datagrams of a server came without its cookie, each at another port and with another id, and it does not listen on TCP
   * to be asked which are its own: it has no cookies any more. Who forged them all would not need us to believe that.
   */
  lost(server: Endpoint): void {
    this.#servers.cookiesBroke(server)
  }

  /** Keeps what a server added to our own part, if that is still the one that it is shown. */
  #keep(server: Endpoint, octets: Uint8Array): void {
    const known = this.#servers.cookie(server)?.octets
    if (known === undefined || octets.length === CLIENT_COOKIE_OCTETS || octetsEqual(octets, known)) return
    if (isOurs(octets, known)) {
      this.#servers.setCookie(server, { code: OPTION.COOKIE, octets: octets.slice() })
    }
  }
}

/** RFC 7873 5.3: our own part first, and behind it nothing or 8 to 32 octets of the server's. */
function isOurs(octets: Uint8Array, sent: Uint8Array): boolean {
  if (!isCookieLength(octets.length)) return false
  return octetsEqual(octets.subarray(0, CLIENT_COOKIE_OCTETS), sent.subarray(0, CLIENT_COOKIE_OCTETS))
}

/** A server that knows EDNS, and says so to a question with a cookie; one that wants another cookie and gives none. */
function isRefusal({ rcode }: Message): boolean {
  return [RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS, RCODE.BADCOOKIE].some((one) => one === rcode)
}
