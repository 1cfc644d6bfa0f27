/** Who asks. */
import { scanAddress } from '../base/address-scan.ts'

/** A client, as far as an answer depends on it. A listener may use one object for all its datagrams. */
export class Client {
  readonly transport: 'udp' | 'tcp'
  /** Its first `addressOctets` are the address. */
  readonly address: Uint8Array = new Uint8Array(16)
  /** 4 or 16. */
  addressOctets = 0
  /** TCP: how long an idle connection is kept, for edns-tcp-keepalive (RFC 7828). */
  idleMs = 0

  constructor(transport: 'udp' | 'tcp') {
    this.transport = transport
  }

  /** Takes the address from the system's text; false when it is none. */
  setAddress(text: string): boolean {
    this.addressOctets = scanAddress(text, this.address)
    return this.addressOctets > 0
  }
}
