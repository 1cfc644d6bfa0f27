/** A process that has used up its file descriptors: hits go on, misses fail with a reason, and all is well once some are free. */
import { readdirSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import t from 'tap'
import { testFolder } from '../support/folder.ts'
import { startLabWorld } from '../support/lab-world.ts'
import { until } from '../support/until.ts'
import { DaemonProcess } from './daemon-process.ts'

/** Enough to start: modules are read many at a time. Fewer than connections come. */
const DESCRIPTORS_MAX = 300
const CONNECTIONS = 400
const PATIENCE_MS = 15_000
const LOOKS_IN_A_ROW = 20

const world = await startLabWorld(testFolder(t), [127, 99])
t.teardown(() => world.close())

/** How many a process has. */
function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Opens a connection and says nothing. */
function connect(port: number): Socket {
  const socket = createConnection({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  return socket
}

for (const backend of ['addon', 'dgram']) {
  t.test(`${backend}: connections take all descriptors`, { timeout: 90_000 }, async (t) => {
    const members = {
      server: `udp-backend: ${backend}, resolver-threads: 1, tcp: { connections: 1000, connections-per-client: 1000 }`,
    }
    const daemon = await DaemonProcess.start(world, members, '', {
      through: ['sh', '-c', `ulimit -n ${DESCRIPTORS_MAX} && exec "$@"`, 'sh'],
    })
    const hit = { name: 'www.good.se.', type: 'A', do: true }
    t.match(await daemon.ask(hit), { rcode: 'NOERROR', ad: true })
    const sockets = Array.from({ length: CONNECTIONS }, () => connect(daemon.server.port))
    // Connections that find no descriptor are taken and closed by one that is kept for that: it is free for a moment.
    let looksInARow = 0
    await until('all are taken, and stay so', () => {
      looksInARow = descriptorsOf(daemon.pid) >= DESCRIPTORS_MAX ? looksInARow + 1 : 0
      return looksInARow === LOOKS_IN_A_ROW
    })
    for (let i = 0; i < 5; i++) t.match(await daemon.ask(hit), { rcode: 'NOERROR', ad: true }, 'a hit')
    const missed = await daemon.ask({ name: 'one.good.se.', type: 'A', do: true })
    t.match(missed, { rcode: 'SERVFAIL' })
    t.comment(JSON.stringify(missed.ede))
    for (const socket of sockets) socket.destroy()
    const endMs = performance.now() + PATIENCE_MS
    let after = missed
    for (let i = 0; after.rcode !== 'NXDOMAIN' && performance.now() < endMs; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      after = await daemon.ask({ name: `after${i}.good.se.`, type: 'A', do: true })
    }
    t.match(after, { rcode: 'NXDOMAIN', ad: true })
    t.match(await daemon.ask({ ...hit, tcp: true }), { rcode: 'NOERROR' }, 'a connection is taken again')
    t.ok((await daemon.metric('upstream_failures_total', { reason: 'resources' })) > 0)
    const told = daemon.log.filter(({ level }) => level === 'warn' || level === 'error')
    t.comment(JSON.stringify(told))
    t.ok(told.length <= 3, 'nobody fills a log by that')
    t.equal((await daemon.stop()).code, 0)
    t.equal(daemon.uncaught, undefined)
  })
}
