/** Which DNSKEY algorithms this platform can verify. */
import { ALGORITHM_VECTORS, type AlgorithmVector } from './algorithm-vectors.ts'
import { importHandle, type KeyImport } from './keys.ts'

const MESSAGE: Uint8Array = Uint8Array.from(Buffer.from('sigill'))
const OTHER_MESSAGE: Uint8Array = Uint8Array.from(Buffer.from('sigilL'))

/**
 * The algorithms that verify a good signature and refuse a bad one, tried once at start. All others count as
 * unsupported: zones signed only with them are insecure, never bogus (RFC 4035 5.2), for instance where the
 * platform's policy forbids SHA-1.
 *
 * @param vectors the built-in ones, or a test's
 * @param importKey how keys are read; by node:crypto when left out
 */
export function selfTest(
  vectors: readonly AlgorithmVector[] = ALGORITHM_VECTORS,
  importKey: KeyImport = importHandle,
): ReadonlySet<number> {
  const passed = new Set<number>()
  for (const { algorithm, publicKey, signature } of vectors) {
    const handle = importKey(algorithm, octetsOf(publicKey))
    if (handle === undefined) continue
    const octets = octetsOf(signature)
    if (!handle.verifies(MESSAGE, octets) || handle.verifies(OTHER_MESSAGE, octets)) continue
    passed.add(algorithm)
  }
  return passed
}

function octetsOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}
