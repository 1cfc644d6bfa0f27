/**
 * Keys that remember what they verified: seeds share one Internet, so the same few thousand signatures come again and
 * again, and arithmetic is not what a simulation looks for. What was not seen before is verified as in production.
 */
import { mapKey } from '../../src/base/octets.ts'
import { importHandle, type KeyHandle, type KeyImport } from '../../src/dnssec/keys.ts'

/** Entries of each table; honest ones are a tenth of it. */
const REMEMBERED_MAX = 50_000

export function rememberingImport(): KeyImport {
  const keys = new Map<string, KeyHandle | undefined>()
  return (algorithm, publicKey) => {
    const id = `${algorithm} ${mapKey(publicKey)}`
    if (!keys.has(id)) {
      if (keys.size >= REMEMBERED_MAX) keys.clear()
      keys.set(id, remembering(importHandle(algorithm, publicKey)))
    }
    return keys.get(id)
  }
}

function remembering(handle: KeyHandle | undefined): KeyHandle | undefined {
  if (handle === undefined) return undefined
  const known = new Map<string, boolean>()
  return {
    verifies(data, signature) {
      const id = `${mapKey(signature)} ${mapKey(data)}`
      let good = known.get(id)
      if (good === undefined) {
        if (known.size >= REMEMBERED_MAX) known.clear()
        good = handle.verifies(data, signature)
        known.set(id, good)
      }
      return good
    },
  }
}
