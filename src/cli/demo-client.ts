/** A client of the demo: asks as dig does, over real sockets, with a codec that shares no code with the resolver. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import dnsPacket, { type DecodedPacket, type Question } from 'dns-packet'
import type { Expectation, Manner, Observation } from '../lab/expectation.ts'
import { RCODE } from '../wire/iana/rcode.ts'

/** A resolver by address and port. */
export interface ResolverPlace {
  readonly address: string
  readonly port: number
}

const UDP_PAYLOAD_OCTETS = 1232
const OPTION_EXTENDED_ERROR = 15
/** Longer than a resolver may take for any question. */
const PATIENCE_MS = 12_000
const NEVER = new AbortController().signal
/** Types that dns-packet has no name for, by the name that it gives them. */
const TYPE_NAMES: Readonly<Record<string, string>> = { HTTPS: 'UNKNOWN_65' }

/**
 * Asks by UDP, and by TCP when the answer is truncated.
 *
 * @param id of the query, 16 bits
 * @param signal gives up when aborted
 * @returns what came back, or a sentence that says why nothing did
 */
export async function askOverSocket(
  place: ResolverPlace,
  asked: Expectation,
  id: number,
  signal: AbortSignal = NEVER,
): Promise<Observation | string> {
  const query = queryFor(asked, id)
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  try {
    const overUdp = decode(await exchangeUdp(place, query, patience))
    return observe(overUdp.flag_tc ? decode(await exchangeTcp(place, query, patience)) : overUdp)
  } catch (error) {
    if (signal.aborted) return 'stopped'
    if (patience.aborted) return `no answer within ${PATIENCE_MS / 1000} s`
    return error instanceof Error ? error.message : String(error)
  }
}

const FLAGS: Readonly<Record<Manner, number>> = {
  usual: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA,
  cd: dnsPacket.RECURSION_DESIRED | dnsPacket.CHECKING_DISABLED,
  plain: dnsPacket.RECURSION_DESIRED,
}

function queryFor({ name, type, manner }: Expectation, id: number): Buffer {
  const question = { name, type: TYPE_NAMES[type] ?? type } as Question
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: FLAGS[manner],
    questions: [question],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_PAYLOAD_OCTETS,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })
}

/** What the types of dns-packet leave out. */
type Reply = DecodedPacket & { readonly rcode: string }

function decode(octets: Uint8Array): Reply {
  return dnsPacket.decode(Buffer.from(octets)) as Reply
}

function observe(reply: Reply): Observation {
  const opt = reply.additionals?.find((record) => record.type === 'OPT')
  const options = (opt?.type === 'OPT' ? opt.options : []) as unknown as { code: number; data: Buffer }[]
  const edes = options
    .filter(({ code }) => code === OPTION_EXTENDED_ERROR)
    .map(({ data }) => data.readUInt16BE(0))
  const rcode = Object.entries(RCODE).find(([name]) => name === reply.rcode)?.[1] ?? -1
  return { rcode, ad: reply.flag_ad, edes, data: (reply.answers ?? []).length > 0 }
}

async function exchangeUdp(
  { address, port }: ResolverPlace,
  query: Buffer,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    const reply = once(socket, 'message', { signal }) as Promise<[Buffer]>
    socket.send(query)
    return (await reply)[0]
  } finally {
    socket.close()
  }
}

async function exchangeTcp(
  { address, port }: ResolverPlace,
  query: Buffer,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stream = connect({ port, host: address, signal })
  try {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(query.length)
    stream.write(Buffer.concat([length, query]))
    let held = Buffer.alloc(0)
    for await (const chunk of stream) {
      held = Buffer.concat([held, chunk as Buffer])
      if (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0))
        return held.subarray(2, 2 + held.readUInt16BE(0))
    }
    throw new Error('the TCP stream ended early')
  } finally {
    stream.destroy()
  }
}
