/** The way to authorities: questions wait here until the scenario answers them or their time is up. */
import { formatEndpoint } from '../../src/base/address.ts'
import type { Cancel } from '../../src/base/clock.ts'
import type { Upstream, UpstreamFailure, UpstreamRequest, UpstreamResult } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { isReplyTo, parseMessage } from '../../src/wire/message.ts'
import { namesEqual } from '../../src/wire/name.ts'
import type { Sent } from './matching.ts'
import { EMPTY_PACKET, type Packet, packetOctets, plainEdns, questionText } from './packet.ts'
import type { Entry } from './scenario.ts'
import type { ScenarioClock } from './scenario-clock.ts'

/** A question that the resolver sent and nobody answered yet. */
export interface PendingQuery extends Sent {
  readonly request: UpstreamRequest
  readonly settle: (result: UpstreamResult) => void
}

/** What a reply is said to have taken: nothing happens in between, but 0 would be no measurement. */
const RTT_MS = 10
/** UDP size of the OPT that a mock answer gets. */
const EDNS_OCTETS = 1232

/** See the head of this file. */
export class MockNetwork implements Upstream {
  readonly #clock: ScenarioClock
  readonly #pending: PendingQuery[] = []
  /** What went out and came back, a line each. */
  readonly log: string[] = []
  /** Questions that no range and no step answered. */
  readonly unanswered: string[] = []
  /** Called for each question as it is sent. */
  onSend: (query: PendingQuery) => void = () => {}

  constructor(clock: ScenarioClock) {
    this.#clock = clock
  }

  /** In the order in which they were sent. */
  get pending(): readonly PendingQuery[] {
    return this.#pending
  }

  ask(request: UpstreamRequest): Promise<UpstreamResult> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {}
      const query: PendingQuery = {
        request,
        packet: parseMessage(request.message),
        transport: request.transport,
        settle: (result) => {
          cancel()
          const at = this.#pending.indexOf(query)
          if (at >= 0) this.#pending.splice(at, 1)
          resolve(result)
        },
      }
      cancel = this.#clock.after(request.timeoutMs, () => this.fail(query, 'timeout'))
      this.#pending.push(query)
      this.log.push(`-> ${queryText(query)}`)
      this.onSend(query)
    })
  }

  /** Answers with an entry. A reply that the resolver's sockets would throw away is as good as silence. */
  answer(query: PendingQuery, entry: Entry, packet: Packet): void {
    const octets = entry.octets === undefined ? packetOctets(packet) : withIdOf(query, entry.octets)
    this.log.push(`<- ${queryText(query)}: entry in line ${entry.place.line}`)
    if (isReplyTo(query.request.message, octets)) {
      query.settle({ kind: 'reply', message: octets, rttMs: RTT_MS })
    } else {
      this.log.push('   which is no reply to this question')
      query.settle({ kind: 'failure', reason: 'timeout' })
    }
  }

  /** Answers SERVFAIL, since the scenario has nothing to say, and keeps that in mind. */
  refuse(query: PendingQuery): void {
    this.unanswered.push(queryText(query))
    this.log.push(`<- ${queryText(query)}: nothing in the file, SERVFAIL`)
    const packet = dressed({ ...EMPTY_PACKET, qr: true, rcode: RCODE.SERVFAIL }, query, true)
    query.settle({ kind: 'reply', message: packetOctets(packet), rttMs: RTT_MS })
  }

  /** Lets it fail. */
  fail(query: PendingQuery, reason: UpstreamFailure): void {
    this.log.push(`<- ${queryText(query)}: ${reason}`)
    query.settle({ kind: 'failure', reason })
  }
}

/** Whom and what it asks. */
export function queryText({ request, packet, transport }: PendingQuery): string {
  const question = packet.questions.map(questionText).join(' ').replaceAll('\t', ' ')
  return `${formatEndpoint(request.server)} ${transport.toUpperCase()} ${question}`
}

/**
 * A mock answer as the question wants it back: its id, the spelling of its name, its question section where
 * `copyQuestion` says so, and OPT, since a server that leaves it out is taken for one that does not know it.
 */
export function dressed(packet: Packet, query: PendingQuery, copyQuestion: boolean): Packet {
  const asked = query.packet.questions
  const [own] = packet.questions
  const echoes = own !== undefined && asked[0]?.type === own.type && namesEqual(own.name, asked[0].name)
  const edns = query.packet.edns
  return {
    ...packet,
    id: query.packet.id,
    // What comes by TCP is whole.
    tc: packet.tc && query.transport === 'udp',
    questions: copyQuestion || echoes ? asked : packet.questions,
    edns: packet.edns ?? (edns === undefined ? undefined : plainEdns(EDNS_OCTETS, edns.do)),
  }
}

function withIdOf(query: PendingQuery, octets: Uint8Array): Uint8Array {
  const patched = octets.slice()
  patched.set(query.request.message.subarray(0, 2), 0)
  return patched
}
