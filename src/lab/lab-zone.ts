/** How a zone of the lab Internet is written down: the zone, its servers, and what a resolver must make of it. */
import { DIGEST } from '../wire/iana/digest-type.ts'
import type { Name } from '../wire/name.ts'
import type { Rewrite } from './authority.ts'
import type { Behaviour } from './behaviours.ts'
import type { Denial } from './denial-chain.ts'
import type { Expectation } from './expectation.ts'
import { type KeyUse, makeDs, type SigningPlan, type ValiditySpan } from './signer.ts'
import { type Defect, splitKeys, type ZonePlan } from './zone.ts'

/** A zone of the lab Internet. Names are text with the final dot. */
export interface LabZone {
  readonly name: string
  /** What is special about it, in a few words: the demo prints it. */
  readonly about: string
  /** Its content in master-file form, relative to the zone; SOA, NS and server addresses are added. */
  readonly content?: string
  /** Absent in an unsigned zone. */
  readonly signing?: Signing
  /** The DS RDATA that its parent holds; SHA-256 of the secure entry points when not given. */
  ds?(apex: Name, keys: readonly KeyUse[]): Uint8Array[]
  readonly defects?: readonly Defect[]
  /** Falsifies answers about this zone. */
  rewrites?(plan: ZonePlan): readonly Rewrite[]
  /** One server named `ns` in the zone when not given. */
  readonly servers?: readonly NameServer[]
  readonly questions: readonly Expectation[]
}

/** A name server of a zone. */
export interface NameServer {
  /** Relative names are completed with the zone's. */
  readonly name: string
  /** An address of its own, that of another zone's first server, or none at all. `own` when not given. */
  readonly address?: 'own' | 'none' | { readonly of: string }
  readonly behaviour?: Behaviour
}

/** How a zone is signed, times relative to the day the lab is built. */
export interface Signing {
  readonly algorithm: number
  /** NSEC when not given. */
  readonly denial?: Denial
  /** A KSK and a ZSK when not given. */
  keys?(zone: string, algorithm: number): readonly KeyUse[]
  /** Validity in days from now; from ten days ago for thirty days when not given. */
  readonly days?: readonly [inception: number, expiration: number]
}

const DAY_SECONDS = 86_400
const USUAL_DAYS = [-10, 20] as const
const NSEC: Denial = { kind: 'nsec' }

/** The keys of a zone, derived from its name. */
export function keysOf(zone: LabZone): readonly KeyUse[] {
  const { signing, name } = zone
  if (signing === undefined) return []
  return signing.keys?.(name, signing.algorithm) ?? splitKeys(name, signing.algorithm)
}

/** What signs the zone at a given time. */
export function signingPlan(
  zone: LabZone,
  keys: readonly KeyUse[],
  nowSeconds: number,
): SigningPlan | undefined {
  const { signing } = zone
  if (signing === undefined) return undefined
  return { keys, denial: signing.denial ?? NSEC, span: spanOf(signing.days ?? USUAL_DAYS, nowSeconds) }
}

/** Days from now as a validity. */
export function spanOf([inception, expiration]: readonly [number, number], nowSeconds: number): ValiditySpan {
  return {
    inception: nowSeconds + inception * DAY_SECONDS,
    expiration: nowSeconds + expiration * DAY_SECONDS,
  }
}

/** The DS RDATA that the parent of a zone holds. */
export function dsOf(zone: LabZone, apex: Name, keys: readonly KeyUse[]): Uint8Array[] {
  return zone.ds === undefined ? dsBy(DIGEST.SHA256)(apex, keys) : zone.ds(apex, keys)
}

/** DS records of one digest type for the keys that sign the DNSKEY RRset. */
export function dsBy(digestType: number): (apex: Name, keys: readonly KeyUse[]) => Uint8Array[] {
  return (apex, keys) => {
    return keys
      .filter((use) => use.published && use.signsKeys)
      .map((use) => makeDs(apex, use.key, digestType))
  }
}
