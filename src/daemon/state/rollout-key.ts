/** The secret by which clients are counted for a rollout: drawn once an install, or nobody would stay where he is. */
import { drawHashKey, type HashKey } from '../../base/keyed-hash.ts'
import type { Random } from '../../base/random.ts'
import { StateFile, type StateForm } from './state-file.ts'
import type { StateFolder } from './state-folder.ts'

/** How it is kept. */
export const ROLLOUT_KEY_FORM: StateForm<{ readonly key: HashKey }> = {
  kind: 'rollout-key',
  holds:
    'the secret by which clients are chosen for the rollout, so that others than before are among its share',
  mustLast: true,
  version: 1,
  write: ({ key }) => key,
  read: (content) =>
    Array.isArray(content) && content.length === 2 && content.every(isWord)
      ? { key: [content[0], content[1]] }
      : { fault: 'it is not two words' },
}

/** Takes the one that is kept, or draws one and keeps it. */
export async function rolloutKey(folder: StateFolder, random: Random): Promise<HashKey> {
  const file = new StateFile(folder, ROLLOUT_KEY_FORM)
  const known = file.load()
  if (known !== undefined) return known.key
  const key = drawHashKey(random)
  await file.save({ key })
  return key
}

function isWord(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff
}
