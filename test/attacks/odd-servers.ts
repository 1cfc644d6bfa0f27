/** Servers whose replies are odd, by their octets. */
import type { Rewrite } from '../../src/lab/authority.ts'
import type { Behaviour } from '../../src/lab/behaviours.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'

/** Loses queries with a capital in their name. */
export const losesCapitals: Behaviour = (inner) => (query, transport) =>
  query.subarray(12).some((octet) => octet >= 0x41 && octet <= 0x5a) ? [] : inner(query, transport)

/** Changes every reply by its octets. */
export function changing(change: (message: Uint8Array) => Uint8Array | number[]): Behaviour {
  return (inner) => (query, transport) =>
    inner(query, transport).map((reply) => ({ ...reply, message: Uint8Array.from(change(reply.message)) }))
}

/** CH, HS, NONE, ANY, and IN with the highest bit set: none of them is IN (A12). */
export const OTHER_CLASSES: readonly number[] = [3, 4, 254, 255, 32_769]

/** Addresses come in another class. */
export function inClass(recordClass: number): Rewrite {
  return (answer, question) =>
    question.type === TYPE.A
      ? { ...answer, answer: answer.answer.map((set) => ({ ...set, class: recordClass })) }
      : answer
}

/** The last eleven octets of the lab's replies are their OPT. */
const OPT_OCTETS = 11

/** What is odd, how it comes about, and the verdict when no other server is there. */
export const ODD_REPLIES: readonly (readonly [
  what: string,
  change: (message: Uint8Array) => Uint8Array | number[],
  alone: string,
])[] = [
  ['trailing octets', (message) => [...message, 1, 2, 3], 'secure'],
  [
    'OPT twice',
    (message) => [...message.with(11, message[11]! + 1), ...message.subarray(-OPT_OCTETS)],
    'indeterminate',
  ],
  [
    'OPT among the answers',
    (message) => {
      const at = answersAt(message)
      const moved = [
        ...message.subarray(0, at),
        ...message.subarray(-OPT_OCTETS),
        ...message.subarray(at, -OPT_OCTETS),
      ]
      moved[7]!++
      moved[11]!--
      return moved
    },
    'indeterminate',
  ],
  [
    'no question',
    (message) => [...message.with(5, 0).subarray(0, 12), ...message.subarray(answersAt(message))],
    'indeterminate',
  ],
  [
    'two questions',
    (message) => {
      const at = answersAt(message)
      return [...message.with(5, 2).subarray(0, at), ...message.subarray(12, at), ...message.subarray(at)]
    },
    'indeterminate',
  ],
]

/** Where the answer section begins. */
function answersAt(message: Uint8Array): number {
  let at = 12
  while (message[at] !== 0) at += message[at]! + 1
  return at + 5
}

/** Another behaviour for the questions for keys. */
export function keysBy(transport: Behaviour): Behaviour {
  return (inner) => {
    const odd = transport(inner)
    return (query, by) => (parseMessage(query).questions[0]?.type === TYPE.DNSKEY ? odd : inner)(query, by)
  }
}
