/** Clients by TCP: connections, bounded for each client and in all. */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { type Endpoint, formatAddress } from '../base/address.ts'
import type { Cancel, Clock } from '../base/clock.ts'
import {
  TCP_CONNECTIONS_MAX,
  TCP_CONNECTIONS_PER_CLIENT_MAX,
  TCP_IDLE_MS,
  TCP_SWEEP_MS,
  TCP_UNREAD_OCTETS_ALL_MAX,
} from '../base/limits.ts'
import { descriptorOf } from '../native/handed-sockets.ts'
import type { ShareTcp } from '../native/udp-socket.ts'
import { Client } from './client.ts'
import type { FrontCounters, FrontLimit } from './counters.ts'
import { ListenError } from './listen-error.ts'
import type { Service } from './service.ts'
import { TcpConnection } from './tcp-connection.ts'

/** Of what may wait to be read: below this the connections need not be looked at soon again. */
const UNREAD_LEFT = 0.75

/** Bounds on connections; those of `base/limits.ts` where left out. */
export interface TcpOptions {
  readonly connectionsMax?: number
  readonly connectionsPerClientMax?: number
  /** Connections in all while `tcp-connections` is only tried out: memory and descriptors are bounded all the same. */
  readonly connectionsMaxTriedOut?: number
  readonly idleMs?: number
  /** Octets of replies that wait to be read, of all connections. */
  readonly unreadOctetsMax?: number
}

/** The connections of all listeners of a service. */
export class TcpConnections {
  readonly #service: Service
  readonly #counters: FrontCounters
  readonly #clock: Clock
  readonly #max: number
  readonly #maxTriedOut: number
  readonly #perClientMax: number
  readonly #idleMs: number
  readonly #unreadOctetsMax: number
  /** In the order they came, each with the key of its client. */
  readonly #connections = new Map<TcpConnection, string>()
  readonly #byClient = new Map<string, number>()
  /** What waited to be read when that was last looked at, and all that was written since. */
  #unreadOctetsAtMost = 0
  #draining = false
  #cancelSweep: Cancel | undefined
  readonly #whenEmpty: (() => void)[] = []

  constructor(service: Service, counters: FrontCounters, clock: Clock, options: TcpOptions = {}) {
    this.#service = service
    this.#counters = counters
    this.#clock = clock
    this.#max = options.connectionsMax ?? TCP_CONNECTIONS_MAX
    this.#maxTriedOut = Math.max(this.#max, options.connectionsMaxTriedOut ?? TCP_CONNECTIONS_MAX)
    this.#perClientMax = options.connectionsPerClientMax ?? TCP_CONNECTIONS_PER_CLIENT_MAX
    this.#idleMs = options.idleMs ?? TCP_IDLE_MS
    this.#unreadOctetsMax = options.unreadOctetsMax ?? TCP_UNREAD_OCTETS_ALL_MAX
  }

  /** Connections open. */
  get count(): number {
    return this.#connections.size
  }

