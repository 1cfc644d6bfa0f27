/** What is done beside every answer that has a verdict. It is asked on the hit path: it allocates nothing where data is not bogus. */
import { ENTRY_KEY_AT, entryReason } from '../cache/answer-entry.ts'
import { REASONS } from '../dnssec/reasons.ts'
import type { Client } from '../front/client.ts'
import type { AnswerWatch } from '../front/hooks.ts'
import type { Query } from '../front/query.ts'
import type { Rollout } from '../policy/rollout.ts'
import type { ValidationPolicy } from '../policy/validation-policy.ts'
import type { AnswerTally } from '../telemetry/report/answer-tally.ts'

const EXCEPTED = REASONS['negative-trust-anchor'].number

/** Counts for the report, and what negative trust anchors make insecure. */
export class CountedAnswers implements AnswerWatch {
  readonly #policy: Pick<ValidationPolicy, 'countException'>
  readonly #rollout: Rollout
  readonly #tally: AnswerTally

  constructor(policy: Pick<ValidationPolicy, 'countException'>, rollout: Rollout, tally: AnswerTally) {
    this.#policy = policy
    this.#rollout = rollout
    this.#tally = tally
  }

  answered(entry: Uint8Array, at: number, query: Query, client: Client, refused: boolean): void {
    const outcome = query.checkingDisabled ? 'unchecked' : refused ? 'refused' : 'given'
    this.#tally.count(entry, at, this.hashOf(client), outcome)
    if (entryReason(entry, at) !== EXCEPTED) return
    this.#policy.countException(entry, query.nameOctets, at + ENTRY_KEY_AT)
  }

  hashOf({ address, addressOctets }: Client): number {
    return this.#rollout.clientHash(address, addressOctets)
  }
}
