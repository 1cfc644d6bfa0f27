/** Keys that verify each signature over the same data once: what engines of one world ask again and again. */
import { mapKey } from '../../src/base/octets.ts'
import { importHandle, type KeyHandle, type KeyImport } from '../../src/dnssec/keys.ts'

/** Verdicts kept before all are forgotten; those of damaged data never end. */
const VERDICTS_MAX = 20_000

/** Imports as production does, and remembers what came of it: for any number of engines in one process. */
export function rememberedKeys(): KeyImport {
  const handles = new Map<string, KeyHandle | undefined>()
  return (algorithm, publicKey) => {
    const id = `${algorithm} ${mapKey(publicKey)}`
    if (!handles.has(id)) {
      if (handles.size >= VERDICTS_MAX) handles.clear()
      const handle = importHandle(algorithm, publicKey)
      handles.set(id, handle && remembered(handle))
    }
    return handles.get(id)
  }
}

function remembered(handle: KeyHandle): KeyHandle {
  const verdicts = new Map<string, boolean>()
  return {
    verifies(data: Uint8Array, signature: Uint8Array): boolean {
      const id = `${mapKey(signature)} ${mapKey(data)}`
      let verdict = verdicts.get(id)
      if (verdict === undefined) {
        if (verdicts.size >= VERDICTS_MAX) verdicts.clear()
        verdict = handle.verifies(data, signature)
        verdicts.set(id, verdict)
      }
      return verdict
    },
  }
}
