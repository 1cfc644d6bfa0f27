/**
 * The root anchors as IANA publishes them (RFC 9718): getting the two files, and believing them by the signature of ICANN,
 * whichever way they came.
 */
import { readFileSync } from 'node:fs'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { dirname, join } from 'node:path'
import { PACKAGED_ANCHORS } from '../../config/load.ts'
import { type PublishedKey, parseAnchorXml } from '../../dnssec/anchor-xml.ts'

/** Name of the file with the keys, here and where IANA publishes it. */
export const XML_FILE = 'root-anchors.xml'
/** Name of the file with the signature. */
export const SIGNATURE_FILE = 'root-anchors.p7s'

/** The files have some 3 KiB each. */
const RESPONSE_OCTETS_MAX = 65_536
const RESPONSE_MS_MAX = 10_000

/** How the host of an address of the web is resolved; by the system when left out. */
export type HostLookup = LookupFunction

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
  const xml = await download(new URL(XML_FILE, base), lookup)
  if (typeof xml === 'string') return { unreachable: xml }
  const signature = await download(new URL(SIGNATURE_FILE, base), lookup)
  if (typeof signature === 'string') return { unreachable: signature }
  return verifyPublished(xml, signature, nowSeconds, pinnedPem)
}

/** The octets of a page, or a sentence that says why there are none. Redirections are not followed. */
function download(url: URL, lookup?: HostLookup): Promise<Uint8Array | string> {
  return new Promise((resolve) => {
    const fail = (why: string): void => resolve(`${url} cannot be fetched: ${why}`)
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const options = { signal: AbortSignal.timeout(RESPONSE_MS_MAX), ...(lookup && { lookup }) }
    const request = get(url, options, (response) => {
      if (response.statusCode !== 200) {
        response.destroy()
        return fail(`the server said ${response.statusCode}`)
      }
      const chunks: Buffer[] = []
      let octets = 0
      response.on('data', (chunk: Buffer) => {
        octets += chunk.length
        chunks.push(chunk)
        if (octets > RESPONSE_OCTETS_MAX) {
          fail(`more than ${RESPONSE_OCTETS_MAX} octets`)
          response.destroy()
        }
      })
      response.on('error', (error) => fail(error.message))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
    request.on('error', (error) => {
      fail(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? 'it took too long'
          : networkReason(error),
      )
    })
  })
}

function networkReason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return 'its name cannot be resolved; is this machine connected?'
  }
  return error.code === undefined || error.message.includes(error.code)
    ? error.message
    : `${error.message} (${error.code})`
}
