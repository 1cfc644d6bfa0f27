/** Crowds of keys with one tag, which make a validator try them all (CVE-2023-50387). */
import { keyTagOf } from '../wire/rdata/dnskey.ts'
import { deriveKey, type LabKey, republishKey, ZSK_FLAGS } from './keys.ts'

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
