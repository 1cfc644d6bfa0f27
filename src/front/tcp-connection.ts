/** One TCP connection of a client (RFC 7766): questions in any number, answers in the order they become ready. */
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import {
  MESSAGE_OCTETS_MAX,
  TCP_IN_FLIGHT_MAX,
  TCP_MESSAGE_MS_MAX,
  TCP_UNREAD_MS_MAX,
  TCP_UNREAD_OCTETS_MAX,
  TCP_UNREAD_OCTETS_PAUSE,
  UDP_REQUEST_OCTETS_MAX,
} from '../base/limits.ts'
import { concatOctets } from '../base/octets.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import type { Client } from './client.ts'
import type { FrontCounters } from './counters.ts'
import { DROPPED } from './hit-path.ts'
import type { Service } from './service.ts'

/** What a connection needs of its listener. */
export interface ConnectionSurroundings {
  readonly service: Service
  readonly counters: FrontCounters
  readonly clock: Clock
  readonly idleMs: number
  /** Told of the octets of each reply before they are handed to the system. */
  readonly replying: (octets: number) => void
}

const LENGTH_OCTETS = 2
/** Replies of the hit path of all connections are made here and copied out at once. */
const out = new Uint8Array(MESSAGE_OCTETS_MAX)

/** See the head of this file. */
export class TcpConnection {
  readonly #socket: Socket
  readonly #client: Client
  readonly #in: ConnectionSurroundings
  readonly #frames = new FrameReader()
  /** Octets read from the socket and not looked at yet, while too much is in work. */
  #held: Uint8Array | undefined
  /** Octets are being looked at: more questions may follow. */
  #isReading = false
  #inFlight = 0
  #ended = false
  #draining = false
  #activeMs: number
  #messageBegunMs = 0
  /** Octets of replies that the system took, and when that last changed or nothing waited. */
  #takenOctets = 0
  #takenMs: number

  constructor(socket: Socket, client: Client, surroundings: ConnectionSurroundings) {
    this.#socket = socket
    this.#client = client
    this.#in = surroundings
    this.#activeMs = surroundings.clock.nowMs()
    this.#takenMs = this.#activeMs
    client.idleMs = surroundings.idleMs
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#onDrain())
  }

  /**
   * Milliseconds at which it last did something, or undefined while it is at work, while replies or questions wait for the client to
   * read (RFC 7766 6.2.3), or when a message has begun.
   */
  get idleSinceMs(): number | undefined {
    const waits = this.#held !== undefined || this.#socket.writableLength > 0
    return this.#inFlight > 0 || waits || this.#frames.partial ? undefined : this.#activeMs
  }

  /**
   * Milliseconds since when nothing of it is in work, or undefined while something is. A message that has begun is not in
   * work yet: the octets of its length cost nothing, and must hold no place that another needs (attack D01).
   */
  get unusedSinceMs(): number | undefined {
    if (this.#inFlight > 0) return undefined
    return this.#frames.partial ? this.#messageBegunMs : this.#activeMs
  }

  /** Octets of replies that wait for the client to read them. */
  get unreadOctets(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength
  }

  /** Tells the client with the next reply not to ask here any more (RFC 7828). */
  askToLeave(): void {
    this.#client.idleMs = 0
  }

  /** Takes no more questions, answers those in work, then closes. What still comes is read and thrown away. */
  drain(): void {
    this.#draining = true
    this.#client.idleMs = 0
    this.#held = undefined
    this.#socket.resume()
    this.#socket.once('finish', () => this.#socket.destroy())
    this.#closeWhenDone()
  }

  /** Cuts it off. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Cuts it off since its client reads too little. */
  cutUnread(): void {
    this.#in.counters.limitHit('tcp-unread', this.#client.addressAlone)
    this.destroy()
  }

  /** Cuts it off if a bound in time has passed. */
  checkTime(nowMs: number): void {
    const idle = this.idleSinceMs !== undefined && nowMs - this.#activeMs >= this.#in.idleMs
    const slow =
      this.#frames.partial && this.#held === undefined && nowMs - this.#messageBegunMs >= TCP_MESSAGE_MS_MAX
    if (this.#readsNothing(nowMs)) this.cutUnread()
    else if (idle || slow) this.destroy()
  }

  /** True when replies wait and none was taken for too long. */
  #readsNothing(nowMs: number): boolean {
    const taken = this.#socket.bytesWritten - this.#socket.writableLength
    if (this.#socket.writableLength === 0 || taken !== this.#takenOctets) {
      this.#takenOctets = taken
      this.#takenMs = nowMs
    }
    return nowMs - this.#takenMs >= TCP_UNREAD_MS_MAX
  }

  #onData(chunk: Uint8Array): void {
    if (this.#held === undefined) this.#read(chunk)
    else this.#held = concatOctets(this.#held, chunk)
  }

  #read(chunk: Uint8Array): void {
    this.#isReading = true
    try {
      this.#readFrames(chunk)
    } finally {
      this.#isReading = false
    }
    this.#closeWhenDone()
  }

