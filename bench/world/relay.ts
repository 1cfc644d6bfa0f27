/**
 * Stands in front of authorities and makes them far away: every address of theirs on port 53 is the relay's, which asks
 * the authority behind it on another port. A process of its own, so that its timers wait for nobody else.
 *
 *     relay DELAY_MS LOSS_PERCENT PORT BEHIND_PORT ADDRESS...
 *
 * By UDP a query is kept back for the whole round trip and its reply is passed on at once, which nobody can tell from
 * half the time each way. A TCP connection is kept back for one round trip more: that of its handshake. Of the datagrams,
 * queries and replies alike, some may be lost: the same ones of each run. A connection loses nothing.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Socket as Connection, connect, createServer } from 'node:net'
import process from 'node:process'
import { seededRandom } from '../../src/base/random.ts'

/** What is delayed. */
export interface RelaySetup {
  readonly delayMs: number
  /** Of a hundred datagrams; 0 when left out. */
  readonly lossPercent?: number
  readonly addresses: readonly string[]
  /** Where resolvers ask. */
  readonly port: number
  /** Where the authorities answer, at the same addresses. */
  readonly behindPort: number
}

/** A relay that runs. */
export interface Relay {
  close(): void
}

/** A timer of the system may be late by a millisecond and more; the rest is spent looking at the clock. */
const TIMER_ERROR_MS = 2
/** How long an authority may take. */
const PATIENCE_MS = 5_000
const BUFFER_OCTETS = 1 << 22

/** Runs `action` when the clock says so, within some microseconds unless the processor is taken away. */
function at(dueMs: number, action: () => void): void {
  const look = (): void => {
    if (performance.now() >= dueMs) action()
    else setImmediate(look)
  }
  setTimeout(look, Math.max(0, dueMs - performance.now() - TIMER_ERROR_MS))
}

/** Starts to serve all addresses; rejects when one of them cannot be had. */
export async function startRelay(setup: RelaySetup): Promise<Relay> {
  const closers: (() => void)[] = []
  const close = (): void => {
    for (const one of closers.splice(0)) one()
  }
  try {
    for (const address of setup.addresses) {
      closers.push(await relayDatagrams(setup, address), await relayConnections(setup, address))
    }
  } catch (error) {
    close()
    throw error
  }
  return { close }
}

async function relayDatagrams(setup: RelaySetup, address: string): Promise<() => void> {
  const { lossPercent = 0 } = setup
  // Every address has its own, so that what is lost on one path does not hang on the others.
  const random = seededRandom(lossSeedOf(address))
  const isLost = (): boolean => lossPercent > 0 && random.below(100) < lossPercent
  const front = createSocket({ type: 'udp4', recvBufferSize: BUFFER_OCTETS })
  front.bind(setup.port, address)
  await once(front, 'listening')
  let isOpen = true
  front.on('error', () => undefined)
  front.on('message', (query, client) => {
    const pass = (reply: Buffer): void => {
      if (isOpen && !isLost()) front.send(reply, client.port, client.address)
    }
    if (isLost()) return
    at(performance.now() + setup.delayMs, () => askBehind(setup, address, query, pass))
  })
  return () => {
    isOpen = false
    front.close()
  }
}

function lossSeedOf(address: string): number {
  return address.split('.').reduce((seed, octet) => seed * 256 + Number(octet), 0)
}

/** A socket for each query, so that no id has to be changed. */
function askBehind(setup: RelaySetup, address: string, query: Buffer, pass: (reply: Buffer) => void): void {
  const socket = createSocket('udp4')
  const patience = setTimeout(() => socket.close(), PATIENCE_MS)
  socket.on('error', () => undefined)
  socket.once('message', (reply) => {
    clearTimeout(patience)
    socket.close()
    pass(reply)
  })
  socket.send(query, setup.behindPort, address)
}

async function relayConnections(setup: RelaySetup, address: string): Promise<() => void> {
  const open = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const authority = connect({ port: setup.behindPort, host: address, allowHalfOpen: true })
    const readyMs = performance.now() + setup.delayMs
    for (const side of [client, authority]) {
      open.add(side)
      side.setNoDelay(true)
      side.on('error', () => undefined)
      side.once('close', () => {
        open.delete(side)
        client.destroy()
        authority.destroy()
      })
    }
    // Whichever timer comes first, what came first goes first.
    const waiting: (() => void)[] = []
    const later = (action: () => void): void => {
      waiting.push(action)
      at(Math.max(performance.now(), readyMs) + setup.delayMs, () => waiting.shift()?.())
    }
    client.on('data', (octets) => later(() => authority.write(octets)))
    client.on('end', () => later(() => authority.end()))
    authority.pipe(client)
  })
  server.listen(setup.port, address)
  await once(server, 'listening')
  return () => {
    server.close()
    for (const side of open) side.destroy()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [delayMs, lossPercent, port, behindPort, ...addresses] = process.argv.slice(2)
  await startRelay({
    ...{
      delayMs: Number(delayMs),
      lossPercent: Number(lossPercent),
      port: Number(port),
      behindPort: Number(behindPort),
    },
    addresses,
  })
}
