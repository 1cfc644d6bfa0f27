/** Looking names up among NSEC3 records (RFC 5155 5, 8). */
import { compareOctets, octetsEqual } from '../base/octets.ts'
import { labelCount, lastLabels, type Name, nameKey } from '../wire/name.ts'
import type { TypeBitmap } from '../wire/rdata/type-bitmap.ts'
import type { Sha1Allowance } from './budget.ts'
import { nsec3Hash } from './nsec3-hash.ts'

/** One NSEC3 record, its owner's hash read from the first label. */
export interface HashedRecord {
  readonly hash: Uint8Array
  readonly nextHash: Uint8Array
  readonly optOut: boolean
  readonly types: TypeBitmap
}

/** The closest encloser proof (RFC 5155 8.3). */
export interface EncloserProof {
  readonly encloser: Name
  /** The record that matches the closest encloser. */
  readonly match: HashedRecord
  readonly nextCloser: Name
  /** The record that covers the next closer name. */
  readonly cover: HashedRecord
}

/** Hashes of names under one set of parameters: each is computed once, and charged to the allowance. */
export class NameHashes {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly #zone: Name
  readonly #allowance: Sha1Allowance
  readonly #hashes = new Map<string, Uint8Array>()
  #exhausted = false

  /** @param zone whose names they are */
  constructor(zone: Name, iterations: number, salt: Uint8Array, allowance: Sha1Allowance) {
    this.iterations = iterations
    this.salt = salt
    this.#zone = zone
    this.#allowance = allowance
  }

  /** True once a hash was refused. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /** The hash of the name; undefined when it is refused. */
  of(name: Name): Uint8Array | undefined {
    const key = nameKey(name)
    let hash = this.#hashes.get(key)
    if (hash === undefined) {
      if (!this.#allowance.takeSha1(this.iterations + 1, this.#zone)) {
        this.#exhausted = true
        return undefined
      }
      hash = nsec3Hash(name, this.iterations, this.salt)
      this.#hashes.set(key, hash)
    }
    return hash
  }
}

/** NSEC3 records of one zone that share their parameters. */
export class Nsec3Chain {
  readonly #zone: Name
  readonly #records: readonly HashedRecord[]
  readonly #hashes: NameHashes

  constructor(zone: Name, records: readonly HashedRecord[], hashes: NameHashes) {
    this.#zone = zone
    this.#records = records
    this.#hashes = hashes
  }

  /** True once a hash was refused by the budget: what was not found may be there all the same. */
  get exhausted(): boolean {
    return this.#hashes.exhausted
  }

  /** The record whose owner is the hash of the name. */
  matching(name: Name): HashedRecord | undefined {
    const hash = this.#hashes.of(name)
    return hash && this.#records.find((record) => octetsEqual(record.hash, hash))
  }

  /** A record whose span holds the hash of the name, ends not included. */
  covering(name: Name): HashedRecord | undefined {
    const hash = this.#hashes.of(name)
    return hash && this.#records.find((record) => covers(record, hash))
  }

  /**
   * The closest encloser of a name that does not exist, searched from the apex down: where the next closer name is
   * covered nothing below it exists, so the search ends there, however many labels an attacker adds (CVE-2023-50868).
   */
  closestEncloser(name: Name): EncloserProof | undefined {
    const labels = labelCount(name)
    for (let count = labelCount(this.#zone); count < labels && !this.exhausted; count++) {
      const encloser = lastLabels(name, count)
      const match = this.matching(encloser)
      if (match === undefined) continue
      const nextCloser = lastLabels(name, count + 1)
      const cover = this.covering(nextCloser)
      if (cover !== undefined) return { encloser, match, nextCloser, cover }
    }
    return undefined
  }
}

/** RFC 5155 8.3; the last record's span goes over the end of the hash order back to the first. */
function covers({ hash: from, nextHash: to }: HashedRecord, hash: Uint8Array): boolean {
  const after = compareOctets(from, hash) < 0
  const before = compareOctets(hash, to) < 0
  return compareOctets(from, to) < 0 ? after && before : after || before
}
