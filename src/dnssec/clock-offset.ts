/** A clock held against signatures that somebody made lately: where all of them lie on one side of it, it is wrong. */
import { parseRrsig } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import { serialDifference, serialTime, unwrapSerialTime } from './serial.ts'

/** How a clock is wrong. */
export interface ClockOffset {
  /** `ahead`: all signatures had ended; `behind`: none had begun. */
  readonly side: 'ahead' | 'behind'
  /** At least so much. */
  readonly seconds: number
  /** The end, or beginning, that is nearest: seconds since 1970. */
  readonly edgeSeconds: number
}

/**
 * Undefined where a signature holds, some lie on either side, or there is none.
 *
 * @param skewSecondsMax tolerance for clocks of signers that are ahead
 */
export function clockOffset(
  rrsets: readonly Rrset[],
  nowSeconds: number,
  skewSecondsMax: number,
): ClockOffset | undefined {
  const signatures = rrsets
    .flatMap((rrset) => rrset.signatures)
    .map(parseRrsig)
    .filter((rrsig) => rrsig !== undefined)
  if (signatures.length === 0) return undefined
  const now = serialTime(nowSeconds)
  const ended = signatures.every((rrsig) => serialDifference(now, rrsig.expiration) > 0)
  const notBegun = signatures.every((rrsig) => serialDifference(rrsig.inception, now) > skewSecondsMax)
  if (!ended && !notBegun) return undefined
  const edges = signatures.map((rrsig) =>
    unwrapSerialTime(ended ? rrsig.expiration : rrsig.inception, nowSeconds),
  )
  const edgeSeconds = ended ? Math.max(...edges) : Math.min(...edges)
  return { side: ended ? 'ahead' : 'behind', seconds: Math.abs(nowSeconds - edgeSeconds), edgeSeconds }
}
