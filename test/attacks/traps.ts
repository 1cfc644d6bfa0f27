/** Zones that are made to cost a validator work: KeyTrap (CVE-2023-50387), keys that cannot be imported, NSEC3 (CVE-2023-50868). */
import { NSEC3_ITERATIONS_MAX } from '../../src/base/limits.ts'
import { collidingKeys, keysLike } from '../../src/lab/colliding-keys.ts'
import type { Nsec3Denial } from '../../src/lab/denial-chain.ts'
import { deriveKey, type LabKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../src/lab/registry-zones.ts'
import { makeDs, signRrset } from '../../src/lab/signer.ts'
import { type Defect, splitKeys } from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { plainZone, SIGNED, WWW, zone } from '../support/world.ts'

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
  /** Names of its servers; one when left out. */
  readonly servers?: readonly string[]
}

/** The zone of a trap: its DNSKEY set is as it should be, unless there are DS records of decoys; its address is not. */
export function trapZone(
  { algorithm, decoys, signatures, ds = 0, signer, servers }: Trap,
  origin = 'trap.test',
): LabZone {
  const apex = nameFrom(origin)
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
  return zone(`${origin}.`, {
    signing: {
      algorithm,
      keys: (name) => [
        ...splitKeys(name, algorithm).map((use) => ({ ...use, signsZone: false, signsKeys: ds === 0 })),
        ...decoys.map((key) => ({ key, published: true, signsKeys: false, signsZone: false })),
      ],
    },
    ...(servers && { servers: servers.map((name) => ({ name })) }),
    ...(ds === 0
      ? {}
      : { ds: (owner: Name) => decoys.slice(0, ds).map((key) => makeDs(owner, key, DIGEST.SHA256)) }),
    defects: [
      forged(nameFrom(`www.${origin}`), TYPE.A, signatures),
      ...(ds === 0 ? [] : [forged(apex, TYPE.DNSKEY, ds)]),
    ],
  })
}

/** Keys that no import takes, as RDATA: each wrong in its way. */
export function brokenKeys(): [what: string, key: LabKey, dnskey: Uint8Array][] {
  const p256 = deriveKey('broken', ALGORITHM.ECDSAP256SHA256, ZSK_FLAGS)
  const rsa = deriveKey('broken', ALGORITHM.RSASHA256, ZSK_FLAGS)
  const withExponent = (...octets: number[]): Uint8Array =>
    Uint8Array.of(...rsa.dnskey.subarray(0, 4), ...octets, ...rsa.dnskey.subarray(8))
  return [
    ['a point beside the curve', p256, p256.dnskey],
    ['half a point', p256, p256.dnskey.subarray(0, 36)],
    ['an exponent of zero', rsa, withExponent(3, 0, 0, 0)],
    ['an exponent longer than the key', rsa, withExponent(0, 0xff, 0xff, 1)],
  ]
}

/** Four shapes of KeyTrap: many keys, many signatures, both, and many DS records. */
export function keyTraps(
  algorithm: number,
  count: { readonly keys: number; readonly signatures: number; readonly ds: number },
): { readonly signer: LabKey; readonly traps: readonly Pick<Trap, 'decoys' | 'signatures' | 'ds'>[] } {
  // Sixteen are more than anybody should try; the rest of the crowd lies beside the curve.
  const usable = collidingKeys('trap', algorithm, 16)
  const [signer] = usable as [LabKey]
  const decoys = [...usable.slice(1), ...keysLike(signer, signer.dnskey, count.keys - 15)]
  const { signatures, ds } = count
  const traps = [
    { decoys, signatures: 1 },
    { decoys: decoys.slice(0, 1), signatures },
    { decoys, signatures },
    { decoys, signatures: 1, ds },
  ]
  return { signer, traps }
}

/** A hundred labels. */
export const DEEP: string = 'a.'.repeat(100)

/** A zone that denies by NSEC3 with so many iterations, names at every depth of `DEEP`, and an unsigned zone below it. */
export function hashedZone(iterations: number, saltOctets: number, origin = 'z.test'): LabZone[] {
  const denial: Nsec3Denial = { ...PLAIN_NSEC3, iterations, salt: new Uint8Array(saltOctets).fill(0xab) }
  // Names that exist at every depth are what makes a proof long; the lab need not hash them where nobody else does.
  const deep = iterations > NSEC3_ITERATIONS_MAX ? '' : `${DEEP}b A 192.0.2.1\n`
  const content = `${WWW}*.w A 192.0.2.2\n${deep}`
  return [zone(`${origin}.`, { content, signing: { ...SIGNED, denial } }), plainZone(`sub.${origin}.`)]
}
