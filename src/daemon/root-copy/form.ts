/** What is known of the kept copy of the root zone: `root-copy.json`, beside the zone itself. */
import type { StateForm } from '../state/state-file.ts'

/** See the head of this file. Times in seconds since 1970. */
export interface KeptCopy {
  readonly serial: number
  /** Where it came from: `RootSource.label`. */
  readonly source: string
  /** Where and when it was confirmed last. */
  readonly confirmedSeconds: number
  /** See `KnownZone.mark`. */
  readonly mark: string | undefined
}

/** Name of the file with the zone, a master file. */
export const ZONE_FILE = 'root-copy.zone'

/** The file beside it. */
export const COPY_FORM: StateForm<KeptCopy> = {
  kind: 'root-copy',
  holds: 'when the copy of the root zone was confirmed, so that it is got anew',
  version: 1,
  write: ({ confirmedSeconds, mark, ...rest }) => ({
    ...rest,
    confirmed: new Date(confirmedSeconds * 1000).toISOString(),
    mark: mark ?? null,
  }),
  read(content) {
    const { serial, source, confirmed, mark } = (content ?? {}) as Partial<Record<string, unknown>>
    const confirmedMs = typeof confirmed === 'string' ? Date.parse(confirmed) : Number.NaN
    const isWhole =
      Number.isInteger(serial) &&
      typeof source === 'string' &&
      !Number.isNaN(confirmedMs) &&
      (mark === null || typeof mark === 'string')
    if (!isWhole) return { fault: 'it does not say which zone is kept' }
    return {
      serial: serial as number,
      source,
      confirmedSeconds: Math.floor(confirmedMs / 1000),
      mark: (mark as string | null) ?? undefined,
    }
  },
}
