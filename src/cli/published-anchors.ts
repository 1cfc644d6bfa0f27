/** What the commands about anchors share. */

import { readBoundedFile } from '../config/text-file.ts'
import { type Verified, verifyPublished as verify } from '../daemon/anchors/publication.ts'
import { UnusableInput } from './exit-code.ts'

/** Reads a file that the user named. */
export function readGiven(path: string): Uint8Array {
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new UnusableInput(`${path} cannot be read: ${octets}`)
  return octets
}

/** Verifies a pair of files with the certificates of a file, or with the one that comes with the package. */
export function verifyPublished(
  xml: Uint8Array,
  signature: Uint8Array,
  nowSeconds: number,
  caFile?: string,
): Promise<Verified> {
  const pem = caFile === undefined ? undefined : Buffer.from(readGiven(caFile)).toString('utf8')
  return verify(xml, signature, nowSeconds, pem)
}

/** `2026-10-04`. */
export function formatDay(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10)
}
