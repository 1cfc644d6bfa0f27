/**
 * Connections to servers, kept for the next question (RFC 7766 6.2): any number of questions is out on one, and replies
 * come in whatever order they are ready in.
 */
import { connect, type Socket } from 'node:net'
import { type Address, type Endpoint, endpointKey, formatAddress } from '../base/address.ts'
import type { Cancel, Clock } from '../base/clock.ts'
import {
  NEAR_MISSES_MAX,
  UPSTREAM_TCP_IDLE_MS,
  UPSTREAM_TCP_KEPT_MAX,
  UPSTREAM_TCP_PIPELINED_MAX,
} from '../base/limits.ts'
import type { UpstreamFailure } from '../resolver/ports.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { readU16, writeU16 } from '../wire/integers.ts'
import { isReplyTo } from '../wire/message.ts'
import { codeOf, failureOf } from './socket-faults.ts'

/** Who asks by a connection. Told of one end, and of nothing after `leave`. */
export interface StreamAsker {
  readonly message: Uint8Array
  /** Nothing else is to be asked by its connection. */
  readonly isAlone: boolean
  /** The question has left. */
  onSent(): void
  onReply(message: Uint8Array): void
  /** @param wasUsed the connection had served before: that it ended says nothing of the question */
  onEnd(reason: UpstreamFailure, detail: string | undefined, wasUsed: boolean): void
}

/** What connections need. */
export interface ConnectionParts {
  readonly clock: Clock
  /** A frame that was no reply to any question on its connection. */
  nearMiss(): void
}

const LENGTH_OCTETS = 2

/** See the head of this file. */
export class TcpConnections {
  readonly #parts: ConnectionParts
  /** Those that take another question, by server; the one that was used last comes last. */
  readonly #kept = new Map<string, TcpConnection>()
  readonly #all = new Set<TcpConnection>()

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  /** Connections that are open. */
  get size(): number {
    return this.#all.size
  }

  /**
   * Asks by a connection that is open, or by a new one.
   *
   * @param source where a new one comes from; the system chooses when left out
   * @param anew not by one that has served before
   */
  ask(server: Endpoint, source: Address | undefined, asker: StreamAsker, anew: boolean): TcpConnection {
    const key = endpointKey(server)
    const kept = anew || asker.isAlone ? undefined : this.#kept.get(key)
    if (kept?.takes(asker) === true) {
      // The one that was used last is the last to be closed.
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      kept.ask(asker)
      return kept
    }
    const connection = new TcpConnection(server, source, this.#parts, {
      idle: () => this.#keeps(key, connection),
      ended: () => this.#forget(key, connection),
    })
    this.#all.add(connection)
    if (!asker.isAlone) this.#keep(key, connection)
    connection.ask(asker)
    return connection
  }

  close(): void {
    for (const connection of this.#all) connection.destroy()
  }

  #keep(key: string, connection: TcpConnection): void {
    // Another one to the same server goes when its questions are answered.
    this.#kept.delete(key)
    this.#kept.set(key, connection)
    if (this.#kept.size <= UPSTREAM_TCP_KEPT_MAX) return
    const [oldest] = this.#kept
    if (oldest === undefined) return
    this.#kept.delete(oldest[0])
    oldest[1].closeWhenIdle()
  }

  #keeps(key: string, connection: TcpConnection): boolean {
    return this.#kept.get(key) === connection
  }

  #forget(key: string, connection: TcpConnection): void {
    this.#all.delete(connection)
    if (this.#kept.get(key) === connection) this.#kept.delete(key)
  }
}

/** What a connection tells of itself. */
interface ConnectionOwner {
  /** Nothing is out on it; true when it is to stay open. */
  idle(): boolean
  ended(): void
}

/** One connection. */
export class TcpConnection {
  readonly #parts: ConnectionParts
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  /** Questions out, by message id. */
  readonly #askers = new Map<number, StreamAsker>()
  /** Ids of questions that nobody waits for any more: their replies may still come. */
  readonly #left = new Set<number>()
  #isConnected = false
  #isEnded = false
  /** A question went unanswered, so no more are asked here. */
  #isDoubtful = false
  #replies = 0
  #nearMisses = 0
  #cancelIdle: Cancel = () => {}

