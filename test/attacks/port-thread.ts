/** A thread that asks questions as resolver threads do, and tells from which ports they left. */
import { parentPort, workerData } from 'node:worker_threads'
import { parseAddress } from '../../src/base/address.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createUpstream } from '../../src/upstream/sockets.ts'
import { recordingSockets } from './recording-sockets.ts'

const { questions } = workerData as { readonly questions: number }
const ports: number[] = []
const upstream = createUpstream({
  random: systemRandom(),
  sourceAddresses: [],
  ipv4: true,
  ipv6: false,
  udp: recordingSockets(({ port }) => {
    ports.push(port)
    return undefined
  }),
})
const server = { address: parseAddress('127.0.0.1')!, port: 53 }
for (let i = 0; i < questions; i++) {
  await upstream.ask({ server, transport: 'udp', message: new Uint8Array(12), timeoutMs: 1000 })
}
upstream.close()
parentPort?.postMessage(ports)
