/** The relay of the bench `rtt`: what passes it is late by what was asked for, whole, and in order. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { startRelay } from '../../bench/world/relay.ts'
import { freePort } from '../support/free-port.ts'

const ADDRESS = '127.0.0.1'
const DELAY_MS = 40
/** After so long a datagram is lost that was to be late by a millisecond. */
const PATIENCE_MS = 40
/** A machine that is busy with other things may make anything late, but nothing early. Clocks are read apart. */
const EARLY_MS = 0.1

/** Says everything again, by UDP and TCP, on one port. */
async function startAuthority(t: Test): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (client) => client.pipe(client))
  server.listen(0, ADDRESS)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = createSocket('udp4')
  socket.on('message', (octets, from) => socket.send(octets, from.port, from.address))
  socket.bind(port, ADDRESS)
  await once(socket, 'listening')
  t.teardown(() => {
    server.close()
    socket.close()
  })
  return port
}

async function relayFor(t: Test): Promise<number> {
  const setup = { delayMs: DELAY_MS, addresses: [ADDRESS], port: await freePort() }
  const relay = await startRelay({ ...setup, behindPort: await startAuthority(t) })
  t.teardown(() => relay.close())
  return setup.port
}

t.test('a datagram is late by one round trip', async (t) => {
  const port = await relayFor(t)
  const client = createSocket('udp4')
  t.teardown(() => client.close())
  const replies: string[] = []
  const timesMs: number[] = []
  const sentMs = performance.now()
  client.on('message', (octets) => {
    replies.push(octets.toString())
    timesMs.push(performance.now() - sentMs)
  })
  const words = ['one', 'two', 'three']
  for (const word of words) client.send(word, port, ADDRESS)
  while (replies.length < words.length) await once(client, 'message')
  t.same(replies.sort(), words.sort())
  t.ok(Math.min(...timesMs) >= DELAY_MS - EARLY_MS, `${timesMs}`)
})

t.test('what is lost is lost in every run', async (t) => {
  const behindPort = await startAuthority(t)
  const heard: string[] = []
  for (const lossPercent of [50, 50, 0]) {
    const port = await freePort()
    const relay = await startRelay({ delayMs: 1, lossPercent, addresses: [ADDRESS], port, behindPort })
    const client = createSocket('udp4')
    const replies: string[] = []
    client.on('message', (octets) => replies.push(octets.toString()))
    // One after the other, so that they are drawn for in this order.
    for (let i = 0; i < 20; i++) {
      client.send(String(i), port, ADDRESS)
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
    }
    heard.push(replies.join(' '))
    client.close()
    relay.close()
  }
  t.equal(heard[0], heard[1])
  const count = heard[0]!.split(' ').length
  t.ok(count > 0 && count < 14, `${count} of 20, a quarter as a rule`)
  t.equal(heard[2]!.split(' ').length, 20)
})

t.test('a connection is late by two round trips at first, by one from then on', async (t) => {
  const port = await relayFor(t)
  const client = connect(port, ADDRESS)
  t.teardown(() => client.destroy())
  const startMs = performance.now()
  client.write('first')
  const [first] = await once(client, 'data')
  t.equal(first.toString(), 'first')
  const firstMs = performance.now() - startMs
  t.ok(firstMs >= 2 * DELAY_MS - EARLY_MS, `${firstMs} ms`)
  const nextMs = performance.now()
  let text = ''
  for (const word of ['a', 'b', 'c']) client.write(word)
  while (text.length < 3) text += (await once(client, 'data'))[0].toString()
  t.equal(text, 'abc', 'in order')
  t.ok(performance.now() - nextMs >= DELAY_MS - EARLY_MS)
  client.end()
  await once(client, 'end')
  t.pass('the end is passed on')
})

t.test('an address that cannot be had', async (t) => {
  const port = await relayFor(t)
  const setup = { delayMs: 1, addresses: [ADDRESS], port, behindPort: port }
  await t.rejects(startRelay(setup), { code: 'EADDRINUSE' })
})
