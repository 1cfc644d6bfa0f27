/** Signatures of P-256 as DNSSEC has them, and what `p256.c` counts that its tests must know. */
import { sign } from 'node:crypto'
import { freshKeyPair } from './key-pair.ts'

/** Tables of a thread, and uses of others after which one gives its place away (`p256.c`). */
export const TABLES_MAX = 16
export const IDLE_USES = 4096

/** RFC 6605, section 4: the two numbers of the point, and of the signature, 64 octets each. */
export interface Signed {
  readonly key: Buffer
  readonly data: Buffer
  readonly signature: Buffer
}

/** A new key with a signature of so many octets. */
export function signed(octets: number): Signed {
  const { publicKey, privateKey } = freshKeyPair('P-256')
  const { x, y } = publicKey.export({ format: 'jwk' })
  const data = Buffer.from(Array.from({ length: octets }, (_, i) => i & 255))
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { key: Buffer.concat([Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]), data, signature }
}
