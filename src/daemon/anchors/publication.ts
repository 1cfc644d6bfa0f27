/**
 * The root anchors as IANA publishes them (RFC 9718): getting the two files, and believing them by the signature of ICANN,
 * whichever way they came.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PACKAGED_ANCHORS } from '../../config/load.ts'
import { type PublishedKey, parseAnchorXml } from '../../dnssec/anchor-xml.ts'
import { download, type HostLookup } from '../download.ts'

/** Name of the file with the keys, here and where IANA publishes it. */
export const XML_FILE = 'root-anchors.xml'
/** Name of the file with the signature. */
export const SIGNATURE_FILE = 'root-anchors.p7s'

/** The files have some 3 KiB each. */
const RESPONSE_OCTETS_MAX = 65_536
const RESPONSE_MS_MAX = 10_000

/** Path of a file that comes with the package. */
export function packagedFile(name: string): string {
  return join(dirname(PACKAGED_ANCHORS), name)
}

/** The keys that IANA has published, as far as this package knows. */
export function packagedKeys(): readonly PublishedKey[] {
  const keys = parseAnchorXml(readFileSync(packagedFile(XML_FILE), 'utf8'))
  return typeof keys === 'string' ? [] : keys
}

/** Keys whose signature held, and until when their signer's certificate is valid; or why they are not believed. */
export type Verified =
  | { readonly keys: readonly PublishedKey[]; readonly signerExpiresSeconds: number }
  | { readonly refused: string }

/**
 * Verifies a pair of files.
 *
 * @param pinnedPem certificates to end in; the root certificate of ICANN that comes with the package when left out
 */
export async function verifyPublished(
  xml: Uint8Array,
  signature: Uint8Array,
  nowSeconds: number,
  pinnedPem: string = readFileSync(packagedFile('icann-root-ca.pem'), 'utf8'),
): Promise<Verified> {
  // The reader of ASN.1 takes some time to load, and is hardly ever needed.
  const { verifyRootAnchors } = await import('../../dnssec/anchor-file.ts')
  const verdict = verifyRootAnchors(xml, signature, pinnedPem, nowSeconds)
  if (verdict.status === 'refused') return { refused: verdict.detail }
  return { keys: verdict.keys, signerExpiresSeconds: verdict.signerExpiresSeconds }
}

/** What came of getting the anchors: verified keys, or a sentence that says why there are none. */
export type Published = Verified | { readonly unreachable: string }

/**
 * Gets both files and verifies them. The signature makes plain HTTP as good as HTTPS.
 *
 * @param base the folder that they are in
 */
export async function fetchPublished(
  base: URL,
  nowSeconds: number,
  { lookup, pinnedPem }: { readonly lookup?: HostLookup; readonly pinnedPem?: string } = {},
): Promise<Published> {
  const bounds = { octetsMax: RESPONSE_OCTETS_MAX, timeoutMs: RESPONSE_MS_MAX, lookup }
  const xml = await download(new URL(XML_FILE, base), bounds)
  if ('fault' in xml) return { unreachable: xml.fault }
  const signature = await download(new URL(SIGNATURE_FILE, base), bounds)
  if ('fault' in signature) return { unreachable: signature.fault }
  return verifyPublished(xml.octets, signature.octets, nowSeconds, pinnedPem)
}
