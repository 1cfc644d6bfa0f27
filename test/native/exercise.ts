/**
 * Puts the addon of a path to every use, in one process: `node exercise.js ADDON [THREADS]`. For sanitizers, which watch the
 * addon's own code. Ends with 0 and a line that counts what was answered.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { loadAddon } from '../../src/native/addon.ts'
import type { QuestionSocket, QuestionSockets } from '../../src/native/question-sockets.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'
import { numbered, openEcho, UdpClient } from './udp-client.ts'

const ASKED = 200
const LOOPBACK = Uint8Array.of(127, 0, 0, 1)

/** Asks all at once and hears every reply; leaves two questions on their way, to a server that is silent and to none. */
async function askAll(questions: QuestionSockets, port: number): Promise<number> {
  let heard = 0
  const ask = (to: number, message: Uint8Array, onDatagram: () => void): QuestionSocket | string =>
    questions.ask(
      { server: { address: LOOPBACK, port: to }, source: LOOPBACK, port: 0, message },
      { onSent: () => {}, onError: () => {}, onDatagram },
    )
  for (const message of numbered(ASKED)) {
    const socket = ask(port, message, () => {
      heard++
      if (typeof socket !== 'string') for (let i = 0; i < 2; i++) socket.close()
    })
  }
  for (let i = 0; i < 600 && heard < ASKED; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  const silent = await UdpClient.open()
  ask(silent.port, Uint8Array.of(1), () => {})
  const last = ask(1, Uint8Array.of(1), () => {})
  if (typeof last !== 'string') last.look()
  ask(port, new Uint8Array(2_000), () => {})
  await silent.close()
  return heard
}

/** Questions and answers at some addresses, in both manners; and a socket that stays open. */
async function exercise(udp: UdpBackend): Promise<number> {
  let answered = 0
  for (const address of ['127.0.0.1', '0.0.0.0']) {
    for (const when of ['now', 'later'] as const) {
      const echo = await openEcho(udp, address, { when })
      const client = await UdpClient.open()
      const sent = [...numbered(ASKED), new Uint8Array(0), new Uint8Array(9_000)]
      await Promise.all(sent.map((octets) => client.send(octets, echo.socket.port, '127.0.0.1')))
      answered += Math.min(ASKED, await client.wait(ASKED))
      await client.close()
      await Promise.all([echo.socket.close(), echo.socket.close()])
    }
  }
  const echo = await openEcho(udp, '127.0.0.1')
  const closed = udp.questions()
  answered += await askAll(closed, echo.socket.port)
  closed.close()
  closed.close()
  // In a thread that will be terminated these stay on their way; otherwise they would keep it alive.
  const open = udp.questions()
  answered += await askAll(open, echo.socket.port)
  if (parentPort === null) open.close()
  await echo.socket.close()
  await udp.open({ address: new Uint8Array(4), port: 0, replyOctetsMax: 512 })
  for (const port of [1, 65_535]) {
    const taken = await openEcho(udp, '192.0.2.77', { port }).catch(() => undefined)
    await taken?.socket.close()
  }
  return answered
}

const path: string = workerData ?? process.argv[2]
const udp = loadAddon(path)
if (typeof udp === 'string') throw new Error(udp)
const answered = await exercise(udp)
if (parentPort !== null) {
  parentPort.postMessage(answered)
  // Stays, with an open socket, until it is terminated.
  setInterval(() => {}, 1_000)
} else {
  let total = answered
  for (let thread = 0; thread < Number(process.argv[3] ?? 0); thread++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: path })
    total += await new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject))
    await worker.terminate()
  }
  process.stdout.write(`answered ${total}\n`)
}
