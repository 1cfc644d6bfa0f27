/** The root anchors as IANA publishes and ICANN signs them, and the copies that come with the package. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PACKAGED_ANCHORS } from '../config/load.ts'
import { readBoundedFile } from '../config/text-file.ts'
import type { PublishedKey } from '../dnssec/anchor-xml.ts'
import { UnusableInput } from './exit-code.ts'

/** Name of the file with the keys, here and where IANA publishes it. */
export const XML_FILE = 'root-anchors.xml'
/** Name of the file with the signature. */
export const SIGNATURE_FILE = 'root-anchors.p7s'

const PACKAGED_FOLDER = dirname(PACKAGED_ANCHORS)
const CA_FILE = join(PACKAGED_FOLDER, 'icann-root-ca.pem')

/** Path of a file that comes with the package. */
export function packagedFile(name: string): string {
  return join(PACKAGED_FOLDER, name)
}

/** Reads a file that the user named. */
export function readGiven(path: string): Uint8Array {
  const octets = readBoundedFile(path)
  if (typeof octets === 'string') throw new UnusableInput(`${path} cannot be read: ${octets}`)
  return octets
}

/** Keys whose signature held, and until when their signer's certificate is valid; or why they are not believed. */
export type Verified =
  | { readonly keys: readonly PublishedKey[]; readonly signerExpiresSeconds: number }
  | { readonly refused: string }

/** Verifies a pair of files with the root certificate of ICANN that comes with the package. */
export async function verifyPublished(
  xml: Uint8Array,
  signature: Uint8Array,
  nowSeconds: number,
  caFile: string = CA_FILE,
): Promise<Verified> {
  // The reader of ASN.1 takes some time to load, and only the anchor commands need it.
  const { verifyRootAnchors } = await import('../dnssec/anchor-file.ts')
  const pem =
    caFile === CA_FILE ? readFileSync(caFile, 'utf8') : Buffer.from(readGiven(caFile)).toString('utf8')
  const verdict = verifyRootAnchors(xml, signature, pem, nowSeconds)
  if (verdict.status === 'refused') return { refused: verdict.detail }
  return { keys: verdict.keys, signerExpiresSeconds: verdict.signerExpiresSeconds }
}

/** `2026-10-04`. */
export function formatDay(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10)
}
