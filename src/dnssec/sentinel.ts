/** The root key trust anchor sentinel (RFC 8509): lets a client learn which root keys a resolver believes in. */

/** What the first label of a question asks. */
export interface RootKeySentinel {
  readonly kind: 'is-ta' | 'not-ta'
  readonly keyTag: number
}

const PATTERN = /^root-key-sentinel-(is|not)-ta-([0-9]{5})$/i

/**
 * Reads one label, case ignored.
 *
 * @param label its octets, without the length octet
 * @returns undefined when it is no sentinel label: the tag must have five digits and fit 16 bits
 */
export function rootKeySentinel(label: Uint8Array): RootKeySentinel | undefined {
  const match = PATTERN.exec(Buffer.from(label.buffer, label.byteOffset, label.length).toString('latin1'))
  const keyTag = Number(match?.[2])
  if (match === null || keyTag > 0xffff) return undefined
  return { kind: match[1]!.toLowerCase() === 'is' ? 'is-ta' : 'not-ta', keyTag }
}
