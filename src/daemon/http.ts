/** A small HTTP server for metrics and health: a table of pages, everything else refused, every resource bounded. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, ListenOptions } from 'node:net'
import { type Endpoint, formatAddress, parseAddress } from '../base/address.ts'
import {
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_OCTETS_MAX,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_MS_MAX,
} from '../base/limits.ts'
import { descriptorOf } from '../native/handed-sockets.ts'

/** What a page says. */
export interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Pages by path, made when asked for. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>

/** A server that runs. */
export interface HttpListener {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly endpoint: Endpoint
  /** What another process can be given to share the socket; undefined where that cannot be had. */
  readonly descriptor: number | undefined
  /** Connections open now. */
  connections(): Promise<number>
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

const TEXT = 'text/plain; charset=utf-8'

/**
 * Serves pages to GET and HEAD.
 *
 * @param inherited the socket of an earlier process, which listens there
 * @throws the system's error when it cannot listen there
 */
export async function listenHttp(
  endpoint: Endpoint,
  pages: Pages,
  onFault: (error: unknown) => void,
  inherited?: number,
): Promise<HttpListener> {
  const server = boundedServer((request, response) => answer(request, response, pages), onFault)
  await startListening(server, whereTo(endpoint, inherited))
  const { address, port } = server.address() as AddressInfo
  return {
    endpoint: { address: parseAddress(address) ?? endpoint.address, port },
    descriptor: descriptorOf(server),
    connections: () => countConnections(server),
    close: () => closeServer(server),
  }
}

/** How a server of the main thread listens at an address, or by a socket that listens there already. */
export function whereTo({ address, port }: Endpoint, inherited?: number): ListenOptions {
  if (inherited !== undefined) return { fd: inherited } as ListenOptions
  return { host: formatAddress(address), port, exclusive: true }
}

/** A server whose every resource is bounded. A fault of `answer` is told, and the request gets 500. */
export function boundedServer(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  onFault: (error: unknown) => void,
): Server {
  const server = createServer(
    {
      maxHeaderSize: HTTP_HEADER_OCTETS_MAX,
      headersTimeout: HTTP_REQUEST_MS_MAX,
      requestTimeout: HTTP_REQUEST_MS_MAX,
      keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        onFault(error)
        if (response.headersSent) response.destroy()
        else sendPage(request, response, { status: 500, contentType: TEXT, body: 'internal fault\n' })
      })
    },
  )
  server.maxConnections = HTTP_CONNECTIONS_MAX
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  // What is wrong with a body is that there is one: it is not read, and the connection ends.
  if (hasBody(request)) return refuse(request, response, 413, 'no request body is taken\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return refuse(request, response, 405, 'only GET and HEAD\n')
  }
  const path = (request.url ?? '').split('?', 1)[0]!
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined) {
    const body = `no such page; there are ${Object.keys(pages).join(', ')}\n`
    return sendPage(request, response, { status: 404, contentType: TEXT, body })
  }
  sendPage(request, response, await page())
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, body: string): void {
  sendLastPage(request, response, { status, contentType: TEXT, body })
}

/** Answers and hangs up, so that what the client still wants to send is not read. */
export function sendLastPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  response.setHeader('connection', 'close')
  response.once('finish', () => request.socket.destroySoon())
  sendPage(request, response, page)
}

/** Answers. */
export function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    'content-type': page.contentType,
    'content-length': Buffer.byteLength(page.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}

/** @throws the system's error */
export function startListening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

/** Stops listening and ends every connection. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
