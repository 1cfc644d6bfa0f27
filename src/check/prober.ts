/** Puts single questions to single servers and reports what came back, whatever it is. Bounded in number, time and pace. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import {
  CHECK_PARALLEL_MAX,
  CHECK_PARALLEL_PER_SERVER_MAX,
  CHECK_QUERIES_MAX,
  CHECK_TIME_MS_MAX,
  CHECK_TRIES_MAX,
  CHECK_UDP_TIMEOUT_MS,
  MESSAGE_OCTETS_MAX,
  UDP_PAYLOAD_OCTETS,
  UPSTREAM_TCP_TIMEOUT_MS_MAX,
} from '../base/limits.ts'
import type { Clock, Random, Upstream } from '../resolver/ports.ts'
import type { Edns } from '../wire/edns.ts'
import { FormatError } from '../wire/format-error.ts'
import { CLASS } from '../wire/iana/class.ts'
import { parseMessage } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'
import { Gate } from './gate.ts'
import type { Reply } from './observations.ts'

/** How a question is put. */
export interface Asked {
  readonly name: Name
  readonly type: number
  readonly transport: 'udp' | 'tcp'
  /** Undefined for a question without OPT. */
  readonly edns: Edns | undefined
  readonly recursionDesired?: boolean
}

/** OPT as a validating resolver sends it. */
export const USUAL_EDNS: Edns = {
  version: 0,
  udpPayloadOctets: UDP_PAYLOAD_OCTETS,
  do: true,
  flags: 0,
  options: [],
}

/** The way out. */
export interface ProberParts {
  readonly upstream: Upstream
  readonly clock: Clock
  readonly random: Random
}

/** The questions of one check. */
export class Prober {
  readonly #parts: ProberParts
  readonly #deadlineMs: number
  readonly #gate = new Gate(CHECK_PARALLEL_MAX)
  readonly #gates = new Map<string, Gate>()
  #sent = 0
  #refused = 0

  constructor(parts: ProberParts) {
    this.#parts = parts
    this.#deadlineMs = parts.clock.nowMs() + CHECK_TIME_MS_MAX
  }

  /** Messages sent so far. */
  get sent(): number {
    return this.#sent
  }

  /** Questions that were not put because the bounds of the check were reached. */
  get refused(): number {
    return this.#refused
  }

  /** Asks, again where a datagram or its reply is lost. Never rejects. */
  async ask(server: Endpoint, asked: Asked): Promise<Reply> {
    const tries = asked.transport === 'udp' ? CHECK_TRIES_MAX : 1
    let reply: Reply = { kind: 'none', reason: 'timeout' }
    for (let i = 0; i < tries; i++) {
      reply = await this.#gateOf(server).pass(() => this.#gate.pass(() => this.#once(server, asked)))
      if (reply.kind !== 'none' || reply.reason !== 'timeout') break
    }
    return reply
  }

  /** By UDP, and by TCP where the reply is truncated or none comes: as a resolver gets its data. */
  async fetch(server: Endpoint, asked: Omit<Asked, 'transport'>): Promise<Reply> {
    const byUdp = await this.ask(server, { ...asked, transport: 'udp' })
    if (byUdp.kind === 'message' && !byUdp.message.tc) return byUdp
    const byTcp = await this.ask(server, { ...asked, transport: 'tcp' })
    return byTcp.kind === 'message' ? byTcp : byUdp
  }

  async #once(server: Endpoint, asked: Asked): Promise<Reply> {
    const { upstream, clock, random } = this.#parts
    const leftMs = this.#deadlineMs - clock.nowMs()
    if (leftMs <= 0 || this.#sent >= CHECK_QUERIES_MAX) {
      this.#refused++
      return { kind: 'none', reason: 'not-asked' }
    }
    this.#sent++
    const { name, type, transport, edns, recursionDesired: rd = false } = asked
    const question = { name, type, class: CLASS.IN }
    const message = writeQuery({
      id: random.below(0x1_0000),
      question,
      rd,
      cd: false,
      ...(edns === undefined ? {} : { edns }),
    })
    const patienceMs = transport === 'tcp' ? UPSTREAM_TCP_TIMEOUT_MS_MAX : CHECK_UDP_TIMEOUT_MS
    const timeoutMs = Math.min(patienceMs, leftMs)
    // What a server sends beyond the offer is to be seen, not passed over.
    const result = await upstream.ask({
      server,
      transport,
      message,
      timeoutMs,
      datagramOctetsMax: MESSAGE_OCTETS_MAX,
      alone: true,
    })
    if (result.kind === 'failure') return { kind: 'none', reason: result.reason }
    return readReply(result.message, transport, result.rttMs)
  }

  #gateOf(server: Endpoint): Gate {
    const key = formatEndpoint(server)
    const gate = this.#gates.get(key) ?? new Gate(CHECK_PARALLEL_PER_SERVER_MAX)
    this.#gates.set(key, gate)
    return gate
  }
}

function readReply(octets: Uint8Array, transport: 'udp' | 'tcp', rttMs: number): Reply {
  try {
    return { kind: 'message', message: parseMessage(octets), octets: octets.length, transport, rttMs }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { kind: 'garbled', fault: error.message, transport }
  }
}
