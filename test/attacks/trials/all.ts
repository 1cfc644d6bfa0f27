/** Every row that can be put to any resolver, over sockets, by what its clients and its authorities see. */
import { DENIAL_TRIALS } from './denials.ts'
import { OTHERS_TRIALS } from './others.ts'
import { POISON_TRIALS } from './poisoning.ts'
import { SERVER_TRIALS } from './servers.ts'
import { SIGNATURE_TRIALS } from './signatures.ts'
import type { TrialMaker } from './trial.ts'
import { WORK_TRIALS } from './work.ts'

export const TRIALS: readonly TrialMaker[] = [
  ...DENIAL_TRIALS,
  ...SIGNATURE_TRIALS,
  ...SERVER_TRIALS,
  ...POISON_TRIALS,
  ...OTHERS_TRIALS,
  ...WORK_TRIALS,
]
