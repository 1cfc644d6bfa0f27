/** The secrets of server cookies as the daemon keeps them over a restart: `cookie-secrets.json` in the folder for state. */
import { COOKIE_SECRETS_MAX } from '../../base/limits.ts'
import { formatHex, octetsFromHex } from '../../base/octets.ts'
import { COOKIE_SECRET_OCTETS } from '../../policy/cookie-secrets.ts'
import type { StateForm } from '../state/state-file.ts'

/** A secret that was drawn here. */
export interface KeptSecret {
  readonly secret: Uint8Array
  readonly drawnSeconds: number
}

/** All that are accepted, the newest first: it makes cookies. */
export interface KeptSecrets {
  readonly secrets: readonly KeptSecret[]
}

/** How they are kept. */
export const COOKIE_SECRETS_FORM: StateForm<KeptSecrets> = {
  kind: 'cookie-secrets',
  holds: 'the secrets of server cookies, so that clients have to get new ones',
  mustLast: true,
  version: 1,
  write: ({ secrets }) =>
    secrets.map(({ secret, drawnSeconds }) => ({ secret: formatHex(secret), drawnSeconds })),
  read(content) {
    if (!Array.isArray(content) || content.length > COOKIE_SECRETS_MAX)
      return { fault: 'it is no list of secrets' }
    const secrets = content.map(readSecret).filter((one) => one !== undefined)
    return secrets.length === content.length ? { secrets } : { fault: 'one of its secrets is none' }
  },
}

function readSecret(item: unknown): KeptSecret | undefined {
  const { secret: text, drawnSeconds } = (item ?? {}) as Partial<Record<string, unknown>>
  const secret = typeof text === 'string' ? octetsFromHex(text) : undefined
  if (secret?.length !== COOKIE_SECRET_OCTETS || !Number.isSafeInteger(drawnSeconds)) return undefined
  return { secret, drawnSeconds: drawnSeconds as number }
}
