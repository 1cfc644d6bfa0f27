/** Who asks, as the resolver is told of it: to share out its time, and for the report. */
import { clientNetwork, neighbourhood } from '../base/client-network.ts'
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import type { ClientQuestion } from '../resolver/ports.ts'
import type { Client } from './client.ts'
import type { AnswerWatch } from './hooks.ts'

/** What it goes by. */
export interface WhoAsksOptions {
  /** Secret of the hashes by which the resolver tells clients apart, the same in all fronts; undefined: to it all are one. */
  readonly hashKey: HashKey | undefined
  readonly watch?: Pick<AnswerWatch, 'hashOf'> | undefined
}

/** See the head of this file. */
export function whoAsks(
  { hashKey, watch }: WhoAsksOptions,
  client: Client,
): Pick<ClientQuestion, 'client' | 'reportedClient'> {
  return {
    client: hashKey && numberOf(hashKey, client.addressAlone),
    reportedClient: watch?.hashOf(client),
  }
}

/** Half of it says which network, half which client in it. */
function numberOf(key: HashKey, address: Uint8Array): number {
  const network = keyedHash(key, neighbourhood(address))
  const client = keyedHash(key, clientNetwork(address))
  return (network & 0xffff_0000) | (client & 0xffff)
}
