/** The copy of the root zone as it crosses threads: plain data over shared memory. */
import { PackedZone } from '../../authority/packed-zone.ts'
import type { RootCopy } from '../../resolver/ports.ts'
import { ROOT } from '../../wire/name.ts'

/** See `RootCopy`. */
export interface SharedRootCopy {
  /** For `PackedZone`. */
  readonly packed: Uint8Array
  readonly endsMs: number
  readonly endsSeconds: number
}

/** The copy for an engine. */
export function rootCopyOf({ packed, ...ends }: SharedRootCopy): RootCopy {
  return { ...ends, zone: new PackedZone(ROOT, packed) }
}
