/** What a search among NSEC or NSEC3 records finds; `denial.ts` makes verdicts of it. */
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, type Name, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { bitmapHas, bitmapTypes, type TypeBitmap } from '../wire/rdata/type-bitmap.ts'
import { hasNxname, isDelegation } from './evidence.ts'

/**
 * - `proven`, perhaps by NXNAME (RFC 9824)
 * - `opt-out`: proven but for unsigned delegations that the span may hide
 * - `missing`: no record says it
 * - `wrong`: a record says the opposite
 */
export type Finding =
  | { readonly kind: 'proven'; readonly closestEncloser?: Name; readonly nxname?: true }
  | { readonly kind: 'opt-out'; readonly closestEncloser: Name }
  | { readonly kind: 'missing'; readonly what: string }
  | { readonly kind: 'wrong'; readonly what: string }

/** The same, where a DS set was looked for. */
export type NoDsFinding =
  | { readonly kind: 'insecure-delegation' | 'not-a-cut' | 'name-error' | 'opt-out' }
  | { readonly kind: 'missing'; readonly what: string }
  | { readonly kind: 'wrong'; readonly what: string }

/** Nothing covers the name. */
export function uncovered(record: 'NSEC' | 'NSEC3', name: Name): Finding & { readonly kind: 'missing' } {
  return { kind: 'missing', what: `no ${record} covers ${formatName(name)}` }
}

/** A record says that the name is there. */
export function exists(name: Name): Finding & { readonly kind: 'wrong' } {
  return { kind: 'wrong', what: `${formatName(name)} exists` }
}

/** Judges the types at a name, or at the wildcard that stands for it, where `qtype` should be absent. */
export function absenceOf(qtype: number, types: TypeBitmap, at: Name, zone: Name): Finding {
  if (qtype === TYPE.DS) {
    // The child's side of the cut says nothing of the DS set (attack A15). The root has no parent.
    const childSide = namesEqual(at, zone) || bitmapHas(types, TYPE.SOA)
    if (childSide && !isRoot(at))
      return { kind: 'wrong', what: `${formatName(at)} is seen from the child's side` }
  } else if (isDelegation(types)) {
    return { kind: 'wrong', what: `${formatName(at)} is a delegation seen from the parent's side` }
  }
  if (qtype === TYPE.ANY) {
    const present = bitmapTypes(types).find((type) => !BELONGS_TO_PROOF.has(type))
    if (present !== undefined) return { kind: 'wrong', what: `${formatName(at)} has ${formatType(present)}` }
  }
  for (const type of [qtype, TYPE.CNAME]) {
    if (bitmapHas(types, type)) return { kind: 'wrong', what: `${formatName(at)} has ${formatType(type)}` }
  }
  return hasNxname(types) ? { kind: 'proven', nxname: true } : { kind: 'proven' }
}

const BELONGS_TO_PROOF: ReadonlySet<number> = new Set([TYPE.NSEC, TYPE.RRSIG, TYPE.NXNAME])

/** Judges the types at a name where a zone cut may be; `child` lies below the apex. */
export function cutAt(types: TypeBitmap, child: Name): NoDsFinding {
  const at = formatName(child)
  if (bitmapHas(types, TYPE.SOA)) return { kind: 'wrong', what: `${at} is seen from the child's side` }
  if (bitmapHas(types, TYPE.DS)) return { kind: 'wrong', what: `${at} has DS` }
  if (hasNxname(types)) return { kind: 'name-error' }
  return { kind: bitmapHas(types, TYPE.NS) ? 'insecure-delegation' : 'not-a-cut' }
}
