/** One question to one server, as a client asks a resolver: recursion desired, DNSSEC wanted. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { UDP_PAYLOAD_OCTETS } from '../base/limits.ts'
import { systemRandom } from '../base/random.ts'
import { createUpstream } from '../upstream/sockets.ts'
import { CLASS } from '../wire/iana/class.ts'
import { type Message, parseMessage } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'

/** A reply, and how it came. */
export interface ServerReply {
  readonly message: Message
  readonly transport: 'udp' | 'tcp'
  readonly octets: number
  readonly rttMs: number
}

/** A recursive server may work for some seconds before it answers. */
const TIMEOUT_MS = 5_000
const UDP_ATTEMPTS = 2

/**
 * Asks by UDP, twice if need be, and by TCP when the reply is truncated.
 *
 * @returns the reply, or a sentence that says why there is none
 * @throws FormatError when the reply cannot be read
 */
export async function askServer(server: Endpoint, name: Name, type: number): Promise<ServerReply | string> {
  const random = systemRandom()
  const upstream = createUpstream({ random, sourceAddresses: [], ipv4: true, ipv6: true })
  let transport: 'udp' | 'tcp' = 'udp'
  let failure = ''
  try {
    for (let attempt = 0; attempt < UDP_ATTEMPTS + 1; attempt++) {
      const result = await upstream.ask({
        server,
        transport,
        message: query(random.below(0x1_0000), name, type),
        timeoutMs: TIMEOUT_MS,
      })
      if (result.kind === 'failure') {
        failure = result.detail === undefined ? result.reason : `${result.reason} (${result.detail})`
        if (result.reason !== 'timeout' || transport === 'tcp' || attempt + 1 >= UDP_ATTEMPTS) break
        continue
      }
      const message = parseMessage(result.message)
      if (message.tc && transport === 'udp') transport = 'tcp'
      else return { message, transport, octets: result.message.length, rttMs: result.rttMs }
    }
  } finally {
    upstream.close()
  }
  return `no answer from ${formatEndpoint(server)} by ${transport.toUpperCase()}: ${failure}`
}

function query(id: number, name: Name, type: number): Uint8Array {
  return writeQuery({
    id,
    question: { name, type, class: CLASS.IN },
    rd: true,
    cd: false,
    edns: { version: 0, udpPayloadOctets: UDP_PAYLOAD_OCTETS, do: true, flags: 0, options: [] },
  })
}
