/** `sigill anchor fetch`: gets the root anchors from IANA, verifies them, and writes them as DS records. */
import { systemClock } from '../base/clock.ts'
import { fetchPublished, XML_FILE } from '../daemon/anchors/publication.ts'
import { anchorsInForce } from '../dnssec/anchor-xml.ts'
import { anchorText, writeAnchors } from './anchor-output.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'

/** What the command was told. */
export interface AnchorFetchOptions {
  /** Where the files are published. */
  readonly url?: string
  /** File to write; standard output when left out. */
  readonly output?: string
}

/** IANA's, as RFC 9718 3 has it. */
export const PUBLISHED_URL = 'https://data.iana.org/root-anchors/'

/** Fetches and verifies. What is not signed by ICANN is not written. */
export async function anchorFetch(
  options: AnchorFetchOptions,
  print: (text: string) => void,
  printError: (text: string) => void,
): Promise<ExitCode> {
  const base = parseUrl(options.url ?? PUBLISHED_URL)
  const nowSeconds = systemClock().unixSeconds()
  const published = await fetchPublished(base, nowSeconds)
  if ('unreachable' in published) {
    printError(`sigill: ${published.unreachable}\n`)
    return EXIT.NO
  }
  if ('refused' in published) {
    printError(`sigill: ${new URL(XML_FILE, base)} is not believed: ${published.refused}\n`)
    return EXIT.NO
  }
  const remark = `Root trust anchors from ${base}, verified with ICANN's signature.`
  await writeAnchors(anchorText(remark, anchorsInForce(published.keys, nowSeconds)), options.output, print)
  return EXIT.DONE
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // The signature makes plain HTTP as good as HTTPS.
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UnusableInput(`"${text}" is not an address of the web; expected one such as ${PUBLISHED_URL}`)
  }
  return url
}
