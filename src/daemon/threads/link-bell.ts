/**
 * How the two ends of a link wake each other: each hangs a bell where it can and tells the other its number. Until that
 * is told, and where there are no bells, a message is the bell.
 */
import type { MessagePort } from 'node:worker_threads'
import { BELL_PATH, type Bell, hangBell, type Rope, ropeTo } from '../../native/bell.ts'
import type { LargeReply } from './thread-link.ts'

/** The message that is a ring. */
const RING = 0

/** The number of a bell. */
interface BellNumber {
  readonly bell: number
}

type LinkMessage = typeof RING | BellNumber | LargeReply

/** What an end is told. */
export interface LinkBellHandlers {
  /** The other end has put something into its ring. */
  readonly onRing: () => void
  /** An answer that had no room in the ring. */
  readonly onLargeReply?: (reply: LargeReply) => void
}

/** One end's. */
export class LinkBell {
  readonly #port: MessagePort
  readonly #bell: Bell | undefined
  #rope: Rope | undefined
  #closed = false

  constructor(
    port: MessagePort,
    { onRing, onLargeReply = () => {} }: LinkBellHandlers,
    bellPath: string = BELL_PATH,
  ) {
    this.#port = port
    this.#bell = hangBell(onRing, bellPath)
    port.on('message', (message: LinkMessage) => {
      // What came together with the message that had this end closed is delivered all the same.
      if (this.#closed) return
      if (message === RING) onRing()
      else if ('bell' in message) this.#rope = ropeTo(message.bell, bellPath)
      else onLargeReply(message)
    })
    if (this.#bell !== undefined) this.#send({ bell: this.#bell.number })
  }

  /** Wakes the other end. */
  ring(): void {
    if (this.#rope === undefined) this.#send(RING)
    else this.#rope.ring()
  }

  sendLargeReply(reply: LargeReply): void {
    this.#send(reply)
  }

  /** Neither rings nor hears any more. */
  close(): void {
    this.#closed = true
    this.#rope?.close()
    this.#rope = undefined
    this.#bell?.close()
    this.#port.close()
  }

  #send(message: LinkMessage): void {
    this.#port.postMessage(message)
  }
}
