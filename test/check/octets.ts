/** Behaviours of servers at the level of octets that the lab itself has no use for. */
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'

const HEADER_OCTETS = 12

/** Changes every reply. */
export function replyChanged(change: (message: Uint8Array, query: Uint8Array) => Uint8Array): Behaviour {
  return (inner) => (query, transport) =>
    inner(query, transport).map((reply) => ({ ...reply, message: change(reply.message.slice(), query) }))
}

/** Without AA. */
export const withoutAuthority: Behaviour = replyChanged((message) => {
  message[2]! &= ~0x04
  return message
})

/** With RA. */
export const recursive: Behaviour = replyChanged((message) => {
  message[3]! |= 0x80
  return message
})

/** Claims records that do not follow. */
export const garbled: Behaviour = replyChanged((message) => {
  message[7] = 200
  return message
})

/** Does not listen on UDP. */
export const streamsOnly: Behaviour = (inner) => (query, transport) =>
  transport === 'tcp' ? inner(query, transport) : []

/** The question of a query that is well formed. */
function questionOf(query: Uint8Array): { readonly type: number; readonly end: number } {
  const [question] = parseMessage(query).questions
  return { type: question!.type, end: HEADER_OCTETS + question!.name.length + 4 }
}

/** Answers AXFR as it answers SOA. */
export const givesZone: Behaviour = (inner) => (query, transport) => {
  const { type, end } = questionOf(query)
  if (type !== TYPE.AXFR) return inner(query, transport)
  const asked = query.slice()
  asked[end - 4] = TYPE.SOA >> 8
  asked[end - 3] = TYPE.SOA & 0xff
  return inner(asked, transport).map((reply) => {
    const message = reply.message.slice()
    message[end - 4] = TYPE.AXFR >> 8
    message[end - 3] = TYPE.AXFR & 0xff
    return { ...reply, message }
  })
}

/** Answers DS with nothing at all. */
export const withoutDs: Behaviour = (inner) => (query, transport) => {
  const { type, end } = questionOf(query)
  if (type !== TYPE.DS) return inner(query, transport)
  const message = query.slice(0, end)
  message.fill(0, 6, HEADER_OCTETS)
  message[2] = 0x84
  message[3] = 0
  return [{ message, delayMs: 0 }]
}

/** A query whose OPT is changed on the way in: as a server that does not look at that part of it. */
export function blindTo(change: (query: Uint8Array, optAt: number) => Uint8Array): Behaviour {
  return (inner) => (query, transport) => {
    const { end } = questionOf(query)
    return inner(query.length > end ? change(query.slice(), end) : query, transport)
  }
}

/** Takes every version of EDNS for its own. */
export const blindToVersion: Behaviour = blindTo((query, at) => {
  query[at + 6] = 0
  return query
})

/** Says FORMERR to options. */
export const refusesOptions: Behaviour = (inner) => (query, transport) => {
  const { end } = questionOf(query)
  const replies = inner(query, transport)
  if (query.length <= end + 11) return replies
  return replies.map((reply) => {
    const message = reply.message.slice(0, end)
    message.fill(0, 6, HEADER_OCTETS)
    message[3] = (message[3]! & 0xf0) | 1
    return { ...reply, message }
  })
}

/** Sends the flags of OPT back. The reply's OPT is its last record. */
export const echoesFlags: Behaviour = replyChanged((message, query) => {
  const { end } = questionOf(query)
  if (query.length > end) message[message.length - 3] = query[end + 8]!
  return message
})

/** Passes over the size that was offered, where that is below `octets`. */
export function sendsWholeTo(isOffered: (octets: number) => boolean): Behaviour {
  return (inner) => (query, transport) => {
    const { end } = questionOf(query)
    const offered = query.length > end ? (query[end + 3]! << 8) | query[end + 4]! : 512
    return inner(query, isOffered(offered) ? 'tcp' : transport)
  }
}
