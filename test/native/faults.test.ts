/** The addon where the system takes replies late, in part, or not at all; and a user that throws. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { ROOT } from '../house/project.ts'
import { addonOrReason, builtAddon } from '../support/udp-backends.ts'
import { asText, numbered, openEcho, UdpClient } from './udp-client.ts'

const SOURCE = join(ROOT, 'test/native/faulty-udp.c')

const faulty = builtAddon({ source: SOURCE, flags: ['-Werror'] })
const skip = typeof faulty === 'string' && faulty

t.test('what is not taken now is sent when it can be; what is refused is counted', { skip }, async (t) => {
  if (typeof faulty === 'string') return
  for (const when of ['now', 'later'] as const) {
    const echo = await openEcho(faulty, '127.0.0.1', { when })
    const client = await UdpClient.open()
    const sent = numbered(300)
    await Promise.all(sent.map((octets) => client.send(octets, echo.socket.port, '127.0.0.1')))
    for (let i = 0; i < 200 && client.received.length + echo.lost < sent.length; i++)
      await client.wait(300, 20)
    t.equal(
      client.received.length + echo.lost,
      sent.length,
      `${client.received.length} and ${echo.lost} lost`,
    )
    t.ok(echo.lost > 0, 'some were refused')
    t.ok(client.received.length > sent.length / 2, 'most were sent')
    const all = new Set(asText(sent))
    const came = asText(client.received.map(({ octets }) => octets))
    t.equal(new Set(came).size, came.length, 'none twice')
    t.ok(came.every((text) => all.has(text)))
    await client.close()
    await echo.socket.close()
  }
})

t.test('closed while replies wait: they are counted', { skip }, async (t) => {
  if (typeof faulty === 'string') return
  const echo = await openEcho(faulty, '127.0.0.1')
  const client = await UdpClient.open()
  const sent = numbered(300)
  await Promise.all(sent.map((octets) => client.send(octets, echo.socket.port, '127.0.0.1')))
  while (echo.lengths.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const answered = echo.lengths.length
  await echo.socket.close()
  await client.wait(answered, 100)
  t.equal(client.received.length + echo.lost, answered)
  await client.close()
})

/** A thread whose handler throws at its first batch. */
const THROWING = `
const { workerData, parentPort } = require('node:worker_threads')
const load = async () => {
  const { loadAddon } = await import(workerData)
  const socket = await loadAddon().open({ address: Uint8Array.of(127, 0, 0, 1), port: 0, replyOctetsMax: 512 })
  let batches = 0
  process.on('uncaughtException', (error) => parentPort.postMessage(error.message))
  socket.start({
    onLost() {},
    onBatch(count) {
      if (batches++ === 0) throw new Error('at the first')
      for (let i = 0; i < count; i++) socket.slots.replyOctets[i] = 10
    },
  })
  parentPort.postMessage(socket.port)
  parentPort.once('message', () => socket.close())
}
load()
`

const addon = addonOrReason()

t.test(
  'what a user throws is an uncaught exception, and the socket lives',
  { skip: typeof addon === 'string' && addon },
  async (t) => {
    const path = join(import.meta.dirname, '../../src/native/addon.js')
    const worker = new Worker(THROWING, { eval: true, workerData: path })
    const said: unknown[] = []
    worker.on('message', (message) => said.push(message))
    const saidUntil = async (count: number): Promise<void> => {
      for (let i = 0; i < 500 && said.length < count; i++)
        await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await saidUntil(1)
    const client = await UdpClient.open()
    await client.send(Uint8Array.of(1), said[0] as number, '127.0.0.1')
    await saidUntil(2)
    t.equal(said[1], 'at the first')
    await client.send(Uint8Array.of(2), said[0] as number, '127.0.0.1')
    t.equal(await client.wait(1), 1)
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    t.equal(await ended, 0, 'a closed socket keeps no thread alive')
    await client.close()
  },
)
