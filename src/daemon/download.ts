/** Getting one page of the web, within bounds of size and time. */
import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import type { LookupFunction } from 'node:net'

/** How the host of an address of the web is resolved; by the system when left out. */
export type HostLookup = LookupFunction

/** How a page is got. */
export interface DownloadOptions {
  readonly octetsMax: number
  /** For all of it. */
  readonly timeoutMs: number
  readonly lookup?: HostLookup | undefined
  /** The page is wanted only if it changed since: what `Page.lastModified` said. */
  readonly unlessSince?: string | undefined
  readonly signal?: AbortSignal
}

/** A page, or `unchanged`; a text is a sentence that says why there is none. */
export type Downloaded = Downloadable | 'unchanged' | { readonly fault: string }

interface Downloadable {
  readonly octets: Uint8Array
  /** As the server put it; undefined when it did not. */
  readonly lastModified: string | undefined
}

const OK = 200
const NOT_MODIFIED = 304

/** Gets it. Redirections are not followed. Never rejects. */
export function download(
  url: URL,
  options: DownloadOptions & { readonly unlessSince?: never },
): Promise<Exclude<Downloaded, 'unchanged'>>
export function download(url: URL, options: DownloadOptions): Promise<Downloaded>
export function download(url: URL, options: DownloadOptions): Promise<Downloaded> {
  const { octetsMax, timeoutMs, lookup, unlessSince, signal } = options
  return new Promise((resolve) => {
    const fail = (why: string): void => resolve({ fault: `${url} cannot be fetched: ${why}` })
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const timeout = AbortSignal.timeout(timeoutMs)
    const headers = unlessSince === undefined ? {} : { 'If-Modified-Since': unlessSince }
    const ending = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    const request = get(url, { headers, signal: ending, ...(lookup && { lookup }) }, (response) => {
      const { statusCode } = response
      if (statusCode !== OK) {
        response.destroy()
        if (statusCode === NOT_MODIFIED && unlessSince !== undefined) return resolve('unchanged')
        return fail(`the server said ${statusCode}`)
      }
      const chunks: Buffer[] = []
      let octets = 0
      response.on('data', (chunk: Buffer) => {
        octets += chunk.length
        chunks.push(chunk)
        if (octets > octetsMax) {
          fail(`more than ${octetsMax} octets`)
          response.destroy()
        }
      })
      response.on('error', (error) => fail(reasonOf(error)))
      response.on('end', () => {
        resolve({ octets: Buffer.concat(chunks), lastModified: response.headers['last-modified'] })
      })
    })
    request.on('error', (error) => fail(reasonOf(error)))
  })
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'it took too long'
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return 'its name cannot be resolved; is this machine connected?'
  }
  return error.code === undefined || error.message.includes(error.code)
    ? error.message
    : `${error.message} (${error.code})`
}
