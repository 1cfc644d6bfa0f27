/**
 * Keys of ECDSA P-256 by an addon (`p256.c`). node:crypto makes an object of a key first, which takes 150 µs until it has
 * verified something, more than twice as long as the arithmetic of verifying; and of a zone that is met for the first time, each key is used
 * once. The addon has the same OpenSSL verify from the key's octets. Where it is not, node:crypto does it.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { P256_USES_BEFORE_TABLE } from '../base/limits.ts'
import { ALGORITHM_VECTORS } from '../dnssec/algorithm-vectors.ts'
import { selfTest } from '../dnssec/algorithms.ts'
import { importHandle, type KeyHandle, type KeyImport } from '../dnssec/keys.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'

/** Where the build puts the addon. */
export const P256_PATH: string = join(import.meta.dirname, 'p256.node')

/** What `p256.c` makes; nothing of it where this Node shares too little of its OpenSSL. */
interface P256Addon {
  /** True for the two coordinates of a point of the curve; they must be 64 octets. */
  isKey?(key: Uint8Array): boolean
  /** Key and signature must be 64 octets each. */
  verifies?(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean
  /**
   * Has a table of a key's multiples made beside everything else: what is verified with it takes little more than half as
   * long. One is made at a time, and none when others have all places and are in use. Left out where this Node shares too little of its
   * OpenSSL for that, or its OpenSSL goes by no tables.
   *
   * @returns whether the key, 64 octets, has one
   */
  prepare?(key: Uint8Array): boolean
}

const KEY_OCTETS = 64
const SIGNATURE_OCTETS = 64
const VECTORS = ALGORITHM_VECTORS.filter(({ algorithm }) => algorithm === ALGORITHM.ECDSAP256SHA256)

/** The way to read public keys: the addon's where it is and passes the self-test, else and for all other algorithms node:crypto's. */
export function quickestKeyImport(path: string = P256_PATH): KeyImport {
  const importP256 = addonImport(path)
  if (importP256 === undefined) return importHandle
  return (algorithm, publicKey) =>
    algorithm === ALGORITHM.ECDSAP256SHA256 ? importP256(publicKey) : importHandle(algorithm, publicKey)
}

/** Reads keys by the addon alone; undefined where there is none that does as it should. */
export function addonImport(
  path: string = P256_PATH,
): ((publicKey: Uint8Array) => KeyHandle | undefined) | undefined {
  let addon: P256Addon
  try {
    addon = createRequire(import.meta.url)(path)
  } catch {
    return undefined
  }
  const { isKey, verifies, prepare = () => true } = addon
  if (isKey === undefined || verifies === undefined) return undefined
  const read = (publicKey: Uint8Array): KeyHandle | undefined => {
    if (publicKey.length !== KEY_OCTETS || !isKey(publicKey)) return undefined
    const key = publicKey.slice()
    let uses = 0
    return {
      verifies: (data, signature) => {
        if (signature.length !== SIGNATURE_OCTETS || !verifies(key, data, signature)) return false
        // Nobody has a table made of wrong signatures.
        if (++uses >= P256_USES_BEFORE_TABLE) {
          uses = 0
          prepare(key)
        }
        return true
      },
    }
  }
  const passed = selfTest(VECTORS, (_, publicKey) => read(publicKey))
  return passed.has(ALGORITHM.ECDSAP256SHA256) ? read : undefined
}
