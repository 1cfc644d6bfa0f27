/** What is done beside every answer that has a verdict. It is asked on the hit path: it allocates nothing. */
import { ENTRY_KEY_AT, entryReason } from '../cache/answer-entry.ts'
import { REASONS } from '../dnssec/reasons.ts'
import type { Client } from '../front/client.ts'
import type { AnswerWatch } from '../front/hooks.ts'
import type { Query } from '../front/query.ts'
import type { Rollout } from '../policy/rollout.ts'
import type { ValidationPolicy } from '../policy/validation-policy.ts'

const EXCEPTED = REASONS['negative-trust-anchor'].number

/** Counts what negative trust anchors make insecure. */
export class AnswerTally implements AnswerWatch {
  readonly #policy: Pick<ValidationPolicy, 'countException'>
  readonly #rollout: Rollout

  constructor(policy: Pick<ValidationPolicy, 'countException'>, rollout: Rollout) {
    this.#policy = policy
    this.#rollout = rollout
  }

  answered(entry: Uint8Array, at: number, query: Query): void {
    if (entryReason(entry, at) !== EXCEPTED) return
    this.#policy.countException(entry, query.nameOctets, at + ENTRY_KEY_AT)
  }

  hashOf({ address, addressOctets }: Client): number {
    return this.#rollout.clientHash(address, addressOctets)
  }
}
