/** A thread that answers on a port until somebody ends it; test/native/threads.test.ts does. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadAddon } from '../../src/native/addon.ts'
import { DGRAM } from '../../src/native/dgram.ts'
import { openEcho } from './udp-client.ts'

const { path, port }: { path: string | undefined; port: number } = workerData
const udp = path === undefined ? DGRAM : loadAddon(path)
if (typeof udp === 'string') throw new Error(udp)
const { socket } = await openEcho(udp, '127.0.0.1', { port })
parentPort!.on('message', (order: 'throw' | 'exit' | 'return') => {
  if (order === 'throw') throw new Error('as told')
  if (order === 'exit') process.exit(0)
  void socket.close()
  parentPort!.close()
})
parentPort!.postMessage(socket.port)
