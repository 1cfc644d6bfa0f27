/** A server that knows cookies (RFC 7873), well or badly. */
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { type EdnsOption, findOption } from '../../src/wire/edns.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'

const OPT_OCTETS = 11

/** The COOKIE option of a message. */
export function cookieOf(message: Uint8Array): EdnsOption | undefined {
  const { edns } = parseMessage(message)
  return edns && findOption(edns, OPTION.COOKIE)
}

/** The reply, whose OPT is its last record and empty, with a cookie in it and another rcode, if one is given. */
export function dressed(message: Uint8Array, cookie: Uint8Array | undefined, rcode?: number): Uint8Array {
  const option = cookie === undefined ? [] : [0, OPTION.COOKIE, 0, cookie.length, ...cookie]
  const all = Uint8Array.from([...message, ...option])
  const opt = message.length - OPT_OCTETS
  if (all[opt] !== 0 || all[opt + 2] !== TYPE.OPT) throw new Error('the reply does not end with OPT')
  all[opt + 10] = option.length
  if (rcode !== undefined) {
    all[3] = (all[3]! & 0xf0) | (rcode & 15)
    all[opt + 5] = rcode >> 4
  }
  return all
}

/** What a server that knows cookies does; each test changes what it wants. */
export interface Manner {
  /** The server's part: another one wants the question again. */
  part: number
  /** Leaves the cookie out. */
  omits: 'never' | 'udp' | 'always'
  /** Falsifies the client's part. */
  forges: boolean
  /** Gives questions with a cookie this rcode. */
  rejects: number | undefined
  /** Wants another one, and gives none. */
  refuses: boolean
  /** Does not listen on TCP. */
  lacksTcp: boolean
  /** Questions with a cookie do not come to it. */
  loses: boolean
}

/** As it should be. */
export const HONEST: Manner = {
  part: 1,
  omits: 'never',
  forges: false,
  rejects: undefined,
  refuses: false,
  lacksTcp: false,
  loses: false,
}

/** A server that does so. */
export function withCookies(manner: Manner): Behaviour {
  return (inner) => (query, transport) => {
    const asked = cookieOf(query)?.octets
    const replies = inner(query, transport)
    if (manner.lacksTcp && transport === 'tcp') return []
    if (asked === undefined) return replies
    if (manner.loses) return []
    const part = new Uint8Array(8).fill(manner.part)
    const isKnown = asked.length === 16 && asked[8] === manner.part
    return replies.map((reply) => {
      const { omits, forges, rejects } = manner
      if (manner.refuses) return { ...reply, message: dressed(reply.message, undefined, RCODE.BADCOOKIE) }
      if (rejects !== undefined) {
        const message = reply.message.slice()
        message[3] = rejects
        return { ...reply, message }
      }
      if (omits === 'always' || omits === transport) return reply
      const cookie = Uint8Array.from([...asked.subarray(0, 8), ...part])
      if (forges && transport === 'udp') cookie[0]! ^= 1
      const isBad = asked.length === 16 && !isKnown && transport === 'udp'
      return { ...reply, message: dressed(reply.message, cookie, isBad ? RCODE.BADCOOKIE : undefined) }
    })
  }
}
