/** When data in the RRset cache gives way to other data of the same name and type. Ranks are looked at elsewhere. */
import { BOGUS_TTL_SECONDS, TTL_SECONDS_MAX } from '../base/limits.ts'
import type { Rrset } from '../wire/record.ts'
import type { CachedVerdict } from './entry-head.ts'
import { sameData } from './rrset-code.ts'

/** What is looked at of a verdict. */
type Verdict = Pick<CachedVerdict, 'status' | 'policySequence'>

/**
 * Whether data with one verdict may take the place of data with another.
 *
 * @param same whether both are the same data; asked only where it matters
 */
export function mayReplace(fresh: Verdict, old: Verdict, same: () => boolean): boolean {
  if (fresh.status === 'bogus') {
    const good = old.status === 'secure' || old.status === 'insecure'
    return !good || (fresh.policySequence > old.policySequence && same())
  }
  return fresh.status !== 'indeterminate' || old.status === 'indeterminate'
}

/**
 * True for the verdict on data that had none. What was asked of it before was asked by ourselves, to come to that verdict, or for
 * the client for whom it was fetched: nobody has come back for it.
 */
export function isFirstVerdict(
  fresh: Pick<Verdict, 'status'>,
  old: Pick<Verdict, 'status'> | undefined,
): boolean {
  return old?.status === 'indeterminate' && fresh.status !== 'indeterminate'
}

/** True when both hold the same RRsets in the same order. */
export function sameProof(a: readonly Rrset[], b: readonly Rrset[]): boolean {
  return a.length === b.length && a.every((rrset, i) => sameData(rrset, b[i]!))
}

/** Data of another kind is never the same. */
export function never(): boolean {
  return false
}

/** How long data with a verdict may stay at most. */
export function bogusCap({ status }: Pick<Verdict, 'status'>): number {
  return status === 'bogus' ? BOGUS_TTL_SECONDS : TTL_SECONDS_MAX
}
