/** Serial number arithmetic of 32 bits (RFC 1982), as RRSIG times need it (RFC 4034 3.1.5). */

/**
 * How far `a` lies after `b`: -2^31 to 2^31 - 1, negative when before. Two numbers exactly 2^31 apart have no order;
 * they count as "before" both ways, which makes a signature that long invalid.
 */
export function serialDifference(a: number, b: number): number {
  return (a - b) | 0
}

/** Seconds since 1970 as the 32 bits an RRSIG compares with; wraps in 2106. */
export function serialTime(unixSeconds: number): number {
  return unixSeconds >>> 0
}

/**
 * The moment, seconds since 1970 without wrapping, that a serial time means when read at `nowSeconds`:
 * within 68 years of it.
 */
export function unwrapSerialTime(serial: number, nowSeconds: number): number {
  return nowSeconds + serialDifference(serial, serialTime(nowSeconds))
}