  #readFrames(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.#draining && !this.#socket.destroyed) {
      if (this.#busy()) {
        this.#held = chunk.subarray(at)
        this.#socket.pause()
        return
      }
      const begun = this.#frames.partial
      const message = this.#frames.read(chunk, at)
      at = this.#frames.end
      if (message !== undefined) this.#onMessage(message)
      else if (!begun) this.#messageBegunMs = this.#in.clock.nowMs()
    }
  }

  /** Too much in work, or too much that the client has not read. */
  #busy(): boolean {
    return this.#inFlight >= TCP_IN_FLIGHT_MAX || this.#socket.writableLength > TCP_UNREAD_OCTETS_PAUSE
  }

  #onMessage(message: Uint8Array): void {
    const { service, clock } = this.#in
    this.#activeMs = clock.nowMs()
    // No message is empty: whoever sends a length of 0 does not speak DNS.
    if (message.length === 0) {
      this.destroy()
      return
    }
    // As by UDP: nothing behind the header is worth reading, nor worth keeping while the question waits. FORMERR.
    if (message.length > UDP_REQUEST_OCTETS_MAX) {
      this.#handle(message.slice(0, HEADER_OCTETS))
      return
    }
    const length = service.tryHit(message, message.length, this.#client, out)
    if (length > 0) {
      this.#write(out, length)
      return
    }
    if (length === DROPPED) {
      this.destroy()
      return
    }
    this.#handle(message)
  }

  #handle(message: Uint8Array): void {
    this.#inFlight++
    this.#in.service.handle(message, this.#client, (reply) => this.#onReply(reply))
  }

  #onReply(reply: Uint8Array | undefined): void {
    this.#inFlight--
    this.#activeMs = this.#in.clock.nowMs()
    if (this.#socket.destroyed) return
    // What cannot be answered is not DNS either.
    if (reply === undefined) {
      this.destroy()
      return
    }
    this.#write(reply, reply.length)
    this.#resume()
    this.#closeWhenDone()
  }

  #write(reply: Uint8Array, length: number): void {
    const framed = new Uint8Array(LENGTH_OCTETS + length)
    framed[0] = length >> 8
    framed[1] = length & 0xff
    framed.set(reply.subarray(0, length), LENGTH_OCTETS)
    this.#in.replying(framed.length)
    if (this.#socket.destroyed) return
    if (this.#socket.writableLength + framed.length > TCP_UNREAD_OCTETS_MAX) this.cutUnread()
    else this.#socket.write(framed)
  }

  /** The client has read all that waited. */
  #onDrain(): void {
    this.#activeMs = this.#in.clock.nowMs()
    this.#resume()
  }

  /** Goes on reading where it stopped, unless there is still too much. */
  #resume(): void {
    if (this.#draining || this.#busy()) return
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#read(held)
    if (this.#held === undefined) this.#socket.resume()
  }

  /** The client sends no more; it still gets what it asked for. */
  #onEnd(): void {
    this.#ended = true
    this.#closeWhenDone()
  }

  #closeWhenDone(): void {
    if (this.#isReading || this.#inFlight > 0) return
    if (this.#draining || (this.#ended && this.#held === undefined)) this.#socket.end()
  }
}
