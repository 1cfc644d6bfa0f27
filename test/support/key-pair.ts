/**
 * New key pairs. They are made by way of DER: Node 20 hangs for ever where it collects the job that made a key in the
 * moment in which that key is exported as JWK, since both take the same lock (`~KeyGenJob`, `ExportJWKEcKey`).
 */
import {
  createPrivateKey,
  createPublicKey,
  type ED25519KeyPairOptions,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** What key: a curve, or the bits of an RSA modulus. */
export type KeyKind = 'P-256' | 'P-384' | 'ed25519' | 'ed448' | number

const ENCODED: Pick<ED25519KeyPairOptions<'der', 'der'>, 'publicKeyEncoding' | 'privateKeyEncoding'> = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
}

export function freshKeyPair(kind: KeyKind): KeyPair {
  const { publicKey, privateKey } = encodedPair(kind)
  return {
    publicKey: createPublicKey({ key: publicKey, type: 'spki', format: 'der' }),
    privateKey: createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' }),
  }
}

function encodedPair(kind: KeyKind): { publicKey: Buffer; privateKey: Buffer } {
  switch (kind) {
    case 'P-256':
    case 'P-384':
      return generateKeyPairSync('ec', { namedCurve: kind, ...ENCODED })
    case 'ed25519':
      return generateKeyPairSync('ed25519', ENCODED)
    case 'ed448':
      return generateKeyPairSync('ed448', ENCODED)
    default:
      return generateKeyPairSync('rsa', { modulusLength: kind, ...ENCODED })
  }
}
