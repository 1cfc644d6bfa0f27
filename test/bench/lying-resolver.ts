/**
 * A resolver that lies, started in the place of Unbound: it says that the top-level domain is proven, and has the
 * same wrong address for every name.
 *
 *     lying-resolver -V | -c CONFIGURATION
 */
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import process from 'node:process'

const HEADER_OCTETS = 12
const QR_RD = 0x81
const RA_AD = 0xa0
/** Owner as in the question, A, IN, 60 seconds, 192.0.2.1. */
const RECORD = Buffer.from([0xc0, HEADER_OCTETS, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])

function replyTo(query: Buffer): Buffer {
  const questionEnd = query.indexOf(0, HEADER_OCTETS) + 5
  const reply = Buffer.concat([query.subarray(0, questionEnd), RECORD])
  reply.set([QR_RD, RA_AD, 0, 1, 0, 1, 0, 0, 0, 0], 2)
  return reply
}

if (process.argv.includes('-V')) process.stdout.write('Version 0.lies\n')
else {
  const configuration = readFileSync(process.argv.at(-1)!, 'utf8')
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => socket.send(replyTo(query), from.port, from.address))
  socket.bind(Number(/^ {2}port: (\d+)$/m.exec(configuration)?.[1]), '127.0.0.1')
}
