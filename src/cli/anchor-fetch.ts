/** `sigill anchor fetch`: gets the root anchors from IANA, verifies them, and writes them as DS records. */
import { renameSync, writeFileSync } from 'node:fs'
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import { systemClock } from '../base/clock.ts'
import { reasonOf } from '../config/text-file.ts'
import { anchorsInForce } from '../dnssec/anchor-xml.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { formatRecord } from '../wire/zone-text.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { SIGNATURE_FILE, verifyPublished, XML_FILE } from './published-anchors.ts'

/** What the command was told. */
export interface AnchorFetchOptions {
  /** Where the files are published. */
  readonly url?: string
  /** File to write; standard output when left out. */
  readonly output?: string
}

/** IANA's, as RFC 9718 3 has it. */
export const PUBLISHED_URL = 'https://data.iana.org/root-anchors/'

/** The files have some 3 KiB each. */
const RESPONSE_OCTETS_MAX = 65_536
const RESPONSE_MS_MAX = 10_000

/** Fetches and verifies. What is not signed by ICANN is not written. */
export async function anchorFetch(
  options: AnchorFetchOptions,
  print: (text: string) => void,
  printError: (text: string) => void,
): Promise<ExitCode> {
  const base = parseUrl(options.url ?? PUBLISHED_URL)
  const xml = await download(new URL(XML_FILE, base))
  const signature = typeof xml === 'string' ? xml : await download(new URL(SIGNATURE_FILE, base))
  if (typeof xml === 'string' || typeof signature === 'string') {
    printError(`sigill: ${xml instanceof Uint8Array ? signature : xml}\n`)
    return EXIT.NO
  }
  const nowSeconds = systemClock().unixSeconds()
  const verified = await verifyPublished(xml, signature, nowSeconds)
  if ('refused' in verified) {
    printError(`sigill: ${new URL(XML_FILE, base)} is not believed: ${verified.refused}\n`)
    return EXIT.NO
  }
  const lines = anchorsInForce(verified.keys, nowSeconds).map(({ zone, ds }) =>
    formatRecord({ owner: zone, type: TYPE.DS, class: CLASS.IN, ttlSeconds: 0, rdata: ds! }).replace(
      /\t0\t/,
      '\t',
    ),
  )
  const text = `; Root trust anchors from ${base}, verified with ICANN's signature.\n${lines.join('\n')}\n`
  if (options.output === undefined) print(text)
  else replaceFile(options.output, text)
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

/** A reader of the file sees the old text or the new, never half. */
function replaceFile(path: string, text: string): void {
  const fresh = `${path}.new`
  try {
    writeFileSync(fresh, text)
    renameSync(fresh, path)
  } catch (error) {
    throw new UnusableInput(`${path} cannot be written: ${reasonOf(error)}`)
  }
}

/** The octets of a page, or a sentence that says why there are none. Redirections are not followed. */
function download(url: URL): Promise<Uint8Array | string> {
  return new Promise((resolve) => {
    const fail = (why: string): void => resolve(`${url} cannot be fetched: ${why}`)
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const request = get(url, { signal: AbortSignal.timeout(RESPONSE_MS_MAX) }, (response) => {
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
