/**
 * How servers misbehave. A behaviour wraps an authority and sees octets only, so it works on every server, recorded ones
 * included; what needs to understand the answer is a rewrite (`rewrites.ts`).
 */

import type { Random } from '../base/random.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { FOLD, nameLengthAt } from '../wire/name.ts'
import { type Authority, authorityOf, type LabReply } from './authority.ts'

/** One authority made into another. */
export type Behaviour = (inner: Authority) => Authority

const FLAG_TC = 0x02
const FLAG_AA = 0x04

/** Several behaviours as one; the last is what the network sees. */
export function inOrder(...behaviours: readonly Behaviour[]): Behaviour {
  return (inner) => behaviours.reduce((authority, behaviour) => behaviour(authority), inner)
}

/** Never answers. */
export const silent: Behaviour = () => () => []

/** Serves nothing: REFUSED whatever is asked. */
export const lame: Behaviour = () => authorityOf([])

/** Answers every query with this rcode and nothing else. */
export function failing(rcode: number): Behaviour {
  return () => (query) => reply(bareReply(query, rcode))
}

/** Answers UDP only to say that TCP is needed (TC). */
export const tcpOnly: Behaviour = (inner) => (query, transport) => {
  if (transport === 'tcp') return inner(query, transport)
  return inner(query, transport).map(({ message, delayMs }) => ({ message: truncated(message), delayMs }))
}

/** Does not listen on TCP. */
export const udpOnly: Behaviour = (inner) => (query, transport) =>
  transport === 'udp' ? inner(query, transport) : []

/** Calls a query with OPT malformed, as servers from before EDNS do (RFC 6891 7). */
export const formErrOnEdns: Behaviour = (inner) => (query, transport) =>
  hasAdditional(query) ? reply(bareReply(query, RCODE.FORMERR)) : inner(query, transport)

/** Loses every query with OPT, as some firewalls do. */
export const dropsEdns: Behaviour = (inner) => (query, transport) =>
  hasAdditional(query) ? [] : inner(query, transport)

/** Loses every query for these types and answers the others, as some load balancers do. */
export function dropsTypes(...types: readonly number[]): Behaviour {
  return (inner) => (query, transport) => {
    const typeAt = HEADER_OCTETS + nameLengthAt(query, HEADER_OCTETS, query.length)
    return types.includes((query[typeAt]! << 8) | query[typeAt + 1]!) ? [] : inner(query, transport)
  }
}

/** Answers as if there were no OPT in the query. */
export const ignoresEdns: Behaviour = (inner) => (query, transport) => inner(questionOnly(query), transport)

/** Answers later. */
export function delayed(delayMs: number): Behaviour {
  return (inner) => (query, transport) =>
    inner(query, transport).map((later) => ({ ...later, delayMs: later.delayMs + delayMs }))
}

/** Sends `count` replies with wrong ids before the true one, as somebody who guesses would. */
export function wrongIdsFirst(count: number): Behaviour {
  return (inner) => (query, transport) => {
    const replies = inner(query, transport)
    const [first] = replies
    if (first === undefined) return []
    const forged = Array.from({ length: count }, (_, i) => ({
      ...first,
      message: withId(first.message, i + 1),
    }))
    return [...forged, ...replies]
  }
}

/** Leaves some queries unanswered, drawn at random. */
export function losing(perThousand: number, random: Random): Behaviour {
  return (inner) => (query, transport) => (random.below(1000) < perThousand ? [] : inner(query, transport))
}

/** Answers only every `n`-th query; a server that is nearly down. */
export function answeringEvery(n: number): Behaviour {
  return (inner) => {
    let count = 0
    return (query, transport) => (++count % n === 0 ? inner(query, transport) : [])
  }
}

/** Writes the question back in lower case, which breaks RFC 1035 7.3 for a resolver that mixes case. */
export const lowercasing: Behaviour = (inner) => (query, transport) =>
  inner(query, transport).map(({ message, delayMs }) => ({
    message: withLowerCaseQuestion(message),
    delayMs,
  }))

function reply(message: Uint8Array | undefined): readonly LabReply[] {
  return message === undefined ? [] : [{ message, delayMs: 0 }]
}

function hasAdditional(query: Uint8Array): boolean {
  return query.length >= HEADER_OCTETS && (query[10] !== 0 || query[11] !== 0)
}

/** Offset after the one question; the header's end when there is none that can be read. */
function questionEnd(message: Uint8Array): number {
  const nameLength = nameLengthAt(message, HEADER_OCTETS, message.length)
  const end = HEADER_OCTETS + nameLength + 4
  return nameLength === 0 || end > message.length ? HEADER_OCTETS : end
}

/** Header and question, the other counts zero. */
function questionOnly(message: Uint8Array): Uint8Array {
  const kept = message.slice(0, questionEnd(message))
  kept.fill(0, 6, HEADER_OCTETS)
  if (kept.length > HEADER_OCTETS) kept[5] = 1
  return kept
}

/** A reply that is an rcode and the question; undefined for what has no header. */
function bareReply(query: Uint8Array, rcode: number): Uint8Array | undefined {
  if (query.length < HEADER_OCTETS) return undefined
  const message = questionOnly(query)
  message[2] = 0x80 | (query[2]! & 0x79)
  message[3] = rcode
  return message
}

/** Header and question of a reply, with TC. */
export function truncated(message: Uint8Array): Uint8Array {
  const kept = questionOnly(message)
  kept[2] = (kept[2]! | FLAG_TC) & ~FLAG_AA
  return kept
}

function withId(message: Uint8Array, add: number): Uint8Array {
  const copy = message.slice()
  const id = (((copy[0]! << 8) | copy[1]!) + add) & 0xffff
  copy[0] = id >> 8
  copy[1] = id & 0xff
  return copy
}

function withLowerCaseQuestion(message: Uint8Array): Uint8Array {
  const copy = message.slice()
  const end = questionEnd(copy) - 4
  for (let i = HEADER_OCTETS; i < end; i++) copy[i] = FOLD[copy[i]!]!
  return copy
}
