/** SVCB and HTTPS RDATA (RFC 9460 2.2): priority, target and parameters. */
import { readU16 } from '../integers.ts'
import { nameLengthAt } from '../name.ts'

/** Keys of parameters (RFC 9460 14.3.2). */
export const SVC_PARAM = { IPV4HINT: 4, IPV6HINT: 6 } as const

/**
 * The value of a parameter.
 *
 * @returns undefined when the record does not have it, or ends before it
 */
export function svcParameter(rdata: Uint8Array, key: number): Uint8Array | undefined {
  const targetOctets = nameLengthAt(rdata, 2, rdata.length)
  if (targetOctets === 0) return undefined
  for (let at = 2 + targetOctets; at + 4 <= rdata.length; ) {
    const end = at + 4 + readU16(rdata, at + 2)
    if (end > rdata.length) return undefined
    if (readU16(rdata, at) === key) return rdata.subarray(at + 4, end)
    at = end
  }
  return undefined
}
