/** Whole numbers of any size, for the lab's keys and signatures. */

/** The inverse of `a` modulo `m`, by Euclid. */
export function inverse(a: bigint, m: bigint): bigint {
  let [r0, r1] = [m, a % m]
  let [t0, t1] = [0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  return t0 < 0n ? t0 + m : t0
}

/** Big-endian octets, as few as the number needs. */
export function octetsOfNumber(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return new Uint8Array(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
}

/** The number that big-endian octets stand for. */
export function numberOf(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`)
}
