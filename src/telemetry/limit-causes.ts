/** Who met limits most, gathered in the thread where it happens. How often is counted in `limit_hits_total`. */
import { formatAddress } from '../base/address.ts'
import { clientNetwork } from '../base/client-network.ts'
import { LIMIT_CAUSES_KEPT } from '../base/limits.ts'
import { mapKey } from '../base/octets.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type HeavyHitter, HeavyHitters } from './heavy-hitters.ts'
import { isLimitOfClients } from './label-values.ts'

/** The causes of one limit, in a form that crosses threads. */
export interface LimitCause {
  readonly limit: string
  /** Octets as text (`mapKey`): a folded name, or the part of an address that names a client. */
  readonly causes: readonly HeavyHitter[]
}

/** Those of one thread. */
export class LimitCauses {
  readonly #byLimit = new Map<string, HeavyHitters>()

  /**
   * A limit was met.
   *
   * @param limit label value of `limit_hits_total`
   * @param cause a name, or, where the limit is one on clients, an address
   */
  add(limit: string, cause: Uint8Array): void {
    let causes = this.#byLimit.get(limit)
    if (causes === undefined) {
      causes = new HeavyHitters(LIMIT_CAUSES_KEPT)
      this.#byLimit.set(limit, causes)
    }
    causes.add(isLimitOfClients(limit) ? mapKey(clientNetwork(cause)) : nameKey(cause as Name))
  }

  /** What was gathered since the last call. */
  take(): LimitCause[] {
    const taken = [...this.#byLimit].map(([limit, causes]) => ({ limit, causes: causes.list }))
    this.#byLimit.clear()
    return taken
  }
}

/** A cause for people: `zone x.test.`, `client 192.0.2.7`, `client 2001:db8::/56`. */
export function formatCause(limit: string, key: string): string {
  const octets = new Uint8Array(Buffer.from(key, 'latin1'))
  if (limit === 'set-aside') return `name ${formatName(octets as Name)}`
  if (!isLimitOfClients(limit)) return `zone ${formatName(octets as Name)}`
  if (octets.length === 4) return `client ${formatAddress(octets)}`
  const address = new Uint8Array(16)
  address.set(octets)
  return `client ${formatAddress(address)}/${8 * octets.length}`
}
