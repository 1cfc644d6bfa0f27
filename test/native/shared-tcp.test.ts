/** TCP listeners beside each other: connections are shared among them, and nobody else gets in by accident. */
import { createConnection, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { loadAddon } from '../../src/native/addon.ts'
import { DGRAM } from '../../src/native/dgram.ts'
import type { ShareTcp } from '../../src/native/udp-socket.ts'

const LOOPBACK = Uint8Array.of(127, 0, 0, 1)
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const CONNECTIONS = 60

/** A server that says its name. */
function listen(t: Test, share: ShareTcp, address: Uint8Array, port: number, name: string): Promise<Server> {
  const server = createServer((socket) => socket.end(name))
  t.teardown(() => server.close())
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(share({ address, port }), () => resolve(server))
  })
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

function connect(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = createConnection(port, host)
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    socket.on('error', reject).on('close', () => resolve(said))
  })
}

const addon = loadAddon()
for (const [name, share] of [
  ['addon', typeof addon === 'string' ? undefined : addon.shareTcp],
  ['node', DGRAM.shareTcp],
] as const) {
  t.test(`by ${name}`, { skip: share === undefined && 'cannot be had here' }, async (t) => {
    for (const [host, address] of [
      ['127.0.0.1', LOOPBACK],
      ['::1', LOOPBACK6],
    ] as const) {
      const first = await listen(t, share!, address, 0, 'first')
      const port = portOf(first)
      t.equal(portOf(await listen(t, share!, address, port, 'second')), port)
      const said = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(port, host)))
      t.same([...new Set(said)].sort(), ['first', 'second'], host)
      await new Promise((resolve) => first.close(resolve))
      const rest = await Promise.all(Array.from({ length: 10 }, () => connect(port, host)))
      t.same([...new Set(rest)], ['second'], `${host}: one of them has gone`)
    }
    const alone = createServer()
    await new Promise<void>((resolve) => alone.listen(0, '127.0.0.1', resolve))
    t.teardown(() => alone.close())
    await t.rejects(listen(t, share!, LOOPBACK, portOf(alone), 'none'), { code: 'EADDRINUSE' })
    await t.rejects(listen(t, share!, Uint8Array.of(192, 0, 2, 1), 0, 'none'), { code: 'EADDRNOTAVAIL' })
  })
}
