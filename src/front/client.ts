/** Who asks. */
import { scanAddress } from '../base/address-scan.ts'
import { clientNetwork } from '../base/client-network.ts'
import { mapKey } from '../base/octets.ts'

/** A client, as far as an answer depends on it. A listener may use one object for all its datagrams. */
export class Client {
  readonly transport: 'udp' | 'tcp'
  /** Its first `addressOctets` are the address. */
  readonly address: Uint8Array
  /** 4 or 16. */
  addressOctets: number
  /** Which of the listening addresses it asked: a number in their order. */
  listener = 0
  /** TCP: how long an idle connection is kept, for edns-tcp-keepalive (RFC 7828). */
  idleMs = 0

  /** @param address where somebody else puts the address; all of it. Without it, `setAddress` is to be called. */
  constructor(transport: 'udp' | 'tcp', address?: Uint8Array) {
    this.transport = transport
    this.address = address ?? new Uint8Array(16)
    this.addressOctets = address?.length ?? 0
  }

  /** The client as it is now, whatever its listener does with this object. */
  copy(): Client {
    const copy = new Client(this.transport, this.address.slice())
    copy.addressOctets = this.addressOctets
    copy.listener = this.listener
    copy.idleMs = this.idleMs
    return copy
  }

  /** The address alone: a view. */
  get addressAlone(): Uint8Array {
    return this.address.subarray(0, this.addressOctets)
  }

  /** Names the client in tables of bounds. */
  get key(): string {
    return mapKey(clientNetwork(this.addressAlone))
  }

  /** Takes the address from the system's text; false when it is none. */
  setAddress(text: string): boolean {
    this.addressOctets = scanAddress(text, this.address)
    return this.addressOctets > 0
  }
}