  constructor(server: Endpoint, source: Address | undefined, parts: ConnectionParts, owner: ConnectionOwner) {
    this.#parts = parts
    this.#owner = owner
    const socket = connect({
      host: formatAddress(server.address),
      port: server.port,
      noDelay: true,
      ...(source === undefined ? {} : { localAddress: formatAddress(source) }),
    })
    this.#socket = socket
    socket.on('error', (error) => this.#end(failureOf(codeOf(error)), codeOf(error)))
    socket.on('end', () => this.#end('closed', 'the stream ended before a reply'))
    socket.on('close', () => this.#end('closed'))
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.once('connect', () => {
      this.#isConnected = true
      for (const asker of this.#askers.values()) this.#send(asker)
    })
  }

  /** True when the question can be told from all others here. */
  takes({ message }: StreamAsker): boolean {
    if (this.#isEnded || this.#isDoubtful || this.#askers.size >= UPSTREAM_TCP_PIPELINED_MAX) return false
    const id = readU16(message, 0)
    return !this.#askers.has(id) && !this.#left.has(id)
  }

  ask(asker: StreamAsker): void {
    this.#cancelIdle()
    this.#askers.set(readU16(asker.message, 0), asker)
    if (this.#isConnected) this.#send(asker)
  }

  /** Nobody waits for the reply any more: it did not come in time, or the resolver stops. */
  leave(asker: StreamAsker): void {
    const id = readU16(asker.message, 0)
    if (this.#askers.get(id) !== asker) return
    this.#askers.delete(id)
    this.#left.add(id)
    this.#isDoubtful = true
    if (this.#askers.size === 0) this.destroy()
  }

  /** At once, or when the last question is answered. */
  closeWhenIdle(): void {
    if (this.#askers.size === 0) this.#finish()
  }

  destroy(): void {
    this.#end('closed', 'the resolver stops')
  }

  #send(asker: StreamAsker): void {
    const { message } = asker
    // Length and message in one write: some servers misread a frame that comes in pieces.
    const framed = new Uint8Array(LENGTH_OCTETS + message.length)
    writeU16(framed, 0, message.length)
    framed.set(message, LENGTH_OCTETS)
    asker.onSent()
    this.#socket.write(framed)
  }

  #onData(chunk: Uint8Array): void {
    const frames = this.#frames
    for (let at = 0; !this.#isEnded; at = frames.end) {
      const message = frames.read(chunk, at)
      if (message === undefined) return
      this.#onMessage(message)
    }
  }

  #onMessage(message: Uint8Array): void {
    const id = message.length < LENGTH_OCTETS ? -1 : readU16(message, 0)
    if (this.#left.delete(id)) return
    const asker = this.#askers.get(id)
    if (asker === undefined || !isReplyTo(asker.message, message)) {
      this.#parts.nearMiss()
      if (++this.#nearMisses > NEAR_MISSES_MAX) this.#end('near-miss')
      return
    }
    this.#replies++
    this.#askers.delete(id)
    asker.onReply(message)
    if (this.#askers.size === 0 && !this.#isEnded) this.#rest()
  }

  /** Waits for another question, or closes. */
  #rest(): void {
    if (this.#isDoubtful || !this.#owner.idle()) this.#finish()
    else this.#cancelIdle = this.#parts.clock.after(UPSTREAM_TCP_IDLE_MS, () => this.#finish())
  }

  /** Closes in good order: what is written leaves first. */
  #finish(): void {
    if (this.#isEnded) return
    this.#over()
    this.#socket.destroySoon()
  }

  #end(reason: UpstreamFailure, detail?: string): void {
    if (this.#isEnded) return
    this.#over()
    this.#socket.destroy()
    const askers = [...this.#askers.values()]
    this.#askers.clear()
    for (const asker of askers) asker.onEnd(reason, detail, this.#replies > 0)
  }

  #over(): void {
    this.#isEnded = true
    this.#cancelIdle()
    this.#owner.ended()
  }
}
