/**
 * DNS cookies towards servers (RFC 7873): each is shown 64 bits that nobody else knows, and what comes without them where
 * it should have them was sent by somebody else. A server is shown its cookie once it was seen to know EDNS, so that
 * nothing is staked on an option before that.
 */
import { type Endpoint, endpointKey } from '../base/address.ts'
import { drawHashKey, type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { octetsEqual } from '../base/octets.ts'
import type { Random } from '../base/random.ts'
import type { ServerTable } from '../cache/server-table.ts'
import { type EdnsOption, findOption } from '../wire/edns.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { writeU32 } from '../wire/integers.ts'
import type { Message } from '../wire/message.ts'

const CLIENT_COOKIE_OCTETS = 8
/** RFC 7873 4: with the server's part. */
const COOKIE_OCTETS_MIN = 16
const COOKIE_OCTETS_MAX = 40

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
  readonly #keys: readonly [HashKey, HashKey]

  /** @param random where the secret comes from, which lasts as long as the engine */
  constructor(servers: ServerTable, random: Random) {
    this.#servers = servers
    this.#keys = [drawHashKey(random), drawHashKey(random)]
  }

  /** The option for a question to a server; undefined where none is sent. */
  to(server: Endpoint): EdnsOption | undefined {
    const servers = this.#servers
    if (servers.edns(server) !== 'works' || servers.refusesCookies(server)) return undefined
    const known = servers.cookie(server)
    if (known !== undefined) return known
    const option = { code: OPTION.COOKIE, octets: this.#clientCookie(server) }
    servers.setCookie(server, option)
    return option
  }

  /** What the cookie of a reply says, given the one that was sent. What the server adds to it is kept. */
  judge(server: Endpoint, sent: EdnsOption, reply: Message, transport: 'udp' | 'tcp'): CookieVerdict {
    const octets = reply.edns && findOption(reply.edns, OPTION.COOKIE)?.octets
    if (octets === undefined) {
      const wasFull = sent.octets.length > CLIENT_COOKIE_OCTETS
      if (wasFull && transport === 'udp') return 'foreign'
      const isUnfit = isRefusal(reply)
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
    if (octets.length > CLIENT_COOKIE_OCTETS && !octetsEqual(octets, sent.octets))
      this.#servers.setCookie(server, { code: OPTION.COOKIE, octets: octets.slice() })
    return reply.rcode === RCODE.BADCOOKIE ? 'retry' : 'good'
  }

  /** No reply came to a question with a cookie: some paths lose what they do not know. */
  unanswered(server: Endpoint, sent: EdnsOption): void {
    if (sent.octets.length === CLIENT_COOKIE_OCTETS) this.#servers.cookiesBroke(server)
  }

  /** Another one for each server: who sees one can use it nowhere else. */
  #clientCookie(server: Endpoint): Uint8Array {
    const cookie = new Uint8Array(CLIENT_COOKIE_OCTETS)
    const about = Buffer.from(endpointKey(server), 'latin1')
    writeU32(cookie, 0, keyedHash(this.#keys[0], about))
    writeU32(cookie, 4, keyedHash(this.#keys[1], about))
    return cookie
  }
}

/** RFC 7873 5.3: our own part first, and behind it nothing or 8 to 32 octets of the server's. */
function isOurs(octets: Uint8Array, sent: Uint8Array): boolean {
  if (octets.length > COOKIE_OCTETS_MAX) return false
  if (octets.length !== CLIENT_COOKIE_OCTETS && octets.length < COOKIE_OCTETS_MIN) return false
  return octetsEqual(octets.subarray(0, CLIENT_COOKIE_OCTETS), sent.subarray(0, CLIENT_COOKIE_OCTETS))
}

/** A server that knows EDNS, and says so to a question with a cookie. */
function isRefusal({ rcode }: Message): boolean {
  return rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP || rcode === RCODE.BADVERS
}
