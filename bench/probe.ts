/** One question over UDP, for servers that are starting. */
import { createSocket } from 'node:dgram'
import { CLASS } from '../src/wire/iana/class.ts'
import { parseType } from '../src/wire/iana/rrtype.ts'
import { parseHeader } from '../src/wire/message.ts'
import { nameFrom } from '../src/wire/name-text.ts'
import { writeQuery } from '../src/wire/writer.ts'

/** Whom to ask what. DO is set. */
export interface Probe {
  readonly address: string
  readonly port: number
  readonly name: string
  readonly type: string
  readonly timeoutMs?: number
}

/** What the header of the reply says. */
export interface ProbeReply {
  readonly rcode: number
  readonly ad: boolean
}

const TIMEOUT_MS = 500
/** A server that is not there yet answers no question; one that has just come is seen soon. */
const AGAIN_MS = 20
const PROBE_ID = 0x5347

/** The reply, or undefined when none comes in time. */
export function probe({
  address,
  port,
  name,
  type,
  timeoutMs = TIMEOUT_MS,
}: Probe): Promise<ProbeReply | undefined> {
  const edns = { version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options: [] }
  const question = { name: nameFrom(name), type: parseType(type)!, class: CLASS.IN }
  const query = writeQuery({ id: PROBE_ID, question, rd: true, cd: false, edns })
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    const end = (reply: ProbeReply | undefined): void => {
      clearTimeout(timer)
      clearInterval(again)
      socket.close()
      resolve(reply)
    }
    const ask = (): void => socket.send(query, port, address)
    const timer = setTimeout(() => end(undefined), timeoutMs)
    const again = setInterval(ask, AGAIN_MS)
    // A port that nobody listens at yet: it is asked again.
    socket.on('error', () => undefined)
    socket.once('message', (octets) => {
      const header = parseHeader(octets)
      end(header && { rcode: header.rcode, ad: header.ad })
    })
    ask()
  })
}
