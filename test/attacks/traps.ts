/** Zones whose keys and signatures are made to cost a validator work: KeyTrap (CVE-2023-50387) and keys that cannot be imported. */
import { deriveKey, type LabKey, republishKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { makeDs, signRrset } from '../../src/lab/signer.ts'
import { type Defect, splitKeys } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { keyTagOf } from '../../src/wire/rdata/dnskey.ts'
import { zone } from '../support/world.ts'

/** Flags of a key that may sign: Zone Key set, REVOKE clear; all others mean nothing, so a tag can be had by them. */
const FLAGS_MATTER = 0x0180

/** Usable keys of one tag, none of them with a signature that goes with it. */
export function collidingKeys(label: string, algorithm: number, count: number): LabKey[] {
  const keys = [deriveKey(label, algorithm, ZSK_FLAGS)]
  const tag = keys[0]!.keyTag
  for (let i = 0; keys.length < count; i++) {
    const plain = deriveKey(`${label}/${i}`, algorithm, ZSK_FLAGS)
    // The carry of the sum may add one.
    for (const carry of [0, 1]) {
      const flags = (ZSK_FLAGS + tag - plain.keyTag - carry) & 0xffff
      if ((flags & FLAGS_MATTER) !== ZSK_FLAGS) continue
      const key = republishKey(plain, flags)
      if (key.keyTag !== tag) continue
      keys.push(key)
      break
    }
  }
  return keys
}

/**
 * Keys with the tag of this RDATA: two words of it differ in each, and their sum stays.
 *
 * @param dnskey RDATA of at least 12 octets; what stands before the eighth is kept
 */
export function keysLike(key: LabKey, dnskey: Uint8Array, count: number): LabKey[] {
  const words = new DataView(dnskey.slice().buffer)
  const sum = words.getUint16(8) + words.getUint16(10)
  const least = Math.max(0, sum - 0xffff)
  if (Math.min(sum, 0xffff) - least < count) throw new RangeError('too few such keys')
  return Array.from({ length: count }, (_, i) => {
    const rdata = dnskey.slice()
    const view = new DataView(rdata.buffer)
    view.setUint16(8, least + i)
    view.setUint16(10, sum - least - i)
    return { ...key, dnskey: rdata, keyTag: keyTagOf(rdata) }
  })
}

/** What a trap is made of. */
export interface Trap {
  readonly algorithm: number
  /** Published beside the honest keys. */
  readonly decoys: readonly LabKey[]
  /** Wrong signatures over the address, by the tag of `signer`. */
  readonly signatures: number
  /** DS records of decoys beside the honest one, and as many wrong signatures over the DNSKEY set. */
  readonly ds?: number
  readonly signer: LabKey
}

/** The zone `trap.test.`: its DNSKEY set is as it should be, unless there are DS records of decoys; its address is not. */
export function trapZone({ algorithm, decoys, signatures, ds = 0, signer }: Trap): LabZone {
  const apex = nameFrom('trap.test')
  const forged =
    (owner: Name, type: number, count: number): Defect =>
    (records) => {
      const covered = records.filter((record) => record.type === type && namesEqual(record.owner, owner))
      const first = covered[0]!
      const rrset = { ...first, rdatas: covered.map(({ rdata }) => rdata), signatures: [] }
      const span = { inception: 1_700_000_000, expiration: 2_000_000_000 }
      const honest = signRrset(rrset, { key: signer, signer: apex, span })
      const wrong = Array.from({ length: count }, (_, i) => {
        const rdata = honest.slice()
        new DataView(rdata.buffer).setUint16(rdata.length - 4, i)
        return { ...first, type: TYPE.RRSIG, rdata }
      })
      return [...records, ...wrong]
    }
  return zone('trap.test.', {
    signing: {
      algorithm,
      keys: (name) => [
        ...splitKeys(name, algorithm).map((use) => ({ ...use, signsZone: false, signsKeys: ds === 0 })),
        ...decoys.map((key) => ({ key, published: true, signsKeys: false, signsZone: false })),
      ],
    },
    ...(ds === 0
      ? {}
      : { ds: (owner: Name) => decoys.slice(0, ds).map((key) => makeDs(owner, key, DIGEST.SHA256)) }),
    defects: [
      forged(nameFrom('www.trap.test'), TYPE.A, signatures),
      ...(ds === 0 ? [] : [forged(apex, TYPE.DNSKEY, ds)]),
    ],
  })
}