  /**
   * Takes a connection that was accepted, or cuts it off where a bound is met.
   *
   * @param listener number of the listening address
   */
  accept(socket: Socket, listener: number): void {
    socket.on('error', () => socket.destroy())
    const client = new Client('tcp')
    client.listener = listener
    if (this.#draining || !client.setAddress(socket.remoteAddress ?? '')) {
      socket.destroy()
      return
    }
    const { key } = client
    const full = this.#fullFor(key)
    if (full !== undefined) {
      this.#counters.limitHit(full, client.addressAlone)
      socket.destroy()
      return
    }
    const connection = new TcpConnection(socket, client, {
      service: this.#service,
      counters: this.#counters,
      clock: this.#clock,
      idleMs: this.#idleMs,
      replying: (octets) => this.#boundUnread(octets),
    })
    this.#connections.set(connection, key)
    // Whoever had to go may have been the same client's.
    this.#byClient.set(key, (this.#byClient.get(key) ?? 0) + 1)
    socket.on('close', () => this.#forget(connection))
    if (this.#cancelSweep === undefined) this.#scheduleSweep()
  }

  /** Tells clients with their next replies to come anew (RFC 7828); until they go they are served. */
  askToLeave(): void {
    for (const connection of this.#connections.keys()) connection.askToLeave()
  }

  /** No new connections, no new questions; what is in work is answered. */
  drain(): void {
    this.#draining = true
    for (const connection of this.#connections.keys()) connection.drain()
  }

  /** Cuts off all that are left. */
  close(): void {
    this.#draining = true
    this.#cancelSweep?.()
    for (const connection of this.#connections.keys()) connection.destroy()
  }

  /** Settles once no connection is left. */
  empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }

  #forget(connection: TcpConnection): void {
    const key = this.#connections.get(connection)
    if (key === undefined) return
    this.#connections.delete(connection)
    const left = this.#byClient.get(key)! - 1
    if (left > 0) this.#byClient.set(key, left)
    else this.#byClient.delete(key)
    if (this.#connections.size > 0) return
    for (const tell of this.#whenEmpty.splice(0)) tell()
  }

  /** Cuts off those who have read least when too much waits to be read. */
  #boundUnread(more: number): void {
    this.#unreadOctetsAtMost += more
    if (this.#unreadOctetsAtMost <= this.#unreadOctetsMax) return
    const slowest = [...this.#connections.keys()].sort((a, b) => b.unreadOctets - a.unreadOctets)
    let octets = more
    for (const { unreadOctets } of slowest) octets += unreadOctets
    for (const connection of slowest) {
      if (octets <= UNREAD_LEFT * this.#unreadOctetsMax) break
      octets -= connection.unreadOctets
      connection.cutUnread()
    }
    this.#unreadOctetsAtMost = octets
  }

  /** The bound that keeps a client out, or undefined when it may come; counts those that are only tried out. */
  #fullFor(key: string): FrontLimit | undefined {
    const isFull = (this.#byClient.get(key) ?? 0) >= this.#perClientMax
    if (isFull && !this.#service.triesOut('tcp-connections-per-client')) return 'tcp-connections-per-client'
    const mayBeMore = this.#service.triesOut('tcp-connections')
    const full = this.#makeRoom(mayBeMore ? this.#maxTriedOut : this.#max)
    if (full !== undefined) return full
    // Who would have been cut off for the one would not have come to the other.
    if (isFull) this.#counters.limitTried('tcp-connections-per-client')
    else if (mayBeMore && this.#inUse() >= this.#max) this.#counters.limitTried('tcp-connections')
    return undefined
  }

  /** Connections that would not give up their places: others make room before anybody is cut off. */
  #inUse(): number {
    let inUse = 0
    if (this.#connections.size < this.#max) return inUse
    for (const { unusedSinceMs } of this.#connections.keys()) if (unusedSinceMs === undefined) inUse++
    return inUse
  }

  /** When all places are taken, the connection that has been of no use for longest gives up its own. */
  #makeRoom(max: number): 'tcp-connections' | undefined {
    if (this.#connections.size < max) return undefined
    let unused: TcpConnection | undefined
    let sinceMs = Number.POSITIVE_INFINITY
    for (const connection of this.#connections.keys()) {
      const { unusedSinceMs } = connection
      if (unusedSinceMs === undefined || unusedSinceMs >= sinceMs) continue
      unused = connection
      sinceMs = unusedSinceMs
    }
    if (unused === undefined) return 'tcp-connections'
    this.#forget(unused)
    unused.destroy()
    return undefined
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.after(TCP_SWEEP_MS, () => {
      this.#cancelSweep = undefined
      const nowMs = this.#clock.nowMs()
      for (const connection of this.#connections.keys()) connection.checkTime(nowMs)
      if (this.#connections.size > 0) this.#scheduleSweep()
    })
  }
}

/** A listening socket. */
export class TcpListener {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    // Accepting can fail for lack of descriptors; what is open goes on, and the next attempt may succeed.
    server.on('error', () => {})
  }

  /**
   * Listens.
   *
   * @param listener number of the listening address
   * @param share how to listen beside others at the same address and port
   * @throws ListenError
   */
  static open(
    endpoint: Endpoint,
    connections: TcpConnections,
    listener: number,
    share: ShareTcp = listenAlone,
  ): Promise<TcpListener> {
    // A client may end its side and still read (RFC 7766 6.2.4 speaks of servers doing likewise).
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      connections.accept(socket, listener),
    )
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new ListenError(endpoint, 'tcp', error)))
      const listening = (): void => {
        server.removeAllListeners('error')
        resolve(new TcpListener(server))
      }
      try {
        server.listen(share(endpoint), listening)
      } catch (error) {
        reject(new ListenError(endpoint, 'tcp', error as Error))
      }
    })
  }

  /** The port listened on. */
  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** What another process can be given to share the socket; undefined where that cannot be had. */
  get descriptor(): number | undefined {
    return descriptorOf(this.#server)
  }

  /** Accepts no more; connections stay. */
  close(): void {
    this.#server.close()
  }
}

function listenAlone({ address, port }: Endpoint): ListenOptions {
  return { host: formatAddress(address), port, ipv6Only: address.length === 16 }
}
