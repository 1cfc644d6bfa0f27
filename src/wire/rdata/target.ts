/** The names that records point at. */
import { type Name, nameFromOctets } from '../name.ts'

/** The one name of NS, CNAME, DNAME or PTR RDATA, a view; undefined when it is malformed. */
export function targetName(rdata: Uint8Array): Name | undefined {
  return nameFromOctets(rdata)
}

/** The exchange of MX RDATA (RFC 1035 3.3.9), a view. */
export function mxExchange(rdata: Uint8Array): Name | undefined {
  return rdata.length < 3 ? undefined : nameFromOctets(rdata.subarray(2))
}

/** The target of SRV RDATA (RFC 2782), a view. */
export function srvTarget(rdata: Uint8Array): Name | undefined {
  return rdata.length < 7 ? undefined : nameFromOctets(rdata.subarray(6))
}

/** The target of SVCB or HTTPS RDATA (RFC 9460 2.2), a view; parameters may follow it. */
export function svcbTarget(rdata: Uint8Array): Name | undefined {
  if (rdata.length < 3) return undefined
  let end = 2
  while (end < rdata.length && rdata[end] !== 0) end += rdata[end]! + 1
  return nameFromOctets(rdata.subarray(2, end + 1))
}
